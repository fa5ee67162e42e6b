//! Characters to lexemes: what one token is, given text and a place in it.
//!
//! Everything here is a pure function of the text. Where the text comes from (files, includes, blocks, backticks)
//! is the business of [`crate::input`].

use crate::ast::Operator;

mod number;
#[cfg(test)]
mod tests;

pub(crate) use number::{Number, number};

/// One token of the language, without its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Lexeme {
    /// A bare word.
    Word,
    /// A number.
    Number(Number),
    /// A number that does not fit.
    TooBig,
    /// An operator of one or more characters.
    Operator(Operator),
    /// One of `( ) { } [ ] ;`.
    Punctuation(u8),
    /// `"` or `'`: a string starts here, of which only the quote is consumed.
    Quote(u8),
    /// Something that no rule matches.
    Nothing,
}

/// The lexeme that starts at `at`, and where it ends. There must be a byte at `at` that is no blank.
pub(crate) fn lexeme(text: &str, at: usize) -> (Lexeme, usize) {
    let bytes = text.as_bytes();
    let end = word_end(bytes, at);
    if end > at {
        let word = &text[at..end];
        // Of equally long matches the more special one wins: `10` is a number, `10s` a word.
        let lexeme = match number(word) {
            Some(Ok(number)) => Lexeme::Number(number),
            Some(Err(number::TooBig)) => Lexeme::TooBig,
            None => operator(word).map_or(Lexeme::Word, Lexeme::Operator),
        };
        return (lexeme, end);
    }
    match bytes[at] {
        quote @ (b'"' | b'\'') => (Lexeme::Quote(quote), at + 1),
        b'.' if bytes[at..].starts_with(b"...") => (Lexeme::Operator(Operator::Ellipsis), at + 3),
        b'.' if bytes[at..].starts_with(b"..") => (Lexeme::Operator(Operator::Range), at + 2),
        b'.' => (Lexeme::Operator(Operator::Dot), at + 1),
        b':' => (Lexeme::Operator(Operator::Colon), at + 1),
        b'|' => (Lexeme::Operator(Operator::Pipe), at + 1),
        b'@' => (Lexeme::Operator(Operator::At), at + 1),
        sign @ (b'(' | b')' | b'{' | b'}' | b'[' | b']' | b';') => (Lexeme::Punctuation(sign), at + 1),
        _ => (Lexeme::Nothing, at + 1),
    }
}

/// Whether `byte` separates tokens and means nothing else; a line feed does too, but it also starts a line.
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b',')
}

/// Whether a word goes on or starts at `at`.
pub(crate) fn is_word_at(text: &str, at: usize) -> bool {
    run_end(text.as_bytes(), at) > at
}

/// What stands between the quotes of a `"…"` string, its escapes resolved.
///
/// `Err` gives the text with replacement characters: the escapes make up bytes that are not UTF-8.
pub(crate) fn unescape(inner: &str) -> Result<String, String> {
    let bytes = inner.as_bytes();
    if memchr::memchr(b'\\', bytes).is_none() {
        return Ok(inner.to_owned());
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let Some(plain) = memchr::memchr(b'\\', &bytes[at..]) else {
            out.extend_from_slice(&bytes[at..]);
            break;
        };
        out.extend_from_slice(&bytes[at..at + plain]);
        at += plain + 1;
        let Some(&escaped) = bytes.get(at) else { break };
        at += 1;
        match escaped {
            b'a' => out.push(7),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'v' => out.push(11),
            b'\n' => {}
            b'\r' if bytes.get(at) == Some(&b'\n') => at += 1,
            b'x' | b'o' => {
                let (radix, digits_max) = if escaped == b'x' { (16, 2) } else { (8, 3) };
                let digits = bytes[at..].iter().take(digits_max);
                let count = digits.take_while(|digit| (**digit as char).is_digit(radix)).count();
                match u32::from_str_radix(&inner[at..at + count], radix) {
                    // `\o777` does not fit in a byte; what does is its low part, as in C.
                    Ok(value) => out.push((value & 0xff) as u8),
                    Err(_) => out.push(escaped),
                }
                at += count;
            }
            other => out.push(other),
        }
    }
    String::from_utf8(out).map_err(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// `text` with what is special between double quotes made plain.
pub(crate) fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// Where the word that starts at `at` ends; `at` itself when there is none.
fn word_end(bytes: &[u8], at: usize) -> usize {
    let mut end = run_end(bytes, at);
    // A single dot belongs to the word when it has word characters on both sides.
    while end > at && bytes.get(end) == Some(&b'.') {
        let next = run_end(bytes, end + 1);
        if next == end + 1 {
            break;
        }
        end = next;
    }
    end
}

fn run_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| !WORD[*byte as usize]).unwrap_or(rest.len())
}

/// Bytes that a word may consist of.
const WORD: [bool; 256] = {
    let mut word = [true; 256];
    let others = b" \t\r\n#'\"(){}[]\\;,|.@:\0";
    let mut index = 0;
    while index < others.len() {
        word[others[index] as usize] = false;
        index += 1;
    }
    word
};

fn operator(word: &str) -> Option<Operator> {
    Some(match word {
        "=>" => Operator::Arrow,
        "=" => Operator::Assign,
        "<" => Operator::Less,
        "<=" => Operator::LessEqual,
        "==" => Operator::Equal,
        "!=" => Operator::NotEqual,
        ">=" => Operator::GreaterEqual,
        ">" => Operator::Greater,
        "===" => Operator::SameTyped,
        "!==" => Operator::NotSameTyped,
        _ => return None,
    })
}
