//! Lines that start with `@`.

use super::{Input, Reached, Token, TokenKind, substitute::normal};
use crate::{
    ast::{Argument, Module, Operator, Value, ValueKind, Version},
    diagnostic::Diagnostic,
    span::Span,
};

/// The oldest language version that can be asked for.
const OLDEST: Version = Version { major: 3, minor: 0 };
/// The newest version that any daemon of the language has; from [`LAST_CHANGE`] on all mean the same.
const NEWEST: Version = Version { major: 4, minor: 27 };
/// The last version that changed what a configuration means.
const LAST_CHANGE: Version = Version { major: 4, minor: 2 };

/// Modules whose work this daemon does itself.
const MODULES: &[&str] = &[
    "affile",
    "afprog",
    "afsocket",
    "afstreams",
    "afuser",
    "appmodel",
    "basicfuncs",
    "confgen",
    "cryptofuncs",
    "examples",
    "json-plugin",
    "linux-kmsg-format",
    "mod-python",
    "syslogformat",
    "sdjournal",
    "timestamp",
];

/// Modules that exist elsewhere: naming one is no slip, even though this daemon has nothing behind it yet.
const MODULES_ELSEWHERE: &[&str] = &[
    "add-contextual-data",
    "afamqp",
    "afmongodb",
    "afsmtp",
    "afsnmp",
    "afsql",
    "afstomp",
    "azure-auth-header",
    "cef",
    "cloud-auth",
    "correlation",
    "csvparser",
    "dbparser",
    "disk-buffer",
    "ebpf",
    "geoip2-plugin",
    "getent",
    "graphite",
    "hook-commands",
    "http",
    "kafka",
    "kvformat",
    "map-value-pairs",
    "metrics-probe",
    "mod-java",
    "mqtt",
    "pacctformat",
    "pseudofile",
    "rate-limit-filter",
    "redis",
    "regexp-parser",
    "riemann",
    "secure-logging",
    "stardate",
    "system-source",
    "tags-parser",
    "tfgetent",
    "xml",
];

const PRAGMAS: &[&str] = &["version", "include", "define", "module", "requires", "config-id", "line"];

