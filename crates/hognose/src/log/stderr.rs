//! Stderr, behind a queue: who logs never waits for whoever reads there.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::{Log, repeats};

/// Bytes that wait for stderr; what comes when there are as many is dropped and counted.
const WAITING_BYTES_MAX: usize = 4 << 20;
/// How long one look at a full stderr takes.
const FULL_PAUSE: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// See the module's text. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Stderr(Arc<Queue>);

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    /// There is something to write, or to look after.
    changed: Condvar,
    /// Everything is written.
    empty: Condvar,
}

#[derive(Default)]
struct State {
    waiting: String,
    dropped: u64,
    /// The thread has text in its hands.
    writing: bool,
    /// The thread is to look after repeated messages.
    woken: bool,
}

impl Stderr {
    /// Starts the thread that writes. Without it (no thread left) lines are dropped once the queue is full.
    pub(super) fn start(&self, log: Log) {
        let queue = self.0.clone();
        let spawned = std::thread::Builder::new().name("stderr".into()).spawn(move || queue.run(&log));
        if let Err(error) = spawned {
            write(&format!("Cannot start the thread that writes to stderr; error='{error}'\n"));
        }
    }

    /// Queues text.
    pub(super) fn push(&self, text: String) {
        {
            let mut state = self.0.state.lock();
            if state.waiting.len() + text.len() > WAITING_BYTES_MAX {
                state.dropped += 1;
                return;
            }
            state.waiting.push_str(&text);
        }
        self.0.changed.notify_one();
    }

    /// Has the thread look after repeated messages.
    pub(super) fn wake(&self) {
        let mut state = self.0.state.lock();
        if !state.woken {
            state.woken = true;
            self.0.changed.notify_one();
        }
    }

    /// Waits until all is written, or `timeout` has passed.
    pub(super) fn flush(&self, timeout: Duration) {
        let mut state = self.0.state.lock();
        let busy = |state: &mut State| state.writing || !state.waiting.is_empty();
        self.0.empty.wait_while_for(&mut state, busy, timeout);
    }
}

impl Queue {
    fn run(&self, log: &Log) {
        let mut repeats_left = false;
        loop {
            let mut state = self.state.lock();
            state.writing = false;
            if state.waiting.is_empty() {
                self.empty.notify_all();
                if repeats_left {
                    self.changed.wait_for(&mut state, repeats::WINDOW);
                } else if !state.woken {
                    self.changed.wait(&mut state);
                }
            }
            state.writing = true;
            state.woken = false;
            let mut text = std::mem::take(&mut state.waiting);
            let dropped = std::mem::take(&mut state.dropped);
            drop(state);
            if dropped > 0 {
                text.push_str(&format!("Messages on stderr were lost, it is not read; count='{dropped}'\n"));
            }
            write(&text);
            repeats_left = log.say_repeats(Instant::now());
        }
    }
}

/// Writes to stderr however long that takes; what cannot be written there can be said nowhere.
fn write(text: &str) {
    let stderr = rustix::stdio::stderr();
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        match rustix::io::write(stderr, rest) {
            Ok(written) => rest = &rest[written..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                let mut ready = [PollFd::new(&stderr, PollFlags::OUT)];
                let _ = poll(&mut ready, Some(&FULL_PAUSE));
            }
            Err(_) => return,
        }
    }
}
