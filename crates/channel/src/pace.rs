//! How soon the daemon's thread goes back to a ring.
//!
//! Taking every record the moment it is there is the most expensive way: producer and consumer pull the same cache
//! lines back and forth, and every record costs a ring of the doorbell. So under a stream the thread naps between
//! batches, and is only rung for when the worker can post no more. A record that comes alone waits for nobody: the first one after a quiet time
//! wakes the thread at once.

use std::time::{Duration, Instant};

/// A batch of this many records shows a producer that is not slower than we are: go on without a nap.
const BUSY_RECORDS: u32 = 512;
/// How long a nap is. Also how much later than at once a record of a stream may be taken.
const NAP: Duration = Duration::from_micros(100);
/// Two batches that come closer together than this are a stream.
const STREAM_GAP: Duration = Duration::from_micros(300);

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
    /// `records` is what the take brought, `now` when.
    pub fn after(&mut self, records: u32, now: Instant) -> Next {
        if records == 0 {
            return Next::Sleep;
        }
        let stream = self.last.is_some_and(|last| now.saturating_duration_since(last) < STREAM_GAP);
        self.last = Some(now);
        match (records, stream) {
            (BUSY_RECORDS.., _) => Next::Again,
            (_, true) => Next::Nap(NAP),
            (_, false) => Next::Sleep,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(batches: &[(u64, u32)], expected: &[Next]) {
        let start = Instant::now();
        let mut pace = Pace::default();
        let said: Vec<Next> = batches
            .iter()
            .map(|&(micros, records)| pace.after(records, start + Duration::from_micros(micros)))
            .collect();
        assert_eq!(said, expected);
    }

    #[test]
    fn nothing_sleeps() {
        check(&[(0, 0), (10, 0)], &[Next::Sleep, Next::Sleep]);
    }

    #[test]
    fn lone_records_wait_for_nobody() {
        check(&[(0, 1), (1000, 1), (2000, 3)], &[Next::Sleep, Next::Sleep, Next::Sleep]);
    }

    #[test]
    fn a_stream_naps_until_it_ends() {
        check(
            &[(0, 1), (100, 8), (250, 7), (400, 0), (1000, 1)],
            &[Next::Sleep, Next::Nap(NAP), Next::Nap(NAP), Next::Sleep, Next::Sleep],
        );
    }

    #[test]
    fn a_flood_goes_on_at_once() {
        check(&[(0, 512), (50, 4000), (90, 511)], &[Next::Again, Next::Again, Next::Nap(NAP)]);
    }
}
