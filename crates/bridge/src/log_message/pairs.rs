//! The name-value pairs of a message that is being made, all but the text of MESSAGE.

use message::{Builtin, Entry, Name, ValueType, record::PAIRS_MAX};

/// Bytes of names and values one message may have. Far above what any ring takes.
pub(crate) const PAIRS_BYTES_MAX: usize = message::record::RECORD_BYTES_MAX;

/// Pairs in the order they were set, with their bytes in one run.
#[derive(Debug, Clone)]
pub(crate) struct Pairs {
    index: Vec<Pair>,
    /// Names and values, back to back, those of replaced pairs included.
    bytes: Vec<u8>,
    /// Bytes that no pair points to any longer.
    dead: usize,
}

#[derive(Debug, Clone, Copy)]
struct Pair {
    key: Key,
    /// Where in the bytes the name is, and the value right behind it.
    start: usize,
    name_bytes: usize,
    value_bytes: usize,
    kind: ValueType,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Builtin(Builtin),
    Custom(u32),
}

/// A message that would have more pairs or bytes than one can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overfull;

impl Default for Pairs {
    /// None yet, with room for what most messages have.
    fn default() -> Pairs {
        const PAIRS: usize = 8;
        const BYTES: usize = 256;
        Pairs { index: Vec::with_capacity(PAIRS), bytes: Vec::with_capacity(BYTES), dead: 0 }
    }
}

impl Pairs {
    pub(crate) fn get(&self, name: Name<'_>) -> Option<(&[u8], ValueType)> {
        self.position(name).map(|at| {
            let entry = self.entry(&self.index[at]);
            (entry.value, entry.kind)
        })
    }

    /// Sets `name`. A name no record can hold is not stored, as in syslog-ng.
    pub(crate) fn set(&mut self, name: Name<'_>, value: &[u8], kind: ValueType) -> Result<(), Overfull> {
        if !name.is_storable() {
            return Ok(());
        }
        let (key, text) = match name {
            Name::Builtin(builtin) => (Key::Builtin(builtin), &b""[..]),
            Name::Custom(text, hash) => (Key::Custom(hash), text),
        };
        let known = self.position(name);
        let live = self.bytes.len() - self.dead;
        let full = known.is_none() && self.index.len() >= PAIRS_MAX;
        if full || live + text.len() + value.len() > PAIRS_BYTES_MAX {
            return Err(Overfull);
        }
        if let Some(at) = known {
            let pair = &self.index[at];
            self.dead += pair.name_bytes + pair.value_bytes;
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(text);
        self.bytes.extend_from_slice(value);
        let pair = Pair { key, start, name_bytes: text.len(), value_bytes: value.len(), kind };
        match known {
            Some(at) => self.index[at] = pair,
            None => self.index.push(pair),
        }
        self.compact();
        Ok(())
    }

    /// Removes `name`; whether it was there.
    pub(crate) fn unset(&mut self, name: Name<'_>) -> bool {
        let Some(at) = self.position(name) else { return false };
        let pair = self.index.remove(at);
        self.dead += pair.name_bytes + pair.value_bytes;
        self.compact();
        true
    }

    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.index.iter().map(|pair| self.entry(pair))
    }

    fn entry(&self, pair: &Pair) -> Entry<'_> {
        let (name, rest) = self.bytes[pair.start..].split_at(pair.name_bytes);
        let name = match pair.key {
            Key::Builtin(builtin) => Name::Builtin(builtin),
            Key::Custom(hash) => Name::Custom(name, hash),
        };
        Entry { name, value: &rest[..pair.value_bytes], kind: pair.kind }
    }

    fn position(&self, name: Name<'_>) -> Option<usize> {
        self.index.iter().position(|pair| match name {
            Name::Builtin(builtin) => pair.key == Key::Builtin(builtin),
            Name::Custom(text, hash) => {
                pair.key == Key::Custom(hash) && self.bytes[pair.start..][..pair.name_bytes] == *text
            }
        })
    }

    /// Drops dead bytes once they are most of all, so that a value set in a loop does not grow without end.
    fn compact(&mut self) {
        const WORTHWHILE_BYTES: usize = 4096;
        if self.dead < WORTHWHILE_BYTES || self.dead * 2 < self.bytes.len() {
            return;
        }
        let mut bytes = Vec::with_capacity(self.bytes.len() - self.dead);
        for pair in &mut self.index {
            let start = bytes.len();
            bytes.extend_from_slice(&self.bytes[pair.start..][..pair.name_bytes + pair.value_bytes]);
            pair.start = start;
        }
        self.bytes = bytes;
        self.dead = 0;
    }
}
