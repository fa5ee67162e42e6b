//! The disk buffer: records in the order they came, each with a number, until they are answered for.
//!
//! It is a log of segments: files that are only appended to, and removed once everything in them is answered. Each
//! record has a checksum of its own. What a crash or a bad disk has damaged is passed over and counted; every record
//! that is whole is found again.
//!
//! [`DiskBuffer::append`] hands records to the system, [`DiskBuffer::sync`] makes them durable. After either has
//! failed, the records that are not durable are to be appended again: the buffer has gone back to before them, gives
//! them the numbers they had, and begins another file.

use std::any::Any;
use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::sync::Arc;

use crate::disk::Disk;

mod cursor;
mod frame;
mod reader;
mod recover;
mod segment;
mod writer;

pub use recover::Recovered;
pub use segment::Entry;

use cursor::Cursor;
use reader::Reader;
use segment::Name;
use writer::Writer;

/// Bytes of a segment after which another one is begun, in a buffer that is large.
const SEGMENT_BYTES: u64 = 16 << 20;
/// In one that is small: this part of its capacity, but never less than the least.
const SEGMENT_PART: u64 = 8;
const SEGMENT_BYTES_MIN: u64 = 64 << 10;

/// How a buffer is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BufferOptions {
    /// Bytes on the disk after which nothing more is taken; the last records may cross that.
    pub capacity: u64,
    /// Compress records, those of one call together.
    pub compress: bool,
    /// Reserve the room of a segment when it is begun.
    pub preallocate: bool,
}

/// Why records were not taken.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// There are as many bytes as the capacity allows.
    #[error("the disk buffer is full")]
    Full,
    /// The disk refuses.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What a buffer holds, and what it has lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Records that are not answered for.
    pub records: u64,
    /// Bytes on the disk.
    pub bytes: u64,
    /// Records that were damaged beyond reading, so far.
    pub missing: u64,
    /// Bytes that were no records, so far.
    pub skipped_bytes: u64,
}

/// See the module's text.
pub struct DiskBuffer {
    disk: Arc<dyn Disk>,
    options: BufferOptions,
    /// Oldest first; the writer's is the last.
    segments: VecDeque<Segment>,
    writer: Option<Writer>,
    epoch: u64,
    /// Number of the record that comes next.
    next: u64,
    /// All before this number are durable.
    durable: u64,
    cursor: Cursor,
    reader: Reader,
    _lock: Box<dyn Any + Send>,
}

/// A file of the log, as far as it is known to be written.
#[derive(Debug, Clone, Copy)]
struct Segment {
    name: Name,
    bytes: u64,
}

impl DiskBuffer {
    /// Changes how it is kept from now on.
    pub fn set_options(&mut self, options: BufferOptions) {
        self.options = options;
    }

    /// Appends records that have `origin` in common; returns the number of the first. They are durable after the next
    /// [`DiskBuffer::sync`]. If it fails none of them is taken.
    pub fn append(&mut self, origin: &[u8], records: &[&[u8]]) -> Result<u64, AppendError> {
        if self.bytes() >= self.options.capacity {
            return Err(AppendError::Full);
        }
        let first = self.next;
        let written = self.writer().and_then(|writer| writer.append(origin, records, first));
        match written {
            Ok(end) => {
                if let Some(segment) = self.segments.back_mut() {
                    segment.bytes = end;
                }
                self.next += records.len() as u64;
                Ok(first)
            }
            Err(error) => {
                self.go_back();
                Err(error.into())
            }
        }
    }

    /// Makes everything appended so far durable; returns the number up to which it is.
    pub fn sync(&mut self) -> io::Result<u64> {
        if self.durable == self.next {
            return Ok(self.next);
        }
        let synced = match &mut self.writer {
            Some(writer) => writer.sync(&*self.disk),
            None => Ok(()),
        };
        match synced {
            Ok(()) => {
                self.durable = self.next;
                Ok(self.next)
            }
            Err(error) => {
                self.go_back();
                Err(error)
            }
        }
    }

    /// Takes the system's word for everything appended so far: as [`DiskBuffer::sync`], without the disk.
    pub fn trust(&mut self) {
        self.durable = self.next;
    }

