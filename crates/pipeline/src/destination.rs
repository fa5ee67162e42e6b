//! Destinations: what a driver is, and the worker that drives it.

use std::collections::VecDeque;
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

/// What became of a batch.
#[derive(Debug)]
pub enum Outcome {
    /// It is delivered.
    Success,
    /// It can never be delivered: dropped and counted under this reason.
    Drop(&'static str),
    /// These last messages of it are not delivered yet; the rest is. Try again at once.
    Partly(Flow),
    /// It was for several peers, and not all took theirs; the rest is delivered.
    Split {
        /// Messages to be sent again after `time-reopen()`, while others go on.
        later: Option<Flow>,
        /// Messages that can never be delivered.
        dropped: u64,
        /// Why they cannot.
        reason: &'static str,
    },
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
    parked: Parked,
    last_tried: bool,
}

/// Messages for peers that do not take them while others do. They are sent again together and in order, so that none
/// overtakes another.
#[derive(Default)]
struct Parked {
    deliveries: VecDeque<Delivery>,
    /// Messages among them that no source's window bounds.
    unguarded: usize,
    due: Option<Instant>,
}

impl Worker {
    pub(crate) fn new(inlet: Arc<Inlet>, driver: Box<dyn Destination>, exit: Exit) -> Worker {
        Worker {
            inlet,
            driver,
            exit,
            opened: false,
            retries: 0,
            reopens_seen: 0,
            parked: Parked::default(),
            last_tried: false,
        }
    }

    /// Works until the queue is closed and empty, or exit is requested. What is left stays in the queue.
    pub(crate) fn run(mut self) {
        while !self.exit.requested() {
            self.reopen_if_asked();
            self.retry_parked(false);
            // A peer is connected to before there is anything to send, and again when it was lost meanwhile.
            if !self.opened && !self.open() {
                continue;
            }
            match self.inlet.queue().pop(Duration::ZERO) {
                Popped::Delivery(delivery) => self.deliver(delivery),
                Popped::Closed if self.last_try() => {}
                Popped::Closed => break,
                Popped::Nothing => {
                    self.flush();
                    match self.inlet.queue().pop(self.idle()) {
                        Popped::Delivery(delivery) => self.deliver(delivery),
                        Popped::Closed | Popped::Nothing => {}
                    }
                }
            }
        }
        self.flush();
        self.close();
        self.unpark();
    }

    /// How long nothing is to be done if nothing comes.
    fn idle(&self) -> Duration {
        let parked = self.parked.due.map_or(IDLE, |due| due.saturating_duration_since(Instant::now()));
        self.driver.idle_max().map_or(parked, |idle| idle.min(parked))
    }

    /// The daemon stops and the queue is empty: what is parked gets one more chance.
    fn last_try(&mut self) -> bool {
        let again = !self.parked.deliveries.is_empty() && !std::mem::replace(&mut self.last_tried, true);
        if again {
            self.retry_parked(true);
        }
        again
    }

    /// Puts what is parked back to the head of the queue once it is due, or `now` whatever the clock says.
    fn retry_parked(&mut self, now: bool) {
        if !now && self.parked.due.is_none_or(|due| due > Instant::now()) {
            return;
        }
        self.driver.retry();
        self.unpark();
    }

    fn unpark(&mut self) {
        for delivery in std::mem::take(&mut self.parked).deliveries.into_iter().rev() {
            self.inlet.queue().unpop(delivery);
        }
    }

    /// Keeps messages until they are due. Those that no window bounds have room for `log-fifo-size()`.
    fn park(&mut self, mut delivery: Delivery) {
        if !delivery.flow_control {
            let room = self.inlet.queue().limit().saturating_sub(self.parked.unguarded);
            let messages = delivery.flow.len();
            if messages > room {
                delivery.flow = delivery.flow.split_at(room).0;
                self.inlet.dropped((messages - room) as u64, "queue-full");
            }
            self.parked.unguarded += delivery.flow.len();
        }
        self.parked.due.get_or_insert_with(|| Instant::now() + self.inlet.time_reopen());
        self.parked.deliveries.push_back(delivery);
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
            Outcome::Split { later, dropped, reason } => {
                let waiting = later.as_ref().map_or(0, |flow| flow.len() as u64);
                self.inlet.written(messages - waiting - dropped);
                if dropped > 0 {
                    self.give_up(dropped, reason);
                }
                if let Some(flow) = later {
                    self.park(Delivery { flow, ..delivery });
                }
            }
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
        self.inlet.set_unreachable(true);
        self.exit.wait(retry_in);
        self.inlet.set_unreachable(false);
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
