//! `"$A" eq "b"`, `"$N" >= 5`: two templates compared, as text or by type.
//!
//! By type (`==`, `<` …): two texts of one kind compare as bytes, null equals only null, everything else is turned
//! into numbers; what is no number makes every comparison but `!=` false. Before `@version: 4.0` these operators
//! always compare numbers.

use std::cmp;

use conf::ast::{Argument, Call, Comparison, Ordering, Value, ValueKind};
use conf::diagnostic::Diagnostic;
use message::template::{RenderScope, Template, TemplateOptions, ZoneUse};
use message::value::TYPE_HINTS;
use message::{Message, ValueType};

use crate::compile::Compile;
use crate::steps::Filter;

/// One comparison, compiled.
pub struct Compare {
    left: Operand,
    right: Operand,
    comparison: Comparison,
    options: TemplateOptions,
}

/// One side of a comparison.
pub struct Operand {
    template: Template,
    /// A type hint, or the type of a bare number; otherwise the template's own.
    kind: Option<ValueType>,
    /// `@version` below 4.0: the typed operators compare numbers.
    untyped: bool,
}

/// Compiles one side: a template, a bare number, or `int("$x")` and the like.
pub(crate) fn operand(cx: &mut Compile<'_>, argument: &Argument) -> Option<Operand> {
    let untyped = cx.config.version.major < 4;
    match argument {
        Argument::Value(value) => {
            let kind = match value.kind {
                ValueKind::Integer(..) => Some(ValueType::Integer),
                ValueKind::Float(..) => Some(ValueType::Double),
                ValueKind::Word(_) | ValueKind::String(_) => None,
            };
            Some(Operand { template: cx.parse_template(value)?, kind, untyped })
        }
        Argument::Call(call) => {
            hinted(cx, call).map(|(template, kind)| Operand { template, kind: Some(kind), untyped })
        }
        Argument::List(_, span) | Argument::Group(_, span) | Argument::Operator(_, span) => {
            cx.diagnostics
                .push(Diagnostic::error("a template, a number or a type hint is compared here", *span));
            None
        }
    }
}

/// `int("$x")`: the template and the type.
fn hinted(cx: &mut Compile<'_>, call: &Call) -> Option<(Template, ValueType)> {
    let Some(kind) = ValueType::from_hint(&call.name.text) else {
        cx.unknown("type hint", &call.name, &TYPE_HINTS.map(|(name, _)| name));
        return None;
    };
    match call.arguments.as_slice() {
        [Argument::Value(value)] => Some((cx.parse_template(value)?, kind)),
        _ => {
            cx.error(call, format!("{}() takes one template", call.name.text));
            None
        }
    }
}

/// A literal as a value of a rewrite: a bare number has a type of its own.
pub fn literal_kind(value: &Value) -> Option<ValueType> {
    match value.kind {
        ValueKind::Integer(..) => Some(ValueType::Integer),
        ValueKind::Float(..) => Some(ValueType::Double),
        ValueKind::Word(_) | ValueKind::String(_) => None,
    }
}

impl Compare {
    pub(crate) fn new(left: Operand, comparison: Comparison, right: Operand) -> Compare {
        Compare { left, right, comparison, options: TemplateOptions::default() }
    }
}

impl Operand {
    fn evaluate(&self, message: Message<'_>, scope: &mut RenderScope<'_>) -> (Vec<u8>, ValueType) {
        let mut text = Vec::new();
        let own = self.template.render_typed(message, scope, &mut text);
        (text, self.kind.unwrap_or(own))
    }
}

impl Filter for Compare {
    fn accepts(&self, message: Message<'_>) -> bool {
        self.accepts_item(message, b"")
    }