    /// Records from where the reader stands on, about as many bytes as asked for, and at least one unless there is
    /// none. After an error the same call may be made again.
    pub fn read(&mut self, bytes: usize) -> io::Result<Vec<Entry>> {
        self.reader.read(&*self.disk, &self.segments, self.next, bytes)
    }

    /// What is next cannot be read, again and again: passes over some of it.
    pub fn give_up_reading(&mut self) {
        self.reader.give_up(&self.segments, self.next);
    }

    /// Number of the record that [`DiskBuffer::read`] gives next.
    pub fn position(&self) -> u64 {
        self.reader.position()
    }

    /// Whoever reads has all records before `number` from elsewhere.
    pub fn skip_to(&mut self, number: u64) {
        self.reader.skip_to(number);
    }

    /// All records before `number` are answered for, and may go.
    pub fn answer(&mut self, number: u64) {
        if number <= self.cursor.number() {
            return;
        }
        self.cursor.advance(number.min(self.next));
        self.reader.skip_to(self.cursor.number());
        let kept = usize::from(self.writer.is_some());
        while self.segments.len() > kept && self.end_of(0) <= self.cursor.number() {
            if let Some(segment) = self.segments.pop_front() {
                // One that cannot be removed is tried again at the next start.
                let _ = self.disk.remove(&segment.name.to_string());
            }
        }
    }

    /// Writes down up to where records are answered for. What was answered since is given again after a crash.
    pub fn save(&mut self) -> io::Result<()> {
        self.cursor.save(&*self.disk)
    }

    /// The end, in order: everything durable, the cursor saved, and no file left if there is nothing in it.
    pub fn close(&mut self) -> io::Result<()> {
        self.sync()?;
        self.save()?;
        let writer = self.writer.take();
        if self.cursor.number() >= self.next {
            self.segments.drain(..).try_for_each(|segment| self.disk.remove(&segment.name.to_string()))?;
        } else if let Some(writer) = writer {
            writer.seal()?;
        }
        Ok(())
    }

    /// Number of the first record that is not answered for.
    pub fn answered(&self) -> u64 {
        self.cursor.number()
    }

    /// Number of the record that comes next.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// What it holds and has lost.
    pub fn holdings(&self) -> Holdings {
        Holdings {
            // After the disk has failed, records may have been answered for that come once more.
            records: self.next.saturating_sub(self.cursor.number()),
            bytes: self.bytes(),
            missing: self.reader.missing,
            skipped_bytes: self.reader.skipped_bytes,
        }
    }

    fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    /// The number behind the last record of a segment.
    fn end_of(&self, index: usize) -> u64 {
        self.segments.get(index + 1).map_or(self.next, |segment| segment.name.first)
    }

    /// The file to write to, another one if there is none or it is long enough.
    fn writer(&mut self) -> io::Result<&mut Writer> {
        let most = (self.options.capacity / SEGMENT_PART).clamp(SEGMENT_BYTES_MIN, SEGMENT_BYTES);
        let old = match self.writer.take() {
            Some(writer) if writer.end() < most => return Ok(self.writer.insert(writer)),
            old => old,
        };
        self.epoch += 1;
        let name = Name { epoch: self.epoch, first: self.next };
        let salt = RandomState::new().hash_one(name.epoch) as u32;
        let room = self.options.preallocate.then_some(most);
        let mut writer = Writer::create(&*self.disk, name, salt, self.options.compress, room)?;
        if let Some(old) = old {
            writer.take_over(old)?;
        }
        self.segments.push_back(Segment { name, bytes: writer.end() });
        Ok(self.writer.insert(writer))
    }

    /// The disk has failed: goes back to what is durable. The next append begins another file.
    fn go_back(&mut self) {
        self.writer = None;
        self.next = self.durable;
        while let Some(segment) = self.segments.pop_back_if(|segment| segment.name.first >= self.next) {
            // If it stays it is told by its epoch to be wrong.
            let _ = self.disk.remove(&segment.name.to_string());
        }
    }
}

#[cfg(test)]
mod tests;
