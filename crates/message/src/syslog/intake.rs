//! What the readers of all formats share: the line, its priority, and the parts of a record that do not depend on
//! the format.

use super::*;
use crate::host;
use crate::name::Builtin;
use crate::record::builder::Span;
use crate::time::format_number;

/// A line on its way to a record.
pub(super) struct Intake<'a> {
    pub(super) line: &'a [u8],
    pub(super) received: Stamp,
    pub(super) options: &'a ParseOptions,
    pub(super) pri: u16,
    pub(super) stamp: Stamp,
    pub(super) tags: ParseTags,
    pub(super) format: RecordFlags,
}

/// The tags that a parser may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "the names in as_str() say it")]
pub enum ParseTag {
    UnexpectedFraming,
    MissingPri,
    InvalidPri,
    MissingTimestamp,
    MissingHeader,
    InvalidHostname,
    InvalidProgram,
    MissingHostname,
    MissingAppName,
    MissingProcid,
    MissingMsgid,
    MissingSdata,
    InvalidSdata,
    MissingMessage,
    Sanitized,
}

const TAG_NAMES: [&str; 15] = [
    "syslog.unexpected_framing",
    "syslog.missing_pri",
    "syslog.invalid_pri",
    "syslog.missing_timestamp",
    "syslog.rfc3164_missing_header",
    "syslog.invalid_hostname",
    "syslog.rfc3164_invalid_program",
    "syslog.rfc5424_missing_hostname",
    "syslog.rfc5424_missing_app_name",
    "syslog.rfc5424_missing_procid",
    "syslog.rfc5424_missing_msgid",
    "syslog.rfc5424_missing_sdata",
    "syslog.rfc5424_invalid_sdata",
    "syslog.rfc5424_missing_message",
    "message.utf8_sanitized",
];

impl ParseTag {
    /// The tag as users see it.
    pub fn as_str(self) -> &'static str {
        TAG_NAMES[self as usize]
    }
}

/// A set of [`ParseTag`]s.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ParseTags(u16);

impl ParseTags {
    pub(super) fn add(&mut self, tag: ParseTag) {
        self.0 |= 1 << tag as u16;
    }

    fn names(self) -> impl Iterator<Item = &'static str> {
        TAG_NAMES.into_iter().enumerate().filter(move |(i, _)| self.0 & (1 << i) != 0).map(|(_, name)| name)
    }
}

