//! The worker of a destination: takes from the inlet's queue, drives the driver.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::parked::Parked;
use super::{Destination, Outcome, SendError, Settled, Then};
use crate::exit::Exit;
use crate::flow::Flow;
use crate::inlet::Inlet;
use crate::queue::{Delivery, Popped};

/// How long a worker that finds its queue empty sleeps before it looks for a reopen request.
const IDLE: Duration = Duration::from_secs(3600);

/// See the module's text.
pub(crate) struct Worker {
    inlet: Arc<Inlet>,
    driver: Box<dyn Destination>,
    exit: Exit,
    opened: bool,
    /// Times in a row that what is at the head has failed.
    failures: u32,
    retries: u32,
    reopens_seen: u64,
    /// Given to the driver and not settled, oldest first.
    open: VecDeque<Delivery>,
    parked: Parked,
    last_tried: bool,
}

impl Worker {
    pub(crate) fn new(inlet: Arc<Inlet>, driver: Box<dyn Destination>, retries: u32, exit: Exit) -> Worker {
        Worker {
            inlet,
            driver,
            exit,
            opened: false,
            failures: 0,
            retries,
            reopens_seen: 0,
            open: VecDeque::new(),
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
            if !self.opened && !self.connect() {
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
        self.finish();
        self.close();
        self.rewind();
        self.parked.unpark(&self.inlet);
    }

    /// How long nothing is to be done if nothing comes.
    fn idle(&self) -> Duration {
        let parked = self.parked.due().map_or(IDLE, |due| due.saturating_duration_since(Instant::now()));
        self.driver.idle_max().map_or(parked, |idle| idle.min(parked))
    }

    /// The daemon stops and the queue is empty: what is parked gets one more chance.
    fn last_try(&mut self) -> bool {
        let again = !self.parked.is_empty() && !std::mem::replace(&mut self.last_tried, true);
        if again {
            self.retry_parked(true);
        }
        again
    }

    /// Puts what is parked back to the head of the queue once it is due, or `now` whatever the clock says.
    fn retry_parked(&mut self, now: bool) {
        if !now && self.parked.due().is_none_or(|due| due > Instant::now()) {
            return;
        }
        self.driver.retry();
        self.parked.unpark(&self.inlet);
    }

    fn deliver(&mut self, delivery: Delivery) {
        self.reopen_if_asked();
        if !self.opened && !self.connect() {
            self.inlet.queue().unpop(delivery);
            return;
        }
        let outcome = self.driver.send(&delivery.flow);
        self.open.push_back(delivery);
        self.settle(outcome);
    }

    /// Does with the open messages as the driver says.
    fn settle(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Success => self.delivered(usize::MAX),
            Outcome::Queued => {}
            Outcome::Drop(reason) => self.dropped(usize::MAX, reason),
            Outcome::Partly(rest) => {
                if let Some(last) = self.open.pop_back() {
                    self.delivered(usize::MAX);
                    self.inlet.written((last.flow.len() - rest.len()) as u64);
                    self.inlet.queue().unpop(Delivery { flow: rest, ..last });
                }
            }
            Outcome::Split { later, dropped, reason } => {
                if let Some(last) = self.open.pop_back() {
                    self.delivered(usize::MAX);
                    let waiting = later.as_ref().map_or(0, |flow| flow.len() as u64);
                    let lost = dropped.len() as u64;
                    self.inlet.written(last.flow.len() as u64 - waiting - lost);
                    if lost > 0 {
                        self.failures = 0;
                        self.inlet.dropped(lost, reason);
                        last.ack.note_dropped(&Flow::some(last.flow.records().clone(), dropped), reason);
                    }
                    if let Some(flow) = later {
                        self.parked.park(Delivery { flow, ..last }, &self.inlet);
                    }
                }
            }
            Outcome::NotConnected(why) => self.reopen_later(&why),
            Outcome::Error(why) => self.failed(usize::MAX, &why),
            Outcome::Settled(Settled { delivered, dropped, reason, then }) => {
                self.delivered(delivered);
                self.dropped(dropped, reason);
                match then {
                    Then::KeepOpen => {}
                    Then::Again => self.rewind(),
                    Then::Reopen(why) => self.reopen_later(&why),
                    Then::Failed { messages, error } => self.failed(messages, &error),
                }
            }
        }
    }

    /// The oldest `messages` of those that are open are delivered.
    fn delivered(&mut self, messages: usize) {
        let settled = self.take_open(messages, |_| {});
        if settled > 0 {
            self.failures = 0;
            self.inlet.written(settled);
        }
    }

    /// The oldest `messages` of those that are open will never be delivered.
    fn dropped(&mut self, messages: usize, reason: &'static str) {
        let note = |delivery: &Delivery| delivery.ack.note_dropped(&delivery.flow, reason);
        let settled = self.take_open(messages, note);
        if settled > 0 {
            self.failures = 0;
            self.inlet.dropped(settled, reason);
        }
    }

    /// Answers for the oldest `messages` of those that are open, each shown to `note`; how many there were.
    fn take_open(&mut self, messages: usize, note: impl Fn(&Delivery)) -> u64 {
        let mut left = messages;
        let mut settled = 0;
        while left > 0
            && let Some(delivery) = self.open.pop_front()
        {
            let here = delivery.flow.len();
            if here > left {
                let (flow, rest) = delivery.flow.split_at(left);
                let delivery = Delivery { flow, ..delivery };
                note(&delivery);
                self.open.push_front(Delivery { flow: rest, ..delivery });
                settled += left;
                break;
            }
            note(&delivery);
            settled += here;
            left -= here;
        }
        settled as u64
    }

    /// The oldest `messages` of those that are open failed: they are sent again later, or dropped after too many
    /// failures.
    fn failed(&mut self, messages: usize, why: &SendError) {
        self.failures += 1;
        if self.failures < self.retries {
            self.reopen_later(why);
            return;
        }
        let open: usize = self.open.iter().map(|delivery| delivery.flow.len()).sum();
        let messages = messages.min(open);
        tracing::error!(
            destination = %self.inlet.id(), messages, retries = self.retries, error = %why,
            "Message(s) dropped after retries"
        );
        self.dropped(messages, "retries");
        self.rewind();
    }

    /// Puts all that is open back to the head of the queue.
    fn rewind(&mut self) {
        for delivery in self.open.drain(..).rev() {
            self.inlet.queue().unpop(delivery);
        }
    }

    fn flush(&mut self) {
        if self.opened {
            let outcome = self.driver.flush();
            self.settle(outcome);
        }
    }

    fn finish(&mut self) {
        if self.opened {
            let outcome = self.driver.finish();
            self.settle(outcome);
        }
    }

    fn connect(&mut self) -> bool {
        match self.driver.open() {
            Ok(()) => self.opened = true,
            Err(why) => self.reopen_later(&why),
        }
        self.opened
    }

    /// Everything that is open goes back to the queue; the driver is opened again after `time-reopen()`.
    fn reopen_later(&mut self, why: &SendError) {
        let retry_in = self.inlet.time_reopen();
        tracing::error!(
            destination = %self.inlet.id(), error = %why, time_reopen = retry_in.as_secs_f64(),
            "Destination is not reachable, retrying"
        );
        self.rewind();
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
