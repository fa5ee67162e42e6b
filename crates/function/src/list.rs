//! Functions of lists.

use std::borrow::Cow;

use message::template::{Call, TemplateFunction};
use message::{ValueType, list};

use super::{Entry, entry, expect, integer, of_texts, of_texts_with};
use crate::matcher::{Flags, Kind, Matcher};

pub(super) const FUNCTIONS: &[Entry] = &[
    entry("explode", explode),
    entry("implode", implode),
    entry("list-append", list_append),
    entry("list-concat", |call| of_texts(call, list_concat)),
    entry("list-count", |call| of_texts(call, list_count)),
    entry("list-head", |call| of_texts(call, |_, args, out| nth(args, 0, out))),
    entry("list-nth", list_nth),
    entry("list-search", list_search),
    entry("list-slice", list_slice),
    entry("list-tail", |call| of_texts(call, |_, args, out| slice(args, Some(1), None, out))),
];

fn elements<'a>(args: &[&'a [u8]]) -> Vec<Cow<'a, [u8]>> {
    args.iter().flat_map(|arg| list::elements(arg)).collect()
}

fn write<'a>(elements: impl IntoIterator<Item = &'a [u8]>, out: &mut Vec<u8>) -> ValueType {
    out.extend(list::join(elements));
    ValueType::List
}

/// `$(explode separator text …)`: the parts of texts as a list.
fn explode(call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
    let separator = separator(call)?;
    of_texts_with(call, 1, separator, |separator, args, out| {
        let mut parts: Vec<&[u8]> = Vec::new();
        for arg in args {
            let mut rest = *arg;
            while let Some(at) = memchr::memmem::find(rest, separator) {
                parts.push(&rest[..at]);
                rest = &rest[at + separator.len()..];
            }
            parts.push(rest);
        }
        write(parts, out)
    })
}

/// `$(implode separator list …)`: the elements with the separator between.
fn implode(call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
    let separator = separator(call)?;
    of_texts_with(call, 1, separator, |separator, args, out| {
        out.extend_from_slice(&elements(args).join(&separator[..]));
        ValueType::String
    })
}

fn separator(call: &Call<'_>) -> Result<Vec<u8>, String> {
    match call.args.first() {
        Some(separator) if !separator.is_empty() => Ok(separator.clone().into_bytes()),
        _ => Err(format!("$({}) needs a separator", call.name)),
    }
}

fn list_concat(_: &(), args: &[&[u8]], out: &mut Vec<u8>) -> ValueType {
    write(elements(args).iter().map(|element| &element[..]), out)
}

/// `$(list-append list element …)`
fn list_append(call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
    of_texts(call, |_, args, out| {
        let Some((first, more)) = args.split_first() else { return ValueType::List };
        let own = elements(&[first]);
        write(own.iter().map(|element| &element[..]).chain(more.iter().copied()), out)
    })
}

fn list_count(_: &(), args: &[&[u8]], out: &mut Vec<u8>) -> ValueType {
    out.extend_from_slice(elements(args).len().to_string().as_bytes());
    ValueType::Integer
}

/// An index, from the end where it is negative.
fn place(index: i64, len: usize) -> Option<usize> {
    let index = if index < 0 { len as i64 + index } else { index };
    usize::try_from(index).ok()
}

fn nth(args: &[&[u8]], index: i64, out: &mut Vec<u8>) -> ValueType {
    let elements = elements(args);
    if let Some(element) = place(index, elements.len()).and_then(|index| elements.get(index)) {
        out.extend_from_slice(element);
    }
    ValueType::String
}

/// `$(list-nth index list …)`
fn list_nth(call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
    let index = call.args.first().and_then(|index| integer(index.as_bytes()));
    let index = index.ok_or_else(|| "$(list-nth) needs an index".to_owned())?;
    of_texts_with(call, 1, index, |index, args, out| nth(args, *index, out))
}

/// `$(list-slice from:to list …)`
fn list_slice(call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
    let wrong = || "$(list-slice) needs a range such as 1:3".to_owned();
    let (from, to) = call.args.first().and_then(|range| range.split_once(':')).ok_or_else(wrong)?;
    let bound = |text: &str| match text {
        "" => Ok(None),
        text => integer(text.as_bytes()).map(Some).ok_or_else(wrong),
    };
    of_texts_with(call, 1, (bound(from)?, bound(to)?), |(from, to), args, out| slice(args, *from, *to, out))
}

fn slice(args: &[&[u8]], from: Option<i64>, to: Option<i64>, out: &mut Vec<u8>) -> ValueType {
    let elements = elements(args);
    let bound = |bound: Option<i64>, default: usize| {
        bound.map_or(default, |bound| place(bound, elements.len()).unwrap_or(0).min(elements.len()))
    };
    let (from, to) = (bound(from, 0), bound(to, elements.len()));
    write(elements.get(from..to).unwrap_or_default().iter().map(|element| &element[..]), out)
}

/// What `$(list-search)` looks for.
struct Search {
    matcher: Matcher,
    start: usize,
}

/// `$(list-search [--mode literal|prefix|substring|glob|pcre] [--start-index n] pattern list …)`
fn list_search(call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
    let (mut kind, mut flags) = (Kind::String, Flags::default());
    let (mut skip, mut start) = (0, 0);
    while let Some(option) = call.args.get(skip).filter(|arg| arg.starts_with("--")) {
        let value = call.args.get(skip + 1).ok_or_else(|| format!("`{option}` wants a value"))?;
        match (option.as_str(), value.as_str()) {
            ("--mode", "literal") => {}
            ("--mode", "prefix") => flags.prefix = true,
            ("--mode", "substring") => flags.substring = true,
            ("--mode", "glob") => kind = Kind::Glob,
            ("--mode", "pcre") => kind = Kind::Pcre,
            ("--start-index", index) => {
                start = index.parse().map_err(|_| format!("`{index}` is no index"))?
            }
            _ => return Err(format!("$(list-search) does not take `{option} {value}`")),
        }
        skip += 2;
    }
    let pattern = call.args.get(skip).ok_or_else(|| "$(list-search) needs a pattern".to_owned())?;
    expect(call, skip + 1, usize::MAX)?;
    let matcher = Matcher::new(pattern, kind, flags).map_err(|error| error.to_string())?;
    of_texts_with(call, skip + 1, Search { matcher, start }, |search, args, out| {
        let elements = elements(args);
        let found = elements.iter().skip(search.start).position(|element| search.matcher.matches(element));
        if let Some(found) = found {
            out.extend_from_slice((search.start + found).to_string().as_bytes());
        }
        ValueType::Integer
    })
}
