//! Acks: the promise to answer for a batch, held by whoever still has work with it.
//!
//! Ownership is the protocol. A source makes one [`Ack`] for each batch it posts; each branch that must answer holds
//! a clone; when the last clone is dropped the source's [`Answer`] is told. Nobody counts by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use crate::flow::Flow;

/// Where the answers for a source's batches go: its window, its credits, its positions.
pub trait Answer: Send + Sync {
    /// A batch of `messages` that ended at `position` is done on every branch.
    ///
    /// `aborted`: at least one branch gave it up undelivered, so a position must not move past it.
    /// Runs on whichever thread dropped the last clone; it must not block.
    fn answered(&self, messages: u32, position: Position, aborted: bool);

    /// As [`Answer::answered`], for a batch posted with [`Ack::noted`]: also which of its messages a destination has
    /// dropped, in the order of their numbers in the batch. The others are delivered, or no log path wanted them.
    fn noted(&self, messages: u32, position: Position, aborted: bool, dropped: Vec<Dropped>) {
        let _ = dropped;
        self.answered(messages, position, aborted);
    }
}

/// One message of a batch that a destination has dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dropped {
    /// Its number in the batch the source posted, from 0.
    pub number: u32,
    /// Why, in the words of the counters: `queue-full`, `retries` …
    pub reason: &'static str,
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
    /// Only for a source that asks: the others pay nothing for it.
    dropped: Option<Mutex<Vec<Dropped>>>,
}

impl Ack {
    /// The ack of a batch that was just posted.
    pub fn new(answer: Arc<dyn Answer>, messages: u32, position: Position) -> Ack {
        Ack::of(answer, messages, position, None)
    }

    /// The ack of a batch whose source wants to hear of each message: see [`Answer::noted`].
    pub fn noted(answer: Arc<dyn Answer>, messages: u32, position: Position) -> Ack {
        Ack::of(answer, messages, position, Some(Mutex::default()))
    }

    fn of(
        answer: Arc<dyn Answer>,
        messages: u32,
        position: Position,
        dropped: Option<Mutex<Vec<Dropped>>>,
    ) -> Ack {
        Ack(Some(Arc::new(AckRecord {
            answer,
            messages,
            position,
            aborted: AtomicBool::new(false),
            dropped,
        })))
    }

    /// Whether the source wants to hear of each message.
    pub fn wants_notes(&self) -> bool {
        self.0.as_ref().is_some_and(|record| record.dropped.is_some())
    }

    /// Notes that a destination drops these messages. Their branch is answered for as any other: with a drop.
    pub fn note_dropped(&self, flow: &Flow, reason: &'static str) {
        if let Some(dropped) = self.0.as_ref().and_then(|record| record.dropped.as_ref()) {
            dropped.lock().extend(flow.rows().map(|row| Dropped { number: row.number, reason }));
        }
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
        match self.dropped.take() {
            None => self.answer.answered(self.messages, self.position, aborted),
            Some(dropped) => {
                let mut dropped = dropped.into_inner();
                // Several destinations may drop one message: the first reason is as good as any.
                dropped.sort_by_key(|dropped| dropped.number);
                dropped.dedup_by_key(|dropped| dropped.number);
                self.answer.noted(self.messages, self.position, aborted, dropped);
            }
        }
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

    #[derive(Default)]
    struct Notes(Mutex<Vec<Dropped>>);

    impl Answer for Notes {
        fn answered(&self, _messages: u32, _position: Position, _aborted: bool) {
            panic!("it is a noted one");
        }

        fn noted(&self, _messages: u32, _position: Position, _aborted: bool, dropped: Vec<Dropped>) {
            self.0.lock().extend(dropped);
        }
    }

    fn flow(messages: u32) -> Flow {
        let mut bytes = Vec::new();
        (0..messages).for_each(|_| message::record::encode(&mut bytes, &message::Head::default(), &[]));
        let origin = Arc::new(message::Origin::new(&[]));
        Flow::all(Arc::new(message::Records::new(bytes, messages, origin)))
    }

    #[test]
    fn a_message_that_two_destinations_drop_is_noted_once() {
        let notes = Arc::new(Notes::default());
        let ack = Ack::noted(notes.clone(), 4, Position(4));
        let branch = ack.clone();
        ack.note_dropped(&flow(4).split_at(2).1, "queue-full");
        branch.note_dropped(&flow(4).split_at(3).1, "retries");
        drop((ack, branch));
        let dropped = |number| Dropped { number, reason: "queue-full" };
        assert_eq!(*notes.0.lock(), [dropped(2), dropped(3)]);
    }

    #[test]
    fn who_does_not_ask_pays_for_no_notes() {
        let ack = Ack::new(Arc::new(Count::default()), 4, Position(4));
        ack.note_dropped(&flow(4), "retries");
        assert!(!ack.wants_notes() && !Ack::none().wants_notes());
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
