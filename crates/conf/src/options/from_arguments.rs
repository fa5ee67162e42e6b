//! What values an option can have.

use std::{num, path::PathBuf};

use crate::{
    ast::{Argument, Call, Expr, Value, ValueKind, truth},
    diagnostic::{Diagnostic, Diagnostics},
    expr,
    lexer::{Number, number},
    span::Span,
};

/// A type that an option can have.
pub trait FromArguments: Sized {
    /// What the manual calls it: `yes|no`, `number`, `string`.
    const TYPE: &'static str;

    /// Reads it; `None` when what is given is something else, which is in the diagnostics then.
    fn from_arguments(given: &Given<'_>, diagnostics: &mut Diagnostics) -> Option<Self>;

    /// Reads one occurrence of a repeated option: by default, one of it for each argument.
    fn gather(given: &Given<'_>, into: &mut Vec<Self>, diagnostics: &mut Diagnostics) {
        for argument in given.arguments {
            into.extend(Self::from_arguments(&given.only(argument), diagnostics));
        }
    }

    /// Whether a call of this name is a value of this type (as `int("$N")` is a template) where it stands among
    /// options.
    fn is_value_call(name: &str) -> bool {
        let _ = name;
        false
    }
}

/// What stands between the parentheses of an option, or one value without a name.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// The option's name as written, or the name that the declaration gives to the value.
    pub name: &'a str,
    /// What is given.
    pub arguments: &'a [Argument],
    /// The place of the whole.
    pub span: Span,
    /// The option itself; `None` for a value without a name.
    pub call: Option<&'a Call>,
}

impl<'a> Given<'a> {
    /// What is given to `call`.
    pub fn of_call(call: &'a Call) -> Given<'a> {
        Given { name: &call.name.text, arguments: &call.arguments, span: call.span, call: Some(call) }
    }

    /// Values that have no name in the configuration.
    pub fn positional(name: &'a str, arguments: &'a [Argument]) -> Given<'a> {
        let span = arguments.iter().map(Argument::span).reduce(Span::to).unwrap_or_default();
        Given { name, arguments, span, call: None }
    }

    /// The same option with this argument alone.
    pub fn only(&self, argument: &'a Argument) -> Given<'a> {
        Given { arguments: std::slice::from_ref(argument), ..*self }
    }

    /// The one value given; anything else is reported, with `expected` as what it should be.
    pub fn value(&self, expected: &str, diagnostics: &mut Diagnostics) -> Option<&'a Value> {
        match self.arguments {
            [Argument::Value(value)] => Some(value),
            [Argument::Value(_), second, ..] => {
                let message = format!("{} takes one value", self.subject());
                diagnostics.push(Diagnostic::error(message, second.span()));
                None
            }
            [] => self.wrong(self.span, expected, diagnostics),
            [other, ..] => self.wrong(other.span(), expected, diagnostics),
        }
    }

    /// Reports that `expected` should stand at `span`.
    pub fn wrong<T>(&self, span: Span, expected: &str, diagnostics: &mut Diagnostics) -> Option<T> {
        let verb = if self.call.is_some() { "takes" } else { "must be" };
        diagnostics.push(Diagnostic::error(format!("{} {verb} {expected}", self.subject()), span));
        None
    }

    /// The option as a message speaks of it.
    pub fn subject(&self) -> String {
        match self.call {
            Some(_) => format!("`{}()`", self.name),
            None => format!("the {}", self.name.replace('_', "-")),
        }
    }

    /// The one number given; a string that is a number counts.
    fn number(&self, expected: &str, diagnostics: &mut Diagnostics) -> Option<(Number, Span)> {
        let value = self.value(expected, diagnostics)?;
        let found = match &value.kind {
            ValueKind::Integer(integer, _) => Some(Number::Integer(*integer)),
            ValueKind::Float(float, _) => Some(Number::Float(*float)),
            ValueKind::String(text) => number(text).and_then(Result::ok),
            ValueKind::Word(_) => None,
        };
        match found {
            Some(number) => Some((number, value.span)),
            None => self.wrong(value.span, expected, diagnostics),
        }
    }
}

impl FromArguments for bool {
    const TYPE: &'static str = "yes|no";

    fn from_arguments(given: &Given<'_>, diagnostics: &mut Diagnostics) -> Option<bool> {
        let value = given.value("`yes` or `no`", diagnostics)?;
        truth(value).or_else(|| given.wrong(value.span, "`yes` or `no`", diagnostics))
    }
}

