//! One file of the log: a header, frames, and how they are read past damage.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use memchr::memmem;

use super::frame::{self, Found, Header, Kind, MAGIC};
use crate::disk::{DiskFile, read_full};

/// Bytes of one copy of the header: magic 8, salt 4, CRC32C 4.
const COPY_BYTES: usize = 16;
/// Where the second copy stands: far enough that one bad sector does not take both.
const SECOND_COPY: usize = 512;
/// Bytes before the first frame.
pub(super) const HEADER_BYTES: usize = SECOND_COPY + COPY_BYTES;
const HEADER_MAGIC: &[u8; 8] = b"hognoseQ";
/// Bytes read at once.
const READ_BYTES: usize = 256 << 10;

/// Which file: how many were begun before it, and the number of its first record.
///
/// A file begun later is right about all numbers from its first one on, whatever an earlier one says: after the disk
/// has failed, the same records are written again into another file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) epoch: u64,
    pub(super) first: u64,
}

impl Name {
    pub(super) fn parse(name: &str) -> Option<Name> {
        let (epoch, first) = name.strip_suffix(".log")?.split_once('-')?;
        let parsed = Name { epoch: epoch.parse().ok()?, first: first.parse().ok()? };
        (parsed.to_string() == name).then_some(parsed)
    }
}

/// With leading zeros, so that a listing shows them in order.
impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:010}-{:020}.log", self.epoch, self.first)
    }
}

/// The bytes that a file begins with.
pub(super) fn header(salt: u32) -> Vec<u8> {
    let mut copy = [HEADER_MAGIC, &salt.to_le_bytes()[..]].concat();
    copy.extend_from_slice(&crc32c::crc32c(&copy).to_le_bytes());
    let mut header = copy.clone();
    header.resize(SECOND_COPY, 0);
    header.extend_from_slice(&copy);
    header
}

fn salt(header: &[u8]) -> Option<u32> {
    let of_copy = |at: usize| {
        let copy = header.get(at..at + COPY_BYTES)?;
        let crc = u32::from_le_bytes(copy[12..].try_into().ok()?);
        (copy.starts_with(HEADER_MAGIC) && crc == crc32c::crc32c(&copy[..12]))
            .then(|| u32::from_le_bytes([copy[8], copy[9], copy[10], copy[11]]))
    };
    of_copy(0).or_else(|| of_copy(SECOND_COPY))
}

/// One record as it is read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number: one more than that of the record before.
    pub number: u64,
    /// What it has in common with others; `None` where that is damaged.
    pub origin: Option<Arc<[u8]>>,
    /// The record.
    pub record: Vec<u8>,
}

/// Reads the frames of a file in order, and passes over what is none.
pub(super) struct Scanner {
    file: Box<dyn DiskFile>,
    salt: Option<u32>,
    /// Where the next frame is expected.
    offset: u64,
    origins: HashMap<u32, Arc<[u8]>>,
    window: Vec<u8>,
    window_at: u64,
    /// Bytes that were no frame.
    pub(super) skipped: u64,
}

impl Scanner {
    pub(super) fn new(file: Box<dyn DiskFile>) -> Scanner {
        let origins = HashMap::new();
        let offset = HEADER_BYTES as u64;
        Scanner { file, salt: None, offset, origins, window: Vec::new(), window_at: 0, skipped: 0 }
    }

