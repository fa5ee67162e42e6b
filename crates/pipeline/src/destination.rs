//! Destinations: what a driver is, and the worker that drives it.

use std::time::{Duration, Instant};

use crate::flow::{Flow, Row};

mod parked;
mod worker;

pub(crate) use worker::Worker;

/// A destination driver. Every method runs on the one thread of its worker, in this order: `open`, then `send` and
/// `flush` as often as there is work, then `close`; after `close` it may be opened again.
pub trait Destination: Send {
    /// Connects. Called again after `time-reopen()` until it succeeds.
    fn open(&mut self) -> Result<(), SendError>;

    /// Sends a batch. What it answers holds for the whole batch, and for all that was kept open before it.
    ///
    /// May block, but not past an exit request: a driver that waits watches the [`crate::Exit`] it was made with.
    fn send(&mut self, batch: &Flow) -> Outcome;

    /// The queue is empty: writes out what is buffered. What it answers holds for all that was kept open.
    ///
    /// [`Outcome::Queued`] keeps it open: for a driver that waits for more, and says with [`Destination::idle_max`]
    /// how long.
    fn flush(&mut self) -> Outcome {
        Outcome::Success
    }

    /// The worker ends: writes out what is buffered, however young it is. What is still open afterwards goes back to
    /// the queue.
    fn finish(&mut self) -> Outcome {
        self.flush()
    }

    /// How long it may take until [`Destination::flush`] is called again though nothing came in between: for a driver
    /// that closes what it has not used for some time.
    fn idle_max(&self) -> Option<Duration> {
        None
    }

    /// What was answered with [`Outcome::Split`] is about to be sent again: what failed then may be tried anew.
    /// Until this is called it must not be, or new messages would overtake those that wait.
    fn retry(&mut self) {}

    /// Closes files and sockets and opens them anew with the next batch (SIGHUP, SIGUSR1, `ctl reopen`).
    fn reopen(&mut self) {}

    /// Disconnects. Called before every reopening, and once at the end if open.
    fn close(&mut self) {}
}

/// What became of a batch, and of the messages that were kept open before it.
#[derive(Debug)]
pub enum Outcome {
    /// It is delivered.
    Success,
    /// It is taken and not delivered yet: it is kept open until a later answer settles it.
    Queued,
    /// Some of it is settled, and what becomes of the rest.
    Settled(Settled),
    /// It can never be delivered: dropped and counted under this reason.
    Drop(&'static str),
    /// These last messages of it are not delivered yet; the rest is. Try again at once.
    Partly(Flow),
    /// It was for several peers, and not all took theirs; the rest is delivered.
    Split {
        /// Messages to be sent again after `time-reopen()`, while others go on.
        later: Option<Flow>,
        /// Messages that can never be delivered, in order.
        dropped: Vec<Row>,
        /// Why they cannot.
        reason: &'static str,
    },
    /// The peer is gone: send it again after `time-reopen()`.
    NotConnected(SendError),
    /// It failed: send it again after `time-reopen()`, or drop it once it has failed `retries()` times.
    Error(SendError),
}

/// What became of messages one by one, oldest first: those kept open before, then those of the batch.
#[derive(Debug)]
pub struct Settled {
    /// So many are delivered.
    pub delivered: usize,
    /// So many behind them can never be delivered.
    pub dropped: usize,
    /// Why they cannot.
    pub reason: &'static str,
    /// What becomes of all behind those.
    pub then: Then,
}

/// What becomes of messages that are not settled.
#[derive(Debug)]
pub enum Then {
    /// They are taken, and stay open.
    KeepOpen,
    /// Send them again at once.
    Again,
    /// Send them again after `time-reopen()`, with a new connection.
    Reopen(SendError),
    /// The first `messages` of them failed: as [`Outcome::Error`]; the others were not tried.
    Failed {
        /// So many.
        messages: usize,
        /// Why.
        error: SendError,
    },
}

/// Why a destination could not open or send, in the words that go to the log.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct SendError {
    /// `connection refused by 127.0.0.1:514`, `no space left on device writing /var/log/all`.
    pub what: String,
}

impl SendError {
    /// An error in these words.
    pub fn new(what: impl Into<String>) -> SendError {
        SendError { what: what.into() }
    }
}

/// Times a batch may fail when `retries()` is not given; the last one drops it.
pub const RETRIES: u32 = 3;

/// Waits until `done` holds or `deadline` has passed, looking often: only used while stopping.
pub(crate) fn wait_until(deadline: Instant, mut done: impl FnMut() -> bool) -> bool {
    while !done() {
        if Instant::now() >= deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}

#[cfg(test)]
mod tests;
