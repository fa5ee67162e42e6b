//! RFC 5424.

use super::intake::ParseTag;
use super::*;
use crate::name::Builtin;
use crate::time::read_iso;

/// The fields between stamp and structured data: what they are, how much of them is kept, and the tag of one that is
/// missing.
const FIELDS: [(Builtin, usize, ParseTag); 4] = [
    (Builtin::Host, super::rfc3164::HOST_BYTES_MAX, ParseTag::MissingHostname),
    (Builtin::Program, 48, ParseTag::MissingAppName),
    (Builtin::Pid, 128, ParseTag::MissingProcid),
    (Builtin::Msgid, 32, ParseTag::MissingMsgid),
];

/// Parameters that structured data mostly has; more or less only moves bytes.
const PARAMS_EXPECTED: usize = 4;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Why and where a line is no RFC 5424.
struct Wrong {
    at: usize,
    tag: Option<ParseTag>,
}

/// Reads what follows `<pri>1 `, from `at` on.
pub(super) fn parse(intake: &mut Intake<'_>, at: usize, out: &mut Vec<u8>) {
    intake.format = RecordFlags::RFC5424;
    let wrong = match read_header(intake, at) {
        Ok(header) => match read_rest(intake, &header, out) {
            Ok((record, utf8)) => return intake.finish(record, utf8),
            // Dropped unfinished, the record is gone again.
            Err(wrong) => wrong,
        },
        Err(wrong) => wrong,
    };
    if let Some(tag) = wrong.tag {
        intake.tags.add(tag);
    }
    intake.write_error(wrong.at, out);
}

/// Where the fields are. One that is nil is empty.
struct Header {
    start: usize,
    end: usize,
    fields: [(usize, usize); FIELDS.len()],
}

fn read_header(intake: &mut Intake<'_>, at: usize) -> Result<Header, Wrong> {
    let line = intake.line;
    let start = read_stamp(intake, at)?;
    let mut header = Header { start, end: start, fields: [(0, 0); FIELDS.len()] };
    for (field, (builtin, bytes_max, missing)) in header.fields.iter_mut().zip(FIELDS) {
        let at = header.end;
        let len = scan::word(&line[at..], [b' ']);
        if len == 0 {
            return Err(Wrong { at, tag: Some(missing) });
        }
        let stored = builtin != Builtin::Host || intake.options.store_host;
        if stored && &line[at..at + len] != b"-" {
            *field = (at, at + len.min(bytes_max));
        }
        // The last field of a line that is cut off has no blank behind it; the next one is missing then.
        header.end = (at + len + 1).min(line.len());
    }
    Ok(header)
}

/// The fields into a record, then structured data and text, read as they are written.
fn read_rest<'o>(
    intake: &mut Intake<'_>,
    header: &Header,
    out: &'o mut Vec<u8>,
) -> Result<(Builder<'o>, bool), Wrong> {
    let line = intake.line;
    let mut at = header.end;
    let structured = line.get(at) == Some(&b'[');
    let present = header.fields.iter().filter(|field| field.1 > field.0).count();
    let params = if structured { PARAMS_EXPECTED } else { 0 };
    let mut record = Builder::begin(out, 1 + present + params + intake.shared_pairs());
    let copy = record.append(&line[header.start..header.end]);
    for ((from, to), (builtin, _, _)) in header.fields.into_iter().zip(FIELDS) {
        if to > from {
            record.set(builtin, copy.part(from - header.start, to - header.start), ValueType::String);
        }
    }
    at = match line.get(at) {
        Some(b'-') => at + 1,
        Some(b'[') => sdata::read(intake, at, &mut record)
            .map_err(|at| Wrong { at, tag: Some(ParseTag::InvalidSdata) })?,
        _ => return Err(Wrong { at, tag: Some(ParseTag::MissingSdata) }),
    };
    let text = match line.get(at) {
        None => b"",
        Some(b' ') => &line[at + 1..],
        Some(_) => return Err(Wrong { at, tag: Some(ParseTag::MissingMessage) }),
    };
    let (text, marked) = match text.strip_prefix(BOM) {
        Some(text) => (text, true),
        None => (text, false),
    };
    let (message, utf8) = intake.write_message(&mut record, text);
    record.set(Builtin::Message, message, ValueType::String);
    Ok((record, utf8 || marked))
}

/// The stamp and the blank behind it. Gives the place of what follows.
fn read_stamp(intake: &mut Intake<'_>, at: usize) -> Result<usize, Wrong> {
    let rest = &intake.line[at..];
    if rest.starts_with(b"- ") {
        intake.tags.add(ParseTag::MissingTimestamp);
        return Ok(at + 2);
    }
    let Some((stamp, len, zoned)) = read_iso(rest, intake.options.zone()) else {
        return Err(Wrong { at, tag: None });
    };
    if rest.get(len) != Some(&b' ') {
        return Err(Wrong { at: at + len, tag: None });
    }
    intake.stamp = stamp;
    if !zoned && intake.options.flags.has(ParseFlags::GUESS_TIMEZONE) {
        intake.stamp = stamp.guess_zone(intake.received).unwrap_or(stamp);
    }
    Ok(at + len + 1)
}
