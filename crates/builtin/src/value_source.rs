//! What an operation reads: a name-value pair or macro, or a template.

use conf::diagnostic::Diagnostic;
use conf::options::Spanned;
use message::syslog::SDATA_PREFIX;
use message::template::{Macro, RenderScope, Template, TemplateOptions, ZoneUse};
use message::{Message, Name};
use pipeline::Compile;

/// A name that was resolved when the configuration was read.
#[derive(Debug, Clone)]
pub(crate) struct OwnedName {
    text: Box<[u8]>,
    hash: u32,
    builtin: Option<message::Builtin>,
}

impl OwnedName {
    /// The name as it stands in the configuration.
    pub(crate) fn new(text: &str) -> OwnedName {
        match Name::new(text.as_bytes()) {
            Name::Builtin(builtin) => OwnedName { text: Box::default(), hash: 0, builtin: Some(builtin) },
            Name::Custom(text, hash) => OwnedName { text: text.into(), hash, builtin: None },
        }
    }

    /// A name that a rewrite writes to; `None` after reporting why it cannot.
    pub(crate) fn writable(name: &Spanned<String>, cx: &mut Compile<'_>) -> Option<OwnedName> {
        let plain = plain_name(name, cx);
        if Macro::find(&plain).is_some() {
            let message = format!("{plain} is read-only, it cannot be changed in rewrite rules");
            cx.diagnostics.push(Diagnostic::error(message, name.span));
            return None;
        }
        if plain.starts_with(SDATA_PREFIX) && plain.bytes().filter(|byte| *byte == b'.').count() < 3 {
            let message = "the name of structured data is `.SDATA.ID.PARAMETER`";
            cx.diagnostics.push(Diagnostic::error(message, name.span));
            return None;
        }
        Some(OwnedName::new(&plain))
    }

    /// The same for a look-up.
    #[inline]
    pub(crate) fn get(&self) -> Name<'_> {
        match self.builtin {
            Some(builtin) => Name::Builtin(builtin),
            None => Name::Custom(&self.text, self.hash),
        }
    }
}

/// See the module's text.
#[derive(Debug, Clone)]
pub(crate) enum ValueSource {
    /// A pair.
    Pair(OwnedName),
    /// Text made of the message.
    Template(Template, Box<TemplateOptions>),
}

impl ValueSource {
    /// `value("NAME")`; `value("$NAME")` is the same, with a warning.
    pub(crate) fn named(name: &Spanned<String>, cx: &mut Compile<'_>) -> Option<ValueSource> {
        let plain = plain_name(name, cx);
        if Macro::find(&plain).is_some() {
            return ValueSource::template(&format!("${{{plain}}}"), name.span, cx);
        }
        Some(ValueSource::Pair(OwnedName::new(&plain)))
    }

    fn template(text: &str, span: conf::Span, cx: &mut Compile<'_>) -> Option<ValueSource> {
        let value = conf::ast::Value { kind: conf::ast::ValueKind::String(text.to_owned()), span };
        let options = crate::options::template_options(cx)?;
        cx.parse_template(&value).map(|template| ValueSource::Template(template, Box::new(options)))
    }

    /// What it says of `message`, handed to `look`.
    #[inline]
    pub(crate) fn with<T>(&self, message: Message<'_>, look: impl FnOnce(&[u8]) -> T) -> T {
        match self {
            ValueSource::Pair(name) => look(message.get(name.get()).map_or(&b""[..], |(value, _)| value)),
            ValueSource::Template(template, options) => {
                let mut scope = RenderScope::new(options, ZoneUse::Local);
                let mut text = scope.buffer();
                template.render(message, &mut scope, &mut text);
                look(&text)
            }
        }
    }
}

/// The name in `value("NAME")`; a dollar before it is taken off, with a warning.
pub(crate) fn plain_name(name: &Spanned<String>, cx: &mut Compile<'_>) -> String {
    let Some(rest) = name.value.strip_prefix('$') else { return name.value.clone() };
    let message = "value() takes a name, not a macro: the `$` is left out";
    cx.diagnostics.push(Diagnostic::warning(message, name.span));
    rest.trim_start_matches('{').trim_end_matches('}').to_owned()
}
