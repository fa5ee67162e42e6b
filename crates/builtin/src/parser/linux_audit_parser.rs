//! `linux-audit-parser()`: what the audit system of Linux writes.

use std::sync::Arc;

use conf::Options;
use conf::ast::Call;
use message::{Draft, Message, ValueType};
use pipeline::{Compile, Matched, Parser, ParserSpec};

use super::input::{InputOptions, Prefix, text};
use super::kv::{self, Syntax};
use crate::value_source::ValueSource;

pub(super) const SPEC: ParserSpec =
    ParserSpec { names: &["linux-audit-parser"], options: AuditOptions::DOCS, compile };

conf::options! {
    /// Read a line of `audit.log`: pairs of a key and a value, of which some are written in hexadecimal.
    pub struct AuditOptions {
        /// Which text is read.
        input: InputOptions = flatten,
        /// What the names of the values begin with.
        prefix: String = inherit,
    }
}

/// Fields that the audit system writes in hexadecimal where they hold a blank, a quote or a control character.
const ENCODED: [&[u8]; 17] = [
    b"acct",
    b"cmd",
    b"comm",
    b"cwd",
    b"data",
    b"device",
    b"dir",
    b"exe",
    b"file",
    b"grp",
    b"key",
    b"name",
    b"ocomm",
    b"path",
    b"proctitle",
    b"vm",
    b"watch",
];

fn compile(call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Parser>> {
    let options = AuditOptions::read(call, cx.diagnostics)?;
    let syntax = Syntax { value_separator: b'=', pair_separator: b" ".to_vec() };
    let prefix = Prefix::new(options.prefix);
    Some(Arc::new(AuditParser { source: options.input.source(cx)?, prefix, syntax }))
}

struct AuditParser {
    source: ValueSource,
    prefix: Prefix,
    syntax: Syntax,
}

impl Parser for AuditParser {
    fn parse<'a>(&self, message: Message<'a>, draft: &mut Draft<'a>) -> Matched {
        let text = text(&self.source, message);
        // Arguments of a program are texts; those of a system call are numbers, which look the same.
        let has_texts = memchr::memmem::find(&text, b"argc=").is_some();
        let pair = |key: &[u8], value: &[u8]| {
            let is_argument = key.len() > 1 && key[0] == b'a' && key[1..].iter().all(u8::is_ascii_digit);
            let decoded =
                (ENCODED.contains(&key) || has_texts && is_argument).then(|| decode(value)).flatten();
            self.prefix.set(draft, key, decoded.unwrap_or_else(|| value.to_vec()), ValueType::String);
        };
        kv::scan(&text, &self.syntax, pair, |_| ());
        Matched::Yes
    }
}

/// The text behind hexadecimal digits; arguments, which have NUL between them, with blanks instead.
fn decode(value: &[u8]) -> Option<Vec<u8>> {
    if value.is_empty() || !value.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    let bytes = value.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?));
    let mut text = bytes.collect::<Option<Vec<u8>>>()?;
    // What needs no escape is not written in hexadecimal: then it is a number.
    let needed = text.iter().any(|byte| !byte.is_ascii_graphic() || *byte == b'"');
    text.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b' ');
    needed.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn what_had_to_be_escaped_is_read() {
        assert_eq!(decode(b"2F62696E2F7368002D63").as_deref(), Some(&b"/bin/sh -c"[..]));
        assert_eq!(decode(b"6120622263").as_deref(), Some(&b"a b\"c"[..]));
        for kept in ["", "1", "2f20", "zz", "(null)"] {
            assert_eq!(decode(kept.as_bytes()), None, "{kept}");
        }
    }
}
