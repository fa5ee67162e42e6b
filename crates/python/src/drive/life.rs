//! The states of a driver's worker.

use std::time::{Duration, Instant};

use crate::ending::Ending;
use crate::worker::Worker;

/// What the driver's worker is at.
pub(super) enum Life {
    /// Not started yet.
    Unborn,
    /// Its `init()` runs, for the first time or again.
    Starting(Worker),
    /// Its `run()` runs, or has returned.
    Alive(Worker),
    /// It is asked to end; what follows when it has ended.
    Ending(Worker, Ending, Then),
    /// To be started again at this time.
    Down(Instant),
    /// It stays down until the next reload.
    Gone,
}

/// What follows the end of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    Restart(Duration),
    Stop,
}

impl Life {
    pub(super) fn worker(&mut self) -> Option<&mut Worker> {
        match self {
            Life::Starting(worker) | Life::Alive(worker) | Life::Ending(worker, ..) => Some(worker),
            Life::Unborn | Life::Down(_) | Life::Gone => None,
        }
    }

    pub(super) fn worker_ref(&self) -> Option<&Worker> {
        match self {
            Life::Starting(worker) | Life::Alive(worker) | Life::Ending(worker, ..) => Some(worker),
            Life::Unborn | Life::Down(_) | Life::Gone => None,
        }
    }
}

impl Then {
    pub(super) fn wait(self) -> Option<Duration> {
        match self {
            Then::Restart(wait) => Some(wait),
            Then::Stop => None,
        }
    }
}
