//! What the protocols stand on: atomic words, one full fence, and a place to sleep.
//!
//! [`Shared`] is the machine: atomics that lie in the mapping and futexes between processes.
//! The tests bring loom's, so that the protocols are tried in every order and not only in the lucky ones.

use std::{
    io,
    sync::atomic::{AtomicU32, AtomicU64, Ordering, fence},
    time::Duration,
};

use rustix::{io::Errno, thread::futex};

/// Why a thread that slept on a word goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parked {
    /// Woken, or there was no reason to sleep, or for no reason at all: look again.
    Woken,
    /// A signal handler ran.
    Interrupted,
    /// Time is up.
    TimedOut,
}

/// An atomic word.
pub(crate) trait Word<V>: Send + Sync {
    fn load(&self, order: Ordering) -> V;
    fn store(&self, value: V, order: Ordering);
    fn swap(&self, value: V, order: Ordering) -> V;
    fn fetch_add(&self, value: V, order: Ordering) -> V;
    /// Replaces `from` by `to`, and says whether it did.
    fn replace(&self, from: V, to: V) -> bool;
}

/// A machine the protocols can run on.
pub(crate) trait Machine: Sized + Send + Sync + 'static {
    type U32: Word<u32>;
    type U64: Word<u64>;

    /// A sequentially consistent fence.
    fn fence();

    /// Sleeps while `word` is `expected`, until [`Machine::unpark`] or the timeout.
    fn park(word: &Self::U32, expected: u32, timeout: Option<Duration>) -> Parked;

    /// Wakes every thread that sleeps on `word`.
    fn unpark(word: &Self::U32);
}

/// The real one: words in memory that two processes share.
#[derive(Debug)]
pub(crate) struct Shared;

impl Machine for Shared {
    type U32 = AtomicU32;
    type U64 = AtomicU64;

    #[inline(always)]
    fn fence() {
        fence(Ordering::SeqCst);
    }

    fn park(word: &AtomicU32, expected: u32, timeout: Option<Duration>) -> Parked {
        // A timeout too long for the kernel's clock is no timeout.
        let timeout = timeout.and_then(|timeout| futex::Timespec::try_from(timeout).ok());
        // No PRIVATE flag: the one who wakes us is another process.
        match futex::wait(word, futex::Flags::empty(), expected, timeout.as_ref()) {
            Err(Errno::TIMEDOUT) => Parked::TimedOut,
            Err(Errno::INTR) => Parked::Interrupted,
            Ok(()) | Err(_) => Parked::Woken,
        }
    }

    fn unpark(word: &AtomicU32) {
        let woken = futex::wake(word, futex::Flags::empty(), i32::MAX as u32);
        debug_assert!(woken.is_ok(), "futex wake failed: {:?}", woken.map_err(io::Error::from));
    }
}

macro_rules! word {
    ($atomic:ty, $value:ty) => {
        impl Word<$value> for $atomic {
            #[inline(always)]
            fn load(&self, order: Ordering) -> $value {
                self.load(order)
            }

            #[inline(always)]
            fn store(&self, value: $value, order: Ordering) {
                self.store(value, order);
            }

            #[inline(always)]
            fn swap(&self, value: $value, order: Ordering) -> $value {
                self.swap(value, order)
            }

            #[inline(always)]
            fn fetch_add(&self, value: $value, order: Ordering) -> $value {
                self.fetch_add(value, order)
            }

            #[inline(always)]
            fn replace(&self, from: $value, to: $value) -> bool {
                self.compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed).is_ok()
            }
        }
    };
}

word!(AtomicU32, u32);
word!(AtomicU64, u64);
