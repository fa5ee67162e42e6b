//! Arithmetic: `$(+ 1 2)`, `$(round 1.5)`. What is no number gives `NaN`.

use message::ValueType;
use message::template::{Call, TemplateFunction};

use super::{Entry, entry, expect, integer, of_texts};

pub(super) const FUNCTIONS: &[Entry] = &[
    entry("%", |call| of_texts(call, |_, args, out| two(args, out, i64::checked_rem, |a, b| a % b))),
    entry("*", |call| of_texts(call, |_, args, out| two(args, out, wrapping_mul, |a, b| a * b))),
    entry("+", |call| of_texts(call, |_, args, out| two(args, out, wrapping_add, |a, b| a + b))),
    entry("-", |call| of_texts(call, |_, args, out| two(args, out, wrapping_sub, |a, b| a - b))),
    entry("/", |call| of_texts(call, |_, args, out| two(args, out, i64::checked_div, |a, b| a / b))),
    entry("ceil", |call| rounded(call, |number, out| write(out, Number::Whole(number.ceil() as i64)))),
    entry("floor", |call| rounded(call, |number, out| write(out, Number::Whole(number.floor() as i64)))),
    entry("round", round),
];

/// Digits behind the point that can be asked for.
const DIGITS_MAX: usize = 20;

#[derive(Clone, Copy)]
pub(super) enum Number {
    Whole(i64),
    Real(f64),
}

impl Number {
    pub(super) fn read(text: &[u8]) -> Option<Number> {
        let real =
            || std::str::from_utf8(text).ok()?.trim().parse().ok().filter(|real: &f64| real.is_finite());
        integer(text).map(Number::Whole).or_else(|| real().map(Number::Real))
    }

    pub(super) fn real(self) -> f64 {
        match self {
            Number::Whole(whole) => whole as f64,
            Number::Real(real) => real,
        }
    }
}

fn wrapping_add(a: i64, b: i64) -> Option<i64> {
    Some(a.wrapping_add(b))
}

fn wrapping_sub(a: i64, b: i64) -> Option<i64> {
    Some(a.wrapping_sub(b))
}

fn wrapping_mul(a: i64, b: i64) -> Option<i64> {
    Some(a.wrapping_mul(b))
}

fn two(
    args: &[&[u8]],
    out: &mut Vec<u8>,
    whole: fn(i64, i64) -> Option<i64>,
    real: fn(f64, f64) -> f64,
) -> ValueType {
    let result = match args {
        [a, b] => match (Number::read(a), Number::read(b)) {
            (Some(Number::Whole(a)), Some(Number::Whole(b))) => whole(a, b).map(Number::Whole),
            (Some(a), Some(b)) => Some(Number::Real(real(a.real(), b.real()))),
            _ => None,
        },
        _ => None,
    };
    match result {
        Some(result) => write(out, result),
        None => not_a_number(out),
    }
}

pub(super) fn write(out: &mut Vec<u8>, number: Number) -> ValueType {
    match number {
        Number::Whole(whole) => {
            out.extend_from_slice(whole.to_string().as_bytes());
            ValueType::Integer
        }
        Number::Real(real) if real.is_finite() => {
            out.extend_from_slice(real.to_string().as_bytes());
            ValueType::Double
        }
        Number::Real(_) => not_a_number(out),
    }
}

fn not_a_number(out: &mut Vec<u8>) -> ValueType {
    out.extend_from_slice(b"NaN");
    ValueType::Double
}

fn rounded(
    call: &Call<'_>,
    write: fn(f64, &mut Vec<u8>) -> ValueType,
) -> Result<Box<dyn TemplateFunction>, String> {
    expect(call, 1, 1)?;
    super::of_texts_with(call, 0, write, |write, args, out| match Number::read(args[0]) {
        Some(number) => write(number.real(), out),
        None => not_a_number(out),
    })
}

/// `$(round number [digits])`
fn round(call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
    expect(call, 1, 2)?;
    of_texts(call, |_, args, out| {
        let digits = args.get(1).and_then(|digits| integer(digits)).unwrap_or(0).clamp(0, DIGITS_MAX as i64);
        match Number::read(args[0]) {
            None => not_a_number(out),
            Some(number) if digits == 0 => write(out, Number::Whole(number.real().round() as i64)),
            Some(number) => {
                out.extend_from_slice(format!("{:.*}", digits as usize, number.real()).as_bytes());
                ValueType::Double
            }
        }
    })
}
