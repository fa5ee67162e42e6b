//! Records of one source in one allocation, and a message as its readers see it.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::name::{Builtin, Name};
use crate::record::{self, Entry, Head, Record, RecordFlags};
use crate::value::ValueType;

/// What all messages of a source or a connection have in common: SOURCE, HOST_FROM, TRANSPORT, the source's tags,
/// the HOST of a message that names none.
///
/// Kept once beside the records instead of in each of them; a look-up that finds nothing in the record falls
/// through to here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(Vec<u8>);

impl Origin {
    /// An origin with these values.
    pub fn new(entries: &[(Builtin, &[u8])]) -> Origin {
        Origin::with_pairs(entries, &[])
    }

    /// An origin with these values, and other name-value pairs beside them.
    pub fn with_pairs(entries: &[(Builtin, &[u8])], pairs: &[(&str, &[u8])]) -> Origin {
        let known = entries.iter().map(|(builtin, value)| Entry {
            name: Name::Builtin(*builtin),
            value,
            kind: kind_of(*builtin),
        });
        let others = pairs.iter().map(|(name, value)| Entry {
            name: Name::new(name.as_bytes()),
            value,
            kind: ValueType::String,
        });
        let entries: Vec<Entry<'_>> = known.chain(others).collect();
        let mut bytes = Vec::new();
        record::encode(&mut bytes, &Head::default(), &entries);
        Origin(bytes)
    }

    /// An origin that was kept as the bytes of its record; `None` where they are none.
    pub fn of_record(bytes: &[u8]) -> Option<Origin> {
        Record::check(bytes).ok().map(|_| Origin(bytes.to_vec()))
    }

    /// Its values as a record.
    pub fn record(&self) -> Record<'_> {
        Record::trusted(&self.0)
    }
}

fn kind_of(builtin: Builtin) -> ValueType {
    match builtin {
        Builtin::Tags => ValueType::List,
        Builtin::SourcePort | Builtin::DestPort | Builtin::IpProto | Builtin::Proto | Builtin::RawmsgSize => {
            ValueType::Integer
        }
        _ => ValueType::String,
    }
}

/// Whole records back to back in one allocation, with their origin. Never changes once made.
#[derive(Debug)]
pub struct Records {
    bytes: Vec<u8>,
    count: u32,
    origin: Arc<Origin>,
    /// Where the allocation goes afterwards.
    arenas: Option<Arc<Arenas>>,
}

/// Allocations of one source that are used again.
///
/// A batch is filled on one thread and dropped on another, some thousand times a second: given back to the system,
/// its memory would be taken away and cleared page by page each time.
#[derive(Debug, Default)]
pub struct Arenas(Mutex<Vec<Vec<u8>>>);

/// Allocations kept for use: as many as are on their way while a destination is a little behind.
const ARENAS_MAX: usize = 16;
/// Bytes the largest of them has; a larger one goes back to the system.
const ARENA_BYTES_MAX: usize = 1 << 20;

impl Arenas {
    /// None yet.
    pub fn new() -> Arc<Arenas> {
        Arc::default()
    }

    /// An empty arena, used before if there is one.
    pub fn take(&self) -> Vec<u8> {
        self.0.lock().pop().unwrap_or_default()
    }

    /// Keeps an arena for the next who asks.
    fn give_back(&self, mut arena: Vec<u8>) {
        if arena.capacity() > ARENA_BYTES_MAX {
            return;
        }
        arena.clear();
        let mut kept = self.0.lock();
        if kept.len() < ARENAS_MAX {
            kept.push(arena);
        }
    }
}

impl Drop for Records {
    fn drop(&mut self) {
        if let Some(arenas) = &self.arenas {
            arenas.give_back(std::mem::take(&mut self.bytes));
        }
    }
}

impl Records {
    /// Takes trusted records: encoded by us, or checked. `count` is how many there are.
    pub fn new(mut bytes: Vec<u8>, count: u32, origin: Arc<Origin>) -> Records {
        // A queue may hold this for long, so spare capacity goes back.
        bytes.shrink_to_fit();
        Records { bytes, count, origin, arenas: None }
    }

