//! The stream of tokens that a parser sees: files, includes, pragmas, block expansions and backticks are dealt with
//! here, so the grammar knows nothing of them.
//!
//! Text is taken piece by piece, because `@define`, `@include` and blocks change the meaning of what follows. A
//! piece is copied into the buffer of its frame, backticks replaced, with a [`Map`] back to the text as written.

use std::{collections::HashMap, rc::Rc, sync::Arc};

use crate::{
    ast::{Config, Operator},
    diagnostic::{Diagnostic, Diagnostics},
    generator::Generators,
    lexer::{self, Lexeme, Number},
    load::Environment,
    span::{FileId, Sources, Span},
};

mod block;
mod generate;
mod include;
mod map;
mod pragma;
mod python;
mod raw;
mod string;
mod substitute;

use block::Block;
pub(crate) use block::Context;
use map::Map;
use substitute::Inside;

/// Bytes that one file may have.
pub const FILE_BYTES_MAX: usize = 32 << 20;
/// Bytes that all files, block expansions and replaced lines of one configuration may have together.
pub const TEXT_BYTES_MAX: usize = 64 << 20;
/// Words, strings, numbers and signs that one configuration may have; each costs some hundred bytes once it is read.
pub const TOKENS_MAX: usize = 10_000_000;
/// How deep includes and block expansions may nest, together.
pub const DEPTH_MAX: u32 = 256;
/// What an expansion counts for besides its bytes, so that empty ones are limited too.
const EXPANSION_COST_BYTES: usize = 512;

/// One token with its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
    /// Length of the preprocessed text before the token; see [`Input::expand`].
    mark: usize,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TokenKind {
    Word(String),
    Text(String),
    Integer(i64, String),
    Float(f64, String),
    Operator(Operator),
    /// One of `( ) { } [ ] ;`.
    Sign(u8),
    /// Something that was reported already; it stands for a value.
    Broken,
    /// Nothing follows.
    End,
}

/// Where tokens come from.
pub(crate) struct Input<'e> {
    environment: &'e Environment,
    generators: Option<&'e mut dyn Generators>,
    pub(crate) sources: Sources,
    pub(crate) diagnostics: Diagnostics,
    /// What pragmas say goes straight in here.
    pub(crate) config: Config,
    frames: Vec<Frame>,
    globals: HashMap<String, String>,
    blocks: HashMap<String, Vec<Rc<Block>>>,
    /// The text without includes and blocks, as far as it was read.
    preprocessed: String,
    text_bytes: usize,
    tokens: usize,
    version_seen: bool,
    /// The first string of several lines that ends where a word starts: somebody probably forgot its closing quote.
    dubious_string: Option<Span>,
    /// What is left of [`python::STEPS_MAX`].
    python_steps: usize,
    /// A limit was reached or a quote is not closed: nothing that follows would make sense.
    stopped: bool,
}

/// One text being read.
struct Frame {
    file: FileId,
    text: Arc<str>,
    /// The first byte of `text` that is not in `buffer` yet.
    next: usize,
    buffer: String,
    /// The first byte of `buffer` that is not consumed.
    at: usize,
    /// The first byte of `buffer` that is not in the preprocessed text.
    emitted: usize,
    map: Map,
    /// Mistakes in backticks, by the place in the buffer behind which they count.
    problems: Vec<(usize, Diagnostic)>,
    /// Whether the buffer's first byte is the first of a line.
    fresh_line: bool,
    depth: u32,
    /// Only an included file can be left before its end.
    included: bool,
    /// An expansion has its whole text in the buffer, arguments put in.
    expansion: bool,
    /// The file was not UTF-8 and holds replacement characters.
    lossy: bool,
}

/// What [`Input::skip_blanks`] came to.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Reached {
    Token,
    LineEnd,
    FrameEnd,
}

