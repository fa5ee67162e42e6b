//! The checkpoints of one worker: states that wait until all messages before them are settled.
//!
//! A checkpoint is saved by the thread that owns the worker. Until then the batches it covers keep their credits, so
//! that never more than a window of messages is delivered and not yet behind a saved state: that many a source posts
//! again after a crash, and no more. What no checkpoint covers keeps nothing back.

use std::collections::VecDeque;

use channel::{Note, Prefix};

/// Checkpoints that wait at a time; one more takes the place of the newest.
const WAITING_MAX: usize = 64;

/// See the module's text.
#[derive(Debug, Default)]
pub(crate) struct Checkpoints {
    settled: Prefix,
    /// Positions up to which everything must be settled, and the states; ascending.
    waiting: VecDeque<(u64, Vec<u8>)>,
    /// Batches that are settled and keep their credits: first position, and messages.
    held: Vec<Batch>,
    /// Position of the last record taken out of the ring.
    taken: u64,
    /// The worker is gone: nothing is held any more.
    closed: bool,
}

/// Messages posted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Batch {
    pub(crate) first: u64,
    pub(crate) messages: u32,
}

impl Checkpoints {
    /// So many records were taken, with these notes between them. To be called before they are posted.
    pub(crate) fn take(&mut self, records: u32, notes: Vec<Note>) {
        let before = self.taken;
        self.taken += u64::from(records);
        for note in notes {
            let position = before + u64::from(note.after) + u64::from(note.covers_next);
            // A batch is settled as a whole, so of the checkpoints in it only the last one counts.
            let same_batch = |at: u64| at > before && position <= self.taken;
            let replaced = self.waiting.back().is_some_and(|(at, _)| same_batch(*at) || *at >= position);
            if replaced || self.waiting.len() >= WAITING_MAX {
                self.waiting.pop_back();
            }
            self.waiting.push_back((position, note.state));
        }
    }

    /// A batch is settled; `aborted`: given up, so nothing behind it ever counts. True: its credits are to be given
    /// back now.
    #[must_use]
    pub(crate) fn settle(&mut self, batch: Batch, aborted: bool) -> bool {
        if !aborted {
            self.settled.settle(batch.first, batch.messages);
        }
        let hold = !aborted && !self.closed && self.covers(batch);
        if hold {
            self.held.push(batch);
        }
        !hold
    }

    /// Whether a checkpoint waits for this batch, and for nothing that the worker has yet to post.
    fn covers(&self, batch: Batch) -> bool {
        self.waiting.iter().any(|(position, _)| (batch.first..=self.taken).contains(position))
    }

    /// Whether there is something to save.
    pub(crate) fn is_due(&self) -> bool {
        self.waiting.front().is_some_and(|(position, _)| *position <= self.settled.end())
    }

    /// Whether a checkpoint waits for messages that are on their way.
    pub(crate) fn is_open(&self) -> bool {
        self.waiting.front().is_some_and(|(position, _)| *position <= self.taken)
    }

    /// The newest state that is to be saved. [`Checkpoints::release`] follows once it is.
    pub(crate) fn due(&mut self) -> Option<Vec<u8>> {
        let mut newest = None;
        while self.is_due() {
            newest = self.waiting.pop_front().map(|(_, state)| state);
        }
        newest
    }

    /// The batches that nothing holds any longer.
    pub(crate) fn release(&mut self) -> Vec<Batch> {
        let (held, free) = std::mem::take(&mut self.held).into_iter().partition(|batch| self.covers(*batch));
        self.held = held;
        free
    }

    /// The worker is gone, and the next one has a window of its own: the batches that were held.
    pub(crate) fn close(&mut self) -> Vec<Batch> {
        self.closed = true;
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(after: u32, covers_next: bool, state: &str) -> Note {
        Note { after, covers_next, state: state.into() }
    }

    fn batch(first: u64, messages: u32) -> Batch {
        Batch { first, messages }
    }

    fn due(checkpoints: &mut Checkpoints) -> Option<String> {
        checkpoints.due().map(|state| String::from_utf8(state).unwrap())
    }

    #[test]
    fn a_state_is_due_once_all_before_it_is_settled() {
        let mut checkpoints = Checkpoints::default();
        checkpoints.take(3, vec![note(1, false, "one"), note(2, true, "three")]);
        checkpoints.take(2, vec![note(2, false, "five")]);
        assert!(!checkpoints.settle(batch(4, 2), false), "held for what lies before it");
        assert!(!checkpoints.is_due() && checkpoints.is_open());
        assert!(!checkpoints.settle(batch(1, 3), false));
        assert_eq!(due(&mut checkpoints).as_deref(), Some("five"));
        assert_eq!(checkpoints.release(), [batch(4, 2), batch(1, 3)]);
        assert!(!checkpoints.is_open());
    }

    #[test]
    fn what_no_checkpoint_covers_is_not_held() {
        let mut checkpoints = Checkpoints::default();
        checkpoints.take(10, vec![]);
        assert!(checkpoints.settle(batch(1, 10), false));
        // The state holds for a record that cannot come as long as the window is exhausted.
        checkpoints.take(5, vec![note(5, true, "next")]);
        assert!(checkpoints.settle(batch(11, 5), false));
        assert!(!checkpoints.is_due() && !checkpoints.is_open());
        checkpoints.take(1, vec![]);
        assert!(!checkpoints.settle(batch(16, 1), false));
        assert_eq!(due(&mut checkpoints).as_deref(), Some("next"));
        assert_eq!(checkpoints.release(), [batch(16, 1)]);
    }

    #[test]
    fn a_state_without_messages_is_due_at_once() {
        let mut checkpoints = Checkpoints::default();
        checkpoints.take(0, vec![note(0, false, "a"), note(0, false, "b")]);
        assert_eq!(due(&mut checkpoints).as_deref(), Some("b"));
    }

    #[test]
    fn nothing_behind_an_aborted_batch_is_saved_and_nothing_is_held_for_it() {
        let mut checkpoints = Checkpoints::default();
        checkpoints.take(2, vec![note(2, false, "two")]);
        checkpoints.take(2, vec![note(2, false, "four")]);
        assert!(checkpoints.settle(batch(1, 2), true));
        assert!(!checkpoints.settle(batch(3, 2), false));
        assert!(!checkpoints.is_due());
        assert_eq!(checkpoints.close(), [batch(3, 2)]);
    }

    #[test]
    fn so_many_wait_and_the_newest_takes_the_place_of_the_one_before() {
        let mut checkpoints = Checkpoints::default();
        for i in 0..1000 {
            checkpoints.take(1, vec![note(1, false, &i.to_string())]);
        }
        assert_eq!(checkpoints.waiting.len(), WAITING_MAX);
        for first in 1..=1000 {
            assert!(!checkpoints.settle(batch(first, 1), false));
        }
        assert_eq!(due(&mut checkpoints).as_deref(), Some("999"));
        assert_eq!(checkpoints.release().len(), 1000);
    }
}