impl Input<'_> {
    /// Whether the `@` at the top frame's place is the first sign of a line.
    pub(super) fn at_pragma(&self) -> bool {
        self.frames.last().is_some_and(|frame| {
            let bytes = frame.buffer.as_bytes();
            bytes[frame.at] == b'@'
                && match frame.at.checked_sub(1) {
                    Some(before) => bytes[before] == b'\n',
                    None => frame.fresh_line,
                }
        })
    }

    /// Obeys the pragma at the top frame's place.
    pub(super) fn pragma(&mut self) {
        self.flush();
        let mark = self.preprocessed.len();
        let Some(at) = self.frames.last_mut().map(|frame| {
            frame.at += 1;
            frame.span(frame.at - 1, frame.at)
        }) else {
            return;
        };
        let mut line = Vec::new();
        let at_start = self.preprocessed.len();
        while !self.stopped && self.skip_blanks(true) == Reached::Token {
            line.extend(self.token());
        }
        debug_assert!(self.preprocessed.len() >= at_start);
        let mut words = line.into_iter();
        let name = words.next();
        let Some(Token { kind: TokenKind::Word(word), span, .. }) = name else {
            let span = name.map_or(at, |token| token.span);
            return self.report(Diagnostic::error("a name must follow the `@` at the start of a line", span));
        };
        let words: Vec<Token> = words.filter(|token| token.kind != TokenKind::Broken).collect();
        let pragma = Pragma { name: &word, span: at.to(span), words: &words };
        match normal(&word).as_ref() {
            "version" => self.version(&pragma),
            "include" => {
                self.unflush(mark);
                self.include(&pragma);
            }
            "define" => self.define(&pragma),
            "module" => self.module(&pragma),
            "requires" => {
                // What is put in was not left out: there is nothing to ask any more.
                self.unflush(mark);
                self.requires(&pragma);
            }
            "config_id" => {
                if let Some((text, _)) = self.pragma_text(&pragma, pragma.behind_colon()) {
                    self.config.id = Some(text);
                }
            }
            "line" => self.line(&pragma),
            _ => self.report(
                Diagnostic::error(format!("there is no `@{word}`"), pragma.span)
                    .suggest(&word, PRAGMAS.iter().copied()),
            ),
        }
    }

    fn version(&mut self, pragma: &Pragma<'_>) {
        let words = pragma.behind_colon();
        let Some((text, span)) = self.pragma_text(pragma, words) else { return };
        if self.version_seen {
            return self.report(Diagnostic::warning("a second `@version` has no effect", pragma.span));
        }
        self.version_seen = true;
        if text == "current" {
            return;
        }
        let Some(version) = parse_version(&text) else {
            let diagnostic = Diagnostic::error(format!("`{text}` is no version"), span);
            return self.report(diagnostic.label("two numbers with a dot between, as in 4.2"));
        };
        self.config.version = version.min(NEWEST);
        if version < OLDEST {
            self.report(Diagnostic::error("configurations of versions before 3.0 are not understood", span));
        } else if version > NEWEST {
            let Version { major, minor } = NEWEST;
            let message = format!("the configuration asks for a version newer than {major}.{minor}");
            self.report(Diagnostic::warning(message, span).label(format!("read as {major}.{minor}")));
        } else if version < LAST_CHANGE {
            let message = format!(
                "Configuration file format is too old, running in compatibility mode; config-version='{text}'"
            );
            self.report(Diagnostic::warning(message, span));
        }
    }

    fn define(&mut self, pragma: &Pragma<'_>) {
        let [name, rest @ ..] = pragma.words else {
            return self.report(Diagnostic::error("`@define` needs a name and a value", pragma.span));
        };
        let (Some(name), Some((value, _))) = (text_of(name), self.pragma_text(pragma, rest)) else {
            return;
        };
        self.globals.insert(normal(name).into_owned(), value);
    }

    fn module(&mut self, pragma: &Pragma<'_>) {
        let [name, rest @ ..] = pragma.words else {
            return self.report(Diagnostic::error("`@module` needs the name of a module", pragma.span));
        };
        let Some(module) = text_of(name) else {
            return self.report(Diagnostic::error("`@module` needs the name of a module", name.span));
        };
        if !is_one_of(module, MODULES) && !is_one_of(module, MODULES_ELSEWHERE) {
            let names = MODULES.iter().chain(MODULES_ELSEWHERE).copied();
            let diagnostic = Diagnostic::error(format!("there is no module `{module}`"), name.span);
            return self.report(diagnostic.suggest(module, names));
        }
        let mut parameters = Vec::new();
        let mut rest = rest;
        while let Some((parameter, behind)) = parameter(rest) {
            parameters.push(parameter);
            rest = behind;
        }
        if let Some(unread) = rest.first() {
            return self.report(Diagnostic::error("a parameter is written `name(value)`", unread.span));
        }
        self.config.modules.push(Module { name: module.to_owned(), parameters, span: pragma.span });
    }

    fn requires(&mut self, pragma: &Pragma<'_>) {
        let [name, message @ ..] = pragma.words else {
            return self.report(Diagnostic::error("`@requires` needs the name of a module", pragma.span));
        };
        let module = text_of(name).unwrap_or_default();
        if is_one_of(module, MODULES) || self.environment.has_part(module) {
            return;
        }
        match self.frames.last_mut() {
            // An include file that says nothing more is optional: without the module, it is not there.
            Some(frame) if frame.included && message.is_empty() => {
                frame.at = frame.buffer.len();
                frame.emitted = frame.at;
                frame.next = frame.text.len();
            }
            _ => {
                let diagnostic =
                    Diagnostic::error(format!("cannot load required module `{module}`"), name.span);
                let details = message.first().and_then(text_of).map(str::to_owned);
                self.report(details.into_iter().fold(diagnostic, Diagnostic::note));
            }
        }
    }

    fn line(&mut self, pragma: &Pragma<'_>) {
        let number = |token: Option<&Token>| match token.map(|token| &token.kind) {
            Some(TokenKind::Integer(value, _)) => u32::try_from(*value).unwrap_or(1),
            _ => 1,
        };
        let to = pragma
            .words
            .first()
            .and_then(text_of)
            .map(|path| (path.to_owned(), number(pragma.words.get(1)), number(pragma.words.get(2))));
        if let Some(frame) = self.frames.last() {
            // The place is the line feed; what is relocated starts behind it.
            let feed = frame.span(frame.at, frame.at);
            self.sources.relocate(feed.file, feed.start + 1, to);
        }
    }

    /// The one string, word or number of a pragma; anything else is reported.
    pub(super) fn pragma_text(&mut self, pragma: &Pragma<'_>, words: &[Token]) -> Option<(String, Span)> {
        let name = pragma.name;
        match words {
            [word] if text_of(word).is_some() => Some((text_of(word)?.to_owned(), word.span)),
            [] => {
                self.report(Diagnostic::error(format!("`@{name}` needs a value"), pragma.span));
                None
            }
            [_, second, ..] => {
                let diagnostic = Diagnostic::error(format!("`@{name}` takes one value"), second.span);
                self.report(diagnostic.label("is a pair of quotes missing?"));
                None
            }
            [word] => {
                let message = format!("the value of `@{name}` must be a word, a number or a string");
                self.report(Diagnostic::error(message, word.span));
                None
            }
        }
    }
}

