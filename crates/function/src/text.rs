//! Functions of text.

use message::ValueType;
use message::template::{Call, TemplateFunction};

use super::{Entry, entry, expect, integer, of_texts, of_texts_with, spaced};

pub(super) const FUNCTIONS: &[Entry] = &[
    entry("base64-encode", |call| of_texts(call, base64_encode)),
    entry("binary", binary),
    entry("echo", |call| of_texts(call, echo)),
    entry("indent-multi-line", |call| of_texts(call, indent)),
    entry("length", |call| of_texts(call, length)),
    entry("lowercase", |call| of_texts(call, lowercase)),
    entry("padding", padding),
    entry("replace-delimiter", replace_delimiter),
    entry("sanitize", sanitize),
    entry("strip", |call| of_texts(call, strip)),
    entry("substr", substr),
    entry("uppercase", |call| of_texts(call, uppercase)),
];

/// Bytes that a padding may have.
const PADDING_BYTES_MAX: usize = 65_536;

fn echo(_: &(), args: &[&[u8]], out: &mut Vec<u8>) -> ValueType {
    spaced(args, out, |arg, out| out.extend_from_slice(arg));
    ValueType::String
}

fn length(_: &(), args: &[&[u8]], out: &mut Vec<u8>) -> ValueType {
    spaced(args, out, |arg, out| out.extend_from_slice(arg.len().to_string().as_bytes()));
    if args.len() == 1 { ValueType::Integer } else { ValueType::String }
}

fn strip(_: &(), args: &[&[u8]], out: &mut Vec<u8>) -> ValueType {
    spaced(args, out, |arg, out| out.extend_from_slice(arg.trim_ascii()));
    ValueType::String
}

/// Text changes its case by Unicode's rules; bytes that are no text, by those of ASCII.
fn lowercase(_: &(), args: &[&[u8]], out: &mut Vec<u8>) -> ValueType {
    spaced(args, out, |arg, out| match std::str::from_utf8(arg) {
        Ok(text) => out.extend_from_slice(text.to_lowercase().as_bytes()),
        Err(_) => out.extend_from_slice(&arg.to_ascii_lowercase()),
    });
    ValueType::String
}

fn uppercase(_: &(), args: &[&[u8]], out: &mut Vec<u8>) -> ValueType {
    spaced(args, out, |arg, out| match std::str::from_utf8(arg) {
        Ok(text) => out.extend_from_slice(text.to_uppercase().as_bytes()),
        Err(_) => out.extend_from_slice(&arg.to_ascii_uppercase()),
    });
    ValueType::String
}

fn indent(_: &(), args: &[&[u8]], out: &mut Vec<u8>) -> ValueType {
    spaced(args, out, |arg, out| {
        for byte in arg {
            out.push(*byte);
            if *byte == b'\n' {
                out.push(b'\t');
            }
        }
    });
    ValueType::String
}

fn base64_encode(_: &(), args: &[&[u8]], out: &mut Vec<u8>) -> ValueType {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for triple in args.concat().chunks(3) {
        let byte = |i: usize| u32::from(triple.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= triple.len() { digit } else { b'=' });
        }
    }
    ValueType::String
}

/// `$(substr text offset [length])`; what is negative counts from the end.
fn substr(call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
    expect(call, 2, 3)?;
    of_texts(call, |_, args, out| {
        let text = args[0];
        let len = text.len() as i64;
        let from_end = |at: i64| if at < 0 { (len + at).max(0) } else { at.min(len) };
        let start = from_end(integer(args[1]).unwrap_or(0));
        let end = match args.get(2).map(|arg| integer(arg)) {
            None => len,
            Some(count) => match count.unwrap_or(0) {
                back @ ..0 => (len + back).max(start),
                count => start.saturating_add(count).min(len),
            },
        };
        out.extend_from_slice(&text[start as usize..end as usize]);
        ValueType::String
    })
}

/// `$(padding text width [filling])`
fn padding(call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
    expect(call, 2, 3)?;
    let width: usize = call.args[1].parse().map_err(|_| format!("`{}` is no width", call.args[1]))?;
    if width > PADDING_BYTES_MAX {
        return Err(format!("$(padding) is at most {PADDING_BYTES_MAX} wide"));
    }
    let filling = match call.args.get(2).map(String::as_str) {
        None | Some("") => " ".to_owned(),
        Some(filling) => filling.to_owned(),
    };
    let args = vec![call.template(&call.args[0])?];
    Ok(Box::new(super::OfTexts {
        args,
        settings: (width, filling),
        apply: |(width, filling), args, out| {
            let missing = width.saturating_sub(args[0].len());
            out.extend(filling.bytes().cycle().take(missing));
            out.extend_from_slice(args[0]);
            ValueType::String
        },
    }))
}

/// `$(replace-delimiter "\t," "|" text)`: each byte of the first becomes the second.
fn replace_delimiter(call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
    expect(call, 3, 3)?;
    let old = call.args[0].replace("\\t", "\t").into_bytes();
    let &[new] = call.args[1].as_bytes() else {
        return Err("the new delimiter is one character".to_owned());
    };
    of_texts_with(call, 2, (old, new), |(old, new), args, out| {
        out.extend(args[0].iter().map(|byte| if old.contains(byte) { *new } else { *byte }));
        ValueType::String
    })
}

/// `$(binary 65 0x42 0103)`: bytes by their numbers.
fn binary(call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
    let mut bytes = Vec::new();
    for arg in &call.args {
        let number = match arg.strip_prefix("0x") {
            Some(digits) => u8::from_str_radix(digits, 16),
            None if arg.len() > 1 && arg.starts_with('0') => u8::from_str_radix(arg, 8),
            None => arg.parse(),
        };
        bytes.push(number.map_err(|_| format!("`{arg}` is no byte"))?);
    }
    of_texts_with(call, call.args.len(), bytes, |bytes, _, out| {
        out.extend_from_slice(bytes);
        ValueType::Bytes
    })
}

/// What `$(sanitize)` replaces, and by what.
struct Sanitizing {
    invalid: Vec<u8>,
    control: bool,
    replacement: Vec<u8>,
}

/// `$(sanitize [--ctrl-chars|--no-ctrl-chars] [--invalid-chars LIST] [--replacement TEXT] text …)`
fn sanitize(call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
    let mut settings = Sanitizing { invalid: b"/".to_vec(), control: true, replacement: b"_".to_vec() };
    let mut skip = 0;
    while let Some(option) = call.args.get(skip).filter(|arg| arg.starts_with('-') && arg.len() > 1) {
        let value = || call.args.get(skip + 1).cloned().ok_or_else(|| format!("`{option}` wants a value"));
        skip += match option.as_str() {
            "-c" | "--ctrl-chars" => {
                settings.control = true;
                1
            }
            "-C" | "--no-ctrl-chars" => {
                settings.control = false;
                1
            }
            "-i" | "--invalid-chars" => {
                settings.invalid = value()?.into_bytes();
                2
            }
            "-r" | "--replacement" => {
                settings.replacement = value()?.into_bytes();
                2
            }
            other => return Err(format!("$(sanitize) has no option `{other}`")),
        };
    }
    of_texts_with(call, skip, settings, |settings, args, out| {
        for (i, arg) in args.iter().enumerate() {
            if i > 0 {
                out.push(b'/');
            }
            for byte in *arg {
                let control = settings.control && byte.is_ascii_control();
                if control || settings.invalid.contains(byte) {
                    out.extend_from_slice(&settings.replacement);
                } else {
                    out.push(*byte);
                }
            }
        }
        ValueType::String
    })
}
