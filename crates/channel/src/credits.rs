//! Leave to post: the daemon's end of flow control.
//!
//! Two counters since the start: what the worker has `posted`, its own word, and the `limit` up to which it may.
//! Acknowledging n records raises the limit by n, so at most a window of records is ever on its way.

use std::{
    fmt,
    num::NonZeroU32,
    os::fd::OwnedFd,
    sync::{
        Arc,
        atomic::{
            AtomicU64,
            Ordering::{Acquire, Relaxed},
        },
    },
};

use crate::{
    machine::{Machine, Shared, Word},
    mapping::Mapping,
    words::Control,
};

/// A waiting worker is woken when it has this many credits, or a quarter of its window if that is less.
const WAKE_AT_MAX: u64 = 100;

/// How many records may be on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// As many as the worker likes: a source without flow control.
    Unlimited,
    /// At most this many, then one for every credit granted.
    Limited(NonZeroU32),
}

/// Gives one worker the leave to post. Clone it for every thread that acknowledges; nothing here blocks.
#[derive(Clone)]
pub struct Credits(Arc<Inner>);

struct Inner {
    mapping: Arc<Mapping>,
    ledger: Ledger<Shared>,
    /// Wakes the daemon's own thread. The worker does not have this descriptor: it could make a write to it block.
    alarm: OwnedFd,
}

impl Credits {
    pub(crate) fn new(mapping: Arc<Mapping>, window: Window, alarm: OwnedFd) -> Credits {
        let ledger = Ledger::new(window, mapping.control());
        Credits(Arc::new(Inner { mapping, ledger, alarm }))
    }

    /// Lets the worker post `records` more. Wakes it if it waits and has enough by now; if it is suspended, rings
    /// [`crate::Uplink::alarm`] so that the thread there calls [`Credits::take_wakeup`].
    ///
    /// Without a window there is nothing to grant, and this does nothing.
    pub fn grant(&self, records: u32) {
        if self.0.ledger.grant(self.0.mapping.control(), u64::from(records)) {
            self.ring();
        }
    }

    /// Whether the worker is to be sent the `wakeup` frame now: its `suspend()` has returned and there are credits
    /// enough. True at most once a suspension.
    #[must_use]
    pub fn take_wakeup(&self) -> bool {
        self.0.ledger.take_wakeup(self.0.mapping.control())
    }

    /// Ends every wait of the worker for room or credit, now and from now on.
    pub fn request_exit(&self) {
        self.0.mapping.control().request_exit();
    }

    /// Makes [`crate::Uplink::alarm`] readable, for a reason of the caller's.
    pub fn ring(&self) {
        // The counter can only be full when nobody has looked for 2^64 rings.
        let _ = rustix::io::write(&self.0.alarm, &1_u64.to_ne_bytes());
    }

    /// Records on their way: posted and not yet granted back. As the worker counts, so for people to look at;
    /// `None` without a window.
    pub fn outstanding(&self) -> Option<u64> {
        let window = self.0.ledger.window?;
        let free = self.0.mapping.control().free(self.0.ledger.limit());
        Some(window.saturating_sub(free))
    }

    /// Posts the worker says it dropped because it was suspended, since the start.
    pub fn dropped_suspended(&self) -> u64 {
        self.0.mapping.control().dropped.0.load(Relaxed)
    }

    /// Records allowed since the start.
    pub(crate) fn limit(&self) -> u64 {
        self.0.ledger.limit()
    }

    pub(crate) fn alarm(&self) -> &OwnedFd {
        &self.0.alarm
    }
}

impl fmt::Debug for Credits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credits").field("outstanding", &self.outstanding()).finish_non_exhaustive()
    }
}

/// The daemon's own account; the words in the mapping are what the worker is told.
pub(crate) struct Ledger<M: Machine> {
    /// `None`: unlimited.
    window: Option<u64>,
    /// Records allowed since the start. Raised before the worker's word, so nobody can use a credit that is not yet
    /// in the account.
    limit: M::U64,
    wake_at: u64,
}

impl Ledger<Shared> {
    fn new(window: Window, control: &Control<Shared>) -> Ledger<Shared> {
        let window = match window {
            Window::Unlimited => None,
            Window::Limited(records) => Some(u64::from(records.get())),
        };
        let ledger =
            Ledger { window, limit: AtomicU64::new(window.unwrap_or(u64::MAX)), wake_at: wake_at(window) };
        control.limit.0.store(ledger.limit(), Relaxed);
        ledger
    }
}

impl<M: Machine> Ledger<M> {
    #[cfg(test)]
    pub(crate) fn of(window: u64, limit: M::U64) -> Ledger<M> {
        Ledger { window: Some(window), limit, wake_at: wake_at(Some(window)) }
    }

    fn limit(&self) -> u64 {
        self.limit.load(Acquire)
    }

    /// True when the caller has to ring for a wakeup.
    #[must_use]
    pub(crate) fn grant(&self, control: &Control<M>, records: u64) -> bool {
        if self.window.is_none() {
            return false;
        }
        self.limit.fetch_add(records, Relaxed);
        control.grant(records, || self.limit(), self.wake_at)
    }

    #[must_use]
    pub(crate) fn take_wakeup(&self, control: &Control<M>) -> bool {
        control.take_wakeup(self.limit(), self.wake_at)
    }
}

fn wake_at(window: Option<u64>) -> u64 {
    window.map_or(1, |window| (window / 4).clamp(1, WAKE_AT_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiting_worker_is_woken_for_a_quarter_of_the_window_but_at_most_100() {
        let wake_at = [1, 3, 4, 39, 40, 400, 401, 100_000].map(|window| wake_at(Some(window)));
        assert_eq!(wake_at, [1, 1, 1, 9, 10, 100, 100, 100]);
    }
}
