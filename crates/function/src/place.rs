//! Functions of file names and of the machine.

use std::net::Ipv4Addr;

use message::ValueType;
use message::template::{Call, TemplateFunction};

use super::{Entry, entry, expect, of_texts, of_texts_with};

pub(super) const FUNCTIONS: &[Entry] = &[
    entry("basename", |call| one(call, basename)),
    entry("dirname", |call| one(call, dirname)),
    entry("env", env),
    entry("ipv4-to-int", |call| of_texts(call, ipv4_to_int)),
];

fn one(call: &Call<'_>, apply: super::Apply<()>) -> Result<Box<dyn TemplateFunction>, String> {
    expect(call, 1, 1)?;
    of_texts(call, apply)
}

fn basename(_: &(), args: &[&[u8]], out: &mut Vec<u8>) -> ValueType {
    let path = trimmed(args[0]);
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    out.extend_from_slice(match (name, path) {
        (b"", b"") => b".",
        (b"", _) => b"/",
        (name, _) => name,
    });
    ValueType::String
}

fn dirname(_: &(), args: &[&[u8]], out: &mut Vec<u8>) -> ValueType {
    let path = trimmed(args[0]);
    match path.iter().rposition(|byte| *byte == b'/') {
        None => out.push(b'.'),
        Some(0) => out.push(b'/'),
        Some(at) => out.extend_from_slice(&path[..at]),
    }
    ValueType::String
}

/// Without slashes at its end, unless it is nothing else.
fn trimmed(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|byte| *byte != b'/') {
        Some(last) => &path[..=last],
        None => &path[..path.len().min(1)],
    }
}

/// `$(env NAME)`: a variable of the daemon's environment, as it was when the configuration was read.
fn env(call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
    let values: Vec<String> = call.args.iter().map(|name| std::env::var(name).unwrap_or_default()).collect();
    of_texts_with(call, call.args.len(), values.join(" "), |value, _, out| {
        out.extend_from_slice(value.as_bytes());
        ValueType::String
    })
}

fn ipv4_to_int(_: &(), args: &[&[u8]], out: &mut Vec<u8>) -> ValueType {
    let numbers: Vec<String> = args
        .iter()
        .map(|arg| std::str::from_utf8(arg).ok().and_then(|text| text.parse::<Ipv4Addr>().ok()))
        .map(|address| address.map_or_else(String::new, |address| address.to_bits().to_string()))
        .collect();
    out.extend_from_slice(numbers.join(",").as_bytes());
    ValueType::Integer
}
