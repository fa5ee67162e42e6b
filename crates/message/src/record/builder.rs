//! A record written piece by piece, for parsers: no list of entries is made first, and pairs may share bytes.
//!
//! The payload grows at the end of the arena while the index is filled in front of it. A parser says how many pairs
//! it expects; a wrong guess moves the payload, and costs nothing else.

use super::{
    ENTRY_BYTES, Entry, FLAGS, HEADER_BYTES, Head, PAIRS, PAIRS_MAX, PRESENT, PRI, RECEIVED, RECEIVED_ZONE,
    SHOWN, SIZE, STAMP, STAMP_ZONE, Slot, get_u32, put,
};
use crate::name::{Builtin, NAME_BYTES_MAX, Name, hash};
use crate::value::ValueType;

/// A record being written at the end of an arena. Dropped before [`Builder::finish`], it leaves the arena as it was.
#[derive(Debug)]
pub struct Builder<'o> {
    out: &'o mut Vec<u8>,
    /// Where the record begins in the arena.
    start: usize,
    /// Pairs the index has room for.
    room: usize,
    pairs: usize,
    present: u32,
    finished: bool,
}

/// Bytes of the payload, as an offset in it and a length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    offset: u32,
    len: u32,
}

impl Span {
    /// The part of it from `from` to `to`, both counted from its beginning.
    #[inline]
    pub fn part(self, from: usize, to: usize) -> Span {
        debug_assert!(from <= to && to <= self.len as usize, "part {from}..{to} of {} bytes", self.len);
        Span { offset: self.offset + from as u32, len: (to - from) as u32 }
    }

    /// It and the one right behind it.
    #[inline]
    pub fn and(self, behind: Span) -> Span {
        debug_assert!(self.offset + self.len == behind.offset, "spans are apart");
        Span { offset: self.offset, len: self.len + behind.len }
    }

    /// Bytes it has.
    pub fn len(self) -> usize {
        self.len as usize
    }

    /// Whether it has none.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }
}

impl<'o> Builder<'o> {
    /// Begins a record at the end of `out`, with room for `pairs` pairs; more may come.
    #[inline]
    pub fn begin(out: &'o mut Vec<u8>, pairs: usize) -> Builder<'o> {
        let start = out.len();
        out.resize(start + HEADER_BYTES + pairs * ENTRY_BYTES, 0);
        Builder { out, start, room: pairs, pairs: 0, present: 0, finished: false }
    }

    /// Appends bytes to the payload. They belong to no pair yet.
    #[inline]
    pub fn append(&mut self, bytes: &[u8]) -> Span {
        let offset = (self.out.len() - self.payload()) as u32;
        self.out.extend_from_slice(bytes);
        Span { offset, len: bytes.len() as u32 }
    }

    /// Appends bytes that are in the payload already once more.
    #[inline]
    pub fn append_again(&mut self, span: Span) -> Span {
        let offset = (self.out.len() - self.payload()) as u32;
        let from = self.payload() + span.offset as usize;
        self.out.extend_from_within(from..from + span.len());
        Span { offset, len: span.len }
    }

    /// Appends what `write` writes to the payload, which it must only append to.
    #[inline]
    pub fn append_with<T>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> T) -> (Span, T) {
        let start = self.out.len();
        let result = write(self.out);
        let offset = start - self.payload();
        (Span { offset: offset as u32, len: (self.out.len() - start) as u32 }, result)
    }

    /// Makes bytes of the payload the value of a built-in, which must not have one yet.
    #[inline]
    pub fn set(&mut self, builtin: Builtin, value: Span, kind: ValueType) {
        debug_assert!(self.present & builtin.bit() == 0, "{builtin:?} is set twice");
        self.present |= builtin.bit();
        self.push(builtin as u32, value, 0, kind);
    }

    /// Makes a name followed by its value, both in one span of the payload, a pair.
    ///
    /// A pair of the same name gets the new value. False, and nothing done, where the name is empty or too long or
    /// the record has [`PAIRS_MAX`] pairs.
    pub fn set_custom(&mut self, pair: Span, name_bytes: usize, kind: ValueType) -> bool {
        if name_bytes == 0 || name_bytes > NAME_BYTES_MAX || self.pairs == PAIRS_MAX {
            return false;
        }
        let name = self.payload() + pair.offset as usize;
        let hash = hash(&self.out[name..name + name_bytes]);
        if let Some(slot) = self.find(hash, pair, name_bytes) {
            self.write_slot(slot, hash, pair, name_bytes, kind);
            return true;
        }
        self.push(hash, pair, name_bytes, kind);
        true
    }