impl<'e> Input<'e> {
    pub(crate) fn new(environment: &'e Environment, generators: Option<&'e mut dyn Generators>) -> Input<'e> {
        Input {
            environment,
            generators,
            sources: Sources::default(),
            diagnostics: Diagnostics::default(),
            config: Config::default(),
            frames: Vec::new(),
            globals: environment.globals(),
            blocks: HashMap::new(),
            preprocessed: String::new(),
            text_bytes: 0,
            tokens: 0,
            version_seen: false,
            dubious_string: None,
            python_steps: python::STEPS_MAX,
            stopped: false,
        }
    }

    /// The next token; [`TokenKind::End`] for ever when there is none.
    pub(crate) fn next(&mut self) -> Token {
        loop {
            if self.stopped || self.frames.is_empty() {
                return self.end();
            }
            match self.skip_blanks(false) {
                Reached::Token if self.at_pragma() => self.pragma(),
                Reached::Token | Reached::LineEnd => {
                    if let Some(token) = self.token() {
                        return token;
                    }
                }
                Reached::FrameEnd if self.frames.len() > 1 => {
                    self.flush();
                    self.frames.pop();
                }
                Reached::FrameEnd => return self.end(),
            }
        }
    }

    /// Reports a mistake; silent once the input has stopped, since all that follows is a consequence.
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        if !self.stopped {
            self.diagnostics.push(diagnostic);
        }
    }

    /// The preprocessed text; what was read so far goes in as it is.
    pub(crate) fn take_preprocessed(&mut self) -> String {
        self.flush();
        std::mem::take(&mut self.preprocessed)
    }

    /// Whether `@define allow-config-dups` says that a name may stand twice.
    pub(crate) fn duplicates_allowed(&self) -> bool {
        self.globals.get("allow_config_dups").is_some_and(|value| value.trim() != "0")
    }

    /// Whether a limit was reached, or a quote left open.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Whether `@version` was given.
    pub(crate) fn has_version(&self) -> bool {
        self.version_seen
    }

    /// The place behind what was read last.
    pub(crate) fn here(&self) -> Span {
        self.frames.last().map_or(Span::default(), |frame| match frame.at.checked_sub(1) {
            Some(last) => frame.span(last, frame.at).after(),
            None => Span::new(frame.file, frame.next as u32, frame.next as u32),
        })
    }

    /// Reports a mistake after which nothing can be read.
    pub(crate) fn stop(&mut self, diagnostic: Diagnostic) {
        self.report(diagnostic);
        self.stopped = true;
    }

    /// Counts text against [`TEXT_BYTES_MAX`]; false when that is too much, which was reported at `at`.
    fn account(&mut self, bytes: usize, at: Span) -> bool {
        self.text_bytes = self.text_bytes.saturating_add(bytes);
        if self.text_bytes > TEXT_BYTES_MAX {
            let limit = TEXT_BYTES_MAX >> 20;
            self.stop(Diagnostic::error(
                format!("the configuration, includes and blocks expanded, is larger than {limit} MiB"),
                at,
            ));
        }
        !self.stopped
    }

    fn end(&mut self) -> Token {
        let span = self.frames.last().map_or(Span::default(), |frame| frame.span(frame.at, frame.at));
        Token { kind: TokenKind::End, span, mark: self.preprocessed.len() }
    }

    /// Reads the token that stands at the top frame's place; `None` when it means nothing.
    fn token(&mut self) -> Option<Token> {
        self.tokens += 1;
        if self.tokens > TOKENS_MAX {
            let here = self.here();
            self.stop(Diagnostic::error(
                format!("the configuration has more than {TOKENS_MAX} words and signs"),
                here,
            ));
            return Some(self.end());
        }
        let frame = self.frames.last_mut()?;
        let start = frame.at;
        let (lexeme, end) = lexer::lexeme(&frame.buffer, start);
        if let Lexeme::Quote(quote) = lexeme {
            return Some(self.string(quote));
        }
        frame.at = end;
        let span = frame.span(start, end);
        let text = || frame.buffer[start..end].to_owned();
        let kind = match lexeme {
            Lexeme::Word => TokenKind::Word(text()),
            Lexeme::Number(Number::Integer(value)) => TokenKind::Integer(value, text()),
            Lexeme::Number(Number::Float(value)) => TokenKind::Float(value, text()),
            Lexeme::Operator(operator) => TokenKind::Operator(operator),
            Lexeme::Punctuation(sign) => TokenKind::Sign(sign),
            Lexeme::TooBig => {
                self.report(Diagnostic::error("a number must fit in 64 bits", span));
                TokenKind::Broken
            }
            Lexeme::Quote(_) | Lexeme::Nothing => {
                let nul = frame.buffer.as_bytes()[start] == 0;
                self.unknown_sign(nul, span);
                return None;
            }
        };
        if frame_is_lossy_word(self.frames.last(), &kind) {
            self.report_lossy(span);
        }
        let mark = if matches!(kind, TokenKind::Word(_)) { self.flush_to(start) } else { 0 };
        Some(Token { kind, span, mark })
    }

    fn unknown_sign(&mut self, nul: bool, span: Span) {
        self.report(if nul {
            Diagnostic::error("a NUL byte cannot be part of a configuration", span)
        } else {
            Diagnostic::warning("a backslash means nothing here", span).label("left out; is a quote missing?")
        });
    }

    /// Moves the top frame's place over everything that is no token.
    fn skip_blanks(&mut self, stop_at_line_end: bool) -> Reached {
        loop {
            let Some(frame) = self.frames.last_mut() else { return Reached::FrameEnd };
            let bytes = frame.buffer.as_bytes();
            let mut at = frame.at;
            while at < bytes.len() {
                match bytes[at] {
                    b'\n' if stop_at_line_end => {
                        frame.at = at;
                        return Reached::LineEnd;
                    }
                    b'\n' => at += 1,
                    blank if lexer::is_blank(blank) => at += 1,
                    b'\\' if bytes[at + 1..].starts_with(b"\n") => at += 2,
                    b'\\' if bytes[at + 1..].starts_with(b"\r\n") => at += 3,
                    b'#' => at = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |feed| at + feed),
                    _ => {
                        frame.at = at;
                        return Reached::Token;
                    }
                }
            }
            frame.at = at;
            if !self.refill() {
                return Reached::FrameEnd;
            }
        }
    }

    /// Drops the top frame's buffer, all of which is consumed, for the text that follows. False, and nothing
    /// dropped, when none does.
    fn refill(&mut self) -> bool {
        self.flush();
        let Some(frame) = self.frames.last_mut() else { return false };
        if frame.next == frame.text.len() {
            return false;
        }
        frame.fresh_line = frame.next == 0 || frame.text.as_bytes()[frame.next - 1] == b'\n';
        frame.reset_buffer();
        self.append(Inside::Nothing)
    }

    /// Takes more text into the top frame's buffer: up to the next line that holds a backtick, or that line with its
    /// backticks replaced. False when there is no more.
    fn append(&mut self, inside: Inside) -> bool {
        let Some(frame) = self.frames.last_mut() else { return false };
        let rest = &frame.text.as_bytes()[frame.next..];
        if rest.is_empty() || self.stopped {
            return false;
        }
        let backtick = memchr::memchr(b'`', rest);
        let line =
            backtick.map_or(rest.len(), |at| memchr::memrchr(b'\n', &rest[..at]).map_or(0, |feed| feed + 1));
        if line > 0 {
            frame.map.plain(frame.buffer.len(), frame.next);
            frame.buffer.push_str(&frame.text[frame.next..frame.next + line]);
            frame.next += line;
            return true;
        }
        let end = frame.next + memchr::memchr(b'\n', rest).map_or(rest.len(), |feed| feed + 1);
        self.append_line(end, inside)
    }
}

