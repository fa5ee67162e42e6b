//! Repeated messages are written a few times, then counted.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::line::{Line, Severity};

/// Times the same message is written within [`WINDOW`].
pub(super) const WRITTEN_MAX: u32 = 20;
/// How long the same message is counted before it is said how often it came.
pub(super) const WINDOW: Duration = Duration::from_secs(5);
/// Different messages that are remembered.
const MESSAGES_MAX: usize = 512;

/// See the module's text.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    seen: HashMap<u64, Seen>,
}

/// What is to become of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// It is written.
    Write,
    /// It is only counted, and nobody looks after the count yet.
    CountFirst,
    /// It is only counted.
    Count,
}

/// A message that came within the last [`WINDOW`].
#[derive(Debug)]
struct Seen {
    until: Instant,
    written: u32,
    /// The message and how often it was not written.
    suppressed: Option<(Line, u64)>,
}

impl Repeats {
    /// What is to become of `line` now. Notices are rare, and each of them counts.
    pub(super) fn admit(&mut self, line: &Line, now: Instant) -> Admission {
        let fingerprint = line.fingerprint();
        if line.severity == Severity::Notice || !self.has_room(fingerprint) {
            return Admission::Write;
        }
        let fresh = Seen { until: now + WINDOW, written: 0, suppressed: None };
        let seen = self.seen.entry(fingerprint).or_insert(fresh);
        if now >= seen.until && seen.suppressed.is_none() {
            (seen.until, seen.written) = (now + WINDOW, 0);
        }
        if seen.written < WRITTEN_MAX {
            seen.written += 1;
            return Admission::Write;
        }
        match &mut seen.suppressed {
            Some((_, times)) => {
                *times += 1;
                Admission::Count
            }
            none => {
                *none = Some((line.clone(), 1));
                Admission::CountFirst
            }
        }
    }

    /// Whether the message of this fingerprint is remembered or can be.
    fn has_room(&mut self, fingerprint: u64) -> bool {
        if self.seen.len() < MESSAGES_MAX || self.seen.contains_key(&fingerprint) {
            return true;
        }
        // What was suppressed must still be said; the others may be forgotten early.
        self.seen.retain(|_, seen| seen.suppressed.is_some());
        self.seen.len() < MESSAGES_MAX
    }

    /// The messages whose time is over at `now`, with how often each was not written; and whether there are others.
    pub(super) fn over(&mut self, now: Instant) -> (Vec<(Line, u64)>, bool) {
        let over = self.seen.extract_if(|_, seen| seen.until <= now && seen.suppressed.is_some());
        let over = over.filter_map(|(_, seen)| seen.suppressed).collect();
        (over, self.seen.values().any(|seen| seen.suppressed.is_some()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        Line::plain(Severity::Error, text)
    }

    #[test]
    fn a_flood_is_written_a_few_times_and_counted() {
        let (mut repeats, start) = (Repeats::default(), Instant::now());
        let admissions: Vec<Admission> = (0..1000).map(|_| repeats.admit(&line("x;"), start)).collect();
        let count = |what| admissions.iter().filter(|admission| **admission == what).count();
        assert_eq!(count(Admission::Write), WRITTEN_MAX as usize);
        assert_eq!(count(Admission::CountFirst), 1);
        assert_eq!(repeats.over(start), (vec![], true));
        assert_eq!(repeats.over(start + WINDOW), (vec![(line("x;"), 980)], false));
        assert_eq!(repeats.admit(&line("x;"), start + WINDOW), Admission::Write);
    }

    #[test]
    fn different_messages_do_not_count_together() {
        let (mut repeats, start) = (Repeats::default(), Instant::now());
        assert!((0..2000).all(|n| repeats.admit(&line(&format!("{n};")), start) == Admission::Write));
        assert!(repeats.seen.len() <= MESSAGES_MAX);
    }

    #[test]
    fn one_that_comes_now_and_then_is_always_written() {
        let (mut repeats, start) = (Repeats::default(), Instant::now());
        assert!((0..100).all(|n| repeats.admit(&line("x;"), start + n * WINDOW / 2) == Admission::Write));
    }

    #[test]
    fn notices_are_always_written() {
        let (mut repeats, start) = (Repeats::default(), Instant::now());
        let notice = Line::plain(Severity::Notice, "x;");
        assert!((0..1000).all(|_| repeats.admit(&notice, start) == Admission::Write));
    }

    #[test]
    fn it_is_said_how_often() {
        let said = line("x; a='b'").repeated(7).for_stderr(None);
        assert_eq!(said, "Last message was repeated; times='7', message='x; a=\\'b\\''\n");
    }
}
