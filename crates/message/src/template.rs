//! Templates: text with macros, values and functions in it, compiled once and rendered per message.
//!
//! `$NAME`, `${any name}`, `${name:-default}`, `$(function args)`, `$$` for a dollar; `${name}@1` looks at the
//! message before in a correlation context. What functions there are is not known here: they come in through
//! [`Functions`].

mod ahead;
mod function;
pub mod macros;
mod parse;
mod path;
mod scope;
mod values;

use std::fmt;
use std::sync::Arc;

pub use ahead::Ahead;
pub use function::{Call, FunctionSpec, Functions, NoFunctions, TemplateFunction};
pub use macros::Macro;
pub use path::{BadPath, PATH_BYTES_MAX, render_path};
pub use scope::{RenderScope, TemplateOptions, ZoneUse};

use crate::name::{Builtin, Name};
use crate::records::Message;
use crate::value::ValueType;

/// A compiled template. Cheap to clone.
#[derive(Clone)]
pub struct Template(Arc<Compiled>);

struct Compiled {
    source: String,
    parts: Vec<Part>,
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// What is wrong.
    pub message: String,
    /// Where in the text, in bytes.
    pub position: usize,
}

#[derive(Debug, Clone)]
enum Part {
    Literal(Box<[u8]>),
    Value { value: ValuePart, tail: Option<Box<Tail>> },
    Macro { what: Macro, tail: Option<Box<Tail>> },
    Call { function: Arc<dyn TemplateFunction>, back: usize },
}

/// What may stand behind a name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Tail {
    /// Shown instead of nothing.
    default: Option<Box<[u8]>>,
    /// Messages to go back in the correlation context.
    back: usize,
}

/// A name-value pair to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
enum ValuePart {
    Builtin(Builtin),
    /// HOST or HOST_FROM, of which only the first host of a chain is shown.
    Host(Builtin),
    Custom(Box<[u8]>, u32),
}

impl ValuePart {
    #[inline]
    fn name(&self) -> Name<'_> {
        match self {
            ValuePart::Builtin(builtin) | ValuePart::Host(builtin) => Name::Builtin(*builtin),
            ValuePart::Custom(text, hash) => Name::Custom(text, *hash),
        }
    }
}

impl Template {
    /// Compiles `text`; the functions it calls are found in `functions`.
    pub fn parse(text: &str, functions: &dyn Functions) -> Result<Template, TemplateError> {
        Template::parse_at(text, functions, 0)
    }

    fn parse_at(text: &str, functions: &dyn Functions, depth: usize) -> Result<Template, TemplateError> {
        let parts = parse::parse(text, functions, depth)?;
        Ok(Template(Arc::new(Compiled { source: text.to_owned(), parts })))
    }

    /// A template that is this text, dollars and all.
    pub fn literal(text: &str) -> Template {
        let parts = if text.is_empty() { vec![] } else { vec![Part::Literal(text.as_bytes().into())] };
        Template(Arc::new(Compiled { source: text.replace('$', "$$"), parts }))
    }

    /// The text it was compiled from.
    pub fn as_str(&self) -> &str {
        &self.0.source
    }

    /// Whether it says the same for every message.
    pub fn is_constant(&self) -> bool {
        self.constant().is_some()
    }

    /// What it says for every message.
    pub fn constant(&self) -> Option<&[u8]> {
        match &self.0.parts[..] {
            [] => Some(b""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The names of macros and values it shows itself, each as often as it does; those in arguments of functions
    /// are the functions' own.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.0.parts.iter().filter_map(|part| match part {
            Part::Value { value, .. } => Some(value.name().as_bytes()),
            Part::Macro { what, .. } => Some(what.name().as_bytes()),
            Part::Literal(_) | Part::Call { .. } => None,
        })
    }

    /// Whether it calls a function.
    pub fn calls_functions(&self) -> bool {
        self.0.parts.iter().any(|part| matches!(part, Part::Call { .. }))
    }

    /// Whether it calls a function for which [`Template::look_ahead`] is worth its while.
    pub fn looks_ahead(&self) -> bool {
        let worth = |part: &Part| matches!(part, Part::Call { function, .. } if function.looks_ahead());
        self.0.parts.iter().any(worth)
    }

    /// Before it is rendered for these messages, with this scope: lets its functions see them all. Only what is
    /// rendered without a correlation context gains from it.
    pub fn look_ahead(&self, messages: &[Message<'_>], scope: &mut RenderScope<'_>) {
        for part in &self.0.parts {
            if let Part::Call { function, back: 0 } = part
                && function.looks_ahead()
            {
                function.look_ahead(messages, scope);
            }
        }
    }

    /// Appends what it says of `message` to `out`.
    #[inline]
    pub fn render(&self, message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) {
        for part in &self.0.parts {
            part.append(message, scope, out);
        }
    }

    /// Appends what it says of `message` to `out`, and tells its type: a lone macro, value or function keeps its
    /// own, everything else is a string. A lone value that is unset is null.
    pub fn render_typed(
        &self,
        message: Message<'_>,
        scope: &mut RenderScope<'_>,
        out: &mut Vec<u8>,
    ) -> ValueType {
        match &self.0.parts[..] {
            [part] => part.render(message, scope, out),
            _ => {
                self.render(message, scope, out);
                ValueType::String
            }
        }
    }
}

impl Part {
    /// What most parts are, by the shortest way; `render()` does the same and more.
    #[inline]
    fn append(&self, message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) {
        match self {
            Part::Literal(text) => out.extend_from_slice(text),
            Part::Value { value, tail: None } if scope.is_plain() => value.append(message, out),
            part => {
                part.render(message, scope, out);
            }
        }
    }

    fn render(&self, message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) -> ValueType {
        let (tail, start) = match self {
            Part::Literal(text) => {
                out.extend_from_slice(text);
                return ValueType::String;
            }
            Part::Call { function, back } => {
                return match scope.message(message, *back) {
                    Some(message) => function.render(message, scope, out),
                    None => ValueType::String,
                };
            }
            Part::Value { tail, .. } | Part::Macro { tail, .. } => (tail, out.len()),
        };
        let kind = match scope.message(message, tail.as_ref().map_or(0, |tail| tail.back)) {
            Some(message) => self.render_name(message, scope, out),
            None => ValueType::Null,
        };
        scope.escape(out, start);
        match tail.as_ref().and_then(|tail| tail.default.as_ref()) {
            Some(default) if out.len() == start => {
                out.extend_from_slice(default);
                ValueType::String
            }
            _ => kind,
        }
    }

    fn render_name(&self, message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) -> ValueType {
        match self {
            Part::Value { value, .. } => {
                value.append(message, out);
                message.get(value.name()).map_or(ValueType::Null, |(_, kind)| kind)
            }
            Part::Macro { what, .. } => what.render(message, scope, out),
            Part::Literal(_) | Part::Call { .. } => ValueType::String,
        }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Template").field(&self.as_str()).finish()
    }
}

#[cfg(test)]
mod tests;
