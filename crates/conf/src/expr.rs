//! Filter expressions: generic arguments to a tree.
//!
//! `not` binds tightest, then `and`, then `or`, and `;` is an "and" that binds least.

use crate::{
    ast::{Argument, Comparison, Expr, Operator, Ordering, Value, ValueKind},
    diagnostic::{Diagnostic, Diagnostics},
    span::Span,
};

#[cfg(test)]
mod tests;

/// The expression that `arguments` are, as in `condition(program("x") and not host("y"))`.
///
/// `None` when they are none, which is in the diagnostics then.
pub fn from_arguments(arguments: &[Argument], diagnostics: &mut Diagnostics) -> Option<Expr> {
    let span = arguments.iter().map(Argument::span).reduce(Span::to).unwrap_or_default();
    from_arguments_at(arguments, span, diagnostics)
}

/// As [`from_arguments`]; `span` is where the expression should stand, for the message when there is none.
pub(crate) fn from_arguments_at(
    arguments: &[Argument],
    span: Span,
    diagnostics: &mut Diagnostics,
) -> Option<Expr> {
    let mut reader = Reader { rest: arguments, last: span, diagnostics };
    reader.whole(span)
}

struct Reader<'a> {
    rest: &'a [Argument],
    last: Span,
    diagnostics: &'a mut Diagnostics,
}

impl Reader<'_> {
    /// Terms with `;` between; the last one may have one behind it.
    fn whole(&mut self, span: Span) -> Option<Expr> {
        let mut terms = Vec::new();
        loop {
            while self.take_operator(Operator::Semicolon) {}
            if self.rest.is_empty() {
                break;
            }
            terms.push(self.disjunction()?);
            match self.rest.first() {
                None | Some(Argument::Operator(Operator::Semicolon, _)) => {}
                Some(other) => {
                    let message = "expected `and`, `or` or `;` between two expressions";
                    self.diagnostics.push(Diagnostic::error(message, other.span()));
                    return None;
                }
            }
        }
        if terms.is_empty() {
            self.diagnostics.push(Diagnostic::error("a filter needs an expression", span));
            return None;
        }
        join(terms, Expr::And)
    }

    fn disjunction(&mut self) -> Option<Expr> {
        let mut terms = vec![self.conjunction()?];
        while self.take_word("or") {
            terms.push(self.conjunction()?);
        }
        join(terms, Expr::Or)
    }

    fn conjunction(&mut self) -> Option<Expr> {
        let mut terms = vec![self.negation()?];
        while self.take_word("and") {
            terms.push(self.negation()?);
        }
        join(terms, Expr::And)
    }

    fn negation(&mut self) -> Option<Expr> {
        let mut negated = false;
        while self.take_word("not") {
            negated = !negated;
        }
        let term = self.term()?;
        Some(if negated { Expr::Not(Box::new(term)) } else { term })
    }

    fn term(&mut self) -> Option<Expr> {
        let Some((first, rest)) = self.rest.split_first() else {
            self.diagnostics.push(Diagnostic::error("expected an expression after this", self.last));
            return None;
        };
        self.rest = rest;
        self.last = first.span();
        match first {
            Argument::Group(inside, span) => {
                Reader { rest: inside, last: *span, diagnostics: self.diagnostics }.whole(*span)
            }
            Argument::Call(_) | Argument::Value(_) => {
                if let Some((comparison, span)) = self.comparison() {
                    return self.compare(first, comparison, span);
                }
                match first {
                    Argument::Call(call) => Some(Expr::Call(call.clone())),
                    _ => {
                        let diagnostic = Diagnostic::error("this is no filter", first.span());
                        let label = match first {
                            Argument::Value(Value { kind: ValueKind::Word(word), .. }) => {
                                format!("a function is written `{word}(…)`")
                            }
                            _ => "a comparison such as `==` or `eq` would have to follow".to_owned(),
                        };
                        self.diagnostics.push(diagnostic.label(label));
                        None
                    }
                }
            }
            Argument::List(..) | Argument::Operator(..) => {
                self.diagnostics.push(Diagnostic::error("expected a filter", first.span()));
                None
            }
        }
    }

    fn compare(&mut self, left: &Argument, comparison: Comparison, span: Span) -> Option<Expr> {
        match self.rest.split_first() {
            Some((right @ (Argument::Call(_) | Argument::Value(_)), rest)) => {
                self.rest = rest;
                self.last = right.span();
                let whole = left.span().to(right.span());
                Some(Expr::Compare(left.clone(), comparison, right.clone(), whole))
            }
            _ => {
                self.diagnostics.push(Diagnostic::error("expected a value to compare with after this", span));
                None
            }
        }
    }

    fn comparison(&mut self) -> Option<(Comparison, Span)> {
        let comparison = match self.rest.first()? {
            Argument::Operator(operator, _) => match operator {
                Operator::Less => Comparison::Typed(Ordering::Less),
                Operator::LessEqual => Comparison::Typed(Ordering::LessEqual),
                Operator::Equal => Comparison::Typed(Ordering::Equal),
                Operator::NotEqual => Comparison::Typed(Ordering::NotEqual),
                Operator::GreaterEqual => Comparison::Typed(Ordering::GreaterEqual),
                Operator::Greater => Comparison::Typed(Ordering::Greater),
                Operator::SameTyped => Comparison::Same,
                Operator::NotSameTyped => Comparison::NotSame,
                _ => return None,
            },
            Argument::Value(Value { kind: ValueKind::Word(word), .. }) => {
                Comparison::Text(match word.as_str() {
                    "lt" => Ordering::Less,
                    "le" => Ordering::LessEqual,
                    "eq" => Ordering::Equal,
                    "ne" => Ordering::NotEqual,
                    "ge" => Ordering::GreaterEqual,
                    "gt" => Ordering::Greater,
                    _ => return None,
                })
            }
            _ => return None,
        };
        self.last = self.rest[0].span();
        self.rest = &self.rest[1..];
        Some((comparison, self.last))
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = matches!(self.rest.first(),
            Some(Argument::Value(Value { kind: ValueKind::Word(text), .. })) if text == word);
        self.take_if(found)
    }

    fn take_operator(&mut self, operator: Operator) -> bool {
        let found = matches!(self.rest.first(), Some(Argument::Operator(other, _)) if *other == operator);
        self.take_if(found)
    }

    fn take_if(&mut self, found: bool) -> bool {
        if found {
            self.last = self.rest[0].span();
            self.rest = &self.rest[1..];
        }
        found
    }
}

/// One expression of `terms`, in their order.
///
/// Halved rather than chained: a thousand terms must not make a tree a thousand levels deep.
fn join(mut terms: Vec<Expr>, with: fn(Box<Expr>, Box<Expr>) -> Expr) -> Option<Expr> {
    if terms.len() < 2 {
        return terms.pop();
    }
    let right = terms.split_off(terms.len() / 2);
    Some(with(Box::new(join(terms, with)?), Box::new(join(right, with)?)))
}
