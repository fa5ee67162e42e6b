//! The control words of the mapping, and the protocols over them.
//!
//! Each group of words has one writer and lies on cache lines of its own (two: processors fetch lines in pairs), so
//! the hot words of one side are not torn away by the other's. Fresh memory is zero, and zero is the right start
//! for every word.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

use crate::{
    gate::Gate,
    machine::{Machine, Word},
};

/// Says that a mapping is one of ours, and of this layout.
pub(crate) const MAGIC: u64 = u64::from_le_bytes(*b"hognose1");

/// What the non-blocking worker is at. Only the daemon goes from `ARMED` to `WAKING`, only the worker anywhere else.
pub(crate) mod suspension {
    /// It may post; nobody waits for a wakeup.
    pub(crate) const RUNNING: u32 = 0;
    /// The user's `suspend()` runs.
    pub(crate) const SUSPENDING: u32 = 1;
    /// `suspend()` has returned: a wakeup may follow.
    pub(crate) const ARMED: u32 = 2;
    /// The daemon has sent the wakeup, the worker has not yet received it.
    pub(crate) const WAKING: u32 = 3;
}

/// How the daemon's thread is to be had.
pub(crate) mod slumber {
    /// It looks into the ring before it sleeps.
    pub(crate) const AWAKE: u32 = 0;
    /// It sleeps, or is about to: ring for every record.
    pub(crate) const ASLEEP: u32 = 1;
    /// It lets records gather for a moment: ring when the worker can post no more.
    pub(crate) const NAPPING: u32 = 2;
}

/// One group of words, alone on its cache lines.
#[repr(C, align(128))]
pub(crate) struct Line<T>(pub(crate) T);

#[repr(C)]
pub(crate) struct Control<M: Machine> {
    pub(crate) layout: Line<Layout<M>>,
    pub(crate) posts: Line<Posts<M>>,
    /// Bytes the daemon has taken since the start. Written by the daemon.
    pub(crate) tail: Line<M::U64>,
    /// One of [`slumber`]. Set by the daemon, back to `AWAKE` also by the worker that rings.
    pub(crate) slumber: Line<M::U32>,
    /// Records the worker may have posted since the start. Written by the daemon.
    pub(crate) limit: Line<M::U64>,
    /// Before it waits who found the ring full.
    pub(crate) room: Line<Gate<M>>,
    /// Before it waits who has no credit.
    pub(crate) credit: Line<Gate<M>>,
    pub(crate) phase: Line<Phase<M>>,
    /// Posts the worker dropped because it was suspended. Written by the worker.
    pub(crate) dropped: Line<M::U64>,
    /// The last request of an exchange. Written by the daemon.
    pub(crate) asked: Line<Mail<M>>,
    /// The last answer. Written by the worker.
    pub(crate) answered: Line<Mail<M>>,
    pub(crate) progress: Line<Progress<M>>,
}

/// What lies in one of the two areas of an exchange.
#[repr(C)]
pub(crate) struct Mail<M: Machine> {
    pub(crate) bytes: M::U64,
    /// Counts requests; an answer has the number of its request. Written last.
    pub(crate) number: M::U64,
}

/// How far the worker has come with the last request. Written by the worker.
#[repr(C)]
pub(crate) struct Progress<M: Machine> {
    /// Messages it has begun with.
    pub(crate) begun: M::U64,
    /// Messages of those that are done with for good, whatever becomes of the rest.
    pub(crate) settled: M::U64,
}

/// Written by the daemon before the worker exists, read by the worker once.
#[repr(C)]
pub(crate) struct Layout<M: Machine> {
    pub(crate) magic: M::U64,
    pub(crate) capacity: M::U64,
}

/// Written by the worker at every post.
#[repr(C)]
pub(crate) struct Posts<M: Machine> {
    /// Bytes published since the start.
    pub(crate) head: M::U64,
    /// Records published since the start.
    pub(crate) posted: M::U64,
}

/// Words that change rarely.
#[repr(C)]
pub(crate) struct Phase<M: Machine> {
    pub(crate) suspension: M::U32,
    /// 1 once the driver was asked to exit.
    pub(crate) exit: M::U32,
    /// 1 once the worker wants to hear what becomes of its records. Written by the worker.
    pub(crate) acks: M::U32,
}

// The worker's side.
impl<M: Machine> Control<M> {
    /// Makes everything up to `head` visible; true when the caller has to ring the doorbell.
    #[inline(always)]
    #[must_use]
    pub(crate) fn publish(&self, head: u64, posted: u64) -> bool {
        self.posts.0.posted.store(posted, Relaxed);
        self.posts.0.head.store(head, Release);
        M::fence();
        self.slumber.0.load(Relaxed) == slumber::ASLEEP && self.rouse()
    }

    /// The worker can post no more (it raised its flag at a gate, or suspends); true when the caller has to ring the
    /// doorbell of a daemon that naps meanwhile.
    #[must_use]
    pub(crate) fn stuck(&self) -> bool {
        M::fence();
        self.slumber.0.load(Relaxed) != slumber::AWAKE && self.rouse()
    }

