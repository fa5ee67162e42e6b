//! The memory queue in front of a destination.
//!
//! Holds deliveries in the order they came. Messages without flow-control count against `log-fifo-size()`: what does
//! not fit is dropped, newest first, and the caller counts it. Messages under flow-control are always taken, since
//! their source's window bounds them.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::ack::Ack;
use crate::flow::Flow;
use crate::metrics::Counter;

/// Messages on their way, with the ack that answers for them.
pub struct Delivery {
    /// The messages.
    pub flow: Flow,
    /// Dropped when they are done, aborted when they are given up.
    pub ack: Ack,
    /// Whether a source's window bounds them.
    pub flow_control: bool,
}

/// See the module's text.
pub struct MemoryQueue {
    /// Messages without flow-control that fit.
    limit: usize,
    state: Mutex<State>,
    arrived: Condvar,
    queued: Counter,
}

#[derive(Default)]
struct State {
    deliveries: VecDeque<Delivery>,
    unguarded: usize,
    closed: bool,
}

/// What [`MemoryQueue::pop`] found.
pub enum Popped {
    /// The oldest delivery.
    Delivery(Delivery),
    /// Nothing came in time.
    Nothing,
    /// Nothing is there and nothing will come.
    Closed,
}

impl MemoryQueue {
    /// An empty queue for `limit` messages; `queued` shows how many there are.
    pub fn new(limit: usize, queued: Counter) -> MemoryQueue {
        MemoryQueue { limit, state: Mutex::default(), arrived: Condvar::new(), queued }
    }

    /// Messages without flow-control that fit.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Appends messages. Returns how many did not fit and were dropped; their ack is answered, not aborted, because
    /// without flow-control a source is never held up by a destination.
    pub fn push(&self, delivery: Delivery) -> usize {
        let (delivery, dropped) = self.fitting(delivery);
        let Some(delivery) = delivery else { return dropped };
        let flow = delivery.flow.compacted();
        self.queued.add(flow.len() as u64);
        {
            let mut state = self.state.lock();
            if !delivery.flow_control {
                state.unguarded += flow.len();
            }
            state.deliveries.push_back(Delivery { flow, ..delivery });
        }
        // Costs one load where nobody sleeps.
        self.arrived.notify_one();
        dropped
    }

    fn fitting(&self, delivery: Delivery) -> (Option<Delivery>, usize) {
        if delivery.flow_control {
            return (Some(delivery), 0);
        }
        let messages = delivery.flow.len();
        let room = self.limit.saturating_sub(self.state.lock().unguarded);
        match room {
            0 => (None, messages),
            room if room < messages => {
                let flow = delivery.flow.split_at(room).0;
                (Some(Delivery { flow, ..delivery }), messages - room)
            }
            _ => (Some(delivery), 0),
        }
    }

    /// Takes the oldest delivery; waits for one until `timeout` has passed.
    pub fn pop(&self, timeout: Duration) -> Popped {
        let mut state = self.state.lock();
        loop {
            if let Some(delivery) = state.deliveries.pop_front() {
                let messages = delivery.flow.len();
                if !delivery.flow_control {
                    state.unguarded -= messages;
                }
                self.queued.sub(messages as u64);
                return Popped::Delivery(delivery);
            }
            if state.closed {
                return Popped::Closed;
            }
            if self.arrived.wait_for(&mut state, timeout).timed_out()
                && state.deliveries.is_empty()
                && !state.closed
            {
                return Popped::Nothing;
            }
        }
    }

    /// Puts a delivery back to the head, limit or not: it was accepted before.
    pub fn unpop(&self, delivery: Delivery) {
        let mut state = self.state.lock();
        self.readmit(&mut state, &delivery);
        state.deliveries.push_front(delivery);
        drop(state);
        // Another worker of the same queue may sleep.
        self.arrived.notify_one();
    }

    /// Takes over a delivery of the configuration before: it was accepted then, so the limit does not count.
    pub fn push_carried(&self, delivery: Delivery) {
        let mut state = self.state.lock();
        self.readmit(&mut state, &delivery);
        state.deliveries.push_back(delivery);
    }

    fn readmit(&self, state: &mut State, delivery: &Delivery) {
        self.queued.add(delivery.flow.len() as u64);
        if !delivery.flow_control {
            state.unguarded += delivery.flow.len();
        }
    }

    /// Opens a queue that was closed.
    pub fn open(&self) {
        self.state.lock().closed = false;
    }

    /// Whether nothing more will be pushed.
    pub fn is_closed(&self) -> bool {
        self.state.lock().closed
    }

    /// Nothing more will be pushed by this configuration: a waiting [`MemoryQueue::pop`] returns.
    pub fn close(&self) {
        self.state.lock().closed = true;
        self.arrived.notify_all();
    }

    /// Takes everything out, for a queue that goes on under a new configuration or is given up.
    pub fn drain(&self) -> Vec<Delivery> {
        let mut state = self.state.lock();
        state.unguarded = 0;
        let deliveries: Vec<Delivery> = state.deliveries.drain(..).collect();
        self.queued.sub(deliveries.iter().map(|delivery| delivery.flow.len() as u64).sum());
        deliveries
    }

    /// Number of messages held.
    pub fn len(&self) -> usize {
        self.state.lock().deliveries.iter().map(|delivery| delivery.flow.len()).sum()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.state.lock().deliveries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use message::record::{self, Head};
    use message::{Origin, Records};
    use std::sync::Arc;

    fn delivery(messages: u32, flow_control: bool) -> Delivery {
        let mut bytes = Vec::new();
        (0..messages).for_each(|_| record::encode(&mut bytes, &Head::default(), &[]));
        let records = Records::new(bytes, messages, Arc::new(Origin::new(&[])));
        Delivery { flow: Flow::all(Arc::new(records)), ack: Ack::none(), flow_control }
    }

    #[test]
    fn the_newest_are_dropped_when_it_is_full() {
        let queue = MemoryQueue::new(5, Counter::default());
        assert_eq!(queue.push(delivery(3, false)), 0);
        assert_eq!(queue.push(delivery(3, false)), 1);
        assert_eq!(queue.push(delivery(3, false)), 3);
        assert_eq!(queue.len(), 5);
    }

    #[test]
    fn flow_control_is_not_counted_against_the_limit() {
        let queue = MemoryQueue::new(1, Counter::default());
        assert_eq!(queue.push(delivery(30, true)), 0);
        assert_eq!(queue.push(delivery(1, false)), 0);
        assert_eq!(queue.len(), 31);
    }

    #[test]
    fn a_closed_queue_gives_what_it_holds_and_then_ends() {
        let queue = MemoryQueue::new(5, Counter::default());
        queue.push(delivery(1, false));
        queue.close();
        assert!(matches!(queue.pop(Duration::ZERO), Popped::Delivery(_)));
        assert!(matches!(queue.pop(Duration::ZERO), Popped::Closed));
    }
}
