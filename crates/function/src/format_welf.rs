//! Name-value pairs on a line: `$(format-welf)`, `$(format-cef-extension)`, `$(graphite-output)`.

use message::template::{Call, RenderScope, Template, TemplateFunction};
use message::{Message, ValueType};

use super::pairs::{Pairs, no_other};
use super::{Entry, entry};

pub(super) const FUNCTIONS: &[Entry] = &[
    entry("format-cef-extension", |call| Ok(Box::new(FormatCef(Pairs::read(call, no_other)?)))),
    entry("format-welf", |call| Ok(Box::new(FormatWelf(Pairs::read(call, no_other)?)))),
    entry("graphite-output", graphite),
];

#[derive(Debug)]
struct FormatWelf(Pairs);

impl TemplateFunction for FormatWelf {
    fn render(&self, message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) -> ValueType {
        let found = self.0.find(message, scope);
        let start = out.len();
        // `id` says what kind of line it is, and stands first.
        let id = found.get_key_value(&b"id"[..]);
        for (name, (value, _)) in id.into_iter().chain(found.iter().filter(|(name, _)| *name != b"id")) {
            if out.len() > start {
                out.push(b' ');
            }
            out.extend_from_slice(name);
            out.push(b'=');
            if value.iter().any(|byte| matches!(byte, b' ' | b'\t' | b'"')) {
                out.push(b'"');
                for byte in value {
                    if matches!(byte, b'"' | b'\\') {
                        out.push(b'\\');
                    }
                    out.push(*byte);
                }
                out.push(b'"');
            } else {
                out.extend_from_slice(value);
            }
        }
        ValueType::String
    }
}

#[derive(Debug)]
struct FormatCef(Pairs);

impl TemplateFunction for FormatCef {
    fn render(&self, message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) -> ValueType {
        let start = out.len();
        for (name, (value, _)) in self.0.find(message, scope) {
            if out.len() > start {
                out.push(b' ');
            }
            out.extend_from_slice(&name);
            out.push(b'=');
            for byte in value {
                match byte {
                    b'=' | b'\\' => out.extend([b'\\', byte]),
                    b'\n' => out.extend(b"\\n"),
                    b'\r' => out.extend(b"\\r"),
                    _ => out.push(byte),
                }
            }
        }
        ValueType::String
    }
}

fn graphite(call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
    let mut time = "$R_UNIXTIME".to_owned();
    let pairs = Pairs::read(call, |option, next| match option {
        "timestamp" | "t" => {
            next().map(|text| time = text).ok_or_else(|| "--timestamp wants a template".to_owned())
        }
        other => Err(format!("$(graphite-output) has no option `--{other}`")),
    })?;
    Ok(Box::new(GraphiteOutput { pairs, time: call.template(&time)? }))
}

#[derive(Debug)]
struct GraphiteOutput {
    pairs: Pairs,
    time: Template,
}

impl TemplateFunction for GraphiteOutput {
    fn render(&self, message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) -> ValueType {
        let mut time = scope.buffer();
        self.time.render(message, scope, &mut time);
        for (name, (value, _)) in self.pairs.find(message, scope) {
            for (piece, end) in [(&name, b' '), (&value, b' '), (&time, b'\n')] {
                out.extend_from_slice(piece);
                out.push(end);
            }
        }
        scope.give_back(time);
        ValueType::String
    }
}
