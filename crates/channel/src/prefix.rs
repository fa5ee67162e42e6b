//! How far positions are settled without a gap.

use std::collections::BTreeMap;

/// Settled positions, from 1: all up to [`Prefix::end`], and runs ahead of it.
///
/// Each position is settled once. A position that never is stops the prefix for good.
#[derive(Debug, Default)]
pub struct Prefix {
    end: u64,
    /// First and last of each run that a gap parts from the prefix; no two of them touch.
    ahead: BTreeMap<u64, u64>,
}

impl Prefix {
    /// Settles `count` positions from `first` on. Returns where the prefix ends now.
    pub fn settle(&mut self, first: u64, count: u32) -> u64 {
        if count == 0 || first <= self.end {
            return self.end;
        }
        let (mut from, mut to) = (first, first + u64::from(count) - 1);
        if let Some((&before, &last)) = self.ahead.range(..from).next_back()
            && last + 1 == from
        {
            self.ahead.remove(&before);
            from = before;
        }
        if let Some(last) = self.ahead.remove(&(to + 1)) {
            to = last;
        }
        if from == self.end + 1 {
            self.end = to;
        } else {
            self.ahead.insert(from, to);
        }
        self.end
    }

    /// The last position before the first gap; 0 when nothing is settled.
    pub fn end(&self) -> u64 {
        self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_prefix_ends_before_the_first_position_that_is_not_settled(
            runs in proptest::collection::vec(1_u32..5, 1..12),
            keys in proptest::collection::vec(any::<u32>(), 12),
        ) {
            let mut first = 1;
            let mut ranges: Vec<(u32, u64, u32)> = Vec::new();
            for (count, key) in runs.into_iter().zip(keys) {
                ranges.push((key, first, count));
                first += u64::from(count);
            }
            ranges.sort_unstable();
            let mut prefix = Prefix::default();
            let mut settled = vec![false; first as usize + 1];
            for (_, first, count) in ranges {
                (first..first + u64::from(count)).for_each(|at| settled[at as usize] = true);
                let expected = settled[1..].iter().take_while(|done| **done).count() as u64;
                prop_assert_eq!(prefix.settle(first, count), expected);
            }
            prop_assert!(prefix.ahead.is_empty());
        }
    }

    #[test]
    fn what_is_settled_twice_changes_nothing() {
        let mut prefix = Prefix::default();
        assert_eq!(prefix.settle(1, 3), 3);
        assert_eq!(prefix.settle(2, 1), 3);
        assert_eq!(prefix.settle(5, 0), 3);
    }
}