    /// Appends an entry's name and value and makes them a pair.
    pub fn put(&mut self, entry: Entry<'_>) {
        match entry.name {
            Name::Builtin(builtin) => {
                let value = self.append(entry.value);
                self.set(builtin, value, entry.kind);
            }
            Name::Custom(text, _) => {
                let name = self.append(text);
                self.append(entry.value);
                let pair = Span { offset: name.offset, len: name.len + entry.value.len() as u32 };
                self.set_custom(pair, text.len(), entry.kind);
            }
        }
    }

    /// Writes the header and closes the record.
    #[inline]
    pub fn finish(mut self, head: &Head) {
        if self.pairs < self.room {
            self.close_gap();
        }
        let bytes = self.out.len() - self.start;
        let size = bytes.next_multiple_of(8);
        self.out.extend_from_slice(&[0; 8][..size - bytes]);
        let record = &mut self.out[self.start..self.start + HEADER_BYTES];
        put(record, SIZE, (size as u32).to_le_bytes());
        put(record, PRI, head.pri.to_le_bytes());
        put(record, FLAGS, head.flags.0.to_le_bytes());
        put(record, STAMP, head.stamp.to_le_bytes());
        put(record, RECEIVED, head.received.to_le_bytes());
        put(record, STAMP_ZONE, head.stamp_zone.to_le_bytes());
        put(record, RECEIVED_ZONE, head.received_zone.to_le_bytes());
        put(record, PRESENT, self.present.to_le_bytes());
        put(record, PAIRS, (self.pairs as u32).to_le_bytes());
        self.finished = true;
    }

    #[inline]
    fn push(&mut self, number: u32, pair: Span, name_bytes: usize, kind: ValueType) {
        if self.pairs == self.room {
            self.widen();
        }
        let slot = self.start + HEADER_BYTES + self.pairs * ENTRY_BYTES;
        self.write_slot(slot, number, pair, name_bytes, kind);
        self.pairs += 1;
    }

    #[inline]
    fn write_slot(&mut self, slot: usize, number: u32, pair: Span, name_bytes: usize, kind: ValueType) {
        let offset = (self.payload() - self.start) as u32 + pair.offset;
        // The fields of an entry side by side, so that it is one store.
        let name_and_value = u64::from(number) | u64::from(offset) << 32;
        let value_bytes = pair.len - name_bytes as u32;
        let tail = [name_bytes as u32, u32::from(kind as u8) << 16, u32::from(SHOWN) << 24];
        let lengths = u64::from(value_bytes) | u64::from(tail[0] | tail[1] | tail[2]) << 32;
        let entry = u128::from(name_and_value) | u128::from(lengths) << 64;
        put(self.out, slot, entry.to_le_bytes());
    }

    /// Where in the arena the slot of a custom name stands.
    #[inline]
    fn find(&self, hash: u32, pair: Span, name_bytes: usize) -> Option<usize> {
        let record = &self.out[self.start..];
        let name = |offset: usize| &record[offset..offset + name_bytes];
        let own = self.payload() - self.start + pair.offset as usize;
        let (slots, _) = record[HEADER_BYTES..HEADER_BYTES + self.pairs * ENTRY_BYTES].as_chunks();
        let place = slots.iter().position(|slot| {
            let slot = Slot(u128::from_le_bytes(*slot));
            slot.number() == hash && slot.name().len() == name_bytes && name(slot.name().start) == name(own)
        })?;
        Some(self.start + HEADER_BYTES + place * ENTRY_BYTES)
    }

    /// Where in the arena the payload begins.
    #[inline]
    fn payload(&self) -> usize {
        self.start + HEADER_BYTES + self.room * ENTRY_BYTES
    }

    /// Doubles the index.
    #[cold]
    fn widen(&mut self) {
        let more = self.room.max(4);
        let (payload, end) = (self.payload(), self.out.len());
        self.out.resize(end + more * ENTRY_BYTES, 0);
        self.out.copy_within(payload..end, payload + more * ENTRY_BYTES);
        self.room += more;
        self.move_offsets(|offset| offset + (more * ENTRY_BYTES) as u32);
    }

    #[cold]
    fn close_gap(&mut self) {
        let spare = (self.room - self.pairs) * ENTRY_BYTES;
        let payload = self.payload();
        self.out.copy_within(payload.., payload - spare);
        self.out.truncate(self.out.len() - spare);
        self.room = self.pairs;
        self.move_offsets(|offset| offset - spare as u32);
    }

    fn move_offsets(&mut self, moved: impl Fn(u32) -> u32) {
        for i in 0..self.pairs {
            let at = self.start + HEADER_BYTES + i * ENTRY_BYTES + 4;
            let offset = moved(get_u32(self.out, at));
            put(self.out, at, offset.to_le_bytes());
        }
    }
}

impl Drop for Builder<'_> {
    fn drop(&mut self) {
        if !self.finished {
            self.out.truncate(self.start);
        }
    }
}

#[cfg(test)]
mod tests;
