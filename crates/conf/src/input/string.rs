//! Strings, which may span lines, and so may span what the buffer holds.

use super::{Input, Inside, Token, TokenKind};
use crate::{diagnostic::Diagnostic, lexer, span::Span};

impl Input<'_> {
    /// Reads the string whose opening quote stands at the top frame's place.
    pub(super) fn string(&mut self, quote: u8) -> Token {
        let Some(frame) = self.frames.last() else { return self.end() };
        let start = frame.at;
        let mut at = start + 1;
        loop {
            let frame = self.frames.last_mut().expect("a frame is popped by next() alone");
            let bytes = frame.buffer.as_bytes();
            let found = match quote {
                b'"' => memchr::memchr2(b'"', b'\\', &bytes[at..]),
                _ => memchr::memchr(b'\'', &bytes[at..]),
            };
            match found.map(|found| at + found) {
                Some(found) if bytes[found] == b'\\' && found + 1 < bytes.len() => at = found + 2,
                Some(found) if bytes[found] == quote => {
                    frame.at = found + 1;
                    return self.finish_string(quote, start, found);
                }
                // The end of the buffer, perhaps behind a backslash; there may be more text.
                rest => {
                    at = rest.unwrap_or(bytes.len());
                    let inside = if quote == b'"' { Inside::Double } else { Inside::Single };
                    if !self.append(inside) {
                        return self.open_string(start);
                    }
                }
            }
        }
    }

    fn finish_string(&mut self, quote: u8, start: usize, end: usize) -> Token {
        let frame = self.frames.last().expect("a frame is popped by next() alone");
        let span = frame.span(start, end + 1);
        let inner = &frame.buffer[start + 1..end];
        let (text, fits) = match quote {
            b'"' => lexer::unescape(inner).map_or_else(|text| (text, false), |text| (text, true)),
            _ => (inner.to_owned(), true),
        };
        let nul = memchr::memchr(0, inner.as_bytes()).is_some();
        if memchr::memchr(b'\n', inner.as_bytes()).is_some() && lexer::is_word_at(&frame.buffer, end + 1) {
            self.dubious_string.get_or_insert(span);
        }
        let lossy = frame.lossy && text.contains('\u{fffd}');
        if nul {
            self.report(Diagnostic::error("a NUL byte cannot be part of a configuration", span));
        } else if lossy {
            self.report_lossy(span);
        } else if !fits {
            let message = "the escapes of this string make up bytes that are not UTF-8";
            self.report(Diagnostic::error(message, span));
        }
        Token { kind: TokenKind::Text(text), span, mark: 0 }
    }

    fn open_string(&mut self, start: usize) -> Token {
        let Some(frame) = self.frames.last_mut() else { return self.end() };
        let span = frame.span(start, start + 1);
        frame.at = frame.buffer.len();
        self.flush();
        let diagnostic = Diagnostic::error("unterminated quote", span).label("opened here, never closed");
        let dubious = self.dubious_string.filter(|dubious| dubious.file == span.file);
        self.stop(match dubious {
            Some(dubious) => diagnostic.note_at("is the closing quote of this string missing?", dubious),
            None => diagnostic,
        });
        Token { kind: TokenKind::Broken, span, mark: 0 }
    }

    pub(super) fn report_lossy(&mut self, span: Span) {
        self.report(
            Diagnostic::error("the text is not UTF-8", span)
                .note("files are read as UTF-8; in comments other bytes do no harm"),
        );
    }
}
