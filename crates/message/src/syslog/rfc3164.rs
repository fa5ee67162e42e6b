//! RFC 3164, which nobody followed, as it is found in the wild.

use super::intake::ParseTag;
use super::*;
use crate::name::Builtin;
use crate::record::builder::Span;
use crate::time::read_header;

/// Bytes of a host that are kept.
pub(super) const HOST_BYTES_MAX: usize = 255;
/// Digits of a Cisco sequence number.
const SEQUENCE_DIGITS_MAX: usize = 20;

/// What ends a word of the header.
const HEADER_ENDS: [u8; 3] = [b' ', b'[', b':'];

const FORWARDED: &[u8] = b"Message forwarded from ";
const REPEATED: &[u8] = b"last message repeated";

/// Where the parts of a line are. An empty part is not there.
#[derive(Default)]
struct Parts {
    sequence: (usize, usize),
    synced: Option<bool>,
    host: (usize, usize),
    program: (usize, usize),
    pid: (usize, usize),
    /// The header runs from here to the message.
    header: usize,
    message: usize,
    /// The kernel speaks, and needs no name to be known.
    kernel: bool,
}

/// Reads what follows the priority, from `at` on.
pub(super) fn parse(intake: &mut Intake<'_>, at: usize, out: &mut Vec<u8>) {
    let mut parts = Parts::default();
    let at = read_sequence(intake.line, at, &mut parts);
    match read_stamp(intake, at, &mut parts) {
        Some(at) => {
            let start = read_forwarder(intake.line, at, &mut parts).unwrap_or(at);
            if intake.line[start..].starts_with(REPEATED) {
                (parts.header, parts.message) = (start, start);
            } else {
                let start = if start == at { read_host(intake, at, &mut parts) } else { start };
                read_program(intake, start, &mut parts);
            }
        }
        None => {
            intake.tags.add(ParseTag::MissingTimestamp);
            if parts.sequence.1 == 0 {
                intake.tags.add(ParseTag::MissingHeader);
            }
            if intake.options.local && intake.pri >> 3 == 0 {
                parts.kernel = true;
                (parts.header, parts.message) = (at, at);
            } else {
                read_program(intake, at, &mut parts);
            }
        }
    }
    write(intake, &parts, out);
}

/// `NNN: `, as Cisco's devices count their messages.
#[inline]
fn read_sequence(line: &[u8], at: usize, parts: &mut Parts) -> usize {
    let rest = &line[at..];
    let digits = rest.iter().take(SEQUENCE_DIGITS_MAX).take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || !rest[digits..].starts_with(b": ") {
        return at;
    }
    parts.sequence = (at, at + digits);
    at + digits + 2
}

/// The stamp, with a mark before it that says whether the clock is set. Gives the place of what follows.
#[inline]
fn read_stamp(intake: &mut Intake<'_>, at: usize, parts: &mut Parts) -> Option<usize> {
    let line = intake.line;
    let synced = match line.get(at)? {
        b'*' => Some(false),
        b'.' => Some(true),
        _ => None,
    };
    let at = at + usize::from(synced.is_some());
    let (stamp, len, zoned) = read_header(&line[at..], intake.received, intake.options.zone())?;
    parts.synced = synced;
    intake.stamp = stamp;
    if !zoned && intake.options.flags.has(ParseFlags::GUESS_TIMEZONE) {
        intake.stamp = stamp.guess_zone(intake.received).unwrap_or(stamp);
    }
    let at = at + len;
    Some(at + line[at..].iter().take_while(|byte| **byte == b' ').count())
}

/// The host, if there is one. Gives the place of what follows it.
#[inline]
fn read_host(intake: &mut Intake<'_>, at: usize, parts: &mut Parts) -> usize {
    let line = intake.line;
    let flags = intake.options.flags;
    if !flags.has(ParseFlags::EXPECT_HOSTNAME) {
        return at;
    }
    let end = host_end(line, at);
    let host = &line[at..end];
    let checked = !flags.has(ParseFlags::CHECK_HOSTNAME) || host.iter().copied().all(is_host_byte);
    if host.is_empty() || line.get(end) != Some(&b' ') || !checked {
        intake.tags.add(ParseTag::InvalidHostname);
        return at;
    }
    if intake.options.bad_hostname.as_ref().is_some_and(|bad| bad(host)) {
        return at;
    }
    parts.host = (at, at + host.len().min(HOST_BYTES_MAX));
    end + 1
}

