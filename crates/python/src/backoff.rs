//! How long a worker that failed stays down.

use std::time::Duration;

/// The first wait.
const FIRST: Duration = Duration::from_secs(1);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(60);
/// A worker that lived this long was healthy: the next failure starts from the first wait again.
const HEALTHY: Duration = Duration::from_secs(60);

/// Doubles with every failure, up to [`LONGEST`].
#[derive(Debug, Clone)]
pub(crate) struct Backoff(Duration);

impl Default for Backoff {
    fn default() -> Backoff {
        Backoff(FIRST)
    }
}

impl Backoff {
    /// The wait after a worker that had lived for `lived` failed.
    pub(crate) fn after(&mut self, lived: Duration) -> Duration {
        if lived >= HEALTHY {
            self.0 = FIRST;
        }
        let wait = self.0;
        self.0 = (wait * 2).min(LONGEST);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_to_a_minute_and_starts_again_after_a_minute_of_health() {
        let mut backoff = Backoff::default();
        let short = Duration::from_millis(5);
        let waits: Vec<u64> = (0..8).map(|_| backoff.after(short).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(backoff.after(HEALTHY).as_secs(), 1);
        assert_eq!(backoff.after(short).as_secs(), 2);
    }
}
