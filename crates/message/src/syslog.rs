//! Syslog lines to records: RFC 3164 in its dialects, and RFC 5424.
//!
//! A line becomes a record at the end of an arena, in one pass, without a buffer in between. What the pairs of an
//! RFC 3164 message say stands in the line once and is copied once: HOST, PROGRAM, PID, header and MESSAGE are parts
//! of the same bytes.

mod flags;
mod intake;
pub mod priority;
mod rfc3164;
mod rfc5424;
mod sdata;
mod text;

use std::fmt;
use std::sync::Arc;

pub use flags::{ParseFlags, UnknownFlag};
pub use intake::ParseTag;

use crate::record::Head;
use crate::record::RecordFlags;
use crate::record::builder::Builder;
use crate::scan;
use crate::time::{Stamp, Zone};
use crate::value::ValueType;
use intake::Intake;

/// Bytes of a line that are read; what is beyond is cut. Far above any `log-msg-size()`, so that a record, which may
/// hold the line twice and its text escaped, stays below [`crate::record::RECORD_BYTES_MAX`].
pub const LINE_BYTES_MAX: usize = 32 << 20;

/// Prefix of the names of structured data.
pub const SDATA_PREFIX: &str = ".SDATA.";

/// Whether a word that stands for a host is none, as `bad-hostname()` has it.
pub type BadHostname = Arc<dyn Fn(&[u8]) -> bool + Send + Sync>;

/// How a source wants its lines read. Cheap to clone.
#[derive(Clone)]
pub struct ParseOptions {
    /// What `flags()` says.
    pub flags: ParseFlags,
    /// Priority of a line without one; unset, it depends on the `kernel` flag.
    pub default_pri: Option<u16>,
    /// Zone of a stamp that names none; unset, the machine's.
    pub zone: Option<Zone>,
    /// What the names of structured data begin with; unset, `.SDATA.`.
    pub sdata_prefix: Option<Arc<str>>,
    /// Words that are no host.
    pub bad_hostname: Option<BadHostname>,
    /// Whether HOST is stored. A source that overwrites it anyway saves the room.
    pub store_host: bool,
    /// Whether RAWMSG_SIZE is stored. A daemon in whose configuration nobody asks for it saves the room.
    pub store_raw_size: bool,
    /// Whether lines come from this machine and not from the network: marks records as local, and the kernel's
    /// lines need no header.
    pub local: bool,
}

impl Default for ParseOptions {
    fn default() -> ParseOptions {
        ParseOptions {
            flags: ParseFlags::default(),
            default_pri: None,
            zone: None,
            sdata_prefix: None,
            bad_hostname: None,
            store_host: true,
            store_raw_size: true,
            local: false,
        }
    }
}

impl ParseOptions {
    /// The priority of a line without one.
    pub fn default_pri(&self) -> u16 {
        let kernel = self.flags.has(ParseFlags::KERNEL);
        self.default_pri.unwrap_or(if kernel { priority::KERNEL_PRI } else { priority::DEFAULT_PRI })
    }

    fn zone(&self) -> &Zone {
        self.zone.as_ref().unwrap_or_else(|| Zone::system())
    }

    fn sdata_prefix(&self) -> &[u8] {
        self.sdata_prefix.as_deref().unwrap_or(SDATA_PREFIX).as_bytes()
    }
}

impl fmt::Debug for ParseOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParseOptions")
            .field("flags", &self.flags)
            .field("default_pri", &self.default_pri)
            .field("zone", &self.zone)
            .field("sdata_prefix", &self.sdata_prefix)
            .field("bad_hostname", &self.bad_hostname.is_some())
            .field("store_host", &self.store_host)
            .field("store_raw_size", &self.store_raw_size)
            .field("local", &self.local)
            .finish()
    }
}

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parsed {
    /// One record stands at the end of the arena.
    Record,
    /// The line was empty, and empty lines are not wanted: nothing was done.
    Empty,
}

/// Reads one line, or datagram, and appends one record to `out`.
///
/// There is no line that fails: what cannot be understood becomes a record that says so, by its tags and, for
/// RFC 5424, by its text. Line breaks and NULs at its end are not part of the line.
pub fn parse_into(line: &[u8], received: Stamp, options: &ParseOptions, out: &mut Vec<u8>) -> Parsed {
    let line = &line[..line.len().min(LINE_BYTES_MAX)];
    let line = trim_end(line);
    let flags = options.flags;
    if line.is_empty() && !flags.has(ParseFlags::EMPTY_LINES) {
        return Parsed::Empty;
    }
    let mut intake = Intake::new(line, received, options);
    if flags.has(ParseFlags::NO_PARSE) {
        intake.format = RecordFlags::RAW;
        intake.write_text(line, out);
        return Parsed::Record;
    }
    let Some(at) = intake.read_pri() else {
        intake.write_text(line, out);
        return Parsed::Record;
    };
    if flags.has(ParseFlags::NO_HEADER) {
        intake.write_text(&line[at..], out);
    } else if !flags.has(ParseFlags::SYSLOG_PROTOCOL) {
        rfc3164::parse(&mut intake, at, out);
    } else if at > 0 && line[at..].starts_with(b"1 ") {
        rfc5424::parse(&mut intake, at + 2, out);
    } else if flags.has(ParseFlags::NO_RFC3164_FALLBACK) {
        intake.write_error(at, out);
    } else {
        rfc3164::parse(&mut intake, at, out);
    }
    Parsed::Record
}

#[inline]
fn trim_end(mut line: &[u8]) -> &[u8] {
    while let [rest @ .., b'\r' | b'\n' | 0] = line {
        line = rest;
    }
    line
}

#[cfg(test)]
mod tests;
