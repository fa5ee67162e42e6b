//! `log { … }`, and everything that looks like it: channels, junctions, branches.

use super::{Parser, tokens::Owner};
use crate::{
    ast::{Conditional, Ident, Item, LogPath, Reference, same_keyword},
    diagnostic::Diagnostic,
    input::{Context, Token, TokenKind},
    span::Span,
};

/// What may stand in a log path.
const ITEMS: &[&str] = &[
    "source",
    "destination",
    "filter",
    "parser",
    "rewrite",
    "junction",
    "channel",
    "log",
    "if",
    "flags",
    "parallelize",
];

/// The three parts of a log path, which stand in this order.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
enum Part {
    Items,
    Embedded,
    Flags,
}

impl Parser<'_> {
    /// `[NAME] { … }` behind the word `log` or `channel`.
    pub(super) fn log_path(&mut self, keyword: Span) -> Option<LogPath> {
        let name = match &self.peek().kind {
            TokenKind::Word(_) | TokenKind::Text(_) => Some(self.name("the log path")?),
            _ => None,
        };
        let open = self.expect(b'{', "`{` and a log path")?;
        self.nested(open.span, |parser| parser.log_body(name, keyword, open.span))
    }

    /// The elements of a log path, from behind the opening brace.
    fn log_body(&mut self, name: Option<Ident>, keyword: Span, open: Span) -> LogPath {
        let owner_name = name.as_ref().map(|name| name.text.clone());
        let owner = match &owner_name {
            Some(name) => Owner("log path", Some(name)),
            None => Owner("the log path", None),
        };
        let mut path = LogPath { name, items: Vec::new(), flags: Vec::new(), span: keyword };
        let mut part = Part::Items;
        while let Some(token) = self.element(owner, Some(Context::Log), open) {
            match self.log_item(token, &mut path, &mut part) {
                Some(what) => self.semicolon(what),
                None => self.skip_element(),
            }
        }
        path
    }

    /// Reads one element into `path`; gives what it is, for the message about a missing semicolon.
    fn log_item(&mut self, token: Token, path: &mut LogPath, part: &mut Part) -> Option<&'static str> {
        let TokenKind::Word(word) = &token.kind else { return None };
        let span = token.span;
        let keyword = ITEMS.iter().find(|item| same_keyword(item, word)).copied();
        let belongs = match keyword {
            Some("flags") => Part::Flags,
            Some("log" | "channel") => Part::Embedded,
            _ => Part::Items,
        };
        if keyword.is_some() {
            self.check_order(belongs, part, span);
        }
        let item = match keyword {
            Some("source") => Item::Source(self.reference("the source", Context::Source, span)?),
            Some("destination") => {
                Item::Destination(self.reference("the destination", Context::Destination, span)?)
            }
            Some("parser") => Item::Parser(self.reference("the parser", Context::Parser, span)?),
            Some("rewrite") => Item::Rewrite(self.reference("the rewrite", Context::Rewrite, span)?),
            Some("filter") => match self.filter_reference(span)? {
                Some(filter) => Item::Filter(filter),
                None => return Some("the filter"),
            },
            Some("junction") => self.junction(span)?,
            Some("log" | "channel") => Item::Path(self.log_path(span)?),
            Some("if") => self.conditional(span)?,
            Some("flags") => {
                self.flags(token, path)?;
                return Some("`flags(…)`");
            }
            Some("parallelize") => {
                let warning = Diagnostic::warning("`parallelize` has no effect", span);
                self.report(warning.note("the work is spread already: every source has a thread of its own"));
                self.call(token, None)?;
                return Some("`parallelize(…)`");
            }
            _ => {
                self.unknown_item(word, span);
                return None;
            }
        };
        let what = match &item {
            Item::Source(_) => "the source",
            Item::Destination(_) => "the destination",
            Item::Parser(_) => "the parser",
            Item::Rewrite(_) => "the rewrite",
            Item::Filter(_) => "the filter",
            Item::Junction(..) => "the junction",
            Item::Path(_) => "the path",
            Item::If(_) => "the last branch",
            Item::Driver(_) => "the driver",
        };
        path.items.push(item);
        Some(what)
    }

    fn check_order(&mut self, belongs: Part, part: &mut Part, span: Span) {
        if belongs >= *part && *part != Part::Flags {
            *part = belongs;
            return;
        }
        let message = match part {
            Part::Flags => "`flags(…)` must be the last element of a log path",
            _ => "nothing but `log`, `channel` and `flags(…)` may follow an embedded log path",
        };
        self.report(Diagnostic::error(message, span));
    }

    fn unknown_item(&mut self, word: &str, span: Span) {
        let diagnostic = if self.peek().is(b'(') {
            let diagnostic = Diagnostic::error(format!("`{word}(…)` cannot stand here"), span);
            diagnostic.suggest(word, ITEMS.iter().copied()).note(
                "in a log path, drivers stand in braces: `source { … };`, `destination { … };`, `rewrite { … };`",
            )
        } else if same_keyword(word, "else") || same_keyword(word, "elif") {
            let diagnostic = Diagnostic::error(format!("`{word}` without an `if`"), span);
            diagnostic.note("no `;` stands between the branches: `if (…) { … } else { … };`")
        } else {
            let diagnostic = Diagnostic::error(format!("`{word}` cannot stand in a log path"), span);
            diagnostic.suggest(word, ITEMS.iter().copied())
        };
        self.report(diagnostic);
    }

    /// `(name)` or `{ … }`, behind the keyword.
    fn reference(&mut self, kind: &str, context: Context, keyword: Span) -> Option<Reference<Vec<Item>>> {
        if !self.peek().is(b'{') {
            return self.named_reference(kind).map(Reference::Named);
        }
        let open = self.next();
        let body = self.body(Owner(kind, None), context, open.span);
        Some(Reference::Inline(body, keyword))
    }

    /// `(name)` or `{ expression }`; the inner `None` is an expression that is wrong.
    fn filter_reference(&mut self, keyword: Span) -> Option<Option<Reference<crate::ast::Expr>>> {
        if !self.peek().is(b'{') {
            return self.named_reference("the filter").map(|name| Some(Reference::Named(name)));
        }
        let open = self.next();
        Some(self.filter_body(open.span).map(|expr| Reference::Inline(expr, keyword)))
    }

    fn named_reference(&mut self, kind: &str) -> Option<Ident> {
        self.expect(b'(', format_args!("`(` and the name of {kind}, or `{{`"))?;
        let name = self.name(kind)?;
        if !self.peek().is(b')') {
            let token = self.next();
            self.unexpected(&token, format_args!("`)` after `{}`", name.text));
            self.waiting.push(token);
            self.skip_to_parenthesis();
            self.unsure = true;
            return Some(name);
        }
        self.next();
        Some(name)
    }

    /// Behind the parenthesis that closes the one that is open, if it is closed in this element at all.
    fn skip_to_parenthesis(&mut self) {
        let mut depth = 1_u32;
        while depth > 0 {
            match self.peek().kind {
                TokenKind::End | TokenKind::Sign(b';' | b'{' | b'}') => return,
                TokenKind::Sign(b'(') => depth += 1,
                TokenKind::Sign(b')') => depth -= 1,
                _ => {}
            }
            self.next();
        }
    }

    /// `{ channel { … }; log { … }; }`, behind the word `junction`.
    pub(super) fn junction(&mut self, keyword: Span) -> Option<Item> {
        let open = self.expect(b'{', "`{` and the branches of the junction")?;
        let mut branches = Vec::new();
        while let Some(token) = self.element(Owner("the junction", None), Some(Context::Log), open.span) {
            let TokenKind::Word(word) = &token.kind else { continue };
            let branch = match same_keyword(word, "channel") || same_keyword(word, "log") {
                true => self.log_path(token.span),
                false => {
                    let diagnostic =
                        Diagnostic::error(format!("`{word}` cannot stand in a junction"), token.span);
                    self.report(diagnostic.label("its branches are `channel { … };`"));
                    None
                }
            };
            match branch {
                Some(branch) => {
                    self.semicolon("the branch");
                    branches.push(branch);
                }
                None => self.skip_element(),
            }
        }
        Some(Item::Junction(branches, keyword))
    }

    /// `(expr) { … } elif … else { … }`, behind the word `if`.
    pub(super) fn conditional(&mut self, keyword: Span) -> Option<Item> {
        let mut branches = vec![self.branch(keyword)?];
        let mut otherwise = None;
        while let TokenKind::Word(word) = &self.peek().kind {
            let elif = same_keyword(word, "elif");
            if !elif && !same_keyword(word, "else") {
                break;
            }
            let span = self.next().span;
            let else_if = matches!(&self.peek().kind, TokenKind::Word(word) if word == "if");
            if !elif && else_if {
                let next = self.next();
                let diagnostic = Diagnostic::error("`else if` is written `elif`", span.to(next.span));
                self.report(diagnostic);
            }
            if elif || else_if {
                branches.push(self.branch(span)?);
            } else {
                otherwise = Some(self.branch_body(span)?);
                break;
            }
        }
        Some(Item::If(Conditional { branches, otherwise, span: keyword }))
    }

    /// `(expr) { … }` or `{ … }`.
    fn branch(&mut self, keyword: Span) -> Option<(Option<crate::ast::Expr>, LogPath)> {
        let mut condition = None;
        if self.peek().is(b'(') {
            let open = self.next();
            let arguments = self.arguments(open.span, b')', Some(Context::Filter));
            condition = self.expression(&arguments, open.span.to(self.last));
        }
        Some((condition, self.branch_body(keyword)?))
    }

    fn branch_body(&mut self, keyword: Span) -> Option<LogPath> {
        let open = self.expect(b'{', "`{` and what the branch does")?;
        self.nested(open.span, |parser| parser.log_body(None, keyword, open.span))
    }

    fn flags(&mut self, token: Token, path: &mut LogPath) -> Option<()> {
        let call = self.call(token, None)?;
        for argument in call.arguments {
            match argument {
                crate::ast::Argument::Value(value) => {
                    path.flags.push(Ident { text: value.text().to_owned(), span: value.span });
                }
                other => {
                    self.report(Diagnostic::error("`flags(…)` holds words", other.span()));
                }
            }
        }
        Some(())
    }
}
