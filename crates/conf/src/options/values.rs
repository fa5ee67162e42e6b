//! Types of values that many options share.

use std::time::Duration;

use super::{FromArguments, Given};
use crate::{
    ast::{Argument, Value},
    diagnostic::Diagnostics,
    span::Span,
};

/// A time in seconds, parts of them included; never negative, never infinite.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Seconds(f64);

/// Permissions of a file: the octal digits of `perm(0640)`, or `None` for `perm()`, which leaves them alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permissions(pub Option<u32>);

/// A value with its place, for mistakes that show only later.
#[derive(Debug, Clone, PartialEq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands; a span in no file for a default.
    pub span: Span,
}

/// The longest time that can be given, some thirty thousand years: beyond it a `Duration` overflows.
const SECONDS_MAX: f64 = 1e12;

impl Seconds {
    /// This many whole seconds.
    pub const fn new(seconds: u32) -> Seconds {
        Seconds(seconds as f64)
    }

    /// The same time for the clock.
    pub fn duration(self) -> Duration {
        Duration::from_secs_f64(self.0)
    }

    /// The same time as a number.
    pub fn as_f64(self) -> f64 {
        self.0
    }
}

impl FromArguments for Seconds {
    const TYPE: &'static str = "seconds";

    fn from_arguments(given: &Given<'_>, diagnostics: &mut Diagnostics) -> Option<Seconds> {
        let seconds = f64::from_arguments(given, diagnostics)?;
        if (0.0..=SECONDS_MAX).contains(&seconds) {
            return Some(Seconds(seconds));
        }
        given.wrong(given.span, "a number of seconds, not negative", diagnostics)
    }
}

impl FromArguments for Permissions {
    const TYPE: &'static str = "octal number";

    fn from_arguments(given: &Given<'_>, diagnostics: &mut Diagnostics) -> Option<Permissions> {
        let expected = "permissions such as `0640`";
        let [Argument::Value(Value { span, .. })] = given.arguments else {
            return Option::<u32>::from_arguments(given, diagnostics).map(Permissions);
        };
        // `-1` is how old configurations say "leave them alone".
        match i64::from_arguments(given, diagnostics)? {
            -1 => Some(Permissions(None)),
            bits @ 0..=0o7777 => Some(Permissions(Some(bits as u32))),
            _ => given.wrong(*span, expected, diagnostics),
        }
    }
}

impl<T> Spanned<T> {
    /// `value`, which is written nowhere.
    pub fn synthetic(value: T) -> Spanned<T> {
        Spanned { value, span: Span::default() }
    }
}

impl<T: FromArguments> FromArguments for Spanned<T> {
    const TYPE: &'static str = T::TYPE;

    fn from_arguments(given: &Given<'_>, diagnostics: &mut Diagnostics) -> Option<Spanned<T>> {
        let place = given.arguments.iter().map(Argument::span).reduce(Span::to);
        let span = place.unwrap_or(given.span);
        T::from_arguments(given, diagnostics).map(|value| Spanned { value, span })
    }

    fn is_value_call(name: &str) -> bool {
        T::is_value_call(name)
    }
}
