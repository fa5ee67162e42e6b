//! Tokens to statements.
//!
//! A plain recursive descent. Whoever finds a mistake reports it and returns `None`; the loop over the elements of a
//! body goes on behind the next `;`, so one mistake does not hide the next.

use std::fmt::Display;

use tokens::Owner;

use crate::{
    ast::{Argument, Call, Ident, Named, NamedFilter, TemplateStatement, Value, ValueKind, same_keyword},
    diagnostic::{Diagnostic, nearest},
    expr,
    input::{Context, Input, Token, TokenKind},
    span::Span,
};

mod application;
mod body;
mod call;
mod log;
mod names;
#[cfg(test)]
pub(crate) mod tests;
mod tokens;

/// How deep bodies, parentheses and brackets may nest.
pub const NESTING_MAX: u32 = 64;

/// The words that start a statement at the top level.
const STATEMENTS: &[&str] = &[
    "options",
    "source",
    "destination",
    "filter",
    "parser",
    "rewrite",
    "template",
    "template-function",
    "log",
    "python",
    "block",
    "application",
];

/// Words that the grammar claims for itself, so that as a name they want quotes.
const KEYWORDS: &[&str] = &[
    "options",
    "source",
    "destination",
    "filter",
    "parser",
    "rewrite",
    "template",
    "template-function",
    "log",
    "block",
    "junction",
    "channel",
    "if",
    "elif",
    "else",
];

/// Statements of syslog-ng that are not understood yet.
const UNSUPPORTED: &[&str] = &["transformation", "filterx"];

/// Reads all statements; they are in the input's configuration then.
pub(crate) fn parse(input: Input<'_>) -> Input<'_> {
    let mut parser = Parser {
        input,
        waiting: Vec::new(),
        last: Span::default(),
        unsure: false,
        names: names::Names::default(),
        depth: 0,
    };
    parser.statements();
    parser.input
}

struct Parser<'e> {
    input: Input<'e>,
    /// Tokens read ahead, the next one last. Empty whenever the input is told to take text raw.
    waiting: Vec<Token>,
    /// The token consumed last.
    last: Span,
    /// A sign was missing, so that the next one missing is no news.
    unsure: bool,
    names: names::Names,
    depth: u32,
}

/// What reading a statement came to.
enum Read {
    /// A statement.
    Statement,
    /// A block was put into the stream instead.
    Expanded,
}

