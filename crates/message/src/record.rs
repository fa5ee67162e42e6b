//! The record: one message as one contiguous run of bytes.
//!
//! ```text
//! offset  size
//!      0     4  size of the whole record, a multiple of 8
//!      4     2  priority: facility * 8 + severity
//!      6     2  flags
//!      8     8  stamp, microseconds since the epoch
//!     16     8  received, microseconds since the epoch
//!     24     4  zone of the stamp, seconds east of UTC
//!     28     4  zone of received
//!     32     4  presence mask of the built-in names
//!     36     4  number of index entries
//!     40  16*n  index: name (u32), offset (u32), value length (u32), name length (u16), type (u8), state (u8)
//!      …     …  payload: for each entry its name (custom names only) and its value, then padding
//! ```
//!
//! All numbers are little-endian. For a built-in, `name` is its number and the name length is 0; for any other it is
//! the name's hash. Names and values may share payload bytes. A record that comes out of a ring or a file is checked once by [`Record::check`]; after that
//! every access is in bounds.

use std::ops::Range;

pub mod builder;
pub mod patch;

use crate::name::{BUILTINS, Builtin, NAME_BYTES_MAX, Name, hash};
use crate::time::Stamp;
use crate::value::ValueType;

/// Bytes before the index.
pub const HEADER_BYTES: usize = 40;
/// Bytes of one index entry.
pub const ENTRY_BYTES: usize = 16;
/// Name-value pairs a record may have.
pub const PAIRS_MAX: usize = 65_535;
/// Bytes a record may have: offsets are 32 bits wide, and nothing that large is a log message.
pub const RECORD_BYTES_MAX: usize = 256 << 20;

const SIZE: usize = 0;
const PRI: usize = 4;
const FLAGS: usize = 6;
const STAMP: usize = 8;
const RECEIVED: usize = 16;
const STAMP_ZONE: usize = 24;
const RECEIVED_ZONE: usize = 28;
const PRESENT: usize = 32;
const PAIRS: usize = 36;

/// Where in an entry its state is.
const STATE: usize = 15;
const SHOWN: u8 = 0;
const HIDDEN: u8 = 1;

/// Facts about a message that are one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecordFlags(pub u16);

impl RecordFlags {
    /// The text is known to be UTF-8.
    pub const UTF8: RecordFlags = RecordFlags(1);
    /// Made or read on this machine, so destinations number it.
    pub const LOCAL: RecordFlags = RecordFlags(2);
    /// The stored TAGS come on top of the origin's, instead of standing for all.
    pub const MORE_TAGS: RecordFlags = RecordFlags(4);
    /// MSGFORMAT is `syslog:rfc3164`, unless it is stored.
    pub const RFC3164: RecordFlags = RecordFlags(1 << FORMAT_SHIFT);
    /// MSGFORMAT is `syslog:rfc5424`, unless it is stored.
    pub const RFC5424: RecordFlags = RecordFlags(2 << FORMAT_SHIFT);
    /// MSGFORMAT is `raw`, unless it is stored.
    pub const RAW: RecordFlags = RecordFlags(3 << FORMAT_SHIFT);
    /// MSGFORMAT is `syslog:error`, unless it is stored.
    pub const SYSLOG_ERROR: RecordFlags = RecordFlags(4 << FORMAT_SHIFT);

    /// Whether all bits of `other` are set.
    pub fn has(self, other: RecordFlags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets of bits.
    #[must_use]
    pub fn with(self, other: RecordFlags) -> RecordFlags {
        RecordFlags(self.0 | other.0)
    }

    /// These bits but those of `other`.
    #[must_use]
    pub fn without(self, other: RecordFlags) -> RecordFlags {
        RecordFlags(self.0 & !other.0)
    }

    /// The format that the flags name: as common as it is, MSGFORMAT takes no room in the record.
    pub fn format(self) -> Option<&'static [u8]> {
        const FORMATS: [&[u8]; 4] = [b"syslog:rfc3164", b"syslog:rfc5424", b"raw", b"syslog:error"];
        let number = usize::from(self.0 & FORMAT_BITS) >> FORMAT_SHIFT;
        FORMATS.get(number.wrapping_sub(1)).copied()
    }

    /// The flags without the format that they name.
    #[must_use]
    pub fn without_format(self) -> RecordFlags {
        RecordFlags(self.0 & !FORMAT_BITS)
    }
}

const FORMAT_SHIFT: u32 = 3;
const FORMAT_BITS: u16 = 7 << FORMAT_SHIFT;

