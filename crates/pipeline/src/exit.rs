//! The request to end, as every driver's thread sees it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use rustix::event::{EventfdFlags, eventfd};

/// A request to end, made once and never taken back. Clones share it.
#[derive(Clone, Debug)]
pub struct Exit(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    requested: Mutex<bool>,
    changed: Condvar,
    // Readable once the request is made, so that a driver can wait for it beside its own descriptors.
    readable: OwnedFd,
}

impl Exit {
    /// A request not yet made. Fails when the process has no descriptor left.
    pub fn new() -> io::Result<Exit> {
        let readable = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Exit(Arc::new(Shared { requested: Mutex::new(false), changed: Condvar::new(), readable })))
    }

    /// Makes the request. Making it again does nothing.
    pub fn request(&self) {
        *self.0.requested.lock() = true;
        self.0.changed.notify_all();
        // The counter cannot overflow from here, and a full one is readable as well.
        let _ = rustix::io::write(&self.0.readable, &1u64.to_ne_bytes());
    }

    /// Whether it was made.
    pub fn requested(&self) -> bool {
        *self.0.requested.lock()
    }

    /// Waits until it is made, or `timeout` has passed. Returns whether it was made.
    pub fn wait(&self, timeout: Duration) -> bool {
        let mut requested = self.0.requested.lock();
        let condition = |requested: &mut bool| !*requested;
        self.0.changed.wait_while_for(&mut requested, condition, timeout);
        *requested
    }
}

impl AsFd for Exit {
    /// Readable once the request is made; never read from it.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.readable.as_fd()
    }
}
