//! Opening a log that may have been left in any state.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use super::cursor::Cursor;
use super::reader::Reader;
use super::segment::{self, Name, Scanner};
use super::{BufferOptions, DiskBuffer, Segment};
use crate::disk::{Disk, DiskFile};

/// What was found when a buffer was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Records that are to be delivered, as far as is known before they are read.
    pub records: u64,
    /// Bytes at the end of the log that are no records: what was being written when a crash came.
    pub torn_bytes: u64,
}

impl DiskBuffer {
    /// Opens the buffer in `disk`, an empty one if there is nothing. `WouldBlock`: another daemon has it.
    ///
    /// Reads no more than the last segment; what is damaged elsewhere is found when it is read.
    pub fn open(disk: Arc<dyn Disk>, options: BufferOptions) -> io::Result<(DiskBuffer, Recovered)> {
        let lock = disk.lock()?;
        let mut names: Vec<Name> = disk.list()?.iter().filter_map(|name| Name::parse(name)).collect();
        names.sort();
        let epoch = names.last().map_or(0, |name| name.epoch);
        let mut cursor = Cursor::load(&*disk)?;
        let mut recovered = Recovered::default();
        let (segments, next) = look(&*disk, &names, cursor.number(), &mut recovered)?;
        // A cursor that was lost counts from where the log begins.
        cursor.advance(segments.front().map_or(next, |segment| segment.name.first).min(next));
        recovered.records = next - cursor.number();
        let buffer = DiskBuffer {
            disk,
            options,
            segments,
            writer: None,
            epoch,
            next,
            durable: next,
            reader: Reader::at(cursor.number()),
            cursor,
            _lock: lock,
        };
        Ok((buffer, recovered))
    }
}

/// The segments that have anything to say, and the number of the record that comes next.
fn look(
    disk: &dyn Disk,
    names: &[Name],
    answered: u64,
    recovered: &mut Recovered,
) -> io::Result<(VecDeque<Segment>, u64)> {
    let Some(last) = names.last() else { return Ok((VecDeque::new(), answered)) };
    let file = disk.open(&last.to_string())?;
    let bytes = file.size()?;
    let mut last = Segment { name: *last, bytes };
    let (next, whole) = end(file, last)?;
    let next = next.max(answered);
    recovered.torn_bytes = bytes - whole;
    // What was reserved or torn is of no use; a disk that does not cut it off does no harm.
    let file = disk.open(&last.name.to_string())?;
    if bytes > whole && file.truncate(whole).is_ok() {
        last.bytes = whole;
    }
    // Whoever wrote it may have been killed before it was durable; what is found from now on is.
    file.sync()?;
    disk.sync()?;
    let mut segments = VecDeque::from([last]);
    let mut bound = last.name.first;
    for name in names.iter().rev().skip(1) {
        // What a later file says again, and what is answered for, is not needed.
        if name.first >= bound || bound <= answered {
            let _ = disk.remove(&name.to_string());
            continue;
        }
        let bytes = disk.open(&name.to_string())?.size()?;
        segments.push_front(Segment { name: *name, bytes });
        bound = name.first;
    }
    if next <= answered {
        for segment in segments.drain(..) {
            let _ = disk.remove(&segment.name.to_string());
        }
    }
    Ok((segments, next))
}

/// The number behind the last record of the last segment, and the bytes up to there.
fn end(file: Box<dyn DiskFile>, segment: Segment) -> io::Result<(u64, u64)> {
    let mut scanner = Scanner::new(file);
    let (mut next, mut whole) = (segment.name.first, 0);
    let mut entries = Vec::new();
    while scanner.next(segment.bytes, &mut entries)? {
        next = entries.drain(..).fold(next, |next, entry| next.max(entry.number + 1));
        whole = scanner.offset();
    }
    Ok((next, whole.max(segment::HEADER_BYTES as u64).min(segment.bytes)))
}
