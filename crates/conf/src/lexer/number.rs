//! Numbers: decimal, `0x` hexadecimal, leading-zero octal, `k`/`M`/`G` with `i` and `b`, and decimal fractions.

/// A number as the language writes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    /// Without a dot.
    Integer(i64),
    /// With one.
    Float(f64),
}

/// The text is a number, of more than 64 bits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TooBig;

/// The number that the whole of `text` is; `None` when it is something else.
pub(crate) fn number(text: &str) -> Option<Result<Number, TooBig>> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !unsigned.as_bytes().first()?.is_ascii_digit() {
        return None;
    }
    if let Some(hexadecimal) = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X"))
        && unsigned.len() == text.len()
    {
        return scaled(hexadecimal, 16, 1);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    if let Some((whole, fraction)) = unsigned.split_once('.') {
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|digit| digit.is_ascii_digit());
        return (digits(whole) && digits(fraction))
            .then(|| text.parse::<f64>().map(Number::Float).map_err(|_| TooBig));
    }
    let digits = unsigned.bytes().take_while(u8::is_ascii_digit);
    let octal = unsigned.len() > 1 && unsigned.starts_with('0') && digits.clone().all(|digit| digit < b'8');
    if octal && digits.count() > 1 { scaled(unsigned, 8, sign) } else { scaled(unsigned, 10, sign) }
}

/// Digits, then perhaps a unit.
fn scaled(text: &str, radix: u32, sign: i64) -> Option<Result<Number, TooBig>> {
    let digits = text.bytes().take_while(|digit| (*digit as char).is_digit(radix)).count();
    if digits == 0 {
        return None;
    }
    let unit = unit(&text[digits..])?;
    let value = i64::from_str_radix(&text[..digits], radix).ok();
    Some(value.and_then(|value| (sign * value).checked_mul(unit)).map(Number::Integer).ok_or(TooBig))
}

/// What `kiB` and its like multiply by; `None` when the text is no unit.
fn unit(text: &str) -> Option<i64> {
    let lower = text.to_ascii_lowercase();
    let (power, rest) = match lower.as_bytes() {
        [] => return Some(1),
        [b'k', rest @ ..] => (1, rest),
        [b'm', rest @ ..] => (2, rest),
        [b'g', rest @ ..] => (3, rest),
        _ => return None,
    };
    match rest {
        [] | [b'b'] => Some(1000_i64.pow(power)),
        [b'i'] | [b'i', b'b'] => Some(1024_i64.pow(power)),
        _ => None,
    }
}
