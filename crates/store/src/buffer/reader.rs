//! Reading the log from the first record that nobody has yet.

use std::collections::VecDeque;
use std::io;

use super::Segment;
use super::segment::{Entry, Scanner};
use crate::disk::Disk;

/// Bytes that are passed over where the disk does not give them: a page.
const UNREADABLE_BYTES: u64 = 4096;

/// See the module's text.
pub(super) struct Reader {
    /// Number of the record that comes next.
    expected: u64,
    /// The file it stands in, by its epoch.
    open: Option<(u64, Scanner)>,
    pub(super) missing: u64,
    pub(super) skipped_bytes: u64,
}

impl Reader {
    pub(super) fn at(number: u64) -> Reader {
        Reader { expected: number, open: None, missing: 0, skipped_bytes: 0 }
    }

    pub(super) fn position(&self) -> u64 {
        self.expected
    }

    pub(super) fn skip_to(&mut self, number: u64) {
        self.expected = self.expected.max(number);
    }

    pub(super) fn read(
        &mut self,
        disk: &dyn Disk,
        segments: &VecDeque<Segment>,
        next: u64,
        bytes: usize,
    ) -> io::Result<Vec<Entry>> {
        let (mut entries, mut size) = (Vec::new(), 0);
        while size < bytes && self.expected < next {
            let Some((segment, bound)) = place(segments, next, self.expected) else {
                // A part of the log is gone.
                let resume = segments.iter().map(|segment| segment.name.first);
                self.miss_until(resume.filter(|first| *first > self.expected).min().unwrap_or(next));
                continue;
            };
            let mut found = Vec::new();
            let more = match self.scan(disk, &segment, &mut found) {
                Ok(more) => more,
                // What was read before is not read again.
                Err(_) if !entries.is_empty() => break,
                Err(error) => return Err(error),
            };
            for entry in found {
                if entry.number >= self.expected && entry.number < bound {
                    self.missing += entry.number - self.expected;
                    self.expected = entry.number + 1;
                    size += entry.record.len();
                    entries.push(entry);
                }
            }
            if !more && self.expected < bound {
                self.miss_until(bound);
            }
        }
        Ok(entries)
    }

    /// Passes over a page that cannot be read.
    pub(super) fn give_up(&mut self, segments: &VecDeque<Segment>, next: u64) {
        match (place(segments, next, self.expected), &mut self.open) {
            (Some((segment, _)), Some((epoch, scanner))) if *epoch == segment.name.epoch => {
                scanner.give_up(UNREADABLE_BYTES, segment.bytes);
            }
            // The file cannot even be opened.
            (Some((_, bound)), _) => self.miss_until(bound),
            (None, _) => {}
        }
    }

    fn miss_until(&mut self, number: u64) {
        self.missing += number.saturating_sub(self.expected);
        self.expected = self.expected.max(number);
    }

    fn scan(&mut self, disk: &dyn Disk, segment: &Segment, found: &mut Vec<Entry>) -> io::Result<bool> {
        let epoch = segment.name.epoch;
        let mut scanner = match self.open.take() {
            Some((open, scanner)) if open == epoch => scanner,
            _ => Scanner::new(disk.open(&segment.name.to_string())?),
        };
        let before = scanner.skipped;
        let more = scanner.next(segment.bytes, found);
        self.skipped_bytes += scanner.skipped - before;
        self.open = Some((epoch, scanner));
        more
    }
}

/// The segment that has the record of this number, and the number behind its last.
fn place(segments: &VecDeque<Segment>, next: u64, number: u64) -> Option<(Segment, u64)> {
    let mut bound = next;
    for segment in segments.iter().rev() {
        if segment.name.first <= number && number < bound {
            return Some((*segment, bound));
        }
        bound = bound.min(segment.name.first);
    }
    None
}
