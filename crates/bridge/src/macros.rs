//! Macros as a message's own methods read them.

use std::sync::OnceLock;

use message::{
    Builtin, Name, RenderScope, TemplateOptions, ValueType, ZoneUse,
    template::{Macro, macros},
};

use crate::log_message::Body;

/// The names of all macros, in the order of their table.
pub(crate) fn names() -> impl Iterator<Item = &'static [u8]> {
    static NAMES: OnceLock<Vec<String>> = OnceLock::new();
    NAMES.get_or_init(|| macros::names().collect()).iter().map(String::as_bytes)
}

/// Whether a name is one that is computed and not stored.
pub(crate) fn is_macro(name: Name<'_>) -> bool {
    match name {
        Name::Builtin(builtin) => builtin.is_macro(),
        Name::Custom(text, _) => find(text).is_some(),
    }
}

fn find(name: &[u8]) -> Option<Macro> {
    // No macro's name has a small letter, and most names of pairs do.
    if name.iter().any(u8::is_ascii_lowercase) {
        return None;
    }
    std::str::from_utf8(name).ok().and_then(Macro::find)
}

/// What a macro, or a value that only the flags of a record name, says of this message.
pub(crate) fn value(body: &Body, name: Name<'_>) -> Option<(Vec<u8>, ValueType)> {
    if name == Name::Builtin(Builtin::Msgformat) {
        return body.flags().format().map(|format| (format.to_vec(), ValueType::String));
    }
    let what = find(name.as_bytes())?;
    let mut text = Vec::new();
    let options = template_options();
    let mut scope = RenderScope::new(options, ZoneUse::Send);
    let kind = body.with_message(|message| what.render(message, &mut scope, &mut text));
    Some((text, kind))
}

/// The layout in which a source sees its own messages: the defaults.
fn template_options() -> &'static TemplateOptions {
    static OPTIONS: OnceLock<TemplateOptions> = OnceLock::new();
    OPTIONS.get_or_init(TemplateOptions::default)
}
