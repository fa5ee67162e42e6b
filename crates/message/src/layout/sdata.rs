//! Structured data as RFC 5424 writes it.

use crate::name::Name;
use crate::records::Message;
use crate::syslog::SDATA_PREFIX;
use crate::time::format_number;

/// Pairs of structured data that are written: elements are gathered by comparing each with those before.
const PAIRS_MAX: usize = 1024;

/// Appends `[id name="value"]…`, the parameters of one element together; nothing where there is no structured data.
///
/// A sequence number above 0 is added as `meta.sequenceId`, unless the message brought one.
pub fn sdata(message: Message<'_>, seqnum: u64, out: &mut Vec<u8>) {
    if message.record().pair_count() <= READ_AGAIN_MAX {
        write(|| pairs(message), seqnum, out);
    } else {
        let pairs: Vec<Pair<'_>> = pairs(message).collect();
        write(|| pairs.iter().copied(), seqnum, out);
    }
}

/// Pairs of a record that are rather looked through again than gathered in memory.
const READ_AGAIN_MAX: usize = 64;

fn write<'a, I: Iterator<Item = Pair<'a>>>(pairs: impl Fn() -> I, seqnum: u64, out: &mut Vec<u8>) {
    let mut numbered = seqnum == 0;
    let mut previous: Option<&[u8]> = None;
    for (i, pair) in pairs().enumerate() {
        if previous == Some(pair.id) {
            continue;
        }
        previous = Some(pair.id);
        if pairs().take(i).any(|earlier| earlier.id == pair.id) {
            continue;
        }
        let element = || pairs().skip(i).filter(|other| other.id == pair.id);
        out.push(b'[');
        out.extend_from_slice(pair.id);
        if pair.id == b"meta" && !numbered {
            numbered = true;
            if !element().any(|other| other.param == Some(b"sequenceId")) {
                append_seqnum(out, seqnum);
            }
        }
        for other in element() {
            if let Some(param) = other.param {
                out.push(b' ');
                out.extend_from_slice(param);
                out.extend_from_slice(b"=\"");
                append_escaped(out, other.value);
                out.push(b'"');
            }
        }
        out.push(b']');
    }
    if !numbered {
        out.extend_from_slice(b"[meta");
        append_seqnum(out, seqnum);
        out.push(b']');
    }
}

#[derive(Clone, Copy)]
struct Pair<'a> {
    id: &'a [u8],
    /// An element without parameters has a pair of its own, without a parameter.
    param: Option<&'a [u8]>,
    value: &'a [u8],
}

fn pairs<'a>(message: Message<'a>) -> impl Iterator<Item = Pair<'a>> {
    let pairs = message.record().pairs().filter_map(|entry| {
        let Name::Custom(name, _) = entry.name else { return None };
        let name = name.strip_prefix(SDATA_PREFIX.as_bytes())?;
        let (id, param) = match memchr::memrchr(b'.', name) {
            Some(dot) => (&name[..dot], Some(&name[dot + 1..])),
            None => (name, None),
        };
        Some(Pair { id, param, value: entry.value })
    });
    pairs.take(PAIRS_MAX)
}

fn append_seqnum(out: &mut Vec<u8>, seqnum: u64) {
    out.extend_from_slice(b" sequenceId=\"");
    format_number(out, seqnum.min(i64::MAX as u64) as i64);
    out.push(b'"');
}

fn append_escaped(out: &mut Vec<u8>, value: &[u8]) {
    let mut rest = value;
    while let Some(at) = memchr::memchr3(b'"', b'\\', b']', rest) {
        out.extend_from_slice(&rest[..at]);
        out.extend([b'\\', rest[at]]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}
