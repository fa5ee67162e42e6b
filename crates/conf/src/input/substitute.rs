//! Backticks: `` `name` `` stands for a block argument, an `@define`, or an environment variable.

use std::borrow::Cow;

use super::{Input, Map};
use crate::{
    diagnostic::Diagnostic,
    lexer,
    span::{FileId, Span},
};

/// What the text being replaced in stands inside of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inside {
    Nothing,
    Double,
    Single,
    Comment,
}

/// A mistake in a reference, at these bytes of the text.
#[derive(Debug)]
pub(super) struct Problem {
    message: &'static str,
    /// Where it is in the buffer; a mistake in text that is taken raw after all is none.
    buffer: usize,
    start: usize,
    end: usize,
    /// A backtick in a comment is more likely prose than a reference.
    harmless: bool,
}

/// The text produced is larger than allowed.
#[derive(Debug)]
pub(super) struct TooLarge;

/// Text with backticks, where it lies in its file, and what it stands inside of.
pub(super) struct Source<'t> {
    pub(super) text: &'t str,
    pub(super) offset: usize,
    pub(super) inside: Inside,
}

/// Where the replaced text goes, and at most how long it may get.
pub(super) struct Target<'t> {
    pub(super) buffer: &'t mut String,
    pub(super) map: &'t mut Map,
    pub(super) bytes_max: usize,
}

/// Appends `source` to `target`, references replaced by what `value` says.
pub(super) fn substitute(
    source: &Source<'_>,
    target: &mut Target<'_>,
    value: impl Fn(&str) -> String,
) -> Result<Vec<Problem>, TooLarge> {
    let Source { text, offset, mut inside } = *source;
    let bytes = text.as_bytes();
    let mut problems = Vec::new();
    let mut copied = 0;
    let mut at = 0;
    // The end of the line of the reference before; a line may hold very many.
    let mut line_end = 0;
    while let Some(sign) = memchr_any(&bytes[at..]) {
        let here = at + sign;
        if bytes[here] != b'`' {
            at = next_state(bytes, here, &mut inside);
            continue;
        }
        copy(text, copied, here, offset, target);
        if here >= line_end {
            line_end = memchr::memchr(b'\n', &bytes[here..]).map_or(bytes.len(), |feed| here + feed);
        }
        let Some(length) = memchr::memchr(b'`', &bytes[here + 1..line_end]) else {
            problems.push(Problem {
                message: "missing closing backtick",
                buffer: target.buffer.len(),
                start: offset + here,
                end: offset + here + 1,
                harmless: inside == Inside::Comment,
            });
            copied = here;
            at = line_end;
            continue;
        };
        let end = here + length + 2;
        let name = &text[here + 1..end - 1];
        let reference = Problem {
            message: "",
            buffer: target.buffer.len(),
            start: offset + here,
            end: offset + end,
            harmless: false,
        };
        target.map.replaced(target.buffer.len(), offset + here, end - here);
        if name.is_empty() {
            target.buffer.push('`');
        } else if inside == Inside::Double && after_backslash(bytes, here) {
            let message = "a reference cannot stand directly after a backslash in a string";
            problems.push(Problem { message, ..reference });
            // Without anything there, the backslash would protect the closing quote.
            target.buffer.push(' ');
        } else if !insert(&value(name), inside, target.buffer) {
            let message = "a value with a single quote in it cannot stand in a single-quoted string";
            problems.push(Problem { message, ..reference });
        }
        copied = end;
        at = end;
        if target.buffer.len() > target.bytes_max {
            return Err(TooLarge);
        }
    }
    copy(text, copied, text.len(), offset, target);
    if target.buffer.len() > target.bytes_max { Err(TooLarge) } else { Ok(problems) }
}

