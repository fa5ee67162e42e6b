//! The daemon's end of the ring.

use std::{
    io::{self, IoSliceMut},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::{
        Arc,
        atomic::Ordering::{Acquire, Relaxed},
    },
};

use rustix::{
    event::EventfdFlags,
    io::{Errno, ReadWriteFlags},
};

use super::{RING_BYTES, RING_BYTES_MAX, RING_BYTES_MIN, record_bytes_max};
use crate::{
    credits::{Credits, Window},
    framing::{Corrupt, RECORD_ALIGN, RECORD_BYTES_MIN, Rules, Stop, walk},
    mapping::Mapping,
};

/// What an uplink is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UplinkOptions {
    /// Bytes of the ring; rounded up to a power of two from [`RING_BYTES_MIN`] to [`RING_BYTES_MAX`].
    pub ring_bytes: usize,
    /// How many records may be on their way.
    pub window: Window,
}

impl Default for UplinkOptions {
    fn default() -> UplinkOptions {
        UplinkOptions { ring_bytes: RING_BYTES, window: Window::Unlimited }
    }
}

/// What the worker inherits, for [`crate::Producer::attach`]. Closed here once it is spawned.
#[derive(Debug)]
pub struct WorkerFds {
    /// The sealed memory.
    pub memfd: OwnedFd,
    /// The eventfd it rings.
    pub doorbell: OwnedFd,
}

/// What one [`Uplink::take`] brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Taken {
    /// Whole records.
    pub records: u32,
    /// Notes between them, for [`crate::split_notes`].
    pub notes: u32,
    /// The bytes of both, the last ones of the vector.
    pub bytes: usize,
}

/// Takes records out of the ring of one worker.
///
/// One thread owns it. Its loop: [`Uplink::take`], [`Credits::take_wakeup`], and what [`crate::Pace`] says: take again,
/// or [`Uplink::prepare_sleep`] (or `prepare_nap`), poll [`Uplink::doorbell`] and [`Uplink::alarm`], and
/// [`Uplink::awake`], whatever ended the poll.
#[derive(Debug)]
pub struct Uplink {
    mapping: Arc<Mapping>,
    doorbell: OwnedFd,
    /// Bytes taken. The copy in the mapping is for the worker and never read back.
    tail: u64,
    /// Records taken.
    taken: u64,
    broken: Option<Corrupt>,
    credits: Credits,
}

impl Uplink {
    /// Makes the ring for one worker. The process that gets the [`WorkerFds`] may start posting at once.
    pub fn create(options: &UplinkOptions) -> io::Result<(Uplink, WorkerFds)> {
        let capacity = options.ring_bytes.clamp(RING_BYTES_MIN, RING_BYTES_MAX).next_power_of_two();
        let (mapping, memfd) = Mapping::create(capacity)?;
        let mapping = Arc::new(mapping);
        let doorbell = eventfd()?;
        let fds = WorkerFds { memfd, doorbell: doorbell.try_clone()? };
        let credits = Credits::new(Arc::clone(&mapping), options.window, eventfd()?);
        let uplink = Uplink { mapping, doorbell, tail: 0, taken: 0, broken: None, credits };
        Ok((uplink, fds))
    }

    /// The leave to post, for any thread.
    pub fn credits(&self) -> &Credits {
        &self.credits
    }

    /// Bytes of the ring.
    pub fn capacity(&self) -> usize {
        self.mapping.capacity()
    }

    /// Bytes that can be taken by now, for [`crate::Pace`]. Of a corrupt ring: anything up to its capacity.
    pub fn waiting(&self) -> usize {
        let published = self.mapping.control().posts.0.head.load(Relaxed).wrapping_sub(self.tail);
        published.min(self.mapping.capacity() as u64) as usize
    }

    /// Records taken since the start.
    pub fn records_taken(&self) -> u64 {
        self.taken
    }

    /// Whether the worker wants to hear what becomes of the records that the last [`Uplink::take`] brought.
    pub fn acks_wanted(&self) -> bool {
        self.mapping.control().acks_wanted()
    }