/// One line that starts with `@`.
pub(super) struct Pragma<'a> {
    name: &'a str,
    pub(super) span: Span,
    pub(super) words: &'a [Token],
}

impl<'a> Pragma<'a> {
    fn behind_colon(&self) -> &'a [Token] {
        match self.words {
            [Token { kind: TokenKind::Operator(Operator::Colon), .. }, rest @ ..] => rest,
            words => words,
        }
    }
}

type Parameter = (String, Vec<Argument>);

/// `name(value)` at the start of `tokens`, and what follows.
fn parameter(tokens: &[Token]) -> Option<(Parameter, &[Token])> {
    let (name, rest) = tokens.split_first()?;
    let (open, rest) = rest.split_first()?;
    let close = rest.iter().position(|token| token.is(b')'))?;
    let TokenKind::Word(name) = &name.kind else { return None };
    let values = rest[..close].iter().filter_map(|token| Some(Argument::Value(value_of(token)?))).collect();
    open.is(b'(').then_some(((name.clone(), values), &rest[close + 1..]))
}

fn value_of(token: &Token) -> Option<Value> {
    let kind = match &token.kind {
        TokenKind::Word(text) => ValueKind::Word(text.clone()),
        TokenKind::Text(text) => ValueKind::String(text.clone()),
        TokenKind::Integer(value, text) => ValueKind::Integer(*value, text.clone()),
        TokenKind::Float(value, text) => ValueKind::Float(*value, text.clone()),
        _ => return None,
    };
    Some(Value { kind, span: token.span })
}

fn text_of(token: &Token) -> Option<&str> {
    match &token.kind {
        TokenKind::Word(text) | TokenKind::Text(text) => Some(text),
        TokenKind::Integer(_, text) | TokenKind::Float(_, text) => Some(text),
        _ => None,
    }
}

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|one| crate::ast::same_keyword(one, name))
}

fn parse_version(text: &str) -> Option<Version> {
    let (major, minor) = text.split_once('.')?;
    Some(Version { major: major.parse().ok()?, minor: minor.parse().ok()? })
}
