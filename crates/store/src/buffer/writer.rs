//! The end of the log: the file that is written.

use std::collections::HashMap;
use std::io;

use super::frame::{self, Header, Kind};
use super::segment::{self, Name};
use crate::disk::{Disk, DiskFile, write_all};

/// What records have in common is written again after so many bytes, so that damage to it reaches no further.
const ORIGIN_AGAIN_BYTES: u64 = 64 << 10;
/// Origins that are remembered to be written.
const ORIGINS_MAX: usize = 256;
/// Bytes of records that are compressed together.
const PACK_BYTES: usize = 64 << 10;

/// See the module's text.
pub(super) struct Writer {
    file: Box<dyn DiskFile>,
    salt: u32,
    compress: bool,
    /// Where the next frame goes.
    end: u64,
    /// Which number an origin has, and where it was written last.
    origins: HashMap<Vec<u8>, (u32, u64)>,
    origins_seen: u32,
    /// Whether the directory knows of it for certain.
    is_known: bool,
    /// Files before it that are not synced yet.
    before: Vec<Box<dyn DiskFile>>,
}

impl Writer {
    pub(super) fn create(
        disk: &dyn Disk,
        name: Name,
        salt: u32,
        compress: bool,
        room: Option<u64>,
    ) -> io::Result<Writer> {
        let file = disk.create(&name.to_string())?;
        let header = segment::header(salt);
        let begun =
            room.map_or(Ok(()), |bytes| file.allocate(bytes)).and_then(|()| write_all(&*file, &header, 0));
        if let Err(error) = begun {
            // Without a header it is of no use to anyone.
            let _ = disk.remove(&name.to_string());
            return Err(error);
        }
        Ok(Writer {
            file,
            salt,
            compress,
            end: header.len() as u64,
            origins: HashMap::new(),
            origins_seen: 0,
            is_known: false,
            before: Vec::new(),
        })
    }

    /// What `old` has not synced is synced with this one.
    pub(super) fn take_over(&mut self, mut old: Writer) -> io::Result<()> {
        self.before = std::mem::take(&mut old.before);
        self.before.push(old.seal()?);
        Ok(())
    }

    /// Nothing more is written to it: gives back what was reserved.
    pub(super) fn seal(self) -> io::Result<Box<dyn DiskFile>> {
        self.file.truncate(self.end)?;
        Ok(self.file)
    }

    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Appends records, the first of which has this number; returns where the file ends now.
    pub(super) fn append(&mut self, origin: &[u8], records: &[&[u8]], first: u64) -> io::Result<u64> {
        let mut bytes =
            Vec::with_capacity(records.iter().map(|record| record.len() + frame::HEADER_BYTES).sum());
        let origin = self.origin(origin, &mut bytes);
        let mut number = first;
        for group in self.groups(records) {
            let count = group.len() as u32;
            let header = |kind| Header { kind, number, count, origin };
            match group {
                [record] if !self.compress => {
                    frame::write(&mut bytes, self.salt, &header(Kind::Record), record);
                }
                group => frame::write(&mut bytes, self.salt, &header(Kind::Packed), &segment::pack(group)?),
            }
            number += group.len() as u64;
        }
        write_all(&*self.file, &bytes, self.end)?;
        self.end += bytes.len() as u64;
        Ok(self.end)
    }

    /// Makes all that was appended durable, and that there is such a file.
    pub(super) fn sync(&mut self, disk: &dyn Disk) -> io::Result<()> {
        self.before.iter().try_for_each(|file| file.sync())?;
        self.before.clear();
        self.file.sync()?;
        if !self.is_known {
            disk.sync()?;
            self.is_known = true;
        }
        Ok(())
    }

    /// The number of an origin, which is written if it is new or was written long ago.
    fn origin(&mut self, origin: &[u8], bytes: &mut Vec<u8>) -> u32 {
        let end = self.end;
        if self.origins.len() >= ORIGINS_MAX && !self.origins.contains_key(origin) {
            self.origins.clear();
        }
        let seen = &mut self.origins_seen;
        let (number, written) = self.origins.entry(origin.to_vec()).or_insert_with(|| {
            *seen += 1;
            (*seen, 0)
        });
        if *written == 0 || *written + ORIGIN_AGAIN_BYTES <= end {
            *written = end;
            let header = Header { kind: Kind::Origin, number: 0, count: 0, origin: *number };
            frame::write(bytes, self.salt, &header, origin);
        }
        *number
    }

    /// The records that go into one frame each.
    fn groups<'r, 'b>(&self, records: &'r [&'b [u8]]) -> Vec<&'r [&'b [u8]]> {
        if !self.compress {
            return records.chunks(1).collect();
        }
        let mut groups = Vec::new();
        let (mut start, mut size) = (0, 0);
        for (i, record) in records.iter().enumerate() {
            size += record.len();
            if size >= PACK_BYTES {
                groups.push(&records[start..=i]);
                (start, size) = (i + 1, 0);
            }
        }
        groups.extend((start < records.len()).then(|| &records[start..]));
        groups
    }
}
