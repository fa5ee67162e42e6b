//! Text that is taken as it is: block bodies, Python code, and the arguments of a block reference.

use std::sync::Arc;

use super::{Frame, Input, Inside};
use crate::span::Span;

/// A piece of text, and where it stands.
#[derive(Debug)]
pub(super) struct Raw {
    /// The text that the piece is a part of.
    pub(super) text: Arc<str>,
    /// The piece: these bytes of `text`.
    pub(super) range: std::ops::Range<usize>,
    /// Its place.
    pub(super) span: Span,
    /// Whether `text` is the file's own, so that `range` and `span` are the same bytes.
    pub(super) verbatim: bool,
}

impl Raw {
    pub(super) fn as_str(&self) -> &str {
        &self.text[self.range.clone()]
    }
}

impl Input<'_> {
    /// Takes what stands before the closing brace, which `find` looks for: given a text and a place in it, it gives
    /// the place of the brace. Backticks are left alone. `None`, with nothing consumed, when there is no such brace.
    pub(super) fn raw_braces(&mut self, find: impl Fn(&str, usize) -> Option<usize>) -> Option<Raw> {
        self.flush();
        let frame = self.frames.last_mut()?;
        let raw = match frame.original() {
            Some(start) => {
                let end = find(&frame.text, start)?;
                frame.reset_buffer();
                frame.next = end + 1;
                let span = Span::new(frame.file, start as u32, end as u32);
                Raw { text: frame.text.clone(), range: start..end, span, verbatim: true }
            }
            None => {
                let held = frame.buffer.len() - frame.at;
                let rest: Arc<str> = [&frame.buffer[frame.at..], &frame.text[frame.next..]].concat().into();
                let end = find(&rest, 0)?;
                let start = frame.at;
                let span = if end < held {
                    frame.at += end + 1;
                    frame.emitted = frame.at;
                    frame.span(start, start + end)
                } else {
                    let (from, _) = frame.map.range(start, start);
                    frame.reset_buffer();
                    frame.next += end + 1 - held;
                    Span::new(frame.file, from as u32, frame.next as u32)
                };
                Raw { text: rest, range: 0..end, span, verbatim: false }
            }
        };
        Some(raw)
    }

    /// Takes what stands before the closing parenthesis; strings and comments are respected, backticks were replaced
    /// already. `None` when the text ends first.
    pub(super) fn raw_parentheses(&mut self) -> Option<(String, Span)> {
        let start = self.frames.last()?.at;
        let mut at = start;
        let mut scan = Scan { opening: b'(', closing: b')', depth: 1, inside: Inside::Nothing };
        loop {
            let frame = self.frames.last_mut()?;
            match scan.run(frame.buffer.as_bytes(), &mut at) {
                Some(end) => {
                    frame.at = end + 1;
                    return Some((frame.buffer[start..end].to_owned(), frame.span(start, end)));
                }
                None if self.append(scan.inside) => {}
                None => return None,
            }
        }
    }

    /// Puts what the top frame has consumed into the preprocessed text.
    pub(super) fn flush(&mut self) {
        if let Some(at) = self.frames.last().map(|frame| frame.at) {
            self.flush_to(at);
        }
    }

    /// Puts what the top frame has before `at` into the preprocessed text; returns the length of that.
    pub(super) fn flush_to(&mut self, at: usize) -> usize {
        self.report_problems(at);
        if let Some(frame) = self.frames.last_mut()
            && at > frame.emitted
        {
            let text = &frame.buffer[frame.emitted..at];
            match memchr::memchr(b'`', text.as_bytes()) {
                // Read again, a backtick would start a reference.
                Some(_) => self.preprocessed.push_str(&text.replace('`', "``")),
                None => self.preprocessed.push_str(text),
            }
            frame.emitted = at;
        }
        self.preprocessed.len()
    }

    /// Reports the mistakes in backticks that the top frame has before `at`.
    fn report_problems(&mut self, at: usize) {
        let Some(frame) = self.frames.last_mut() else { return };
        if frame.problems.is_empty() {
            return;
        }
        let behind = frame.problems.split_off(frame.problems.partition_point(|(place, _)| *place < at));
        for (_, diagnostic) in std::mem::replace(&mut frame.problems, behind) {
            self.report(diagnostic);
        }
    }

    /// Takes back what was put into the preprocessed text since it had `length` bytes, and leaves out the rest.
    pub(super) fn unflush(&mut self, length: usize) {
        self.preprocessed.truncate(length);
        if let Some(frame) = self.frames.last_mut() {
            frame.emitted = frame.at;
        }
    }

    /// Puts a piece taken raw into the preprocessed text, with the brace that closed it.
    pub(super) fn flush_raw(&mut self, raw: &Raw) {
        self.preprocessed.push_str(raw.as_str());
        self.preprocessed.push('}');
    }
}

impl Frame {
    /// The place in the file's text of the first byte not consumed; `None` when the buffer is not a copy there.
    fn original(&self) -> Option<usize> {
        match self.at == self.buffer.len() {
            // Arguments that were put into an expansion must stay there.
            _ if self.expansion => None,
            true => Some(self.next),
            false => self.map.exact(self.at),
        }
    }
}

/// A search for the sign that closes what is open.
struct Scan {
    opening: u8,
    closing: u8,
    depth: u32,
    inside: Inside,
}

impl Scan {
    /// Goes on at `at`; leaves it where to go on when there is more text.
    fn run(&mut self, bytes: &[u8], at: &mut usize) -> Option<usize> {
        while *at < bytes.len() {
            let byte = bytes[*at];
            match (self.inside, byte) {
                (Inside::Double, b'\\') => *at += 1,
                (Inside::Double, b'"') | (Inside::Single, b'\'') | (Inside::Comment, b'\n') => {
                    self.inside = Inside::Nothing;
                }
                (Inside::Nothing, b'"') => self.inside = Inside::Double,
                (Inside::Nothing, b'\'') => self.inside = Inside::Single,
                (Inside::Nothing, b'#') => self.inside = Inside::Comment,
                (Inside::Nothing, byte) if byte == self.opening => self.depth += 1,
                (Inside::Nothing, byte) if byte == self.closing => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return Some(*at);
                    }
                }
                _ => {}
            }
            *at += 1;
        }
        None
    }
}

/// The brace that closes the one before `from`, as the incumbent finds it: quotes and comments of the configuration
/// language, whatever language the text is in.
pub(super) fn closing_brace(text: &str, from: usize) -> Option<usize> {
    let mut at = from;
    Scan { opening: b'{', closing: b'}', depth: 1, inside: Inside::Nothing }.run(text.as_bytes(), &mut at)
}