    /// Where it stands.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Appends the records of the next frame that has any to `entries`; false where there is none before `end`.
    ///
    /// After an error nothing is lost: the same call may be made again.
    pub(super) fn next(&mut self, end: u64, entries: &mut Vec<Entry>) -> io::Result<bool> {
        let Some(salt) = self.find_salt(end)? else {
            self.skip_to(end);
            return Ok(false);
        };
        let mut wanted = frame::HEADER_BYTES;
        while self.offset < end {
            self.fill(wanted, end)?;
            let at = (self.offset - self.window_at) as usize;
            let here = &self.window[at..];
            match frame::read(here, salt) {
                Found::Frame(header, payload) => {
                    let bytes = (frame::HEADER_BYTES + payload.len()) as u64;
                    let records = unpack(header, payload);
                    let origin = if header.kind == Kind::Origin { Some(payload.into()) } else { None };
                    self.offset += bytes;
                    if let Some(origin) = origin {
                        self.origins.insert(header.origin, origin);
                    } else if let Some(records) = records {
                        self.add(header, records, entries);
                        return Ok(true);
                    } else {
                        self.skipped += bytes;
                    }
                    wanted = frame::HEADER_BYTES;
                }
                Found::More(bytes) if self.offset + bytes as u64 <= end => wanted = bytes,
                Found::More(_) | Found::Nothing => {
                    let next = memmem::find(&here[1.min(here.len())..], &MAGIC).map(|found| found + 1);
                    // The beginning of a magic may stand at the end of what was read.
                    let next = next.unwrap_or(here.len().saturating_sub(MAGIC.len() - 1).max(1));
                    self.skip_to((self.offset + next as u64).min(end));
                    wanted = frame::HEADER_BYTES;
                }
            }
        }
        Ok(false)
    }

    /// Passes over `bytes` that cannot be read.
    pub(super) fn give_up(&mut self, bytes: u64, end: u64) {
        self.skip_to((self.offset + bytes).min(end));
        self.window.clear();
    }

    fn skip_to(&mut self, offset: u64) {
        self.skipped += offset.saturating_sub(self.offset);
        self.offset = self.offset.max(offset);
    }

    fn add(&self, header: Header, records: Vec<Vec<u8>>, entries: &mut Vec<Entry>) {
        let origin = self.origins.get(&header.origin);
        for (number, record) in (header.number..).zip(records) {
            entries.push(Entry { number, origin: origin.cloned(), record });
        }
    }

    fn find_salt(&mut self, end: u64) -> io::Result<Option<u32>> {
        if self.salt.is_none() && end >= HEADER_BYTES as u64 {
            let mut bytes = vec![0; HEADER_BYTES];
            let read = read_full(&*self.file, &mut bytes, 0)?;
            self.salt = salt(&bytes[..read]);
        }
        Ok(self.salt)
    }

    /// Makes the window hold `wanted` bytes from the offset on, or all there are before `end`.
    fn fill(&mut self, wanted: usize, end: u64) -> io::Result<()> {
        let window_end = self.window_at + self.window.len() as u64;
        let wanted = (wanted as u64).min(end - self.offset);
        if self.offset >= self.window_at && self.offset + wanted <= window_end {
            return Ok(());
        }
        let bytes = wanted.max(READ_BYTES as u64).min(end - self.offset) as usize;
        let mut window = std::mem::take(&mut self.window);
        window.resize(bytes, 0);
        let read = read_full(&*self.file, &mut window, self.offset)?;
        window.truncate(read);
        if (read as u64) < wanted {
            // The file is shorter than it was said to be; what is missing reads as nothing.
            window.resize(wanted as usize, 0);
        }
        (self.window, self.window_at) = (window, self.offset);
        Ok(())
    }
}

/// The records of a frame; `None` where they cannot be unpacked.
fn unpack(header: Header, payload: &[u8]) -> Option<Vec<Vec<u8>>> {
    match header.kind {
        Kind::Origin => None,
        Kind::Record => (header.count == 1).then(|| vec![payload.to_vec()]),
        Kind::Packed => {
            let bytes = zstd::bulk::decompress(payload, frame::PAYLOAD_BYTES_MAX).ok()?;
            let mut rest = bytes.as_slice();
            let mut records = Vec::new();
            while let Some((length, tail)) = rest.split_first_chunk::<4>() {
                let length = u32::from_le_bytes(*length) as usize;
                records.push(tail.get(..length)?.to_vec());
                rest = &tail[length..];
            }
            (records.len() == header.count as usize && rest.is_empty()).then_some(records)
        }
    }
}

/// Compresses records into the payload of a frame.
pub(super) fn pack(records: &[&[u8]]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for record in records {
        bytes.extend_from_slice(&(record.len() as u32).to_le_bytes());
        bytes.extend_from_slice(record);
    }
    zstd::bulk::compress(&bytes, zstd::DEFAULT_COMPRESSION_LEVEL)
}
