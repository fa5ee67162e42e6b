//! The worker's end of the ring.

use std::{
    fmt, io,
    os::fd::OwnedFd,
    sync::{
        Arc,
        atomic::Ordering::{Acquire, Relaxed},
    },
};

use super::record_bytes_max;
use crate::{
    flow::Flow,
    framing::{RECORD_ALIGN, RECORD_BYTES_MIN},
    mapping::Mapping,
    note::{note_bytes, write_note},
};

/// Writes records into the ring, one credit each.
///
/// Nothing here blocks: where there is no room or no credit, [`Producer::reserve`] says so, and [`Producer::flow`]
/// has the waits, so that a thread can wait without holding the producer (or the GIL).
pub struct Producer {
    shared: Arc<Shared>,
    /// Bytes published.
    head: u64,
    /// Up to where the ring was free when the daemon's position was last looked at.
    free_until: u64,
    /// Records published.
    posted: u64,
    /// Records allowed when the daemon's word was last looked at.
    limit: u64,
    record_bytes_max: usize,
}

/// What the producer and the flow's handles have in common.
pub(crate) struct Shared {
    pub(crate) mapping: Mapping,
    doorbell: OwnedFd,
}

/// Why there is no place for a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The window is exhausted: wait with [`Flow::wait_credit`], or suspend.
    #[error("no credit left")]
    NoCredit,
    /// The daemon has to take records first: wait with [`Flow::wait_room`].
    #[error("the ring is full")]
    Full,
    /// No ring of this size can ever hold it.
    #[error("a record of {length} bytes is above the limit of {max}")]
    TooLarge {
        /// Bytes asked for.
        length: usize,
        /// [`Producer::record_bytes_max`].
        max: usize,
    },
}

impl Producer {
    /// Maps the ring of the daemon that started this process, from the two descriptors it passed.
    ///
    /// Both are closed on exec from now on, so that programs the user starts do not inherit them. There must be
    /// one producer for one ring: after a fork, the child must not post.
    pub fn attach(memfd: OwnedFd, doorbell: OwnedFd) -> io::Result<Producer> {
        rustix::io::fcntl_setfd(&doorbell, rustix::io::FdFlags::CLOEXEC)?;
        let mapping = Mapping::attach(&memfd)?;
        let posts = &mapping.control().posts.0;
        let (head, posted) = (posts.head.load(Relaxed), posts.posted.load(Relaxed));
        // Nothing seems free or allowed until the first reserve has looked.
        let record_bytes_max = record_bytes_max(mapping.capacity());
        let shared = Arc::new(Shared { mapping, doorbell });
        Ok(Producer { shared, head, free_until: head, posted, limit: posted, record_bytes_max })
    }

    /// The longest record this ring takes, in bytes.
    pub fn record_bytes_max(&self) -> usize {
        self.record_bytes_max
    }

    /// The waits and the suspend protocol, for any thread.
    pub fn flow(&self) -> Flow {
        Flow::new(Arc::clone(&self.shared))
    }

    /// Whether the next record has a credit. [`Producer::reserve`] checks it too.
    #[inline]
    pub fn has_credit(&mut self) -> bool {
        self.posted < self.limit || self.look_for_credit()
    }