impl<'a> Intake<'a> {
    pub(super) fn new(line: &'a [u8], received: Stamp, options: &'a ParseOptions) -> Intake<'a> {
        Intake {
            line,
            received,
            options,
            pri: options.default_pri(),
            stamp: received,
            tags: ParseTags::default(),
            format: RecordFlags::RFC3164,
        }
    }

    /// Reads the priority; gives the place behind it, `None` where there is one that makes no sense.
    ///
    /// Without an upper limit but that of the record: relays pass on what they got.
    #[inline]
    pub(super) fn read_pri(&mut self) -> Option<usize> {
        if self.line.first() != Some(&b'<') {
            self.tags.add(ParseTag::MissingPri);
            return Some(self.skip_octet_count());
        }
        let mut pri = 0u32;
        for (i, byte) in self.line.iter().enumerate().skip(1) {
            match byte {
                b'0'..=b'9' => pri = pri.saturating_mul(10).saturating_add(u32::from(byte - b'0')),
                b'>' if pri <= u32::from(u16::MAX) => {
                    self.pri = pri as u16;
                    return Some(i + 1);
                }
                _ => break,
            }
        }
        self.tags.add(ParseTag::InvalidPri);
        None
    }

    /// The length that a sender puts before a line who believes in framing where there is none.
    fn skip_octet_count(&mut self) -> usize {
        let digits =
            self.line.iter().take_while(|byte| byte.is_ascii_digit()).take(OCTET_COUNT_DIGITS_MAX).count();
        if digits == 0 || self.line.get(digits) != Some(&b' ') {
            return 0;
        }
        self.tags.add(ParseTag::UnexpectedFraming);
        digits + 1
    }

    /// A record whose message is `text`, without any header.
    pub(super) fn write_text(&mut self, text: &[u8], out: &mut Vec<u8>) {
        let mut record = Builder::begin(out, 1 + self.shared_pairs());
        let (message, utf8) = self.write_message(&mut record, text);
        record.set(Builtin::Message, message, ValueType::String);
        self.finish(record, utf8);
    }

    /// A record for a line that is no RFC 5424: a message about the error at `at`, or the line as it is.
    #[cold]
    pub(super) fn write_error(&mut self, at: usize, out: &mut Vec<u8>) {
        self.format = RecordFlags::SYSLOG_ERROR;
        self.stamp = self.received;
        if !self.options.flags.has(ParseFlags::PIGGYBACK_ERRORS) {
            let line = self.line;
            self.write_text(line, out);
            return;
        }
        self.pri = priority::ERROR_PRI;
        let mut record = Builder::begin(out, 4 + self.shared_pairs());
        let (before, after) = self.line.split_at(at.min(self.line.len()));
        let (message, ()) = record.append_with(|out| {
            for piece in [b"Error processing log message: ", before, b">@<", after] {
                out.extend_from_slice(piece);
            }
        });
        record.set(Builtin::Message, message, ValueType::String);
        if self.options.store_host {
            let name = record.append(host::short().as_bytes());
            record.set(Builtin::Host, name, ValueType::String);
        }
        let program = record.append(b"syslog-ng");
        record.set(Builtin::Program, program, ValueType::String);
        let (pid, ()) = record.append_with(|out| format_number(out, i64::from(std::process::id())));
        record.set(Builtin::Pid, pid, ValueType::String);
        let utf8 = self.options.flags.has(ParseFlags::ASSUME_UTF8);
        // We made it, so destinations number it.
        self.format = self.format.with(RecordFlags::LOCAL);
        self.finish(record, utf8);
    }

    /// Pairs that [`Intake::finish`] will add.
    #[inline]
    pub(super) fn shared_pairs(&self) -> usize {
        let raw = self.options.flags.has(ParseFlags::STORE_RAW_MESSAGE);
        usize::from(raw) + usize::from(self.options.store_raw_size) + usize::from(self.tags.0 != 0)
    }

    /// Appends the message's text, as the flags want it; tells whether it is known to be UTF-8.
    #[inline]
    pub(super) fn write_message(&mut self, record: &mut Builder<'_>, message: &[u8]) -> (Span, bool) {
        let flags = self.options.flags;
        let (span, written) = record.append_with(|out| text::append(out, message, flags));
        if written.sanitized {
            self.tags.add(ParseTag::Sanitized);
        }
        (span, written.utf8)
    }

    /// Adds a pair of structured data.
    pub(super) fn write_sdata(&self, record: &mut Builder<'_>, name: &[u8], value: &[u8]) {
        let prefix = self.options.sdata_prefix();
        let (pair, ()) = record.append_with(|out| {
            for piece in [prefix, name, value] {
                out.extend_from_slice(piece);
            }
        });
        record.set_custom(pair, prefix.len() + name.len(), ValueType::String);
    }

    /// Adds what does not depend on the format, and closes the record.
    #[inline]
    pub(super) fn finish(&self, mut record: Builder<'_>, utf8: bool) {
        if self.options.flags.has(ParseFlags::STORE_RAW_MESSAGE) {
            let line = record.append(self.line);
            record.set(Builtin::Rawmsg, line, ValueType::String);
        }
        if self.options.store_raw_size {
            let (size, ()) = record.append_with(|out| format_number(out, self.line.len() as i64));
            record.set(Builtin::RawmsgSize, size, ValueType::Integer);
        }
        let mut flags = self.format;
        if self.tags.0 != 0 {
            flags = flags.with(RecordFlags::MORE_TAGS);
            self.write_tags(&mut record);
        }
        if self.options.local {
            flags = flags.with(RecordFlags::LOCAL);
        }
        if utf8 {
            flags = flags.with(RecordFlags::UTF8);
        }
        record.finish(&Head {
            pri: self.pri,
            flags,
            stamp: self.stamp.micros,
            stamp_zone: self.stamp.zone,
            received: self.received.micros,
            received_zone: self.received.zone,
        });
    }

    #[cold]
    fn write_tags(&self, record: &mut Builder<'_>) {
        let (tags, ()) = record.append_with(|out| {
            for (i, name) in self.tags.names().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(name.as_bytes());
            }
        });
        record.set(Builtin::Tags, tags, ValueType::List);
    }
}

/// Digits an octet count may have before it is a text like any other.
const OCTET_COUNT_DIGITS_MAX: usize = 10;