/// What a record says apart from its name-value pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// Facility * 8 + severity.
    pub pri: u16,
    /// One-bit facts.
    pub flags: RecordFlags,
    /// Message time, microseconds since the epoch.
    pub stamp: i64,
    /// Zone of the message time, seconds east of UTC.
    pub stamp_zone: i32,
    /// Time of receipt, microseconds since the epoch.
    pub received: i64,
    /// Zone of the time of receipt.
    pub received_zone: i32,
}

/// One name-value pair on its way into a record.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Its name.
    pub name: Name<'a>,
    /// Its bytes.
    pub value: &'a [u8],
    /// How to read them.
    pub kind: ValueType,
}

/// Why bytes are not a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadRecord {
    /// Shorter than a header, or the size field disagrees with the bytes given.
    #[error("record says {said} bytes where {given} are")]
    Size {
        /// The size field.
        said: usize,
        /// Bytes at hand.
        given: usize,
    },
    /// The index does not fit.
    #[error("record has {pairs} pairs, more than fit into its {size} bytes")]
    Index {
        /// The pair count field.
        pairs: usize,
        /// The size field.
        size: usize,
    },
    /// An entry points outside, or has an unknown type, name or state.
    #[error("entry {0} of a record is out of bounds or malformed")]
    Entry(usize),
}

