//! Template functions, as far as they need nothing but a message, and the patterns they match with.
//!
//! Floor 1, beside the language: the daemon's templates call them, and so do those of a worker's Python code. Functions
//! that are decided by a filter, `$(if …)` and `$(grep …)`, live with the filters.
#![forbid(unsafe_code)]

pub mod context;
mod date;
mod digest;
mod format_json;
mod format_welf;
pub mod help;
mod list;
mod logic;
pub mod matcher;
pub mod matches;
mod names;
mod number;
mod pairs;
mod place;
mod system;
mod tags;
mod text;
mod url;
mod uuid;
mod value_pairs;

use std::fmt;

pub use value_pairs::ValuePairs;

use message::template::{Call, FunctionSpec, Functions, RenderScope, Template, TemplateFunction};
use message::{Message, ValueType};

/// Every template function here.
pub const FUNCTIONS: &dyn Functions = &Native;

/// The functions, in alphabetical order within each file.
const ALL: &[&[Entry]] = &[
    context::FUNCTIONS,
    date::FUNCTIONS,
    digest::FUNCTIONS,
    format_json::FUNCTIONS,
    format_welf::FUNCTIONS,
    list::FUNCTIONS,
    logic::FUNCTIONS,
    names::FUNCTIONS,
    number::FUNCTIONS,
    place::FUNCTIONS,
    system::FUNCTIONS,
    tags::FUNCTIONS,
    text::FUNCTIONS,
    url::FUNCTIONS,
    uuid::FUNCTIONS,
];

/// One function: its name, and what compiles a call of it.
pub struct Entry {
    name: &'static str,
    compile: Compile,
}

/// Compiles a call. The text of an error goes to the user.
pub type Compile = fn(&Call<'_>) -> Result<Box<dyn TemplateFunction>, String>;

/// A function, by its name.
pub const fn entry(name: &'static str, compile: Compile) -> Entry {
    Entry { name, compile }
}

/// The function of this name, if it is in the list.
pub fn find<'a>(list: &'a [Entry], name: &str) -> Option<&'a dyn FunctionSpec> {
    let found = list.iter().find(|entry| entry.name == name)?;
    Some(found)
}

struct Native;

impl Functions for Native {
    fn find(&self, name: &str) -> Option<&dyn FunctionSpec> {
        ALL.iter().find_map(|list| find(list, name))
    }
}

impl FunctionSpec for Entry {
    fn compile(&self, call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
        (self.compile)(call)
    }
}

/// A function of the texts of its arguments.
struct OfTexts<S> {
    args: Vec<Template>,
    /// What the call says besides its arguments.
    settings: S,
    apply: Apply<S>,
}

/// Writes the result for the texts of the arguments.
type Apply<S> = fn(&S, &[&[u8]], &mut Vec<u8>) -> ValueType;

impl<S> fmt::Debug for OfTexts<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.args).finish()
    }
}

/// A function of the texts of all its arguments.
fn of_texts(call: &Call<'_>, apply: Apply<()>) -> Result<Box<dyn TemplateFunction>, String> {
    of_texts_with(call, 0, (), apply)
}

/// A function of the texts of its arguments from the `skip`-th on.
fn of_texts_with<S: Send + Sync + 'static>(
    call: &Call<'_>,
    skip: usize,
    settings: S,
    apply: Apply<S>,
) -> Result<Box<dyn TemplateFunction>, String> {
    Ok(Box::new(OfTexts { args: call.templates(skip)?, settings, apply }))
}

impl<S: Send + Sync> TemplateFunction for OfTexts<S> {
    fn render(&self, message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) -> ValueType {
        let mut texts = scope.buffer();
        let mut ends = Vec::with_capacity(self.args.len());
        for arg in &self.args {
            arg.render(message, scope, &mut texts);
            ends.push(texts.len());
        }
        let mut start = 0;
        let args: Vec<&[u8]> =
            ends.iter().map(|end| &texts[std::mem::replace(&mut start, *end)..*end]).collect();
        let kind = (self.apply)(&self.settings, &args, out);
        drop(args);
        scope.give_back(texts);
        kind
    }

    fn looks_ahead(&self) -> bool {
        self.args.iter().any(Template::looks_ahead)
    }

    fn look_ahead(&self, messages: &[Message<'_>], scope: &mut RenderScope<'_>) {
        self.args.iter().for_each(|arg| arg.look_ahead(messages, scope));
    }
}

/// Refuses a call with another number of arguments.
pub fn expect(call: &Call<'_>, least: usize, most: usize) -> Result<(), String> {
    if (least..=most).contains(&call.args.len()) {
        return Ok(());
    }
    Err(format!("$({}) takes {least} to {most} arguments, not {}", call.name, call.args.len()))
}

/// Appends `args` with blanks between, each as `write` does it.
fn spaced(args: &[&[u8]], out: &mut Vec<u8>, mut write: impl FnMut(&[u8], &mut Vec<u8>)) {
    for (i, arg) in args.iter().enumerate() {
        if i > 0 {
            out.push(b' ');
        }
        write(arg, out);
    }
}

/// A whole number as people write them: decimal, or hexadecimal behind `0x`.
fn integer(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.trim();
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests;
