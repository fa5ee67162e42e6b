use super::*;
use crate::host;
use crate::name::{Builtin, Name};
use crate::record::Record;
use crate::records::Message;
use crate::time::{DateField, TsFormat};

mod golden;
mod properties;
mod rfc5424;
mod tables;

/// 2026-11-22T11:43:23.979Z, when the reference was measured.
pub(super) const NOW: Stamp = Stamp { micros: 1_795_347_803_979_000, zone: 0 };

/// Options with these words in `flags()`, a clock in UTC, and nothing stored that the tables do not ask for.
pub(super) fn options(words: &[&str]) -> ParseOptions {
    let mut options =
        ParseOptions { zone: Some(Zone::utc()), store_raw_size: false, ..ParseOptions::default() };
    for word in words {
        options.flags.apply(word).unwrap();
    }
    options
}

pub(super) fn parse(line: &[u8], options: &ParseOptions) -> Line {
    let mut arena = vec![0; 24];
    assert_eq!(parse_into(line, NOW, options, &mut arena), Parsed::Record);
    arena.drain(..24);
    Record::check(&arena).unwrap();
    Line(arena)
}

/// A line that was read.
pub(super) struct Line(Vec<u8>);

impl Line {
    pub(super) fn message(&self) -> Message<'_> {
        Message::new(Record::trusted(&self.0), None)
    }

    pub(super) fn text(&self, name: &str) -> String {
        let value = self.message().get(Name::new(name.as_bytes())).map_or(&b""[..], |(value, _)| value);
        String::from_utf8_lossy(value).into_owned()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.message().get(Name::new(name.as_bytes())).is_some()
    }

    /// Tags without `syslog.`, in alphabetical order.
    pub(super) fn tags(&self) -> String {
        let tags = self.message().tags().map(|tag| String::from_utf8_lossy(tag).into_owned());
        let mut tags: Vec<_> = tags.map(|tag| tag.trim_start_matches("syslog.").to_owned()).collect();
        tags.sort();
        tags.join(" ")
    }

    pub(super) fn pri(&self) -> u16 {
        self.message().record().pri()
    }

    pub(super) fn stamp(&self) -> String {
        let mut out = Vec::new();
        DateField::IsoDate.append(&mut out, self.message().record().stamp(), TsFormat::Iso, 6);
        String::from_utf8(out).unwrap()
    }
}
