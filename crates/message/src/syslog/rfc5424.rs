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

/// Pairs a message mostly has, beside those that all formats share: the fields, the text and a few parameters.
const PAIRS_EXPECTED: usize = FIELDS.len() + 1;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Why and where a line is no RFC 5424.
struct Wrong {
    at: usize,
    tag: Option<ParseTag>,
}

/// Reads what follows `<pri>1 `, from `at` on.
pub(super) fn parse(mut intake: Intake<'_>, at: usize, out: &mut Vec<u8>) {
    intake.format = RecordFlags::RFC5424;
    // Dropped unfinished, the record is gone again.
    let record = Builder::begin(out, PAIRS_EXPECTED + intake.shared_pairs());
    let wrong = match read(&mut intake, at, record) {
        Ok((record, utf8)) => return intake.finish(record, utf8),
        Err(wrong) => wrong,
    };
    if let Some(tag) = wrong.tag {
        intake.tags.add(tag);
    }
    intake.write_error(wrong.at, out);
}

fn read<'o>(
    intake: &mut Intake<'_>,
    at: usize,
    mut record: Builder<'o>,
) -> Result<(Builder<'o>, bool), Wrong> {
    let line = intake.line;
    let start = read_stamp(intake, at)?;

    let mut fields = [(0, 0); FIELDS.len()];
    let mut at = start;
    for (field, (_, bytes_max, missing)) in fields.iter_mut().zip(FIELDS) {
        let len = memchr::memchr(b' ', &line[at..]).unwrap_or(line.len() - at);
        if len == 0 {
            return Err(Wrong { at, tag: Some(missing) });
        }
        if &line[at..at + len] != b"-" {
            *field = (at, at + len.min(bytes_max));
        }
        at += len;
        // The last field of a line that is cut off has no blank behind it; the next one is missing then.
        at += usize::from(at < line.len());
    }
    let header = record.append(&line[start..at]);
    for ((from, to), (builtin, _, _)) in fields.into_iter().zip(FIELDS) {
        if to > from && (builtin != Builtin::Host || intake.options.store_host) {
            record.set(builtin, header.part(from - start, to - start), ValueType::String);
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