impl FromArguments for String {
    const TYPE: &'static str = "string";

    fn from_arguments(given: &Given<'_>, diagnostics: &mut Diagnostics) -> Option<String> {
        given.value("a string", diagnostics).map(|value| value.text().to_owned())
    }
}

impl FromArguments for PathBuf {
    const TYPE: &'static str = "path";

    fn from_arguments(given: &Given<'_>, diagnostics: &mut Diagnostics) -> Option<PathBuf> {
        given.value("a path", diagnostics).map(|value| PathBuf::from(value.text()))
    }
}

impl FromArguments for f64 {
    const TYPE: &'static str = "number";

    fn from_arguments(given: &Given<'_>, diagnostics: &mut Diagnostics) -> Option<f64> {
        match given.number("a number", diagnostics)?.0 {
            Number::Integer(integer) => Some(integer as f64),
            Number::Float(float) => Some(float),
        }
    }
}

impl FromArguments for Value {
    const TYPE: &'static str = "value";

    fn from_arguments(given: &Given<'_>, diagnostics: &mut Diagnostics) -> Option<Value> {
        given.value("a value", diagnostics).cloned()
    }
}

/// The option as it is written, for drivers that read it themselves.
impl FromArguments for Call {
    const TYPE: &'static str = "…";

    fn from_arguments(given: &Given<'_>, diagnostics: &mut Diagnostics) -> Option<Call> {
        match given.call {
            Some(call) => Some(call.clone()),
            None => given.wrong(given.span, "an option", diagnostics),
        }
    }

    fn gather(given: &Given<'_>, into: &mut Vec<Call>, diagnostics: &mut Diagnostics) {
        into.extend(Call::from_arguments(given, diagnostics));
    }
}

impl FromArguments for Expr {
    const TYPE: &'static str = "filter";

    fn from_arguments(given: &Given<'_>, diagnostics: &mut Diagnostics) -> Option<Expr> {
        expr::from_arguments_at(given.arguments, given.span, diagnostics)
    }
}

/// Empty parentheses are `None`, as in `owner()`.
impl<T: FromArguments> FromArguments for Option<T> {
    const TYPE: &'static str = T::TYPE;

    fn from_arguments(given: &Given<'_>, diagnostics: &mut Diagnostics) -> Option<Option<T>> {
        match given.arguments {
            [] => Some(None),
            _ => T::from_arguments(given, diagnostics).map(Some),
        }
    }

    fn is_value_call(name: &str) -> bool {
        T::is_value_call(name)
    }
}

impl<T: FromArguments> FromArguments for Vec<T> {
    const TYPE: &'static str = T::TYPE;

    fn from_arguments(given: &Given<'_>, diagnostics: &mut Diagnostics) -> Option<Vec<T>> {
        let before = diagnostics.error_count();
        let mut values = Vec::new();
        T::gather(given, &mut values, diagnostics);
        (diagnostics.error_count() == before).then_some(values)
    }
}

/// Reads a whole number into `$type`; `$expected` is what a message asks for.
macro_rules! whole_number {
    ($($type:ty: $name:literal, $expected:literal, $from:expr;)*) => {$(
        impl FromArguments for $type {
            const TYPE: &'static str = $name;

            fn from_arguments(given: &Given<'_>, diagnostics: &mut Diagnostics) -> Option<$type> {
                let (number, span) = given.number($expected, diagnostics)?;
                let convert: fn(i64) -> Option<$type> = $from;
                let found = match number {
                    Number::Integer(integer) => convert(integer),
                    Number::Float(_) => None,
                };
                found.or_else(|| given.wrong(span, $expected, diagnostics))
            }
        }
    )*};
}

whole_number! {
    i64: "number", "a whole number", Some;
    u64: "number", "a whole number, not negative", |value| value.try_into().ok();
    u32: "number", "a whole number from 0 to 4294967295", |value| value.try_into().ok();
    u16: "number", "a whole number from 0 to 65535", |value| value.try_into().ok();
    u8: "number", "a whole number from 0 to 255", |value| value.try_into().ok();
    usize: "number", "a whole number, not negative", |value| value.try_into().ok();
    num::NonZeroU64: "positive number", "a positive whole number", |value| u64::try_from(value).ok()?.try_into().ok();
    num::NonZeroU32: "positive number", "a positive whole number", |value| u32::try_from(value).ok()?.try_into().ok();
    num::NonZeroUsize: "positive number", "a positive whole number", |value| usize::try_from(value).ok()?.try_into().ok();
}
