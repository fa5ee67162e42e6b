//! What became of a worker's records, by position: the n-th record it has posted has position n.

use serde::{Deserialize, Serialize};

/// Ranges that one frame carries at most.
pub const ACKED_RANGES_MAX: usize = 4096;
/// Ranges that wait for a worker that does not read its frames. Neighbours that fared alike are one range, so an
/// honest worker is far from it.
const UNSAID_RANGES_MAX: usize = 65_536;

/// What became of a run of records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acked {
    /// Position of the first, from 1.
    pub first: u64,
    /// How many.
    pub count: u32,
    /// What became of each.
    pub verdict: Verdict,
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every log path is done with it: destinations have it, or no path wanted it.
    Delivered,
    /// A destination dropped it, for this reason; also done with.
    Dropped(String),
    /// It was given up undelivered when its destination ended.
    Aborted,
}

/// Ranges on their way to a worker, in the order in which they were settled.
#[derive(Debug, Default)]
pub struct Unsaid(Vec<Acked>);

/// A worker that has left too many ranges unread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it does not read what becomes of its messages: {UNSAID_RANGES_MAX} ranges wait")]
pub struct Unread;

impl Unsaid {
    /// Adds a range; extends the last one where it continues that. Beyond a limit it is left out, and [`Unsaid::take`]
    /// says so.
    pub fn push(&mut self, range: Acked) {
        if range.count == 0 {
            return;
        }
        if let Some(last) = self.0.last_mut()
            && last.first + u64::from(last.count) == range.first
            && last.verdict == range.verdict
            && let Some(count) = last.count.checked_add(range.count)
        {
            last.count = count;
        } else if self.0.len() <= UNSAID_RANGES_MAX {
            self.0.push(range);
        }
    }

    /// The oldest ranges, as many as a frame carries.
    pub fn take(&mut self) -> Result<Vec<Acked>, Unread> {
        if self.0.len() > UNSAID_RANGES_MAX {
            return Err(Unread);
        }
        let rest = self.0.split_off(self.0.len().min(ACKED_RANGES_MAX));
        Ok(std::mem::replace(&mut self.0, rest))
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: u64, count: u32, verdict: Verdict) -> Acked {
        Acked { first, count, verdict }
    }

    #[test]
    fn neighbours_that_fared_alike_are_one_range() {
        let mut unsaid = Unsaid::default();
        unsaid.push(range(1, 5, Verdict::Delivered));
        unsaid.push(range(6, 2, Verdict::Delivered));
        unsaid.push(range(8, 1, Verdict::Dropped("queue-full".into())));
        unsaid.push(range(20, 1, Verdict::Delivered));
        unsaid.push(range(9, 0, Verdict::Delivered));
        let expected = [
            range(1, 7, Verdict::Delivered),
            range(8, 1, Verdict::Dropped("queue-full".into())),
            range(20, 1, Verdict::Delivered),
        ];
        assert_eq!(unsaid.take().unwrap(), expected);
        assert!(unsaid.is_empty());
    }

    #[test]
    fn a_frame_carries_so_many_and_the_rest_waits() {
        let mut unsaid = Unsaid::default();
        (0..ACKED_RANGES_MAX as u64 + 3).for_each(|i| unsaid.push(range(i * 2 + 1, 1, Verdict::Aborted)));
        assert_eq!(unsaid.take().unwrap().len(), ACKED_RANGES_MAX);
        assert_eq!(unsaid.take().unwrap().len(), 3);
    }

    #[test]
    fn a_worker_that_reads_none_is_found_out() {
        let mut unsaid = Unsaid::default();
        (0..100_000).for_each(|i| unsaid.push(range(i * 2 + 1, 1, Verdict::Delivered)));
        assert_eq!(unsaid.take(), Err(Unread));
    }
}