    /// Appends whole records to `into`, oldest first, as many as are published and fit `max_bytes`; a first record
    /// that is larger comes alone. Nothing published: `Taken::default()`. Never blocks.
    ///
    /// The records are well framed, which is all that is checked here. What a worker published before it went wrong
    /// is given first; the call after that, and each one since, fails.
    pub fn take(&mut self, into: &mut Vec<u8>, max_bytes: usize) -> Result<Taken, Corrupt> {
        if let Some(corrupt) = self.broken {
            return Err(corrupt);
        }
        let published = self.published()?;
        if published == 0 {
            return Ok(Taken::default());
        }
        let start = into.len();
        let wanted = max_bytes.max(RECORD_BYTES_MIN) & !(RECORD_ALIGN - 1);
        self.mapping.copy_out(self.tail, wanted.min(published), into);
        let limit = self.credits.limit();
        let rules = Rules {
            published: published as u64,
            size_max: record_bytes_max(self.mapping.capacity()) as u32,
            records_max: limit.saturating_sub(self.taken),
            limit,
        };
        let mut walked = walk(&into[start..], &rules);
        if let (0, Stop::Partial(size)) = (walked.bytes, &walked.stop) {
            // The rest of a record larger than asked for. Its length was checked on our copy and is not read again.
            let copied = into.len() - start;
            self.mapping.copy_out(self.tail + copied as u64, size - copied, into);
            walked = walk(&into[start..], &rules);
        }
        into.truncate(start + walked.bytes);
        if let Stop::Corrupt(corrupt) = walked.stop {
            self.broken = Some(corrupt);
            if walked.bytes == 0 {
                return Err(corrupt);
            }
        }
        self.tail += walked.bytes as u64;
        self.taken += u64::from(walked.records);
        self.release(published - walked.bytes);
        Ok(Taken { records: walked.records, notes: walked.notes, bytes: walked.bytes })
    }

    /// Bytes the worker has published and we have not taken.
    fn published(&mut self) -> Result<usize, Corrupt> {
        let head = self.mapping.control().posts.0.head.load(Acquire);
        let published = head.wrapping_sub(self.tail);
        let capacity = self.mapping.capacity() as u64;
        let corrupt = if published > capacity {
            Corrupt::HeadBeyondCapacity { published, capacity }
        } else if !head.is_multiple_of(RECORD_ALIGN as u64) {
            Corrupt::HeadUnaligned { head }
        } else {
            return Ok(published as usize);
        };
        self.broken = Some(corrupt);
        Err(corrupt)
    }

    /// Gives the room back, with `left` bytes still to be taken.
    fn release(&self, left: usize) {
        // A waiting worker is woken for a quarter of the ring, not for every batch; and always by the last one.
        let worthwhile = left == 0 || self.mapping.capacity() - left >= self.mapping.capacity() / 4;
        self.mapping.control().release(self.tail, worthwhile);
    }

    /// Announces that this thread is about to sleep on [`Uplink::doorbell`]; false: do not, something is there to
    /// take (or the ring is corrupt, which the next take says).
    #[must_use]
    pub fn prepare_sleep(&mut self) -> bool {
        self.mapping.control().doze(self.tail)
    }

    /// Announces that this thread is about to sleep for a moment while records gather: the doorbell only rings when
    /// the worker can post no more. False: do not, it is so already, and something is there to take.
    #[must_use]
    pub fn prepare_nap(&mut self) -> bool {
        self.mapping.control().nap(self.tail)
    }

    /// After a sleep or nap, whatever ended it: silences doorbell and alarm. Then take, and look for wakeups.
    pub fn awake(&mut self) {
        self.mapping.control().awake();
        silence(&self.doorbell);
        silence(self.credits.alarm());
    }

    /// Readable when the worker posted while we slept.
    pub fn doorbell(&self) -> BorrowedFd<'_> {
        self.doorbell.as_fd()
    }

    /// Readable when a thread of the daemon wants this one: [`Credits::take_wakeup`] may have something, or
    /// [`Credits::ring`] was called. The worker has no part in it.
    pub fn alarm(&self) -> BorrowedFd<'_> {
        self.credits.alarm().as_fd()
    }
}

fn eventfd() -> io::Result<OwnedFd> {
    let eventfd = rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
    // The daemon relies on reads that cannot block, whatever a worker does to the flags of a shared descriptor.
    match read_now(&eventfd) {
        Err(Errno::AGAIN) => Ok(eventfd),
        Err(cause) => Err(cause.into()),
        Ok(()) => Err(io::ErrorKind::InvalidData.into()),
    }
}

fn silence(eventfd: &OwnedFd) {
    // Nothing to read is the usual case.
    let _ = read_now(eventfd);
}

/// Reads an eventfd without waiting. `O_NONBLOCK` would not do: it belongs to the open file, which a worker has too
/// and could change under us.
fn read_now(eventfd: &OwnedFd) -> Result<(), Errno> {
    let mut count = [0; 8];
    rustix::io::preadv2(eventfd, &mut [IoSliceMut::new(&mut count)], u64::MAX, ReadWriteFlags::NOWAIT)
        .map(drop)
}
