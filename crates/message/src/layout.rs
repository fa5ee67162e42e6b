//! The layouts that destinations write without a template, by hand, since nearly every message takes one of them.

mod sdata;

use crate::name::Builtin;
use crate::record::RecordFlags;
use crate::records::Message;
use crate::template::{RenderScope, Template};
use crate::time::{TsFormat, format_number};

pub use sdata::sdata;

/// A line of a file: `STAMP HOST MSGHDR MSG`, the stamp by `ts-format()`, a line break behind.
#[inline]
pub fn file(message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) {
    scope.append_date(out, message.record().stamp(), scope.options().ts_format);
    header_and_text(message, out);
}

/// A line for the network: `<PRI>STAMP HOST MSGHDR MSG`, the stamp always BSD, a line break behind.
#[inline]
pub fn rfc3164(message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) {
    priority(message, out);
    scope.append_date(out, message.record().stamp(), TsFormat::Bsd);
    header_and_text(message, out);
}

/// A line of RFC 5424, a line break behind. `text` stands in place of the message's own.
///
/// What is missing is `-`. A blank or a control character within HOST, PROGRAM, PID or MSGID would end the field, and
/// becomes `_`.
pub fn rfc5424(
    message: Message<'_>,
    scope: &mut RenderScope<'_>,
    text: Option<&Template>,
    out: &mut Vec<u8>,
) {
    priority(message, out);
    out.extend_from_slice(b"1 ");
    scope.append_date(out, message.record().stamp(), TsFormat::Iso);
    for builtin in [Builtin::Host, Builtin::Program, Builtin::Pid, Builtin::Msgid] {
        out.push(b' ');
        field(message.builtin(builtin), out);
    }
    out.push(b' ');
    let start = out.len();
    sdata(message, scope.seqnum, out);
    if out.len() == start {
        out.push(b'-');
    }
    out.push(b' ');
    if message.record().flags().has(RecordFlags::UTF8) {
        out.extend_from_slice(b"\xef\xbb\xbf");
    }
    match text {
        Some(template) => template.render(message, scope, out),
        None => out.extend_from_slice(message.builtin(Builtin::Message)),
    }
    out.push(b'\n');
}

/// The header of an RFC 3164 message as it came, else one made of PROGRAM and PID.
#[inline]
pub fn msghdr(message: Message<'_>, out: &mut Vec<u8>) {
    let legacy = message.builtin(Builtin::LegacyMsghdr);
    if !legacy.is_empty() {
        out.extend_from_slice(legacy);
        return;
    }
    let program = message.builtin(Builtin::Program);
    if program.is_empty() {
        return;
    }
    out.extend_from_slice(program);
    let pid = message.builtin(Builtin::Pid);
    if !pid.is_empty() {
        out.push(b'[');
        out.extend_from_slice(pid);
        out.push(b']');
    }
    out.extend_from_slice(b": ");
}

/// Puts a record on one line: every line break but the last byte's becomes a blank, as `flags(no-multi-line)` of a
/// destination has it.
pub fn one_line(record: &mut [u8]) {
    let Some((_, body)) = record.split_last_mut() else { return };
    for byte in body {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
}

#[inline]
fn header_and_text(message: Message<'_>, out: &mut Vec<u8>) {
    out.push(b' ');
    if let Some(text) = as_it_came(message) {
        out.extend_from_slice(text);
    } else {
        out.extend_from_slice(message.builtin(Builtin::Host));
        out.push(b' ');
        msghdr(message, out);
        out.extend_from_slice(message.builtin(Builtin::Message));
    }
    out.push(b'\n');
}

/// Host, header and text, where they stand in the record as they do in the line: so the RFC 3164 reader leaves them,
/// as long as nobody changes one.
#[inline]
fn as_it_came(message: Message<'_>) -> Option<&[u8]> {
    let record = message.record();
    let host = record.place(Builtin::Host)?;
    let header = record.place(Builtin::LegacyMsghdr)?;
    let text = record.place(Builtin::Message)?;
    let bytes = record.as_bytes();
    let joined = host.end + 1 == header.start && header.end == text.start && !header.is_empty();
    (joined && bytes[host.end] == b' ').then(|| &bytes[host.start..text.end])
}

#[inline]
fn priority(message: Message<'_>, out: &mut Vec<u8>) {
    out.push(b'<');
    format_number(out, i64::from(message.record().pri()));
    out.push(b'>');
}

#[inline]
fn field(value: &[u8], out: &mut Vec<u8>) {
    if value.is_empty() {
        out.push(b'-');
    } else if value.iter().all(|byte| *byte > b' ' && *byte != 0x7f) {
        out.extend_from_slice(value);
    } else {
        out.extend(value.iter().map(|byte| if *byte > b' ' && *byte != 0x7f { *byte } else { b'_' }));
    }
}

#[cfg(test)]
mod tests;
