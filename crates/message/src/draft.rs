//! A message being written or changed.
//!
//! A rewrite or a parser takes a [`Draft`] of a message, changes it, and the draft is encoded into a new arena:
//! copy-on-write, and nothing that others hold ever changes.

use std::borrow::Cow;

use crate::name::{Builtin, Name};
use crate::record::{self, Entry, Head, PAIRS_MAX, RecordFlags};
use crate::records::Message;
use crate::value::ValueType;

/// A message with pairs that can still be set and unset.
#[derive(Debug, Clone, Default)]
pub struct Draft<'a> {
    /// Priority, flags and times.
    pub head: Head,
    pairs: Vec<Pair<'a>>,
    origin: Option<Message<'a>>,
}

#[derive(Debug, Clone)]
struct Pair<'a> {
    name: StoredName<'a>,
    value: Cow<'a, [u8]>,
    kind: ValueType,
}

#[derive(Debug, Clone)]
enum StoredName<'a> {
    Builtin(Builtin),
    Custom(Cow<'a, [u8]>, u32),
}

impl StoredName<'_> {
    fn as_name(&self) -> Name<'_> {
        match self {
            StoredName::Builtin(builtin) => Name::Builtin(*builtin),
            StoredName::Custom(text, hash) => Name::Custom(text, *hash),
        }
    }
}

impl<'a> Draft<'a> {
    /// A draft without pairs.
    pub fn new(head: Head) -> Draft<'a> {
        Draft { head, pairs: Vec::new(), origin: None }
    }

    /// A draft that says what `message` says; values are borrowed until they change.
    pub fn of(message: Message<'a>) -> Draft<'a> {
        let pairs = message.record().pairs().map(|entry| Pair {
            name: match entry.name {
                Name::Builtin(builtin) => StoredName::Builtin(builtin),
                Name::Custom(text, hash) => StoredName::Custom(Cow::Borrowed(text), hash),
            },
            value: Cow::Borrowed(entry.value),
            kind: entry.kind,
        });
        let mut draft =
            Draft { head: message.record().head(), pairs: pairs.collect(), origin: Some(message) };
        if draft.head.flags.has(RecordFlags::MORE_TAGS) {
            // From here on the draft's tags stand for all: a tag of the origin may be taken away, too.
            draft.head.flags = draft.head.flags.without(RecordFlags::MORE_TAGS);
            draft.put(
                Name::Builtin(Builtin::Tags),
                message.tags().collect::<Vec<_>>().join(&b','),
                ValueType::List,
            );
        }
        draft
    }

    /// The value under `name`: the draft's own, else the origin's.
    pub fn get(&self, name: Name<'_>) -> Option<(&[u8], ValueType)> {
        match self.pairs.iter().find(|pair| pair.name.as_name() == name) {
            Some(pair) => Some((&pair.value, pair.kind)),
            None => self.format(name).or_else(|| self.origin.and_then(|message| message.origin()?.get(name))),
        }
    }

    /// The MSGFORMAT that the flags name.
    fn format(&self, name: Name<'_>) -> Option<(&[u8], ValueType)> {
        let format = self.head.flags.format().filter(|_| name == Name::Builtin(Builtin::Msgformat))?;
        Some((format, ValueType::String))
    }

    /// Sets `name`. A name that is empty or longer than [`crate::name::NAME_BYTES_MAX`], or a pair beyond [`PAIRS_MAX`], is not
    /// stored, as in syslog-ng.
    ///
    /// Setting PROGRAM or PID drops the legacy header, which would otherwise still show the old ones.
    pub fn set(&mut self, name: Name<'_>, value: impl Into<Cow<'a, [u8]>>, kind: ValueType) {
        if matches!(name, Name::Builtin(Builtin::Program | Builtin::Pid)) {
            self.unset(Name::Builtin(Builtin::LegacyMsghdr));
        }
        self.put(name, value.into(), kind);
    }

    /// Sets `name` and nothing else: for parsers, which store the header they read beside PROGRAM and PID.
    pub fn put(&mut self, name: Name<'_>, value: impl Into<Cow<'a, [u8]>>, kind: ValueType) {
        let value = value.into();
        if let Some(pair) = self.pairs.iter_mut().find(|pair| pair.name.as_name() == name) {
            (pair.value, pair.kind) = (value, kind);
            return;
        }
        let name = match name {
            Name::Builtin(builtin) => StoredName::Builtin(builtin),
            Name::Custom(..) if !name.is_storable() => return,
            Name::Custom(text, hash) => StoredName::Custom(Cow::Owned(text.to_vec()), hash),
        };
        if self.pairs.len() < PAIRS_MAX {
            self.pairs.push(Pair { name, value, kind });
        }
    }

    /// Removes `name`. A value that the origin holds is covered by an empty one.
    pub fn unset(&mut self, name: Name<'_>) {
        self.pairs.retain(|pair| pair.name.as_name() != name);
        if name == Name::Builtin(Builtin::Msgformat) {
            self.head.flags = self.head.flags.without_format();
        }
        if self.get(name).is_some() {
            self.put(name, Cow::Borrowed(&b""[..]), ValueType::Null);
        }
    }

    /// Adds a tag; one that is there already stays single.
    ///
    /// A draft that is not made of a message knows nothing of its origin's tags, so its own come on top of them.
    pub fn set_tag(&mut self, tag: &str) {
        if self.origin.is_none() {
            self.head.flags = self.head.flags.with(RecordFlags::MORE_TAGS);
        }
        let tags = self.get(Name::Builtin(Builtin::Tags)).map_or(&b""[..], |(tags, _)| tags);
        if tags.split(|byte| *byte == b',').any(|known| known == tag.as_bytes()) {
            return;
        }
        let mut tags = tags.to_vec();
        if !tags.is_empty() {
            tags.push(b',');
        }
        tags.extend_from_slice(tag.as_bytes());
        self.put(Name::Builtin(Builtin::Tags), tags, ValueType::List);
    }

    /// Removes a tag.
    pub fn clear_tag(&mut self, tag: &str) {
        let tags = self.get(Name::Builtin(Builtin::Tags)).map_or(&b""[..], |(tags, _)| tags);
        if tags.split(|byte| *byte == b',').all(|known| known != tag.as_bytes()) {
            return;
        }
        let kept: Vec<&[u8]> =
            tags.split(|byte| *byte == b',').filter(|known| *known != tag.as_bytes()).collect();
        let tags = kept.join(&b',');
        self.put(Name::Builtin(Builtin::Tags), tags, ValueType::List);
    }

    /// The pairs set so far, as entries.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.pairs.iter().map(|pair| Entry { name: pair.name.as_name(), value: &pair.value, kind: pair.kind })
    }

    /// Appends the draft to `out` as a record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let entries: Vec<Entry<'_>> = self.entries().collect();
        record::encode(out, &self.head, &entries);
    }
}

#[cfg(test)]
mod tests;
