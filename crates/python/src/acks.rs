//! What became of the records of one worker, on its way back to it.
//!
//! Positions enter a worker, acks do not. Whoever answers for a batch, on whatever thread, leaves a range here and rings
//! the alarm; the driver's own thread sends the frame. Credits go the way they always go, first of all.

use std::sync::Arc;

use channel::Credits;
use channel::protocol::{Acked, Unread, Unsaid, Verdict};
use parking_lot::Mutex;
use pipeline::{Ack, Answer, Dropped, Position};

use crate::credit::Credit;

/// The answers for the batches of one worker that wants to hear of them.
pub(crate) struct Acks {
    window: Arc<Credit>,
    /// Rings the thread that owns the worker.
    alarm: Credits,
    unsaid: Mutex<Unsaid>,
}

impl Acks {
    pub(crate) fn new(window: Arc<Credit>, alarm: Credits) -> Arc<Acks> {
        Arc::new(Acks { window, alarm, unsaid: Mutex::default() })
    }

    /// The ack of a batch that ends with the record at `position`.
    pub(crate) fn ack(self: &Arc<Acks>, messages: u32, position: u64) -> Ack {
        Ack::noted(self.clone(), messages, Position(position))
    }

    /// What there is to tell, as much as a frame carries.
    pub(crate) fn take(&self) -> Result<Option<Vec<Acked>>, Unread> {
        let ranges = self.unsaid.lock().take()?;
        Ok((!ranges.is_empty()).then_some(ranges))
    }
}

impl Answer for Acks {
    fn answered(&self, messages: u32, position: Position, aborted: bool) {
        self.noted(messages, position, aborted, Vec::new());
    }

    fn noted(&self, messages: u32, position: Position, aborted: bool, dropped: Vec<Dropped>) {
        let first_ring = {
            let mut unsaid = self.unsaid.lock();
            let was_empty = unsaid.is_empty();
            let first = position.0 + 1 - u64::from(messages);
            ranges(first, messages, aborted, &dropped).for_each(|range| unsaid.push(range));
            was_empty
        };
        self.window.answered(messages, position, aborted);
        if first_ring {
            self.alarm.ring();
        }
    }
}

/// A batch as ranges that fared alike. In a batch that was aborted nobody can say which of its messages were.
fn ranges(
    first: u64,
    messages: u32,
    aborted: bool,
    dropped: &[Dropped],
) -> impl Iterator<Item = Acked> + use<'_> {
    let rest = if aborted { Verdict::Aborted } else { Verdict::Delivered };
    let mut next = 0;
    let mut drops = dropped.iter().filter(move |dropped| dropped.number < messages).peekable();
    std::iter::from_fn(move || {
        let at = next;
        let (count, verdict) = match drops.peek() {
            Some(drop) if drop.number == at => (1, Verdict::Dropped(drops.next()?.reason.to_owned())),
            Some(drop) => (drop.number - at, rest.clone()),
            None => (messages - at, rest.clone()),
        };
        next = at + count;
        (count > 0).then(|| Acked { first: first + u64::from(at), count, verdict })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(messages: u32, dropped: &[u32], expected: &[(u64, u32, bool)]) {
        let dropped: Vec<Dropped> =
            dropped.iter().map(|number| Dropped { number: *number, reason: "retries" }).collect();
        let found: Vec<(u64, u32, bool)> = ranges(101, messages, false, &dropped)
            .map(|range| (range.first, range.count, range.verdict == Verdict::Delivered))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_batch_of_one_fate_is_one_range() {
        check(7, &[], &[(101, 7, true)]);
        check(0, &[], &[]);
    }

    #[test]
    fn dropped_messages_stand_apart() {
        check(5, &[0, 3], &[(101, 1, false), (102, 2, true), (104, 1, false), (105, 1, true)]);
        check(2, &[0, 1, 9], &[(101, 1, false), (102, 1, false)]);
    }
}
