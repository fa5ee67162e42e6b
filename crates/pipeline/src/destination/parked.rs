//! Messages for peers that do not take them while others do.

use std::collections::VecDeque;
use std::time::Instant;

use crate::inlet::Inlet;
use crate::queue::Delivery;

/// They are sent again together and in order, so that none overtakes another.
#[derive(Default)]
pub(super) struct Parked {
    deliveries: VecDeque<Delivery>,
    /// Messages among them that no source's window bounds.
    unguarded: usize,
    due: Option<Instant>,
}

impl Parked {
    /// Keeps messages until they are due. Those that no window bounds have room for `log-fifo-size()`.
    pub(super) fn park(&mut self, mut delivery: Delivery, inlet: &Inlet) {
        if !delivery.flow_control {
            let room = inlet.queue().limit().saturating_sub(self.unguarded);
            let messages = delivery.flow.len();
            if messages > room {
                let (kept, lost) = delivery.flow.split_at(room);
                delivery.ack.note_dropped(&lost, "queue-full");
                delivery.flow = kept;
                inlet.dropped((messages - room) as u64, "queue-full");
            }
            self.unguarded += delivery.flow.len();
        }
        self.due.get_or_insert_with(|| Instant::now() + inlet.time_reopen());
        self.deliveries.push_back(delivery);
    }

    /// Puts them back to the head of the queue.
    pub(super) fn unpark(&mut self, inlet: &Inlet) {
        for delivery in std::mem::take(self).deliveries.into_iter().rev() {
            inlet.queue().unpop(delivery);
        }
    }

    /// Whether none waits.
    pub(super) fn is_empty(&self) -> bool {
        self.deliveries.is_empty()
    }

    /// When they are to be sent again.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }
}