    /// One ring is enough, however long the daemon takes to get up: true for the first who asks.
    #[cold]
    fn rouse(&self) -> bool {
        self.slumber.0.swap(slumber::AWAKE, Relaxed) != slumber::AWAKE
    }

    pub(crate) fn exit_requested(&self) -> bool {
        self.phase.0.exit.load(Acquire) != 0
    }

    /// Before a record is published: the daemon, which sees the record, then sees this too.
    pub(crate) fn want_acks(&self) {
        self.phase.0.acks.store(1, Relaxed);
    }

    pub(crate) fn has_credit(&self) -> bool {
        self.posts.0.posted.load(Relaxed) < self.limit.0.load(Acquire)
    }

    /// Before the user's `suspend()`; true when the caller has to ring the doorbell.
    #[must_use]
    pub(crate) fn suspend_begins(&self) -> bool {
        // A swap and not a store: it has its place between the daemon's own changes, so whichever of them is late fails.
        self.phase.0.suspension.swap(suspension::SUSPENDING, AcqRel);
        self.stuck()
    }

    /// After the user's `suspend()`; true when credits came meanwhile and the caller has to ring the doorbell.
    #[must_use]
    pub(crate) fn suspend_ended(&self) -> bool {
        self.phase.0.suspension.store(suspension::ARMED, Release);
        M::fence();
        self.has_credit()
    }

    /// The `wakeup` frame is here; false when it belongs to a suspension that a newer one has overtaken.
    #[must_use]
    pub(crate) fn wakeup_arrived(&self) -> bool {
        self.phase.0.suspension.replace(suspension::WAKING, suspension::RUNNING)
    }
}

// The daemon's side.
impl<M: Machine> Control<M> {
    /// Announces that the daemon is about to sleep; false when there is something to take instead.
    #[must_use]
    pub(crate) fn doze(&self, tail: u64) -> bool {
        self.slumber.0.store(slumber::ASLEEP, Relaxed);
        M::fence();
        self.posts.0.head.load(Acquire) == tail || self.stay_up()
    }

    /// Announces that the daemon is about to nap; false when there is something to take and the worker is stuck.
    #[must_use]
    pub(crate) fn nap(&self, tail: u64) -> bool {
        self.slumber.0.store(slumber::NAPPING, Relaxed);
        M::fence();
        let stuck = self.room.0.is_crowded()
            || self.credit.0.is_crowded()
            || self.phase.0.suspension.load(Relaxed) != suspension::RUNNING;
        !stuck || self.posts.0.head.load(Acquire) == tail || self.stay_up()
    }

    fn stay_up(&self) -> bool {
        self.awake();
        false
    }

    pub(crate) fn awake(&self) {
        self.slumber.0.store(slumber::AWAKE, Relaxed);
    }

    /// Gives the worker the room up to `tail`, and wakes who waits for it, if `worthwhile`.
    pub(crate) fn release(&self, tail: u64, worthwhile: bool) {
        self.tail.0.store(tail, Release);
        M::fence();
        self.room.0.open_if(|| worthwhile);
    }

    /// Whether the worker wants to hear of the records taken; to be asked once they are.
    pub(crate) fn acks_wanted(&self) -> bool {
        self.phase.0.acks.load(Relaxed) != 0
    }

    /// Raises the worker's limit by `more`; true when the caller has to ring for a wakeup. `limit` is the daemon's own
    /// account, raised before.
    #[must_use]
    pub(crate) fn grant(&self, more: u64, limit: impl Fn() -> u64, wake_at: u64) -> bool {
        // An addition and not a store, and the account is read after it: grants of two threads may arrive here in any
        // order, and the last one must see the sum, or nobody wakes the worker.
        self.limit.0.fetch_add(more, AcqRel);
        M::fence();
        self.credit.0.open_if(|| self.free(limit()) >= wake_at);
        self.wakeup_due(limit(), wake_at)
    }

    /// Whether a suspended worker could be woken.
    pub(crate) fn wakeup_due(&self, limit: u64, wake_at: u64) -> bool {
        self.phase.0.suspension.load(Acquire) == suspension::ARMED && self.free(limit) >= wake_at
    }

    /// True at most once a suspension: the caller sends the `wakeup` frame.
    #[must_use]
    pub(crate) fn take_wakeup(&self, limit: u64, wake_at: u64) -> bool {
        self.wakeup_due(limit, wake_at)
            && self.phase.0.suspension.replace(suspension::ARMED, suspension::WAKING)
    }

    /// Credits left of `limit`. The worker's count is only believed as far as waking the worker goes.
    pub(crate) fn free(&self, limit: u64) -> u64 {
        limit.saturating_sub(self.posts.0.posted.load(Acquire))
    }

    /// Ends every wait of the worker, now and later. Also for the worker itself, when its daemon is gone.
    pub(crate) fn request_exit(&self) {
        self.phase.0.exit.store(1, Release);
        M::fence();
        self.room.0.open_if(|| true);
        self.credit.0.open_if(|| true);
    }
}
