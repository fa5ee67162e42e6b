//! `block CONTEXT NAME(…) { … };` and references to blocks.

use std::{rc::Rc, sync::Arc};

use super::{Input, Token, TokenKind, raw::closing_brace, substitute::normal};
use crate::{
    ast::Operator,
    diagnostic::Diagnostic,
    span::{FileId, Origin, Span},
};

/// Where a block can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Context {
    Root,
    Source,
    Destination,
    Parser,
    Rewrite,
    Filter,
    Log,
    Options,
    InnerSource,
    InnerDestination,
}

/// A block, waiting to be used.
#[derive(Debug)]
pub(super) struct Block {
    context: Context,
    name: String,
    parameters: Vec<Parameter>,
    /// Whether it takes arguments it does not name.
    variadic: bool,
    text: Arc<str>,
    range: std::ops::Range<usize>,
    file: FileId,
}

#[derive(Debug)]
struct Parameter {
    name: String,
    /// As written; `None` makes the parameter mandatory.
    default: Option<String>,
    span: Span,
}

const CONTEXTS: &[(&str, Context)] = &[
    ("root", Context::Root),
    ("source", Context::Source),
    ("destination", Context::Destination),
    ("parser", Context::Parser),
    ("rewrite", Context::Rewrite),
    ("filter", Context::Filter),
    ("log", Context::Log),
    ("options", Context::Options),
    ("inner-src", Context::InnerSource),
    ("inner-dest", Context::InnerDestination),
];

