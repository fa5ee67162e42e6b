//! `name(argument …)`, which is all that the grammar knows of a driver.

use super::Parser;
use crate::{
    ast::{Argument, Call, Ident, Operator, Value, ValueKind},
    diagnostic::Diagnostic,
    input::{Context, Token, TokenKind},
    span::Span,
};

impl Parser<'_> {
    /// The call whose name is `name`; blocks of `inner` may stand between its parentheses.
    pub(super) fn call(&mut self, name: Token, inner: Option<Context>) -> Option<Call> {
        let TokenKind::Word(text) = name.kind else { return None };
        let open = self.expect(b'(', format_args!("`(` after `{text}`"))?;
        let inner = if crate::ast::same_keyword(&text, "condition") { Some(Context::Filter) } else { inner };
        let arguments = self.arguments(open.span, b')', inner);
        let span = name.span.to(self.last);
        Some(Call { name: Ident { text, span: name.span }, arguments, span })
    }

    /// Everything up to `close`, which is consumed. Where it is missing, that is reported at `open`, and what follows
    /// stays.
    pub(super) fn arguments(&mut self, open: Span, close: u8, context: Option<Context>) -> Vec<Argument> {
        self.nested(open, |parser| parser.arguments_here(open, close, context)).unwrap_or_default()
    }

    fn arguments_here(&mut self, open: Span, close: u8, context: Option<Context>) -> Vec<Argument> {
        let mut arguments = Vec::new();
        loop {
            let before = self.last;
            let token = self.next();
            let span = token.span;
            match token.kind {
                TokenKind::Sign(sign) if sign == close => return arguments,
                TokenKind::Sign(b'(') => {
                    let inside = self.arguments(span, b')', context);
                    arguments.push(Argument::Group(inside, span.to(self.last)));
                }
                TokenKind::Sign(b'[') => {
                    let values = self.list(span);
                    arguments.push(Argument::List(values, span.to(self.last)));
                }
                TokenKind::Sign(b';') => arguments.push(Argument::Operator(Operator::Semicolon, span)),
                TokenKind::Sign(b'{') if close == b'}' => {
                    self.unexpected(&Token::sign(b'{', span), "an expression");
                    self.skip_braces();
                }
                TokenKind::Sign(sign @ (b'}' | b'{')) => {
                    self.never_closed(open, close, Token::sign(sign, span));
                    self.last = before;
                    return arguments;
                }
                TokenKind::End => {
                    self.never_closed(open, close, token);
                    return arguments;
                }
                TokenKind::Sign(sign) => {
                    let message = format!("this `{}` closes nothing", sign as char);
                    self.report(Diagnostic::error(message, span));
                }
                TokenKind::Word(ref word) if !is_connective(word) && self.peek().is(b'(') => {
                    if context.is_none_or(|context| !self.expands(context, &token)) {
                        arguments.extend(self.call(token, context).map(Argument::Call));
                    }
                }
                TokenKind::Operator(operator) => arguments.push(Argument::Operator(operator, span)),
                TokenKind::Broken => {}
                TokenKind::Word(text) => arguments.push(value(ValueKind::Word(text), span)),
                TokenKind::Text(text) => arguments.push(value(ValueKind::String(text), span)),
                TokenKind::Integer(number, text) => {
                    arguments.push(value(ValueKind::Integer(number, text), span));
                }
                TokenKind::Float(number, text) => arguments.push(value(ValueKind::Float(number, text), span)),
            }
        }
    }

    /// `"a" "b"]`, from behind the opening bracket.
    fn list(&mut self, open: Span) -> Vec<Value> {
        let mut values = Vec::new();
        for argument in self.arguments(open, b']', None) {
            match argument {
                Argument::Value(value) => values.push(value),
                other => {
                    self.report(Diagnostic::error("a list holds strings, words and numbers", other.span()));
                }
            }
        }
        values
    }

    fn never_closed(&mut self, open: Span, close: u8, token: Token) {
        let sign = match close {
            b')' => '(',
            b']' => '[',
            _ => '{',
        };
        let diagnostic = Diagnostic::error(format!("this `{sign}` is never closed"), open);
        let diagnostic = diagnostic.label(format!("the `{}` for it is missing", close as char));
        self.report(match token.kind {
            TokenKind::End => diagnostic,
            _ => diagnostic.note_at("it should stand before this", token.span),
        });
        self.waiting.push(token);
        self.unsure = true;
    }

    /// Skips what stands in braces, the opening one being consumed.
    fn skip_braces(&mut self) {
        let mut depth = 1_u32;
        while depth > 0 {
            let token = self.next();
            match token.kind {
                TokenKind::Sign(b'{') => depth += 1,
                TokenKind::Sign(b'}') => depth -= 1,
                TokenKind::End => return self.waiting.push(token),
                _ => {}
            }
        }
    }
}

/// Whether `word` connects filters: before a parenthesis, such a word is no name of a call.
fn is_connective(word: &str) -> bool {
    matches!(word, "and" | "or" | "not")
}

fn value(kind: ValueKind, span: Span) -> Argument {
    Argument::Value(Value { kind, span })
}
