//! Destinations: what a driver is, and the worker that drives it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::exit::Exit;
use crate::flow::Flow;
use crate::inlet::Inlet;
use crate::queue::{Delivery, Popped};

/// A destination driver. Every method runs on the one thread of its worker, in this order: `open`, then `send` and
/// `flush` as often as there is work, then `close`; after `close` it may be opened again.
pub trait Destination: Send {
    /// Connects. Called again after `time-reopen()` until it succeeds.
    fn open(&mut self) -> Result<(), SendError>;

    /// Sends a batch. What it answers holds for the whole batch.
    ///
    /// May block, but not past an exit request: a driver that waits watches the [`Exit`] it was made with.
    fn send(&mut self, batch: &Flow) -> Outcome;

    /// The queue is empty: writes out what is buffered.
    fn flush(&mut self) -> Outcome {
        Outcome::Success
    }

    /// Closes files and sockets and opens them anew with the next batch (SIGHUP, SIGUSR1, `ctl reopen`).
    fn reopen(&mut self) {}

    /// Disconnects. Called before every reopening, and once at the end if open.
    fn close(&mut self) {}
}

/// What became of a batch.
#[derive(Debug)]
pub enum Outcome {
    /// It is delivered.
    Success,
    /// It can never be delivered: dropped and counted under this reason.
    Drop(&'static str),
    /// These last messages of it are not delivered yet; the rest is. Try again at once.
    Partly(Flow),
    /// The peer is gone: send it again after `time-reopen()`.
    NotConnected(SendError),
    /// It failed: send it again after `time-reopen()`, [`RETRIES_MAX`] times at most, then drop it.
    Error(SendError),
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

/// Times a batch is sent again after [`Outcome::Error`] before it is dropped and counted.
pub const RETRIES_MAX: u32 = 3;
/// How long a worker that finds its queue empty sleeps before it looks for a reopen request.
const IDLE: Duration = Duration::from_secs(3600);

/// The worker of a destination: takes from the inlet's queue, drives the driver.
pub(crate) struct Worker {
    inlet: Arc<Inlet>,
    driver: Box<dyn Destination>,
    exit: Exit,
    opened: bool,
    retries: u32,
    reopens_seen: u64,
}

impl Worker {
    pub(crate) fn new(inlet: Arc<Inlet>, driver: Box<dyn Destination>, exit: Exit) -> Worker {
        Worker { inlet, driver, exit, opened: false, retries: 0, reopens_seen: 0 }
    }

    /// Works until the queue is closed and empty, or exit is requested. What is left stays in the queue.
    pub(crate) fn run(mut self) {
        while !self.exit.requested() {
            self.reopen_if_asked();
            match self.inlet.queue().pop(Duration::ZERO) {
                Popped::Delivery(delivery) => self.deliver(delivery),
                Popped::Closed => break,
                Popped::Nothing => {
                    self.flush();
                    match self.inlet.queue().pop(IDLE) {
                        Popped::Delivery(delivery) => self.deliver(delivery),
                        Popped::Closed => break,
                        Popped::Nothing => {}
                    }
                }
            }
        }
        self.flush();
        self.close();
    }

    fn deliver(&mut self, delivery: Delivery) {
        self.reopen_if_asked();
        if !self.opened && !self.open() {
            self.inlet.queue().unpop(delivery);
            return;
        }
        let messages = delivery.flow.len() as u64;
        match self.driver.send(&delivery.flow) {
            Outcome::Success => {
                self.retries = 0;
                self.inlet.written(messages);
            }
            Outcome::Partly(rest) => {
                self.inlet.written(messages - rest.len() as u64);
                self.inlet.queue().unpop(Delivery { flow: rest, ..delivery });
            }
            Outcome::Drop(reason) => self.give_up(messages, reason),
            Outcome::NotConnected(why) => {
                self.inlet.queue().unpop(delivery);
                self.reopen_later(&why);
            }
            Outcome::Error(why) if self.retries >= RETRIES_MAX => {
                tracing::error!(destination = %self.inlet.id(), messages, error = %why, "Message(s) dropped after retries");
                self.give_up(messages, "retries");
            }
            Outcome::Error(why) => {
                self.retries += 1;
                self.inlet.queue().unpop(delivery);
                self.reopen_later(&why);
            }
        }
    }

    fn give_up(&mut self, messages: u64, reason: &'static str) {
        self.retries = 0;
        self.inlet.dropped(messages, reason);
    }

    fn flush(&mut self) {
        if !self.opened {
            return;
        }
        if let Outcome::NotConnected(why) | Outcome::Error(why) = self.driver.flush() {
            self.reopen_later(&why);
        }
    }

    fn open(&mut self) -> bool {
        match self.driver.open() {
            Ok(()) => self.opened = true,
            Err(why) => self.reopen_later(&why),
        }
        self.opened
    }

    fn reopen_later(&mut self, why: &SendError) {
        let retry_in = self.inlet.time_reopen();
        tracing::error!(
            destination = %self.inlet.id(), error = %why, time_reopen = retry_in.as_secs_f64(),
            "Destination is not reachable, retrying"
        );
        self.close();
        if self.inlet.queue().is_closed() {
            // The daemon stops, and nobody waits a time-reopen() for a peer that is gone.
            self.exit.request();
            return;
        }
        self.exit.wait(retry_in);
    }

    fn reopen_if_asked(&mut self) {
        let asked = self.inlet.reopens();
        if asked != self.reopens_seen {
            self.reopens_seen = asked;
            self.driver.reopen();
        }
    }

    fn close(&mut self) {
        if std::mem::take(&mut self.opened) {
            self.driver.close();
        }
    }
}

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