impl Input<'_> {
    /// Reads a block from behind the word `block` to its closing brace. `None` when it is not one, which was reported.
    pub(crate) fn define_block(&mut self, keyword: &Token) -> Option<()> {
        let context = self.next();
        let context = match &context.kind {
            TokenKind::Word(word) if let Some((_, found)) = find_context(word) => *found,
            _ => {
                let wrong = if let TokenKind::Word(word) = &context.kind { word.as_str() } else { "" };
                let names = CONTEXTS.iter().map(|(name, _)| *name);
                let diagnostic = Diagnostic::error("`block` needs the context it is for", context.span);
                let list = names.clone().collect::<Vec<_>>().join(", ");
                self.report(diagnostic.suggest(wrong, names).note(format!("one of {list}")));
                return None;
            }
        };
        let name = self.next();
        let (TokenKind::Word(text) | TokenKind::Text(text)) = &name.kind else {
            self.report(Diagnostic::error("`block` needs a name", name.span));
            return None;
        };
        self.expect(b'(', "`(` and the block's parameters")?;
        let (parameters, variadic) = self.parameters()?;
        let open = self.expect(b'{', "`{` and the block's body")?;
        let Some(raw) = self.raw_braces(closing_brace) else {
            let diagnostic =
                Diagnostic::error(format!("the body of block `{text}` is never closed"), open.span);
            self.stop(diagnostic.label("opened here"));
            return None;
        };
        self.unflush(keyword.mark);
        let file = match raw.verbatim {
            true => raw.span.file,
            // Defined by an expansion: its text is in no file, so it becomes one.
            false => {
                let origin = self.sources.origin(raw.span.file).cloned().unwrap_or(Origin::Main);
                let path = self.sources.path(raw.span.file).to_owned();
                self.sources.add(path, raw.text.clone(), origin)
            }
        };
        let block = Block {
            context,
            name: text.clone(),
            parameters,
            variadic,
            text: raw.text,
            range: raw.range,
            file,
        };
        let same_name = self.blocks.entry(normal(text).into_owned()).or_default();
        same_name.retain(|other| other.context != context);
        same_name.push(Rc::new(block));
        Some(())
    }

    /// Whether `name` is a block of `context`.
    pub(crate) fn is_block(&self, context: Context, name: &str) -> bool {
        !self.blocks.is_empty() && self.block(context, name).is_some()
    }

    /// Puts the body of the block `reference` into the stream, whose opening parenthesis was read already.
    ///
    /// Mistakes in the arguments are reported, and nothing is put in then; a [`TokenKind::Broken`] cannot do harm.
    pub(crate) fn expand(&mut self, context: Context, reference: &Token) {
        let TokenKind::Word(name) = &reference.kind else { return };
        let Some(block) = self.block(context, name) else { return };
        let Some((arguments, close)) = self.arguments() else { return };
        let at = reference.span.to(close);
        self.unflush(reference.mark);
        let Some(values) = self.values(&block, arguments, at) else { return };
        let Some(depth) = self.deeper(name, at) else { return };
        let file = self.sources.add_again(block.file, Origin::Expanded { block: name.clone(), at });
        self.push_expansion(file, &block.text, block.range.clone(), depth, &values);
    }

    fn block(&self, context: Context, name: &str) -> Option<Rc<Block>> {
        let same_name = self.blocks.get(normal(name).as_ref())?;
        same_name.iter().find(|block| block.context == context).cloned()
    }

    /// `a("x") b() ...)`, from behind the opening parenthesis.
    fn parameters(&mut self) -> Option<(Vec<Parameter>, bool)> {
        let mut parameters: Vec<Parameter> = Vec::new();
        let mut variadic = false;
        loop {
            let token = self.next();
            match token.kind {
                TokenKind::Sign(b')') => return Some((parameters, variadic)),
                TokenKind::Operator(Operator::Ellipsis) => variadic = true,
                TokenKind::Word(name) => {
                    self.expect(b'(', "`(` and the parameter's default")?;
                    let (default, span) = self.raw_argument(token.span)?;
                    let default = (!default.trim().is_empty()).then_some(default);
                    parameters.push(Parameter {
                        name: normal(&name).into_owned(),
                        default,
                        span: token.span.to(span),
                    });
                }
                _ => {
                    let diagnostic = Diagnostic::error("a parameter is written `name(default)`", token.span);
                    self.report(
                        diagnostic.note("`name()` makes the parameter mandatory, `...` takes any others"),
                    );
                    return None;
                }
            }
        }
    }

    /// `a(1) b(2))`, from behind the opening parenthesis; with the place of the closing one.
    pub(super) fn arguments(&mut self) -> Option<(Vec<Given>, Span)> {
        let mut arguments = Vec::new();
        loop {
            let token = self.next();
            match token.kind {
                TokenKind::Sign(b')') => return Some((arguments, token.span)),
                TokenKind::Word(name) => {
                    self.expect(b'(', "`(` and the argument's value")?;
                    let (value, _) = self.raw_argument(token.span)?;
                    arguments.push(Given { name, value, span: token.span });
                }
                TokenKind::End => {
                    self.report(Diagnostic::error(
                        "the arguments of this block are never closed",
                        token.span,
                    ));
                    return None;
                }
                _ => {
                    let message = "an argument of a block is written `name(value)`";
                    self.report(Diagnostic::error(message, token.span));
                    self.raw_argument(token.span)?;
                    return None;
                }
            }
        }
    }

    fn raw_argument(&mut self, opened: Span) -> Option<(String, Span)> {
        let raw = self.raw_parentheses();
        if raw.is_none() {
            self.stop(Diagnostic::error("a parenthesis is never closed", opened).label("opened here"));
        }
        raw
    }

    /// What each parameter stands for; `None` when the arguments do not fit, which is reported at `at`.
    fn values(&mut self, block: &Block, arguments: Vec<Given>, at: Span) -> Option<Values> {
        let mut values: Vec<(String, String)> = Vec::new();
        let mut others = String::new();
        let mut fits = true;
        for argument in arguments {
            let name = normal(&argument.name);
            if block.parameters.iter().any(|parameter| parameter.name == name) {
                values.retain(|(other, _)| *other != name);
                values.push((name.into_owned(), argument.value));
            } else if block.variadic {
                others.push_str(&format!("{}({}) ", argument.name, argument.value));
            } else {
                let message = format!("block `{}` has no parameter `{}`", block.name, argument.name);
                let names = block.parameters.iter().map(|parameter| parameter.name.as_str());
                self.report(Diagnostic::error(message, argument.span).suggest(&argument.name, names));
                fits = false;
            }
        }
        for parameter in &block.parameters {
            if values.iter().any(|(name, _)| *name == parameter.name) {
                continue;
            }
            match &parameter.default {
                Some(default) => values.push((parameter.name.clone(), default.clone())),
                None => {
                    let message = format!("block `{}` needs `{}(…)`", block.name, parameter.name);
                    self.report(
                        Diagnostic::error(message, at)
                            .note_at("the parameter has no default", parameter.span),
                    );
                    fits = false;
                }
            }
        }
        values.push(("__VARARGS__".to_owned(), others));
        fits.then_some(Values(values))
    }

    fn expect(&mut self, sign: u8, what: &str) -> Option<Token> {
        let token = self.next();
        if token.is(sign) {
            return Some(token);
        }
        self.report(Diagnostic::error(format!("expected {what}"), token.span));
        None
    }
}

/// One argument of a reference to a block, as written.
pub(super) struct Given {
    pub(super) name: String,
    pub(super) value: String,
    span: Span,
}

/// What the names in an expansion stand for, by their normal form.
pub(super) struct Values(pub(super) Vec<(String, String)>);

impl Values {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Context {
    /// Its name in a configuration.
    pub(super) fn name(self) -> &'static str {
        CONTEXTS.iter().find(|(_, context)| *context == self).map_or("", |(name, _)| name)
    }
}

fn find_context(word: &str) -> Option<&'static (&'static str, Context)> {
    CONTEXTS.iter().find(|(name, _)| crate::ast::same_keyword(name, word))
}