    fn accepts_item(&self, message: Message<'_>, item: &[u8]) -> bool {
        let mut scope = RenderScope::new(&self.options, ZoneUse::Local);
        scope.item.extend_from_slice(item);
        let (left, left_kind) = self.left.evaluate(message, &mut scope);
        let (right, right_kind) = self.right.evaluate(message, &mut scope);
        match self.comparison {
            Comparison::Text(ordering) => holds(ordering, Some(left.cmp(&right))),
            Comparison::Typed(ordering) if self.left.untyped => holds(ordering, numbers(&left, &right)),
            Comparison::Typed(ordering) => holds(ordering, by_type(&left, left_kind, &right, right_kind)),
            Comparison::Same => left_kind == right_kind && left == right,
            Comparison::NotSame => left_kind != right_kind || left != right,
        }
    }
}

/// Whether an outcome answers the question; `None` is incomparable.
fn holds(ordering: Ordering, outcome: Option<cmp::Ordering>) -> bool {
    match (ordering, outcome) {
        (Ordering::NotEqual, outcome) => outcome != Some(cmp::Ordering::Equal),
        (_, None) => false,
        (Ordering::Less, Some(outcome)) => outcome.is_lt(),
        (Ordering::LessEqual, Some(outcome)) => outcome.is_le(),
        (Ordering::Equal, Some(outcome)) => outcome.is_eq(),
        (Ordering::GreaterEqual, Some(outcome)) => outcome.is_ge(),
        (Ordering::Greater, Some(outcome)) => outcome.is_gt(),
    }
}

fn by_type(left: &[u8], left_kind: ValueType, right: &[u8], right_kind: ValueType) -> Option<cmp::Ordering> {
    let textual =
        |kind| matches!(kind, ValueType::String | ValueType::Json | ValueType::List | ValueType::Bytes);
    if textual(left_kind) && left_kind == right_kind {
        return Some(left.cmp(right));
    }
    match (left_kind == ValueType::Null, right_kind == ValueType::Null) {
        (true, true) => Some(cmp::Ordering::Equal),
        (false, false) => number(left, left_kind).partial_cmp(&number(right, right_kind)),
        // Null is less than or greater than a number, as 0, but equal to none.
        _ => {
            number(left, left_kind).partial_cmp(&number(right, right_kind)).filter(|outcome| outcome.is_ne())
        }
    }
}

fn numbers(left: &[u8], right: &[u8]) -> Option<cmp::Ordering> {
    let lenient = |text: &[u8]| parse(text).unwrap_or(0.0);
    lenient(left).partial_cmp(&lenient(right))
}

/// The value as a number; what is none is not a number.
fn number(text: &[u8], kind: ValueType) -> f64 {
    match kind {
        ValueType::Null => 0.0,
        ValueType::Boolean => match text.first() {
            Some(b'T' | b't' | b'1') => 1.0,
            Some(b'F' | b'f' | b'0') => 0.0,
            _ => f64::NAN,
        },
        // Datetimes count milliseconds.
        ValueType::Datetime => parse(text).map_or(f64::NAN, |seconds| seconds * 1000.0),
        _ => parse(text).unwrap_or(f64::NAN),
    }
}

fn parse(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text).ok()?.trim();
    match text.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16).ok().map(|number| number as f64),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cmp::Ordering::{Equal, Greater, Less};

    #[test]
    fn by_type_as_measured() {
        use ValueType::{Integer, Null, String};
        #[track_caller]
        fn check(left: (&str, ValueType), right: (&str, ValueType), expected: Option<cmp::Ordering>) {
            assert_eq!(by_type(left.0.as_bytes(), left.1, right.0.as_bytes(), right.1), expected);
        }
        check(("3", Integer), ("2", String), Some(Greater));
        check(("3", Integer), ("3.0", String), Some(Equal));
        check(("10", String), ("9", String), Some(Less));
        check(("", Null), ("", String), None);
        check(("", Null), ("", Null), Some(Equal));
        check(("foo", String), ("1", Integer), None);
    }

    #[test]
    fn what_is_incomparable_is_only_unequal() {
        assert!(holds(Ordering::NotEqual, None));
        assert!(!holds(Ordering::Equal, None));
        assert!(!holds(Ordering::Less, None));
    }
}
