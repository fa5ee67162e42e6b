//! `$(format-json)` and `$(format-flat-json)`: name-value pairs as a JSON object.
//!
//! Names with dots in them become objects within objects. The members of an object stand in descending order of
//! their names, as syslog-ng writes them.

use std::collections::BTreeMap;

use message::template::{Call, RenderScope, TemplateFunction};
use message::{Message, ValueType, list};

use super::pairs::{Found, Pairs};
use super::{Entry, entry};

pub(super) const FUNCTIONS: &[Entry] = &[
    entry("format-flat-json", |call| compile(call, true)),
    entry("format-json", |call| compile(call, false)),
];

/// Objects within objects.
const DEPTH_MAX: usize = 64;

#[derive(Debug)]
struct FormatJson {
    pairs: Pairs,
    flat: bool,
    delimiter: u8,
    leave_initial_dot: bool,
}

fn compile(call: &Call<'_>, flat: bool) -> Result<Box<dyn TemplateFunction>, String> {
    let (mut delimiter, mut leave_initial_dot) = (b'.', false);
    let pairs = Pairs::read(call, |option, next| {
        match option {
            "leave-initial-dot" => leave_initial_dot = true,
            "key-delimiter" => match next().as_deref().map(str::as_bytes) {
                Some([byte]) => delimiter = *byte,
                _ => return Err("--key-delimiter wants one character".to_owned()),
            },
            other => return Err(format!("$({}) has no option `--{other}`", call.name)),
        }
        Ok(())
    })?;
    Ok(Box::new(FormatJson { pairs, flat, delimiter, leave_initial_dot }))
}

impl TemplateFunction for FormatJson {
    fn render(&self, message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) -> ValueType {
        let start = out.len();
        let object = self.object(self.pairs.find(message, scope));
        // A value that is not of its type makes the whole worthless.
        if write_object(&object, out).is_none() {
            out.truncate(start);
        }
        ValueType::Json
    }
}

/// What stands under a name.
#[derive(Default)]
struct Node {
    value: Option<(Vec<u8>, ValueType)>,
    members: BTreeMap<Vec<u8>, Node>,
}

impl FormatJson {
    fn object(&self, found: Found) -> Node {
        let mut top = Node::default();
        for (mut name, value) in found {
            if !self.leave_initial_dot && name.first() == Some(&b'.') {
                name[0] = b'_';
            }
            let mut node = &mut top;
            if self.flat {
                node = node.members.entry(name).or_default();
            } else {
                // A dot that stays at the beginning belongs to the first name.
                let first = usize::from(name.first() == Some(&self.delimiter));
                let mut rest = &name[..];
                for depth in 0.. {
                    let skip = if depth == 0 { first } else { 0 };
                    let end = memchr::memchr(self.delimiter, &rest[skip..]).map(|at| at + skip);
                    match end.filter(|_| depth < DEPTH_MAX) {
                        Some(at) => {
                            node = node.members.entry(rest[..at].to_vec()).or_default();
                            rest = &rest[at + 1..];
                        }
                        None => {
                            node = node.members.entry(rest.to_vec()).or_default();
                            break;
                        }
                    }
                }
            }
            node.value = Some(value);
        }
        top
    }
}

fn write_object(node: &Node, out: &mut Vec<u8>) -> Option<()> {
    out.push(b'{');
    let mut first = true;
    let mut name = |name: &[u8], out: &mut Vec<u8>| {
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
        write_string(name, out);
        out.push(b':');
    };
    for (key, member) in node.members.iter().rev() {
        if let Some((value, kind)) = &member.value {
            name(key, out);
            write_value(value, *kind, out)?;
        }
        if !member.members.is_empty() {
            name(key, out);
            write_object(member, out)?;
        }
    }
    out.push(b'}');
    Some(())
}

fn write_value(value: &[u8], kind: ValueType, out: &mut Vec<u8>) -> Option<()> {
    let text = || std::str::from_utf8(value).ok().map(str::trim);
    match kind {
        ValueType::Integer => out.extend_from_slice(text()?.parse::<i64>().ok()?.to_string().as_bytes()),
        ValueType::Double => {
            let real = text()?.parse::<f64>().ok().filter(|real| real.is_finite())?;
            out.extend_from_slice(real.to_string().as_bytes());
        }
        ValueType::Boolean => out.extend_from_slice(match value.first()? {
            b'T' | b't' | b'1' => b"true",
            b'F' | b'f' | b'0' => b"false",
            _ => return None,
        }),
        ValueType::Null => out.extend_from_slice(b"null"),
        ValueType::Json => out.extend_from_slice(value),
        ValueType::List => {
            out.push(b'[');
            for (i, element) in list::elements(value).enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_string(&element, out);
            }
            out.push(b']');
        }
        ValueType::String | ValueType::Datetime | ValueType::Bytes | ValueType::Protobuf => {
            write_string(value, out);
        }
    }
    Some(())
}

/// A text in quotes. Bytes that are no UTF-8 are spelled `\xNN`.
fn write_string(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for chunk in text.utf8_chunks() {
        for byte in chunk.valid().bytes() {
            match byte {
                b'"' | b'\\' => out.extend([b'\\', byte]),
                b'\n' => out.extend(b"\\n"),
                b'\r' => out.extend(b"\\r"),
                b'\t' => out.extend(b"\\t"),
                8 => out.extend(b"\\b"),
                12 => out.extend(b"\\f"),
                0..b' ' | 0x7f => out.extend(format!("\\u{byte:04x}").bytes()),
                _ => out.push(byte),
            }
        }
        for byte in chunk.invalid() {
            out.extend(format!("\\\\x{byte:02x}").bytes());
        }
    }
    out.push(b'"');
}