    /// [`Records::new`], with bytes that go back to `arenas` in the end. An arena that is not nearly full goes back
    /// at once, since a queue may hold this for long.
    pub fn in_arena(bytes: Vec<u8>, count: u32, origin: Arc<Origin>, arenas: &Arc<Arenas>) -> Records {
        if bytes.len() < bytes.capacity() / 5 * 4 {
            let exact = bytes.as_slice().to_vec();
            arenas.give_back(bytes);
            return Records { bytes: exact, count, origin, arenas: None };
        }
        Records { bytes, count, origin, arenas: Some(arenas.clone()) }
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// All records back to back.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The origin they share.
    pub fn origin(&self) -> &Arc<Origin> {
        &self.origin
    }

    /// The message at this offset, which must be one that [`Records::offsets`] gave.
    #[inline]
    pub fn message(&self, offset: u32) -> Message<'_> {
        Message { record: Record::at(&self.bytes, offset as usize), origin: Some(self.origin.record()) }
    }

    /// Offsets of the records, in order.
    pub fn offsets(&self) -> impl Iterator<Item = u32> + '_ {
        let mut next = 0usize;
        std::iter::from_fn(move || {
            if next >= self.bytes.len() {
                return None;
            }
            let offset = next;
            next += Record::at(&self.bytes, offset).as_bytes().len();
            Some(offset as u32)
        })
    }

    /// The messages, in order.
    pub fn messages(&self) -> impl Iterator<Item = Message<'_>> {
        self.offsets().map(|offset| self.message(offset))
    }
}

/// One message as filters, templates and destinations read it: its record, with the origin behind it.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    record: Record<'a>,
    origin: Option<Record<'a>>,
}

impl<'a> Message<'a> {
    /// A message of this record and origin.
    pub fn new(record: Record<'a>, origin: Option<Record<'a>>) -> Message<'a> {
        Message { record, origin }
    }

    /// Its own record.
    #[inline]
    pub fn record(self) -> Record<'a> {
        self.record
    }

    /// What it shares with its neighbours.
    pub fn origin(self) -> Option<Record<'a>> {
        self.origin
    }

    /// The value under `name`, with its type.
    #[inline]
    pub fn get(self, name: Name<'_>) -> Option<(&'a [u8], ValueType)> {
        self.record.get(name).or_else(|| self.origin?.get(name))
    }

    /// The bytes of a built-in, empty where it is unset. For TAGS, see [`Message::tags`].
    #[inline]
    pub fn builtin(self, builtin: Builtin) -> &'a [u8] {
        self.record.builtin(builtin).or_else(|| self.origin?.builtin(builtin)).unwrap_or_default()
    }

    /// The pairs a reader sees: its own, then those of the origin that it does not cover.
    ///
    /// A built-in that was unset covers the origin's with a null; neither is seen.
    pub fn pairs(self) -> impl Iterator<Item = Entry<'a>> {
        let own = self
            .record
            .pairs()
            .filter(|entry| !(matches!(entry.name, Name::Builtin(_)) && entry.kind == ValueType::Null));
        let format = self.record.flags().format().filter(|_| !self.record.has(Builtin::Msgformat));
        let format = format.map(|value| Entry {
            name: Name::Builtin(Builtin::Msgformat),
            value,
            kind: ValueType::String,
        });
        let shared = self.origin.into_iter().flat_map(Record::pairs);
        own.chain(format).chain(shared.filter(move |entry| self.record.get(entry.name).is_none()))
    }

    /// Its tags, those of the origin first.
    pub fn tags(self) -> impl Iterator<Item = &'a [u8]> {
        let own = self.record.builtin(Builtin::Tags);
        let shared = match own {
            Some(_) if !self.record.flags().has(RecordFlags::MORE_TAGS) => None,
            _ => self.origin.and_then(|origin| origin.builtin(Builtin::Tags)),
        };
        let split = |tags: &'a [u8]| tags.split(|byte| *byte == b',').filter(|tag| !tag.is_empty());
        shared.into_iter().chain(own).flat_map(split)
    }

    /// Whether it has this tag.
    pub fn has_tag(self, tag: &[u8]) -> bool {
        self.tags().any(|known| known == tag)
    }
}