impl Parser<'_> {
    fn statements(&mut self) {
        loop {
            let token = self.next();
            match &token.kind {
                TokenKind::End => return,
                TokenKind::Sign(b';') => {}
                TokenKind::Word(word) => {
                    let word = word.clone();
                    match self.statement(&word, token) {
                        Some(Read::Statement) => self.semicolon(format_args!("the `{word}` statement")),
                        Some(Read::Expanded) => {}
                        None => self.skip_statement(),
                    }
                }
                TokenKind::Sign(b'}') => {
                    self.report(Diagnostic::error("this `}` closes nothing", token.span));
                }
                TokenKind::Broken => self.skip_statement(),
                _ => {
                    self.unexpected(&token, "a statement");
                    self.waiting.push(token);
                    self.skip_statement();
                }
            }
        }
    }

    /// Reads one statement up to its closing brace.
    fn statement(&mut self, word: &str, token: Token) -> Option<Read> {
        let span = token.span;
        match STATEMENTS.iter().find(|keyword| same_keyword(keyword, word)).copied() {
            Some("options") => self.options()?,
            Some("source") => {
                let statement = self.named("source", Context::Source)?;
                self.names.add("source", statement, &mut self.input, |config| &mut config.sources);
            }
            Some("destination") => {
                let statement = self.named("destination", Context::Destination)?;
                self.names.add("destination", statement, &mut self.input, |config| &mut config.destinations);
            }
            Some("parser") => {
                let statement = self.named("parser", Context::Parser)?;
                self.names.add("parser", statement, &mut self.input, |config| &mut config.parsers);
            }
            Some("rewrite") => {
                let statement = self.named("rewrite", Context::Rewrite)?;
                self.names.add("rewrite", statement, &mut self.input, |config| &mut config.rewrites);
            }
            Some("filter") => {
                if let Some(statement) = self.filter()? {
                    self.names.add("filter", statement, &mut self.input, |config| &mut config.filters);
                }
            }
            Some("template") => {
                if let Some(statement) = self.template()? {
                    self.names.add("template", statement, &mut self.input, |config| &mut config.templates);
                }
            }
            Some("template-function") => {
                let name = self.name("the template function")?;
                let text = self.value("the text of the template function")?;
                let statement = TemplateStatement { name, text, escape: None };
                let kind = "template function";
                self.names.add(kind, statement, &mut self.input, |config| &mut config.template_functions);
            }
            Some("log") => {
                let path = self.log_path(span)?;
                self.input.config.log_paths.push(path);
            }
            Some("python") => {
                let open = self.expect(b'{', "`{` and Python code")?;
                debug_assert!(self.waiting.is_empty(), "Python code would be read as tokens");
                let block = self.input.python(&token, &open)?;
                self.input.config.python.push(block);
                self.last = self.input.here();
            }
            Some("application") => {
                let application = self.application(span)?;
                self.input.config.applications.push(application);
            }
            Some("block") => {
                self.input.define_block(&token)?;
                self.last = self.input.here();
            }
            _ if self.expands(Context::Root, &token) => return Some(Read::Expanded),
            _ => {
                self.unknown_statement(word, span);
                self.skip_misspelt_python(word, &token);
                return None;
            }
        }
        Some(Read::Statement)
    }

    /// Skips the code of a `pyhton { … }`, whose quotes would make nonsense of all that follows.
    fn skip_misspelt_python(&mut self, word: &str, token: &Token) {
        if nearest(word, STATEMENTS.iter().copied()) == Some("python") && self.peek().is(b'{') {
            let open = self.next();
            let _ = self.input.python(token, &open);
        }
    }

    fn unknown_statement(&mut self, word: &str, span: Span) {
        let known = STATEMENTS.iter().copied();
        let diagnostic = match UNSUPPORTED.iter().any(|name| same_keyword(name, word)) {
            true => Diagnostic::error(format!("`{word}` is not supported"), span),
            false => Diagnostic::error(format!("there is no statement `{word}`"), span).suggest(word, known),
        };
        self.report(diagnostic);
    }

    /// `NAME { … }` with drivers in it.
    fn named(&mut self, kind: &str, context: Context) -> Option<Named> {
        let name = self.name(format_args!("the {kind}"))?;
        let open = self.expect(b'{', format_args!("`{{` after {kind} `{}`", name.text))?;
        let body = self.body(Owner(kind, Some(&name.text)), context, open.span);
        Some(Named { name, body })
    }

    /// `NAME { expression }`; the inner `None` is a filter whose expression is wrong.
    fn filter(&mut self) -> Option<Option<NamedFilter>> {
        let name = self.name("the filter")?;
        let open = self.expect(b'{', format_args!("`{{` after filter `{}`", name.text))?;
        let expr = self.filter_body(open.span);
        Some(expr.map(|expr| NamedFilter { name, expr }))
    }

    /// `NAME "text"` or `NAME { template("text"); template-escape(yes); }`; the inner `None` is one without a text.
    fn template(&mut self) -> Option<Option<TemplateStatement>> {
        let name = self.name("the template")?;
        if !self.peek().is(b'{') {
            let text = self.value("the text of the template")?;
            return Some(Some(TemplateStatement { name, text, escape: None }));
        }
        let open = self.next();
        let mut text = None;
        let mut escape = None;
        for call in self.calls(Owner("template", Some(&name.text)), None, open.span) {
            match (&call.name, call.arguments.as_slice()) {
                (option, [Argument::Value(value)]) if option.is("template") => text = Some(value.clone()),
                (option, [Argument::Value(value)]) if option.is("template-escape") => {
                    escape = Some(self.yes_or_no(value));
                }
                (option, _) if option.is("template") || option.is("template-escape") => {
                    let message = format!("`{}` takes one value", option.text);
                    self.report(Diagnostic::error(message, call.span));
                }
                (option, _) => {
                    let message = format!("a template has no option `{}`", option.text);
                    let names = ["template", "template-escape"];
                    self.report(Diagnostic::error(message, option.span).suggest(&option.text, names));
                }
            }
        }
        if text.is_none() {
            let message = format!("template `{}` has no text", name.text);
            self.report(
                Diagnostic::error(message, name.span).label("`template(\"…\");` belongs in its braces"),
            );
        }
        Some(text.map(|text| TemplateStatement { name, text, escape }))
    }

    fn yes_or_no(&mut self, value: &Value) -> bool {
        crate::ast::truth(value).unwrap_or_else(|| {
            self.report(Diagnostic::error("expected `yes` or `no`", value.span));
            false
        })
    }

    fn options(&mut self) -> Option<()> {
        let open = self.expect(b'{', "`{` after `options`")?;
        let calls = self.calls(Owner("`options`", None), Some(Context::Options), open.span);
        self.input.config.options.extend(calls);
        Some(())
    }

    /// The expression of a filter, from behind the opening brace to the closing one.
    fn filter_body(&mut self, open: Span) -> Option<crate::ast::Expr> {
        let arguments = self.arguments(open, b'}', Some(Context::Filter));
        let span = open.to(self.last);
        self.expression(&arguments, span)
    }

    fn expression(&mut self, arguments: &[Argument], span: Span) -> Option<crate::ast::Expr> {
        if self.input.is_stopped() {
            return None;
        }
        expr::from_arguments_at(arguments, span, &mut self.input.diagnostics)
    }

    /// The name of a statement: a word or a string.
    fn name(&mut self, kind: impl Display) -> Option<Ident> {
        let token = self.next();
        match token.kind {
            TokenKind::Word(text) => {
                if KEYWORDS.iter().any(|keyword| same_keyword(keyword, &text)) {
                    let diagnostic = Diagnostic::error(format!("`{text}` is a keyword here"), token.span);
                    self.report(diagnostic.label(format!("as a name, write it `\"{text}\"`")));
                }
                Some(Ident { text, span: token.span })
            }
            TokenKind::Text(text) => Some(Ident { text, span: token.span }),
            TokenKind::Integer(_, text) | TokenKind::Float(_, text) => {
                let diagnostic =
                    Diagnostic::error(format!("the name of {kind} cannot be a number"), token.span);
                self.report(diagnostic.label(format!("write it `\"{text}\"`")));
                Some(Ident { text, span: token.span })
            }
            _ => {
                self.unexpected(&token, format_args!("the name of {kind}"));
                self.waiting.push(token);
                None
            }
        }
    }

    /// One word, string or number.
    fn value(&mut self, what: &str) -> Option<Value> {
        let token = self.next();
        let kind = match token.kind {
            TokenKind::Word(text) => ValueKind::Word(text),
            TokenKind::Text(text) => ValueKind::String(text),
            TokenKind::Integer(value, text) => ValueKind::Integer(value, text),
            TokenKind::Float(value, text) => ValueKind::Float(value, text),
            _ => {
                self.unexpected(&token, what);
                self.waiting.push(token);
                return None;
            }
        };
        Some(Value { kind, span: token.span })
    }

    /// `{ name(…); … }`, from behind the opening brace.
    fn calls(&mut self, owner: Owner<'_>, context: Option<Context>, open: Span) -> Vec<Call> {
        let mut calls = Vec::new();
        while let Some(token) = self.element(owner, context, open) {
            match self.call(token, None) {
                Some(call) => {
                    self.semicolon(format_args!("`{}(…)`", call.name.text));
                    calls.push(call);
                }
                None => self.skip_element(),
            }
        }
        calls
    }
}