/// Bytes that a record with these entries takes. An entry whose name cannot be stored takes none.
pub fn encoded_bytes(entries: &[Entry<'_>]) -> usize {
    let pair = |entry: &Entry<'_>| ENTRY_BYTES + stored_name(entry.name).len() + entry.value.len();
    let pairs: usize = entries.iter().filter(|entry| entry.name.is_storable()).map(pair).sum();
    (HEADER_BYTES + pairs).next_multiple_of(8)
}

/// Appends a record to `out`. An entry whose name is empty or too long is left out.
pub fn encode(out: &mut Vec<u8>, head: &Head, entries: &[Entry<'_>]) {
    let start = out.len();
    out.resize(start + encoded_bytes(entries), 0);
    encode_into(&mut out[start..], head, entries);
}

/// Writes a record into `out`, which must have exactly [`encoded_bytes`] bytes. Every byte is written.
#[inline]
pub fn encode_into(out: &mut [u8], head: &Head, entries: &[Entry<'_>]) {
    let size = out.len();
    debug_assert!(size == encoded_bytes(entries), "a record was given {size} bytes");
    let mut present = 0u32;
    let storable = || entries.iter().filter(|entry| entry.name.is_storable());
    let count = storable().count();
    let mut at = HEADER_BYTES + count * ENTRY_BYTES;
    for (i, entry) in storable().enumerate() {
        let name = stored_name(entry.name);
        let number = match entry.name {
            Name::Builtin(builtin) => {
                present |= builtin.bit();
                builtin as u32
            }
            Name::Custom(_, hash) => hash,
        };
        let slot = HEADER_BYTES + i * ENTRY_BYTES;
        put(out, slot, number.to_le_bytes());
        put(out, slot + 4, (at as u32).to_le_bytes());
        put(out, slot + 8, (entry.value.len() as u32).to_le_bytes());
        put(out, slot + 12, (name.len() as u16).to_le_bytes());
        put(out, slot + 14, [entry.kind as u8, SHOWN]);
        out[at..at + name.len()].copy_from_slice(name);
        at += name.len();
        out[at..at + entry.value.len()].copy_from_slice(entry.value);
        at += entry.value.len();
    }
    out[at..].fill(0);
    put(out, SIZE, (size as u32).to_le_bytes());
    put(out, PRI, head.pri.to_le_bytes());
    put(out, FLAGS, head.flags.0.to_le_bytes());
    put(out, STAMP, head.stamp.to_le_bytes());
    put(out, RECEIVED, head.received.to_le_bytes());
    put(out, STAMP_ZONE, head.stamp_zone.to_le_bytes());
    put(out, RECEIVED_ZONE, head.received_zone.to_le_bytes());
    put(out, PRESENT, present.to_le_bytes());
    put(out, PAIRS, (count as u32).to_le_bytes());
}

/// A name as it is stored: a built-in takes no bytes.
fn stored_name<'a>(name: Name<'a>) -> &'a [u8] {
    match name {
        Name::Builtin(_) => b"",
        Name::Custom(text, _) => text,
    }
}

/// A checked record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a>(&'a [u8]);

impl<'a> Record<'a> {
    /// Checks that `bytes` are one whole record: sizes, offsets, types, and the presence mask.
    pub fn check(bytes: &'a [u8]) -> Result<Record<'a>, BadRecord> {
        let given = bytes.len();
        let said = if given < HEADER_BYTES { 0 } else { get_u32(bytes, SIZE) as usize };
        if said != given || said % 8 != 0 || said > RECORD_BYTES_MAX || said == 0 {
            return Err(BadRecord::Size { said, given });
        }
        let pairs = get_u32(bytes, PAIRS) as usize;
        if pairs > PAIRS_MAX || HEADER_BYTES + pairs * ENTRY_BYTES > said {
            return Err(BadRecord::Index { pairs, size: said });
        }
        let mut present = 0u32;
        for i in 0..pairs {
            present |=
                check_entry(bytes, i, HEADER_BYTES + pairs * ENTRY_BYTES).ok_or(BadRecord::Entry(i))?;
        }
        if present != get_u32(bytes, PRESENT) {
            return Err(BadRecord::Index { pairs, size: said });
        }
        Ok(Record(bytes))
    }

    /// Takes bytes that [`Record::check`] has passed before, or that [`encode`] wrote.
    ///
    /// Bytes that are neither give wrong answers or a panic, never a read out of bounds.
    pub fn trusted(bytes: &'a [u8]) -> Record<'a> {
        Record(bytes)
    }

    /// The record that starts at `offset` of an arena of trusted records.
    #[inline]
    pub fn at(arena: &'a [u8], offset: usize) -> Record<'a> {
        let size = get_u32(arena, offset + SIZE) as usize;
        Record(&arena[offset..offset + size])
    }

    /// Its bytes.
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// Everything but the pairs.
    pub fn head(self) -> Head {
        Head {
            pri: self.pri(),
            flags: RecordFlags(get_u16(self.0, FLAGS)),
            stamp: get_i64(self.0, STAMP),
            stamp_zone: get_u32(self.0, STAMP_ZONE) as i32,
            received: get_i64(self.0, RECEIVED),
            received_zone: get_u32(self.0, RECEIVED_ZONE) as i32,
        }
    }

    /// Facility * 8 + severity.
    #[inline]
    pub fn pri(self) -> u16 {
        get_u16(self.0, PRI)
    }

    /// One-bit facts.
    #[inline]
    pub fn flags(self) -> RecordFlags {
        RecordFlags(get_u16(self.0, FLAGS))
    }

    /// The time in the message's header.
    #[inline]
    pub fn stamp(self) -> Stamp {
        Stamp { micros: get_i64(self.0, STAMP), zone: get_u32(self.0, STAMP_ZONE) as i32 }
    }

    /// The time of receipt.
    #[inline]
    pub fn received(self) -> Stamp {
        Stamp { micros: get_i64(self.0, RECEIVED), zone: get_u32(self.0, RECEIVED_ZONE) as i32 }
    }

    /// Number of pairs, hidden ones included.
    pub fn pair_count(self) -> usize {
        get_u32(self.0, PAIRS) as usize
    }

    /// Whether a value of this built-in is stored here.
    #[inline]
    pub fn has(self, builtin: Builtin) -> bool {
        get_u32(self.0, PRESENT) & builtin.bit() != 0
    }

    /// Whether a value of any built-in in this mask of [`Builtin::bit`]s is stored here.
    #[inline]
    pub fn has_any(self, mask: u32) -> bool {
        get_u32(self.0, PRESENT) & mask != 0
    }

    /// The value stored under `name`, with its type.
    #[inline]
    pub fn get(self, name: Name<'_>) -> Option<(&'a [u8], ValueType)> {
        match self.find(name) {
            Some((_, slot)) => Some((self.value(slot), slot.kind())),
            None if name == Name::Builtin(Builtin::Msgformat) => {
                self.flags().format().map(|format| (format, ValueType::String))
            }
            None => None,
        }
    }

    /// The bytes of a built-in.
    #[inline]
    pub fn builtin(self, builtin: Builtin) -> Option<&'a [u8]> {
        match self.find_builtin(builtin) {
            Some((_, slot)) => Some(self.value(slot)),
            None if builtin == Builtin::Msgformat => self.flags().format(),
            None => None,
        }
    }

    /// Where in the record the bytes of a stored built-in are.
    #[inline]
    pub fn place(self, builtin: Builtin) -> Option<Range<usize>> {
        let (_, slot) = self.find_builtin(builtin)?;
        Some(slot.value())
    }

    /// The pairs, in the order they were set; hidden ones are left out, and a MSGFORMAT that only the flags name.
    pub fn pairs(self) -> impl Iterator<Item = Entry<'a>> {
        self.index()
            .iter()
            .map(|entry| Slot(u128::from_le_bytes(*entry)))
            .filter(|slot| slot.is_shown())
            .map(move |slot| Entry { name: self.name(slot), value: self.value(slot), kind: slot.kind() })
    }

    #[inline]
    fn index(self) -> &'a [[u8; ENTRY_BYTES]] {
        self.0[HEADER_BYTES..HEADER_BYTES + self.pair_count() * ENTRY_BYTES].as_chunks().0
    }

    /// The entry of a name, and its place in the index.
    #[inline]
    fn find(self, name: Name<'_>) -> Option<(usize, Slot)> {
        match name {
            Name::Builtin(builtin) => self.find_builtin(builtin),
            Name::Custom(text, hash) => self
                .slots()
                .find(|(_, slot)| slot.number() == hash && slot.is_shown() && &self.0[slot.name()] == text),
        }
    }

    #[inline]
    fn find_builtin(self, builtin: Builtin) -> Option<(usize, Slot)> {
        if !self.has(builtin) {
            return None;
        }
        self.slots().find(|(_, slot)| slot.0 & Slot::IDENTITY == builtin as u128)
    }

    #[inline]
    fn slots(self) -> impl Iterator<Item = (usize, Slot)> {
        self.index().iter().map(|entry| Slot(u128::from_le_bytes(*entry))).enumerate()
    }

    fn name(self, slot: Slot) -> Name<'a> {
        match &self.0[slot.name()] {
            // A checked entry without a stored name is a built-in.
            b"" => Name::Builtin(Builtin::from_number(slot.number()).unwrap_or(Builtin::Message)),
            text => Name::Custom(text, slot.number()),
        }
    }

    #[inline]
    fn value(self, slot: Slot) -> &'a [u8] {
        &self.0[slot.value()]
    }
}