    /// A place for one record of at most `length` bytes. Nothing is published before it is committed; dropping the
    /// reservation takes it back.
    #[inline]
    pub fn reserve(&mut self, length: usize) -> Result<Reservation<'_>, Refused> {
        let free = self.free_until - self.head;
        if length as u64 > free || self.posted >= self.limit || length > self.record_bytes_max {
            self.look_again(length)?;
        }
        Ok(Reservation { producer: self, length })
    }

    /// Writes a note about what is published: it takes no credit. Like [`Producer::reserve`] it does not wait.
    pub fn note(&mut self, covers_next: bool, state: &[u8]) -> Result<(), Refused> {
        let (length, max) = (note_bytes(state.len()), self.record_bytes_max);
        if length > max {
            return Err(Refused::TooLarge { length, max });
        }
        if length as u64 > self.free_until - self.head {
            self.look_for_room();
            if length as u64 > self.free_until - self.head {
                return Err(Refused::Full);
            }
        }
        let mut place = Reservation { producer: self, length };
        write_note(place.bytes_mut(), covers_next, state);
        place.publish(length, 0);
        Ok(())
    }

    fn look_for_room(&mut self) {
        let capacity = self.shared.mapping.capacity() as u64;
        self.free_until = self.shared.mapping.control().tail.0.load(Acquire) + capacity;
    }

    #[cold]
    fn look_again(&mut self, length: usize) -> Result<(), Refused> {
        let max = self.record_bytes_max;
        if length > max {
            return Err(Refused::TooLarge { length, max });
        }
        if !self.has_credit() {
            return Err(Refused::NoCredit);
        }
        self.look_for_room();
        if length as u64 > self.free_until - self.head {
            return Err(Refused::Full);
        }
        Ok(())
    }

    #[cold]
    fn look_for_credit(&mut self) -> bool {
        self.limit = self.shared.mapping.control().limit.0.load(Acquire);
        self.posted < self.limit
    }
}

/// A place in the ring for one record, seen by nobody else yet.
#[must_use = "nothing is published before it is committed"]
pub struct Reservation<'a> {
    producer: &'a mut Producer,
    length: usize,
}

impl Reservation<'_> {
    /// The bytes to write, as many as were reserved. They hold whatever an older record left there.
    #[inline(always)]
    #[expect(unsafe_code, reason = "the one place where ring bytes are written")]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: the producer is borrowed exclusively and so is this reservation, so there is one slice at a time;
        // `reserve` made sure that `length` bytes after `head` are free, and the daemon reads none of them before
        // `commit` moves `head`. Two producers of one mapping cannot be: each `attach` maps anew.
        unsafe { self.producer.shared.mapping.unpublished(self.producer.head, self.length) }
    }

    /// Publishes the first `length` bytes as one record, uses one credit, and wakes the daemon if it sleeps. Returns
    /// the record's position: the n-th that is published has n.
    ///
    /// Panics when they are not framed as a record: `length` is what its first four bytes say, a multiple of 8, at
    /// least [`RECORD_BYTES_MIN`] and not more than was reserved. The daemon would not listen to us again.
    #[inline]
    pub fn commit(mut self, length: usize) -> u64 {
        assert!(
            length >= RECORD_BYTES_MIN && length <= self.length && length.is_multiple_of(RECORD_ALIGN),
            "cannot commit a record of {length} bytes where {} are reserved",
            self.length
        );
        let stated = self.bytes_mut().first_chunk::<4>().map(|size| u32::from_le_bytes(*size));
        assert!(stated == Some(length as u32), "a record of {length} bytes states a length of {stated:?}");
        self.publish(length, 1)
    }

    #[inline]
    fn publish(self, length: usize, records: u64) -> u64 {
        let producer = self.producer;
        producer.head += length as u64;
        producer.posted += records;
        if producer.shared.mapping.control().publish(producer.head, producer.posted) {
            producer.shared.ring();
        }
        producer.posted
    }
}

impl Shared {
    /// Rings the daemon's doorbell.
    #[cold]
    pub(crate) fn ring(&self) {
        // It can only fail when the counter is full (the daemon will come) or the daemon is gone.
        let _ = rustix::io::write(&self.doorbell, &1_u64.to_ne_bytes());
    }

    /// Whether `length` more bytes fit behind what is published.
    pub(crate) fn has_room(&self, length: usize) -> bool {
        let control = self.mapping.control();
        // In this order: with another thread posting meanwhile the answer may be too small, but never below zero.
        let tail = control.tail.0.load(Acquire);
        let used = control.posts.0.head.load(Relaxed) - tail;
        used + length as u64 <= self.mapping.capacity() as u64
    }
}

impl fmt::Debug for Producer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer")
            .field("head", &self.head)
            .field("posted", &self.posted)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
impl Producer {
    /// Takes credits nobody gave.
    pub(super) fn cheat(&mut self) {
        self.limit = u64::MAX;
    }

    /// Publishes a position out of the blue.
    pub(super) fn pretend_head(&self, head: u64) {
        self.shared.mapping.control().posts.0.head.store(head, Relaxed);
    }
}