impl Input<'_> {
    /// Appends the rest of a line of the top frame to its buffer, which is `next..end` of the text.
    pub(super) fn append_line(&mut self, end: usize, inside: Inside) -> bool {
        let Some(frame) = self.frames.last_mut() else { return false };
        let length_before = frame.buffer.len();
        let source = Source { text: &frame.text[frame.next..end], offset: frame.next, inside };
        let bytes_max = length_before + super::TEXT_BYTES_MAX.saturating_sub(self.text_bytes);
        let mut target = Target { buffer: &mut frame.buffer, map: &mut frame.map, bytes_max };
        let (globals, environment) = (&self.globals, self.environment);
        let result = substitute(&source, &mut target, |name| {
            globals
                .get(normal(name).as_ref())
                .cloned()
                .or_else(|| environment.variable(name))
                .unwrap_or_default()
        });
        let span = Span::new(frame.file, frame.next as u32, end as u32);
        let produced = frame.buffer.len() - length_before;
        frame.next = end;
        frame.problems.extend(result.iter().flatten().map(|problem| problem.diagnostic(frame.file)));
        self.account(produced + usize::from(result.is_err()), span)
    }
}

impl Problem {
    /// What to report once the buffer is consumed that far.
    pub(super) fn diagnostic(&self, file: FileId) -> (usize, Diagnostic) {
        let at = Span::new(file, self.start as u32, self.end as u32);
        let diagnostic = match self.harmless {
            true => Diagnostic::warning(self.message, at).label("write two for a backtick that is meant"),
            false => Diagnostic::error(self.message, at),
        };
        (self.buffer, diagnostic)
    }
}

/// The name under which arguments and globals are kept.
pub(super) fn normal(name: &str) -> Cow<'_, str> {
    match name.contains('-') {
        true => Cow::Owned(name.replace('-', "_")),
        false => Cow::Borrowed(name),
    }
}

/// What stands in `value`, when it is one string and nothing else.
fn literal(value: &str) -> Option<String> {
    let value = value.trim();
    let quote = *value.as_bytes().first()?;
    let inner = value.get(1..value.len().checked_sub(1)?)?;
    if value.as_bytes().last() != Some(&quote) {
        return None;
    }
    match quote {
        b'\'' => (!inner.contains('\'')).then(|| inner.to_owned()),
        b'"' => {
            let mut bytes = inner.bytes();
            while let Some(byte) = bytes.next() {
                if byte == b'"' || (byte == b'\\' && bytes.next().is_none()) {
                    return None;
                }
            }
            lexer::unescape(inner).ok()
        }
        _ => None,
    }
}

/// Appends `value` in the form that suits its surroundings; false when there is none.
fn insert(value: &str, inside: Inside, buffer: &mut String) -> bool {
    match inside {
        Inside::Nothing | Inside::Comment => buffer.push_str(value),
        Inside::Double => match literal(value) {
            Some(text) => buffer.push_str(&lexer::escape(&text)),
            None => buffer.push_str(value),
        },
        Inside::Single => {
            let text = literal(value);
            let text = text.as_deref().unwrap_or(value);
            if text.contains('\'') {
                return false;
            }
            buffer.push_str(text);
        }
    }
    true
}

/// Appends `text[from..to]`, which lies at `offset` of its file.
fn copy(text: &str, from: usize, to: usize, offset: usize, target: &mut Target<'_>) {
    if to > from {
        target.map.plain(target.buffer.len(), offset + from);
        target.buffer.push_str(&text[from..to]);
    }
}

/// The next byte that may change what the text stands inside of, or that is a backtick.
fn memchr_any(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| matches!(byte, b'`' | b'"' | b'\'' | b'#' | b'\n' | b'\\'))
}

/// What the sign at `here` changes; returns where to go on.
fn next_state(bytes: &[u8], here: usize, inside: &mut Inside) -> usize {
    let sign = bytes[here];
    match (*inside, sign) {
        // What a backslash protects is no sign, unless it is a backtick.
        (Inside::Double, b'\\') if bytes.get(here + 1).is_some_and(|next| *next != b'`') => return here + 2,
        (Inside::Double, b'"') | (Inside::Single, b'\'') | (Inside::Comment, b'\n') => {
            *inside = Inside::Nothing
        }
        (Inside::Nothing, b'"') => *inside = Inside::Double,
        (Inside::Nothing, b'\'') => *inside = Inside::Single,
        (Inside::Nothing, b'#') => *inside = Inside::Comment,
        _ => {}
    }
    here + 1
}

/// Whether the byte at `here` is protected by a backslash.
fn after_backslash(bytes: &[u8], here: usize) -> bool {
    bytes[..here].iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}
