//! `python { … }`: where the code ends.
//!
//! The code is read as Python, so that apostrophes, comments, triple quotes and f-strings hide the braces in them.
//! Code that makes no sense as Python is given the benefit of the incumbent's simpler rule.

use std::cell::Cell;

use super::{Input, Token, raw};
use crate::{ast::PythonBlock, diagnostic::Diagnostic};

/// How deep strings may nest in f-strings, which is where Python itself ends too.
const STRINGS_DEEP_MAX: u32 = 100;
/// Steps that looking for ends of code may take in one configuration. Code takes one or two per byte, so all that a
/// configuration can hold is far less; what is beyond is nonsense, looked at over and over.
pub(super) const STEPS_MAX: usize = 1 << 28;

impl Input<'_> {
    /// Takes the code behind `python {`, whose brace is `open`. `None` when it is never closed, which was reported.
    pub(crate) fn python(&mut self, keyword: &Token, open: &Token) -> Option<PythonBlock> {
        let steps_left = Cell::new(self.python_steps);
        let found = self.raw_braces(|text, from| closing_brace(text, from, &steps_left));
        self.python_steps = steps_left.get();
        let Some(raw) = found else {
            let message = "this `python` block is never closed";
            self.stop(Diagnostic::error(message, keyword.span).label("the `}` that ends it is missing"));
            return None;
        };
        self.flush_raw(&raw);
        let (file, line) = match self.sources.location(open.span) {
            Some(location) => (location.path.to_owned(), location.line),
            None => (String::new(), 1),
        };
        Some(PythonBlock { text: raw.as_str().to_owned(), file, line, span: keyword.span })
    }
}

/// The brace that closes the one before `from`; `steps` is what is left of [`STEPS_MAX`].
fn closing_brace(text: &str, from: usize, steps: &Cell<usize>) -> Option<usize> {
    let mut scan = Scan { bytes: text.as_bytes(), at: from, steps: steps.get() };
    let found = scan.braces();
    steps.set(scan.steps);
    found.or_else(|| raw::closing_brace(text, from))
}

struct Scan<'t> {
    bytes: &'t [u8],
    at: usize,
    /// Steps that are left: nonsense could make for very many.
    steps: usize,
}

