//! What every parser of text is told: which text, and where its values go.

use conf::ast::Value;
use message::{Draft, Message, Name, ValueType};
use pipeline::Compile;

use crate::options::NoEffect;
use crate::value_source::{OwnedName, ValueSource};

conf::options! {
    /// Which text a parser reads.
    pub struct InputOptions {
        /// What is read; the text of the message where nothing is said.
        template: Value = inherit,
        /// Hide the parser from statistics.
        internal: NoEffect = inherit,
    }
}

impl InputOptions {
    /// The text to be read; `None` after reporting what is wrong with its template.
    pub(super) fn source(&self, cx: &mut Compile<'_>) -> Option<ValueSource> {
        let Some(template) = &self.template else {
            return Some(ValueSource::Pair(OwnedName::new("MESSAGE")));
        };
        let template = cx.template(template)?;
        Some(ValueSource::Template(template, Box::new(crate::options::template_options(cx)?)))
    }
}

/// Writes values under names that all begin alike.
pub(super) struct Prefix(Vec<u8>);

impl Prefix {
    pub(super) fn new(prefix: Option<String>) -> Prefix {
        Prefix(prefix.unwrap_or_default().into_bytes())
    }

    /// Sets `key`, behind the prefix. A key that is empty, too long for a name, or one of a macro is not stored: what
    /// a message says must not change where it came from.
    pub(super) fn set(&self, draft: &mut Draft<'_>, key: &[u8], value: Vec<u8>, kind: ValueType) {
        let prefixed;
        let name = match &self.0[..] {
            [] => Name::new(key),
            prefix => {
                prefixed = [prefix, key].concat();
                Name::new(&prefixed)
            }
        };
        let is_macro = matches!(name, Name::Builtin(builtin) if builtin.is_macro());
        if !key.is_empty() && !is_macro {
            draft.set(name, value, kind);
        }
    }
}

/// The text that `source` says of `message`, as bytes of its own.
pub(super) fn text(source: &ValueSource, message: Message<'_>) -> Vec<u8> {
    source.with(message, <[u8]>::to_vec)
}
