//! A gate: threads of the worker wait before it until something the daemon does lets them through.
//!
//! One word: up while somebody may be waiting. The waiter raises it and then looks at the condition once more; the
//! daemon changes the condition and then looks at the word. With a full fence between the two steps on both sides
//! at least one of them sees the other, so no wake-up is lost.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use crate::machine::{Machine, Parked, Word};

/// How the wait before a gate ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// What was waited for is there.
    Ready,
    /// The daemon asked the driver to exit (or the worker gave up): there may never be room or credit again.
    ExitRequested,
    /// Time is up.
    TimedOut,
    /// A signal handler ran; run Python's, then wait again.
    Interrupted,
}

const DOWN: u32 = 0;
const UP: u32 = 1;

#[repr(C)]
pub(crate) struct Gate<M: Machine> {
    pub(crate) waiting: M::U32,
}

impl<M: Machine> Gate<M> {
    /// Waits until `ready` has an answer. Any number of threads may wait. `stuck` is called before each sleep, with
    /// the word up.
    ///
    /// The word is never lowered here: another waiter may need it, and one needless wake-up is cheap.
    pub(crate) fn wait(
        &self,
        timeout: Option<Duration>,
        ready: impl Fn() -> Option<Wait>,
        stuck: impl Fn(),
    ) -> Wait {
        if let Some(answer) = ready() {
            return answer;
        }
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            // Release: who sees the word up also sees what this thread did before, `posted` for one.
            self.waiting.store(UP, Ordering::Release);
            M::fence();
            if let Some(answer) = ready() {
                return answer;
            }
            stuck();
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            match M::park(&self.waiting, UP, left) {
                Parked::Woken => {}
                Parked::Interrupted => return ready().unwrap_or(Wait::Interrupted),
                Parked::TimedOut => return ready().unwrap_or(Wait::TimedOut),
            }
        }
    }

    /// Whether somebody may be waiting.
    pub(crate) fn is_crowded(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) != DOWN
    }

    /// Lets everyone through who waits, if `worthwhile`. The condition must have been changed, and a
    /// [`Machine::fence`] passed, before.
    #[inline]
    pub(crate) fn open_if(&self, worthwhile: impl FnOnce() -> bool) {
        if self.waiting.load(Ordering::Acquire) != DOWN && worthwhile() {
            self.waiting.store(DOWN, Ordering::Relaxed);
            M::unpark(&self.waiting);
        }
    }
}
