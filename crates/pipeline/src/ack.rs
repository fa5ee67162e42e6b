//! Acks: the promise to answer for a batch, held by whoever still has work with it.
//!
//! Ownership is the protocol. A source makes one [`Ack`] for each batch it posts; each branch that must answer holds
//! a clone; when the last clone is dropped the source's [`Answer`] is told. Nobody counts by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Where the answers for a source's batches go: its window, its credits, its positions.
pub trait Answer: Send + Sync {
    /// A batch of `messages` that ended at `position` is done on every branch.
    ///
    /// `aborted`: at least one branch gave it up undelivered, so a position must not move past it.
    /// Runs on whichever thread dropped the last clone; it must not block.
    fn answered(&self, messages: u32, position: Position, aborted: bool);
}

/// How far a source had come when it posted a batch, in a unit of its own (bytes of a file, number of a message).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Position(pub u64);

/// One branch's promise to answer for a batch. Clone: one more branch. Drop: this branch is done.
#[derive(Clone)]
pub struct Ack(Option<Arc<AckRecord>>);

struct AckRecord {
    answer: Arc<dyn Answer>,
    messages: u32,
    position: Position,
    aborted: AtomicBool,
}

impl Ack {
    /// The ack of a batch that was just posted.
    pub fn new(answer: Arc<dyn Answer>, messages: u32, position: Position) -> Ack {
        Ack(Some(Arc::new(AckRecord { answer, messages, position, aborted: AtomicBool::new(false) })))
    }

    /// An ack nobody waits for.
    pub fn none() -> Ack {
        Ack(None)
    }

    /// Gives the batch up on this branch.
    pub fn abort(self) {
        if let Some(record) = &self.0 {
            record.aborted.store(true, Ordering::Relaxed);
        }
    }
}

impl Drop for AckRecord {
    // Runs when the last branch is done, on whichever thread that is.
    fn drop(&mut self) {
        let aborted = *self.aborted.get_mut() || std::thread::panicking();
        self.answer.answered(self.messages, self.position, aborted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU32;

    #[derive(Default)]
    struct Count {
        messages: AtomicU32,
        aborted: AtomicU32,
    }

    impl Answer for Count {
        fn answered(&self, messages: u32, _position: Position, aborted: bool) {
            self.messages.fetch_add(messages, Ordering::Relaxed);
            self.aborted.fetch_add(u32::from(aborted), Ordering::Relaxed);
        }
    }

    #[test]
    fn the_last_branch_answers_once() {
        let count = Arc::new(Count::default());
        let ack = Ack::new(count.clone(), 7, Position(1));
        let branch = ack.clone();
        drop(ack);
        assert_eq!(count.messages.load(Ordering::Relaxed), 0);
        drop(branch);
        assert_eq!(count.messages.load(Ordering::Relaxed), 7);
    }

    #[test]
    fn one_aborted_branch_aborts_the_batch() {
        let count = Arc::new(Count::default());
        let ack = Ack::new(count.clone(), 1, Position(1));
        ack.clone().abort();
        drop(ack);
        assert_eq!(count.aborted.load(Ordering::Relaxed), 1);
    }
}