impl Frame {
    fn new(file: FileId, text: Arc<str>, depth: u32) -> Frame {
        Frame {
            file,
            text,
            next: 0,
            buffer: String::new(),
            at: 0,
            emitted: 0,
            map: Map::default(),
            problems: Vec::new(),
            fresh_line: true,
            depth,
            included: false,
            expansion: false,
            lossy: false,
        }
    }

    /// The place in the text as written of bytes `start..end` of the buffer.
    fn span(&self, start: usize, end: usize) -> Span {
        let (start, end) = self.map.range(start, end);
        Span::new(self.file, start as u32, end as u32)
    }

    fn reset_buffer(&mut self) {
        self.buffer.clear();
        self.map = Map::default();
        self.problems.clear();
        self.at = 0;
        self.emitted = 0;
    }
}

fn frame_is_lossy_word(frame: Option<&Frame>, kind: &TokenKind) -> bool {
    frame.is_some_and(|frame| frame.lossy)
        && matches!(kind, TokenKind::Word(word) if word.contains('\u{fffd}'))
}

impl Token {
    /// The sign `sign` at `span`.
    pub(crate) fn sign(sign: u8, span: Span) -> Token {
        Token { kind: TokenKind::Sign(sign), span, mark: 0 }
    }

    /// Whether this is the sign `sign`.
    pub(crate) fn is(&self, sign: u8) -> bool {
        self.kind == TokenKind::Sign(sign)
    }
}
