//! Lists of words and ranges of words, as `facility()` and `level()` take them.

use conf::ast::{Argument, Call, Operator, Value};
use conf::diagnostic::Diagnostic;
use pipeline::Compile;

/// The numbers that a list of words and ranges means, as bits. Each word is looked up with `number`.
pub(super) fn bits(
    call: &Call,
    what: &str,
    number: impl Fn(&str) -> Option<u16>,
    names: &[&str],
    cx: &mut Compile<'_>,
) -> Option<u32> {
    let mut look = |value: &Value| {
        let found = number(value.text());
        if found.is_none() {
            let message = format!("unknown {what} `{}`", value.text());
            let diagnostic = Diagnostic::error(message, value.span);
            cx.diagnostics.push(diagnostic.suggest(value.text(), names.iter().copied()));
        }
        found
    };
    let mut bits = 0;
    let mut rest = &call.arguments[..];
    let mut good = true;
    while !rest.is_empty() {
        let (from, to) = match rest {
            [Argument::Value(from), Argument::Operator(Operator::Range, _), Argument::Value(to), ..] => {
                rest = &rest[3..];
                (look(from), look(to))
            }
            [Argument::Value(one), ..] => {
                rest = &rest[1..];
                let number = look(one);
                (number, number)
            }
            [other, ..] => {
                let message = format!("a {what}, or a range of two, should stand here");
                cx.diagnostics.push(Diagnostic::error(message, other.span()));
                return None;
            }
            [] => break,
        };
        match (from, to) {
            // A range may be written in either direction.
            (Some(from), Some(to)) => (from.min(to)..=from.max(to)).for_each(|number| bits |= 1 << number),
            _ => good = false,
        }
    }
    if call.arguments.is_empty() {
        cx.error(call, format!("{}() needs a {what}", call.name.text));
        return None;
    }
    good.then_some(bits)
}
