//! The daemon's own messages on their way to `internal()` sources.
//!
//! There is one log per process, as there is one `tracing` subscriber; the subscriber puts in, a source takes out.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use message::record::Head;
use parking_lot::{Condvar, Mutex};
use rustix::event::{EventfdFlags, eventfd};

use crate::metrics::Counter;

/// Messages kept for a source that is slow, or for the time between two configurations.
pub const INTERNAL_MESSAGES_MAX: usize = 10_000;

/// One message of the daemon about itself.
#[derive(Debug, Clone)]
pub struct InternalMessage {
    /// Priority (facility syslog) and times.
    pub head: Head,
    /// `text; key='value', key='value'`.
    pub text: String,
}

/// See the module's text.
#[derive(Debug)]
pub struct InternalLog {
    state: Mutex<State>,
    arrived: Condvar,
    /// Readable while a message is there; `None` in a process that had no descriptor left.
    bell: Option<OwnedFd>,
    /// Messages put in.
    pub processed: Counter,
    /// Messages that found the log full.
    pub dropped: Counter,
}

#[derive(Debug)]
struct State {
    messages: VecDeque<InternalMessage>,
    readers: u32,
}

/// The log of this process.
pub fn log() -> &'static InternalLog {
    static LOG: std::sync::OnceLock<InternalLog> = std::sync::OnceLock::new();
    LOG.get_or_init(|| InternalLog {
        state: Mutex::new(State { messages: VecDeque::new(), readers: 0 }),
        arrived: Condvar::new(),
        bell: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).ok(),
        processed: Counter::default(),
        dropped: Counter::default(),
    })
}

impl InternalLog {
    /// Puts a message in. When the log is full it is dropped and counted; when no source reads, the oldest goes, so
    /// that a source that comes with the next configuration still sees how the daemon started.
    pub fn put(&self, message: InternalMessage) {
        self.processed.add(1);
        let first = {
            let mut state = self.state.lock();
            if state.messages.len() >= INTERNAL_MESSAGES_MAX {
                if state.readers > 0 {
                    self.dropped.add(1);
                    return;
                }
                state.messages.pop_front();
            }
            state.messages.push_back(message);
            state.messages.len() == 1
        };
        if first && let Some(bell) = &self.bell {
            let _ = rustix::io::write(bell, &1u64.to_ne_bytes());
        }
        self.arrived.notify_one();
    }

    /// Takes what is there, waiting for the first message until `timeout` has passed.
    pub fn take(&self, timeout: Duration) -> Vec<InternalMessage> {
        let mut state = self.state.lock();
        if state.messages.is_empty() {
            self.arrived.wait_for(&mut state, timeout);
        }
        if let Some(bell) = &self.bell {
            // Under the lock, so that a message put in afterwards rings again.
            let _ = rustix::io::read(bell, &mut [0; 8]);
        }
        state.messages.drain(..).collect()
    }

    /// Readable while a message is there, for a source that waits for other things too; never read from it.
    pub fn bell(&self) -> Option<BorrowedFd<'_>> {
        self.bell.as_ref().map(AsFd::as_fd)
    }

    /// Messages that wait for a source.
    pub fn waiting(&self) -> usize {
        self.state.lock().messages.len()
    }

    /// A source starts to read.
    pub fn add_reader(&self) {
        self.state.lock().readers += 1;
    }

    /// A source no longer reads.
    pub fn remove_reader(&self) {
        self.state.lock().readers -= 1;
    }

    /// Whether any source reads.
    pub fn is_read(&self) -> bool {
        self.state.lock().readers > 0
    }
}
