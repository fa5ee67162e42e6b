//! How soon the daemon's thread goes back to a ring.
//!
//! Taking every record the moment it is there is the most expensive way: producer and consumer pull the same cache
//! lines back and forth, every record costs a ring of the doorbell, and a sleep and a wake-up cost the thread some 30
//! microseconds of CPU on a virtual machine. So under a stream the thread naps between batches, and is only rung for
//! when the worker can post no more. A record that comes alone waits for nobody: the thread sleeps with the doorbell
//! on, and is there at once.

use std::time::{Duration, Instant};

/// When this many bytes wait already there is no need to let more gather.
const BUSY_BYTES: usize = 64 * 1024;
/// How long a nap is at least. A flood needs longer to fill [`crate::RING_BYTES`].
const NAP: Duration = Duration::from_micros(200);
/// How long a nap is at most: how much later than at once a record of a stream may be taken.
const NAP_MAX: Duration = Duration::from_millis(1);
/// A nap lasts until about so many records have gathered, within these bounds: sixteen slow streams whose threads all
/// look five thousand times a second would cost a core a good part of its time.
const GATHER_RECORDS: u32 = 32;
/// More than one record in this time is a stream.
const STREAM_GAP: Duration = Duration::from_micros(200);

/// What to do after a take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Take again.
    Again,
    /// [`crate::Uplink::prepare_nap`], then poll everything, no longer than this.
    Nap(Duration),
    /// [`crate::Uplink::prepare_sleep`], then poll everything.
    Sleep,
}

/// Decides after each take what comes next.
#[derive(Debug, Clone, Default)]
pub struct Pace {
    /// When the last batch came.
    last: Option<Instant>,
}

impl Pace {
    /// `records` is what the take brought, `now` when, and `waiting` the bytes that can be taken by now
    /// ([`crate::Uplink::waiting`]).
    pub fn after(&mut self, records: u32, waiting: usize, now: Instant) -> Next {
        if records == 0 {
            return Next::Sleep;
        }
        let gap = self.last.map_or(Duration::MAX, |last| now.saturating_duration_since(last));
        self.last = Some(now);
        if waiting >= BUSY_BYTES {
            Next::Again
        } else if gap < STREAM_GAP.saturating_mul(records) {
            Next::Nap((gap / records * GATHER_RECORDS).clamp(NAP, NAP_MAX))
        } else {
            Next::Sleep
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Batches as (microseconds, records, bytes waiting after).
    #[track_caller]
    fn check(batches: &[(u64, u32, usize)], expected: &[Next]) {
        let start = Instant::now();
        let mut pace = Pace::default();
        let said: Vec<Next> = batches
            .iter()
            .map(|&(micros, records, waiting)| {
                pace.after(records, waiting, start + Duration::from_micros(micros))
            })
            .collect();
        assert_eq!(said, expected);
    }

    #[test]
    fn nothing_sleeps() {
        check(&[(0, 0, 0), (10, 0, 0)], &[Next::Sleep, Next::Sleep]);
    }

    #[test]
    fn lone_records_wait_for_nobody() {
        check(&[(0, 1, 0), (1000, 1, 0), (2000, 2, 200)], &[Next::Sleep, Next::Sleep, Next::Sleep]);
    }

    #[test]
    fn a_stream_naps_until_it_ends() {
        check(
            &[(0, 1, 0), (150, 1, 0), (420, 3, 0), (690, 1, 0), (1000, 0, 0)],
            &[Next::Sleep, Next::Nap(NAP_MAX), Next::Nap(NAP_MAX), Next::Sleep, Next::Sleep],
        );
    }

    #[test]
    fn a_flood_goes_on_at_once() {
        check(
            &[(0, 512, 65536), (50, 4000, 200_000), (90, 511, 65535)],
            &[Next::Again, Next::Again, Next::Nap(NAP)],
        );
    }
}
