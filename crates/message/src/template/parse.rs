//! The text of a template to its parts.

use super::function::Call;
use super::macros::Macro;
use super::*;

/// Functions that may stand in each other's arguments.
const DEPTH_MAX: usize = 32;
/// Messages that `@n` may go back.
const BACK_MAX: usize = 1_000_000;

pub(super) fn parse(text: &str, functions: &dyn Functions, depth: usize) -> Result<Vec<Part>, TemplateError> {
    let mut parser = Parser { text, at: 0, functions, depth, literal: Vec::new(), parts: Vec::new() };
    parser.parse()?;
    Ok(parser.parts)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    functions: &'a dyn Functions,
    depth: usize,
    literal: Vec<u8>,
    parts: Vec<Part>,
}

impl Parser<'_> {
    fn parse(&mut self) -> Result<(), TemplateError> {
        let bytes = self.text.as_bytes();
        while let Some(len) = memchr::memchr(b'$', &bytes[self.at..]) {
            self.literal.extend_from_slice(&bytes[self.at..self.at + len]);
            let dollar = self.at + len;
            self.at = dollar + 1;
            match bytes.get(self.at) {
                Some(b'$') => {
                    self.literal.push(b'$');
                    self.at += 1;
                }
                Some(b'{') => self.braced(dollar)?,
                Some(b'(') => self.call(dollar)?,
                Some(b'*') => {
                    self.at += 1;
                    self.push(Part::Macro { what: Macro::Matches, tail: None });
                }
                Some(byte) if is_name_byte(*byte) => self.plain(),
                _ => self.literal.push(b'$'),
            }
        }
        self.literal.extend_from_slice(&bytes[self.at..]);
        self.close_literal();
        Ok(())
    }

    /// `$NAME`
    fn plain(&mut self) {
        let rest = &self.text[self.at..];
        let len = rest.bytes().position(|byte| !is_name_byte(byte)).unwrap_or(rest.len());
        self.at += len;
        self.push_name(&rest[..len], None);
    }

    /// `${name}`, `${name:-default}`, `${name}@1`
    fn braced(&mut self, dollar: usize) -> Result<(), TemplateError> {
        let inner = &self.text[self.at + 1..];
        let len = inner.find('}').ok_or_else(|| wrong("Invalid macro, '}' is missing", dollar))?;
        self.at += len + 2;
        let (name, default) = match inner[..len].split_once(':') {
            None => (&inner[..len], None),
            Some((name, rest)) => match rest.strip_prefix('-') {
                Some(default) => (name, Some(default.as_bytes().into())),
                None => return Err(wrong("Unknown substitution function", dollar + 2 + name.len())),
            },
        };
        let tail = Tail { default, back: self.back() };
        if name.is_empty() {
            self.literal.extend_from_slice(tail.default.as_deref().unwrap_or_default());
        } else {
            self.push_name(name, (tail != Tail::default()).then(|| Box::new(tail)));
        }
        Ok(())
    }

    /// `$(function args)`
    fn call(&mut self, dollar: usize) -> Result<(), TemplateError> {
        let inner = &self.text[self.at + 1..];
        let len = closing(inner).ok_or_else(|| wrong("Invalid template function, imbalanced '('", dollar))?;
        self.at += len + 2;
        if self.depth >= DEPTH_MAX {
            return Err(wrong("Template functions are nested too deep", dollar));
        }
        let inner = inner[..len].trim_start();
        let (name, rest) = inner.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((inner, ""));
        if name.is_empty() {
            return Err(wrong("Invalid template function, its name is missing", dollar));
        }
        let Some(spec) = self.functions.find(name) else {
            return Err(wrong(&format!("Unknown template function \"{name}\""), dollar));
        };
        let call = Call::new(name, split(rest), self.functions, self.depth);
        let function = spec.compile(&call).map_err(|message| wrong(&message, dollar))?;
        let back = self.back();
        self.push(Part::Call { function: function.into(), back });
        Ok(())
    }

    /// `@n` behind a brace or parenthesis; any other `@` is text.
    fn back(&mut self) -> usize {
        let rest = &self.text[self.at..];
        let digits = rest.strip_prefix('@').map_or("", |rest| {
            &rest[..rest.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len())]
        });
        if digits.is_empty() {
            return 0;
        }
        self.at += 1 + digits.len();
        digits.parse().unwrap_or(BACK_MAX).min(BACK_MAX)
    }

    fn push_name(&mut self, name: &str, tail: Option<Box<Tail>>) {
        if let Some(what) = Macro::find(name) {
            self.push(Part::Macro { what, tail });
            return;
        }
        let value = match Name::new(name.as_bytes()) {
            Name::Builtin(builtin) if name == "HOST" || name == "HOST_FROM" => ValuePart::Host(builtin),
            Name::Builtin(builtin) => ValuePart::Builtin(builtin),
            Name::Custom(text, hash) => ValuePart::Custom(text.into(), hash),
        };
        self.push(Part::Value { value, tail });
    }

    fn push(&mut self, part: Part) {
        self.close_literal();
        self.parts.push(part);
    }

    fn close_literal(&mut self) {
        if !self.literal.is_empty() {
            self.parts.push(Part::Literal(std::mem::take(&mut self.literal).into()));
        }
    }
}

fn wrong(message: &str, position: usize) -> TemplateError {
    TemplateError { message: message.to_owned(), position }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Where the parenthesis that `text` stands in is closed. Nothing counts within quotes, and what follows a backslash
/// outside of them.
fn closing(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut open) = (0, 1);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'\'' | b'"' => at += 1 + memchr::memchr(*byte, &bytes[at + 1..])?,
            b'(' => open += 1,
            b')' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// The arguments of a call: separated by white space, grouped by quotes and parentheses. Quotes and backslashes
/// outside of parentheses are taken off; within them they belong to what is nested.
fn split(text: &str) -> Vec<String> {
    let mut args = Vec::new();
    let mut current: Option<String> = None;
    let mut nested = 0u32;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c.is_ascii_whitespace() && nested == 0 {
            args.extend(current.take());
            continue;
        }
        let arg = current.get_or_insert_default();
        match c {
            '\\' if nested == 0 => arg.extend(rest.next()),
            '\\' => {
                arg.push('\\');
                arg.extend(rest.next());
            }
            '\'' | '"' => {
                let (inner, behind) = rest.as_str().split_once(c).unwrap_or((rest.as_str(), ""));
                if nested == 0 {
                    arg.push_str(inner);
                } else {
                    arg.push(c);
                    arg.push_str(inner);
                    arg.push(c);
                }
                rest = behind.chars();
            }
            '(' => {
                nested += 1;
                arg.push(c);
            }
            ')' => {
                nested = nested.saturating_sub(1);
                arg.push(c);
            }
            _ => arg.push(c),
        }
    }
    args.extend(current);
    args
}