impl Scan<'_> {
    /// Goes to the closing brace of code.
    fn braces(&mut self) -> Option<usize> {
        let mut depth = 1_u32;
        loop {
            match self.peek()? {
                b'{' => depth += 1,
                b'}' if depth == 1 => return Some(self.at),
                b'}' => depth -= 1,
                b'#' => {
                    self.comment();
                    continue;
                }
                b'"' | b'\'' => {
                    self.string(0)?;
                    continue;
                }
                _ => {}
            }
            self.at += 1;
        }
    }

    /// Goes behind the string whose opening quote is here.
    fn string(&mut self, deep: u32) -> Option<()> {
        let prefix = self.bytes[..self.at].iter().rev().take(2).take_while(|byte| byte.is_ascii_alphabetic());
        let formatted = prefix.clone().any(|byte| matches!(byte, b'f' | b'F' | b't' | b'T'))
            && prefix.clone().all(|byte| matches!(byte, b'f' | b'F' | b't' | b'T' | b'r' | b'R'))
            && !self.word_before(prefix.count());
        if formatted && deep < STRINGS_DEEP_MAX {
            let start = self.at;
            if self.formatted(deep).is_some() {
                return Some(());
            }
            self.at = start;
        }
        let quote = self.quote();
        loop {
            match self.peek()? {
                b'\\' => self.at += 2,
                // Python would complain; whoever reads the code next shall see the rest of it as code.
                b'\n' if quote.len() == 1 => return Some(()),
                _ if self.bytes[self.at..].starts_with(quote) => {
                    self.at += quote.len();
                    return Some(());
                }
                _ => self.at += 1,
            }
        }
    }

    /// Goes behind an f-string; `None` when it is none after all.
    fn formatted(&mut self, deep: u32) -> Option<()> {
        let quote = self.quote();
        loop {
            match self.peek()? {
                b'\\' => self.at += 2,
                b'\n' if quote.len() == 1 => return None,
                b'{' if self.bytes[self.at..].starts_with(b"{{") => self.at += 2,
                b'{' => {
                    self.at += 1;
                    self.field(quote, deep)?;
                }
                _ if self.bytes[self.at..].starts_with(quote) => {
                    self.at += quote.len();
                    return Some(());
                }
                _ => self.at += 1,
            }
        }
    }

    /// Goes behind the brace that closes a replacement field of an f-string in `quote`.
    fn field(&mut self, quote: &[u8], deep: u32) -> Option<()> {
        if deep >= STRINGS_DEEP_MAX {
            return None;
        }
        let mut brackets = 0_u32;
        loop {
            match self.peek()? {
                // Before Python 3.12 the quote of the string ends it, wherever it stands; what looks like one
                // string then looks like two, and the caller reads it so.
                b'"' | b'\'' => {
                    self.string(deep + 1)?;
                    continue;
                }
                b'#' if quote.len() == 3 => {
                    self.comment();
                    continue;
                }
                b'(' | b'[' | b'{' => brackets += 1,
                b')' | b']' => brackets = brackets.checked_sub(1)?,
                b'}' if brackets == 0 => {
                    self.at += 1;
                    return Some(());
                }
                b'}' => brackets -= 1,
                b':' if brackets == 0 => return self.format_of_field(quote, deep),
                b'\n' if quote.len() == 1 && brackets == 0 => return None,
                _ => {}
            }
            self.at += 1;
        }
    }

    /// Goes behind the brace that closes a field, from its colon on: quotes are plain characters here.
    fn format_of_field(&mut self, quote: &[u8], deep: u32) -> Option<()> {
        loop {
            match self.peek()? {
                b'{' => {
                    self.at += 1;
                    self.field(quote, deep + 1)?;
                }
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                b'\n' if quote.len() == 1 => return None,
                _ if self.bytes[self.at..].starts_with(quote) => return None,
                _ => self.at += 1,
            }
        }
    }

    /// The quote that is here, one or three characters of it, and goes behind it.
    fn quote(&mut self) -> &'static [u8] {
        let rest = &self.bytes[self.at..];
        let quote: &'static [u8] = match rest {
            [b'"', b'"', b'"', ..] => b"\"\"\"",
            [b'\'', b'\'', b'\'', ..] => b"'''",
            [b'"', ..] => b"\"",
            _ => b"'",
        };
        self.at += quote.len();
        quote
    }

    fn comment(&mut self) {
        let rest = &self.bytes[self.at..];
        self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    }

    /// Whether the word goes on before the `length` bytes before this place.
    fn word_before(&self, length: usize) -> bool {
        let before = self.bytes[..self.at - length].last();
        before.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_' || !byte.is_ascii())
    }

    fn peek(&mut self) -> Option<u8> {
        self.steps = self.steps.checked_sub(1)?;
        self.bytes.get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    fn closing_brace(text: &str) -> Option<usize> {
        super::closing_brace(text, 0, &std::cell::Cell::new(1 << 20))
    }

    /// The text between the braces, when `python` is what stands before the last closing brace.
    #[track_caller]
    fn check(python: &str) {
        let text = format!("{python}}}; log {{ }};");
        assert_eq!(closing_brace(&text), Some(python.len()), "{python}");
    }

    #[test]
    fn ends_of_code() {
        check("");
        check(" x = 1 ");
        check("{'a': {1: 2}}");
        check("# it's }\n");
        check(r"x = 'it\'s }'");
        check("\"\"\"don't }\"\"\"");
        check("'''say \"hi\" } '''");
        check("x = \"}\" + '}'");
        check("def f():\n    '''It's { not closed'''\n    return {}\n");
        check(r"x = r'\'}' + '}'");
        check("x = b'}' rb'}' u'}' Rb\"}\"");
        check("x = ''\ny = \"\"\nz = '}'");
    }

    #[test]
    fn format_strings() {
        check("f'{x}'");
        check("f'{{ {x} }}'");
        check("f'{a[\"}\"]}'");
        check("f'{a['}']}'");
        check("f'{a + '}'}'");
        check("f\"{x:'>10}\" f'{x!r:{width}}'");
        check("f'''{\n x # it's }\n}'''");
        check("f'{f'{f'}'}'}'");
        check("rf'{x}\\d' fr'}' self.xf'}'");
        check("f'{(lambda a: {a})(1)}'");
        check("f'{d[\"a\"]:{w}}' + '}'");
    }

    #[test]
    fn nonsense_is_bounded() {
        // No closing brace as Python, but one by the incumbent's rule.
        assert_eq!(closing_brace("'''a};"), None);
        assert_eq!(closing_brace("\"\"\" } };"), None);
        assert_eq!(closing_brace("''' } ' } };"), Some(8));
        // A quote left open ends with its line.
        assert_eq!(closing_brace("x = 'abc\n};"), Some(9));
        let deep = "f'{".repeat(10_000);
        assert_eq!(closing_brace(&deep), None);
    }
}