/// AIX's prefix, and `H: `, the host it names. Gives the place of what follows.
#[inline]
fn read_forwarder(line: &[u8], at: usize, parts: &mut Parts) -> Option<usize> {
    let at = line[at..].starts_with(FORWARDED).then_some(at + FORWARDED.len())?;
    let len = line[at..].iter().position(|byte| matches!(byte, b':' | b' '))?;
    let end = at + len;
    if len == 0 || line[end] != b':' {
        return None;
    }
    parts.host = (at, at + len.min(HOST_BYTES_MAX));
    Some(end + 1 + usize::from(line.get(end + 1) == Some(&b' ')))
}

/// Where a word that may be a host ends: at a blank, a bracket, or a colon that no IPv6 address has there.
#[inline]
fn host_end(line: &[u8], at: usize) -> usize {
    let end = at + scan::word(&line[at..], HEADER_ENDS);
    if line.get(end) == Some(&b':') { address_end(line, at, end) } else { end }
}

/// The end of an IPv6 address whose first colon is at `colon`, or that colon.
#[cold]
fn address_end(line: &[u8], at: usize, colon: usize) -> usize {
    let mut end = colon;
    let mut read = at;
    while line.get(end) == Some(&b':') {
        let in_address = |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
        let goes_on = line.get(end + 1).is_some_and(|next| *next == b':' || next.is_ascii_hexdigit());
        let ends_in_two = end > at && line[end - 1] == b':';
        if !line[read..end].iter().all(in_address) || !(goes_on || ends_in_two) {
            return end;
        }
        read = end;
        end += 1 + scan::word(&line[end + 1..], HEADER_ENDS);
    }
    end
}

#[inline]
fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':' | b'@' | b'/')
}

/// Program and pid, the colon behind them and one blank.
#[inline]
fn read_program(intake: &mut Intake<'_>, start: usize, parts: &mut Parts) {
    let line = intake.line;
    parts.header = start;
    let mut at = start + scan::word(&line[start..], HEADER_ENDS);
    if intake.options.flags.has(ParseFlags::CHECK_PROGRAM) && !is_program(&line[start..at]) {
        intake.tags.add(ParseTag::InvalidProgram);
        parts.message = start;
        return;
    }
    parts.program = (start, at);
    if line.get(at) == Some(&b'[') {
        at += 1;
        let len = scan::word(&line[at..], [b' ', b']']);
        parts.pid = (at, at + len);
        at += len + usize::from(line.get(at + len) == Some(&b']'));
    }
    at += usize::from(line.get(at) == Some(&b':'));
    at += usize::from(line.get(at) == Some(&b' '));
    parts.message = at;
}

fn is_program(word: &[u8]) -> bool {
    let known = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._()/".contains(byte);
    word.iter().all(known) && word.iter().any(u8::is_ascii_alphabetic)
}

/// One copy of the line from its first part on; every pair is a part of it.
#[inline]
fn write(intake: &mut Intake<'_>, parts: &Parts, out: &mut Vec<u8>) {
    let line = intake.line;
    let has = |part: (usize, usize)| part.1 > part.0;
    let host = has(parts.host) && intake.options.store_host;
    let header = parts.message > parts.header && intake.options.flags.has(ParseFlags::STORE_LEGACY_MSGHDR);
    let sdata = usize::from(has(parts.sequence)) + usize::from(parts.synced.is_some());
    let program = has(parts.program) || parts.kernel;
    let own =
        1 + usize::from(host) + usize::from(header) + usize::from(program) + usize::from(has(parts.pid));
    let mut record = Builder::begin(out, own + sdata + intake.shared_pairs());

    let first = if host { parts.host.0 } else { parts.header };
    let copied = if intake.options.flags.has_any(text::CARES) { parts.message } else { line.len() };
    let copy = record.append(&line[first..copied]);
    let part = |(from, to): (usize, usize)| -> Span { copy.part(from - first, to - first) };
    let (message, utf8) = match copied == line.len() {
        true => (part((parts.message, line.len())), false),
        false => intake.write_message(&mut record, &line[parts.message..]),
    };
    if host {
        record.set(Builtin::Host, part(parts.host), ValueType::String);
    }
    if header {
        record.set(Builtin::LegacyMsghdr, part((parts.header, parts.message)), ValueType::String);
    }
    record.set(Builtin::Message, message, ValueType::String);
    if parts.kernel {
        let kernel = record.append(b"kernel");
        record.set(Builtin::Program, kernel, ValueType::String);
    } else if program {
        record.set(Builtin::Program, part(parts.program), ValueType::String);
    }
    if has(parts.pid) {
        record.set(Builtin::Pid, part(parts.pid), ValueType::String);
    }
    if has(parts.sequence) {
        intake.write_sdata(&mut record, b"meta.sequenceId", &line[parts.sequence.0..parts.sequence.1]);
    }
    if let Some(synced) = parts.synced {
        intake.write_sdata(&mut record, b"timeQuality.isSynced", if synced { b"1" } else { b"0" });
    }
    intake.finish(record, utf8);
}