/// An index entry: name (u32), offset (u32), value length (u32), name length (u16), type (u8), state (u8).
#[derive(Debug, Clone, Copy)]
struct Slot(u128);

impl Slot {
    /// Number, name length and state: those of a built-in that is shown are its number and zeros.
    const IDENTITY: u128 = 0xff00_ffff << 96 | 0xffff_ffff;

    #[inline]
    fn number(self) -> u32 {
        self.0 as u32
    }

    #[inline]
    fn name(self) -> Range<usize> {
        let start = (self.0 >> 32) as u32 as usize;
        start..start + usize::from((self.0 >> 96) as u16)
    }

    #[inline]
    fn value(self) -> Range<usize> {
        let start = self.name().end;
        start..start + (self.0 >> 64) as u32 as usize
    }

    #[inline]
    fn kind(self) -> ValueType {
        ValueType::from_byte((self.0 >> 112) as u8).unwrap_or_default()
    }

    #[inline]
    fn is_shown(self) -> bool {
        (self.0 >> 120) as u8 == SHOWN
    }
}

/// The presence bit of a sound entry, 0 for a custom or hidden one; `None` for a malformed one.
#[inline]
fn check_entry(bytes: &[u8], i: usize, payload: usize) -> Option<u32> {
    let slot = HEADER_BYTES + i * ENTRY_BYTES;
    let number = get_u32(bytes, slot);
    let start = get_u32(bytes, slot + 4) as usize;
    let value_bytes = get_u32(bytes, slot + 8) as usize;
    let name_bytes = usize::from(get_u16(bytes, slot + 12));
    let end = start.checked_add(name_bytes)?.checked_add(value_bytes)?;
    if start < payload || end > bytes.len() || name_bytes > NAME_BYTES_MAX || bytes[slot + 15] > HIDDEN {
        return None;
    }
    ValueType::from_byte(bytes[slot + 14])?;
    if name_bytes == 0 {
        let shown = bytes[slot + 15] == SHOWN;
        return ((number as usize) < BUILTINS).then(|| if shown { 1 << number } else { 0 });
    }
    // A wrong hash would hide the pair from look-ups, and let two pairs of one name stand side by side.
    (hash(&bytes[start..start + name_bytes]) == number).then_some(0)
}

#[inline]
fn put<const N: usize>(out: &mut [u8], at: usize, bytes: [u8; N]) {
    out[at..at + N].copy_from_slice(&bytes);
}

#[inline]
fn get_u16(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

#[inline]
fn get_u32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[inline]
fn get_i64(bytes: &[u8], at: usize) -> i64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    i64::from_le_bytes(word)
}

#[cfg(test)]
mod tests;
