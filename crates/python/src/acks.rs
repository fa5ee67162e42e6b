//! What became of the records of one worker, on its way back to it.
//!
//! Positions enter a worker, acks do not. Whoever answers for a batch, on whatever thread, leaves what is to be done here
//! and rings the alarm; the driver's own thread sends the frame, and saves the checkpoint. Credits go the way they
//! always go, unless a checkpoint holds them back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use channel::protocol::{Acked, Unread, Unsaid, Verdict};
use channel::{Credits, Note};
use parking_lot::Mutex;
use pipeline::{Ack, Answer, Dropped, Position};

use crate::checkpoints::{Batch, Checkpoints};
use crate::credit::Credit;

/// The answers for the batches of one worker.
pub(crate) struct Acks {
    window: Arc<Credit>,
    /// Rings the thread that owns the worker.
    alarm: Credits,
    /// The worker wants to hear.
    told: AtomicBool,
    unsaid: Mutex<Unsaid>,
    checkpoints: Mutex<Checkpoints>,
}

impl Acks {
    pub(crate) fn new(window: Arc<Credit>, alarm: Credits) -> Arc<Acks> {
        Arc::new(Acks {
            window,
            alarm,
            told: AtomicBool::new(false),
            unsaid: Mutex::default(),
            checkpoints: Mutex::default(),
        })
    }

    /// So many records were taken out of the ring, with these notes between them. To be called before they are posted.
    pub(crate) fn take(&self, records: u32, notes: Vec<Note>) {
        self.checkpoints.lock().take(records, notes);
    }

    /// The ack of a batch that ends with the record at `position`; `told`: the worker wants to hear of it.
    pub(crate) fn ack(self: &Arc<Acks>, messages: u32, position: u64, told: bool) -> Ack {
        if !told {
            return Ack::new(self.clone(), messages, Position(position));
        }
        self.told.store(true, Ordering::Relaxed);
        Ack::noted(self.clone(), messages, Position(position))
    }

    /// What there is to tell, as much as a frame carries.
    pub(crate) fn unsaid(&self) -> Result<Option<Vec<Acked>>, Unread> {
        let ranges = self.unsaid.lock().take()?;
        Ok((!ranges.is_empty()).then_some(ranges))
    }

    /// The state that is to be saved. [`Acks::saved`] follows.
    pub(crate) fn due(&self) -> Option<Vec<u8>> {
        self.checkpoints.lock().due()
    }

    /// What was due is saved: gives the credits back that it held.
    pub(crate) fn saved(&self) {
        let batches = self.checkpoints.lock().release();
        self.give_back(&batches);
    }

    /// Whether a checkpoint waits for messages that are on their way.
    pub(crate) fn is_open(&self) -> bool {
        self.checkpoints.lock().is_open()
    }

    /// The worker is gone: no credits are held for it any longer.
    pub(crate) fn close(&self) {
        let batches = self.checkpoints.lock().close();
        self.give_back(&batches);
    }

    fn give_back(&self, batches: &[Batch]) {
        for batch in batches {
            let last = batch.first - 1 + u64::from(batch.messages);
            self.window.answered(batch.messages, Position(last), false);
        }
    }
}

impl Answer for Acks {
    fn answered(&self, messages: u32, position: Position, aborted: bool) {
        self.noted(messages, position, aborted, Vec::new());
    }

    fn noted(&self, messages: u32, position: Position, aborted: bool, dropped: Vec<Dropped>) {
        let first = position.0 + 1 - u64::from(messages);
        let mut ring = false;
        if self.told.load(Ordering::Relaxed) {
            let mut unsaid = self.unsaid.lock();
            ring = unsaid.is_empty();
            ranges(first, messages, aborted, &dropped).for_each(|range| unsaid.push(range));
        }
        let free = {
            let mut checkpoints = self.checkpoints.lock();
            let was_due = checkpoints.is_due();
            let free = checkpoints.settle(Batch { first, messages }, aborted);
            ring |= !was_due && checkpoints.is_due();
            free
        };
        if free {
            self.window.answered(messages, position, aborted);
        }
        if ring {
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
