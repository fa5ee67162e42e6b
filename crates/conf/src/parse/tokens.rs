//! Looking at tokens, and finding the way back after a mistake.

use std::fmt::{self, Display};

use super::{KEYWORDS, NESTING_MAX, Parser, STATEMENTS};
use crate::{
    ast::same_keyword,
    diagnostic::Diagnostic,
    input::{Context, Token, TokenKind},
    span::Span,
};

/// Whose body is read, for messages.
#[derive(Clone, Copy)]
pub(super) struct Owner<'a>(pub(super) &'a str, pub(super) Option<&'a str>);

impl Display for Owner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Owner(kind, Some(name)) => write!(f, "{kind} `{name}`"),
            Owner(kind, None) => f.write_str(kind),
        }
    }
}

impl Parser<'_> {
    pub(super) fn next(&mut self) -> Token {
        let token = self.waiting.pop().unwrap_or_else(|| self.input.next());
        self.last = token.span;
        token
    }

    pub(super) fn peek(&mut self) -> &Token {
        if self.waiting.is_empty() {
            let token = self.input.next();
            self.waiting.push(token);
        }
        &self.waiting[self.waiting.len() - 1]
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.input.report(diagnostic);
    }

    /// Reports that `token` stands where `what` is wanted; a broken token was reported before.
    pub(super) fn unexpected(&mut self, token: &Token, what: impl Display) {
        let found = match &token.kind {
            TokenKind::Broken => return,
            TokenKind::Word(word) => format!("`{word}`"),
            TokenKind::Text(_) => "a string".to_owned(),
            TokenKind::Integer(_, text) | TokenKind::Float(_, text) => format!("`{text}`"),
            TokenKind::Operator(operator) => format!("`{}`", operator.text()),
            TokenKind::Sign(sign) => format!("`{}`", *sign as char),
            TokenKind::End => "the end of the file".to_owned(),
        };
        self.report(Diagnostic::error(format!("expected {what}, found {found}"), token.span));
    }

    /// Consumes `sign`; anything else is reported, and stays.
    pub(super) fn expect(&mut self, sign: u8, what: impl Display) -> Option<Token> {
        let before = self.last;
        let token = self.next();
        if token.is(sign) {
            return Some(token);
        }
        self.unexpected(&token, what);
        self.waiting.push(token);
        self.last = before;
        None
    }

    /// Consumes the semicolon behind `what`. Where there is none, the place to put it is reported, and reading goes on.
    pub(super) fn semicolon(&mut self, what: impl Display) {
        let behind = self.last.after();
        let unsure = std::mem::take(&mut self.unsure);
        if self.peek().is(b';') {
            self.next();
        } else if !unsure && self.peek().kind != TokenKind::Broken {
            self.report(Diagnostic::error(format!("expected `;` after {what}"), behind));
        }
    }

    /// Puts what `token` stands for into the stream, when it is a reference to a block or a config generator.
    pub(super) fn expands(&mut self, context: Context, token: &Token) -> bool {
        let TokenKind::Word(word) = &token.kind else { return false };
        let is_block = self.input.is_block(context, word);
        if !is_block && is_grammar(word) || !self.peek().is(b'(') {
            return false;
        }
        if !is_block && !self.input.is_generator(context, word) {
            return false;
        }
        self.next();
        debug_assert!(self.waiting.is_empty(), "arguments of a block would be read as tokens");
        match is_block {
            true => self.input.expand(context, token),
            false => self.input.generate(context, token),
        }
        self.last = self.input.here();
        true
    }

    /// The word that starts the next element of a body, whatever stands before it dealt with; `None` behind the
    /// closing brace, or where one must be missing, which is reported.
    pub(super) fn element(
        &mut self,
        owner: Owner<'_>,
        context: Option<Context>,
        open: Span,
    ) -> Option<Token> {
        loop {
            let token = self.next();
            match &token.kind {
                TokenKind::Sign(b'}') => return None,
                TokenKind::Sign(b';') => {}
                TokenKind::End => {
                    let diagnostic = Diagnostic::error(format!("{owner} is never closed"), open);
                    self.report(diagnostic.label("the `}` for this brace is missing"));
                    self.waiting.push(token);
                    self.unsure = true;
                    return None;
                }
                TokenKind::Word(word) => {
                    let word = word.clone();
                    if context.is_some_and(|context| self.expands(context, &token)) {
                        continue;
                    }
                    if self.starts_statement(&word) {
                        let diagnostic =
                            Diagnostic::error(format!("{owner} is not closed before this"), token.span);
                        self.report(diagnostic.label("`};` is missing").note_at("opened here", open));
                        self.waiting.push(token);
                        // The statement that follows must not be told that the semicolon is missing as well.
                        let semicolon = Token::sign(b';', self.last.after());
                        self.waiting.push(semicolon);
                        return None;
                    }
                    return Some(token);
                }
                TokenKind::Broken => self.skip_element(),
                _ => {
                    self.unexpected(&token, format_args!("something of {owner}"));
                    self.waiting.push(token);
                    self.skip_element();
                }
            }
        }
    }

    /// Whether `word`, just consumed, and what follows can only be a statement of the top level.
    fn starts_statement(&mut self, word: &str) -> bool {
        let keyword = STATEMENTS.iter().find(|keyword| same_keyword(keyword, word)).copied();
        let next = &self.peek().kind;
        match keyword {
            None | Some("log") => false,
            Some("options" | "python") => *next == TokenKind::Sign(b'{'),
            Some(_) => matches!(next, TokenKind::Word(_) | TokenKind::Text(_)),
        }
    }

    /// Skips the rest of a statement of the top level, its semicolon included.
    pub(super) fn skip_statement(&mut self) {
        self.skip(false);
    }

    /// Skips the rest of an element of a body, its semicolon included; the brace that closes the body stays.
    pub(super) fn skip_element(&mut self) {
        self.skip(true);
    }

    fn skip(&mut self, in_body: bool) {
        let mut open: Vec<u8> = Vec::new();
        loop {
            let token = self.next();
            match token.kind {
                TokenKind::End => return self.waiting.push(token),
                TokenKind::Sign(b';') if open.is_empty() => return,
                TokenKind::Sign(b'{') => open.push(b'}'),
                TokenKind::Sign(b'(') => open.push(b')'),
                TokenKind::Sign(b'[') => open.push(b']'),
                // A brace closes whatever parentheses are open in it.
                TokenKind::Sign(b'}') => match open.iter().rposition(|sign| *sign == b'}') {
                    Some(index) => open.truncate(index),
                    None if in_body => return self.waiting.push(token),
                    None => open.clear(),
                },
                TokenKind::Sign(sign) if open.last() == Some(&sign) => {
                    open.pop();
                }
                _ => {}
            }
        }
    }

    /// Does `work` one level deeper; beyond [`NESTING_MAX`] nothing more is read.
    pub(super) fn nested<T>(&mut self, at: Span, work: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth == NESTING_MAX {
            self.input
                .stop(Diagnostic::error(format!("this is nested deeper than {NESTING_MAX} levels"), at));
            return None;
        }
        self.depth += 1;
        let done = work(self);
        self.depth -= 1;
        Some(done)
    }
}

/// Whether the grammar itself wants `word`, so that no generator is asked for it.
fn is_grammar(word: &str) -> bool {
    KEYWORDS.iter().chain(STATEMENTS).any(|keyword| same_keyword(keyword, word))
}
