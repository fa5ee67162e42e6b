//! What each macro shows.

use super::{DateOf, Macro};
use crate::layout;
use crate::list;
use crate::name::{Builtin, Name};
use crate::records::Message;
use crate::syslog::priority::{facility_name, severity_name};
use crate::template::RenderScope;
use crate::time::{self, DateField, MICROS_PER_SECOND, format_number};
use crate::value::ValueType;

/// Matches a message may hold: `$1` to `$255`.
const MATCHES_MAX: u8 = 255;
const DIGITS: &[u8; 16] = b"0123456789abcdef";

impl Macro {
    /// Appends what it shows of `message`, and tells the type.
    #[inline]
    pub fn render(self, message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) -> ValueType {
        if let Macro::Date(of, field) = self {
            let stamp = match of {
                DateOf::Stamp => message.record().stamp(),
                DateOf::Received => message.record().received(),
                DateOf::Now => time::now(),
            };
            scope.append_field(out, stamp, field);
            return if field == DateField::UnixTime { ValueType::Datetime } else { ValueType::String };
        }
        self.render_plain(message, scope, out)
    }

    fn render_plain(self, message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) -> ValueType {
        let pri = message.record().pri();
        let (facility, severity) = (pri >> 3, pri & 7);
        match self {
            // Shown by render().
            Macro::Date(..) => {}
            Macro::Facility => match facility_name(facility) {
                Some(name) => out.extend_from_slice(name.as_bytes()),
                None => append_hex(out, u64::from(facility), 1),
            },
            Macro::FacilityNum => format_number(out, i64::from(facility)),
            Macro::Severity => out.extend_from_slice(severity_name(severity).as_bytes()),
            Macro::SeverityNum => format_number(out, i64::from(severity)),
            Macro::Tag => append_hex(out, u64::from(pri), 2),
            Macro::BsdTag => {
                format_number(out, i64::from(severity));
                out.push(b'A' + (facility % 26) as u8);
            }
            Macro::Pri => format_number(out, i64::from(pri)),
            Macro::Tags => append_tags(message, out),
            Macro::SysUptime => {
                let micros = time::now().micros.saturating_sub(time::process_start().micros);
                format_number(out, micros.max(0) / (MICROS_PER_SECOND / 100));
            }
            Macro::Sdata => layout::sdata(message, scope.seqnum, out),
            Macro::MsgHdr => layout::msghdr(message, out),
            Macro::SourceIp => append_or(out, message.builtin(Builtin::SourceIp), b"127.0.0.1"),
            Macro::SourcePort => append_or(out, message.builtin(Builtin::SourcePort), b"0"),
            Macro::DestIp => append_or(out, message.builtin(Builtin::DestIp), b"127.0.0.1"),
            Macro::DestPort => append_or(out, message.builtin(Builtin::DestPort), b"0"),
            Macro::IpProto => append_or(out, message.builtin(Builtin::IpProto), b"0"),
            Macro::Proto => append_or(out, message.builtin(Builtin::Proto), b"0"),
            Macro::ProtoName => out.extend_from_slice(match message.builtin(Builtin::Proto) {
                b"6" => b"tcp",
                b"17" => b"udp",
                _ => b"unknown",
            }),
            Macro::RawmsgSize => match message.builtin(Builtin::RawmsgSize) {
                b"" => format_number(out, message.builtin(Builtin::Rawmsg).len() as i64),
                size => out.extend_from_slice(size),
            },
            Macro::Seqnum => {
                if scope.seqnum > 0 {
                    format_number(out, scope.seqnum.min(i64::MAX as u64) as i64);
                }
            }
            Macro::ContextId => out.extend_from_slice(scope.context_id),
            Macro::Item => out.extend_from_slice(&scope.item),
            Macro::RcptId => out.extend_from_slice(receipt_id(message)),
            Macro::RunId => format_number(out, scope.options().run_id.min(i64::MAX as u64) as i64),
            Macro::HostId => append_hex(out, u64::from(scope.options().host_id), 8),
            Macro::UniqId => append_unique_id(message, scope, out),
            Macro::LogHost => out.extend_from_slice(scope.options().own_host.as_bytes()),
            Macro::Matches => append_matches(message, out),
        }
        self.kind()
    }
}

fn append_or(out: &mut Vec<u8>, value: &[u8], otherwise: &[u8]) {
    out.extend_from_slice(if value.is_empty() { otherwise } else { value });
}

fn append_tags(message: Message<'_>, out: &mut Vec<u8>) {
    for (i, tag) in message.tags().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        out.extend_from_slice(tag);
    }
}

/// The number that a source with `use-uniqid(yes)` stores under this name.
fn receipt_id<'a>(message: Message<'a>) -> &'a [u8] {
    message.get(Name::new(b"RCPTID")).map_or(b"", |(id, _)| id)
}

fn append_unique_id(message: Message<'_>, scope: &RenderScope<'_>, out: &mut Vec<u8>) {
    let id = std::str::from_utf8(receipt_id(message)).ok().and_then(|id| id.parse().ok());
    if let Some(id) = id {
        append_hex(out, u64::from(scope.options().host_id), 8);
        out.push(b'@');
        append_hex(out, id, 16);
    }
}

fn append_matches(message: Message<'_>, out: &mut Vec<u8>) {
    for i in 1..=MATCHES_MAX {
        let digits = [i / 100, i / 10 % 10, i % 10].map(|digit| b'0' + digit);
        let zeros = usize::from(i < 100) + usize::from(i < 10);
        let Some((value, _)) = message.get(Name::new(&digits[zeros..])) else { return };
        if i > 1 {
            out.push(b',');
        }
        list::append(out, value);
    }
}

/// Appends a number in hexadecimal, with at least `digits_min` digits.
fn append_hex(out: &mut Vec<u8>, number: u64, digits_min: u32) {
    let digits = (64 - number.leading_zeros()).div_ceil(4).max(digits_min);
    for digit in (0..digits).rev() {
        out.push(DIGITS[(number >> (digit * 4) & 15) as usize]);
    }
}
