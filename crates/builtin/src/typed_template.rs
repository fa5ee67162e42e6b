//! Templates that may say what type their text has: `int("$N")`.

use conf::ast::{Argument, Call, Value};
use conf::diagnostic::Diagnostics;
use conf::options::{FromArguments, Given};
use message::template::{RenderScope, Template, TemplateOptions, ZoneUse};
use message::{Message, ValueType};
use pipeline::Compile;
use pipeline::compare::literal_kind;

/// A typed template as it is written.
#[derive(Debug, Clone)]
pub(crate) struct TypedText {
    value: Value,
    kind: Option<ValueType>,
}

impl FromArguments for TypedText {
    const TYPE: &'static str = "template";

    fn from_arguments(given: &Given<'_>, diagnostics: &mut Diagnostics) -> Option<TypedText> {
        match given.arguments {
            [Argument::Value(value)] => Some(TypedText { value: value.clone(), kind: literal_kind(value) }),
            [Argument::Call(Call { name, arguments, .. })]
                if let Some(kind) = ValueType::from_hint(&name.text) =>
            {
                let [Argument::Value(value)] = &arguments[..] else {
                    return given.wrong(
                        given.span,
                        "a type with one template, such as `int(\"$N\")`",
                        diagnostics,
                    );
                };
                Some(TypedText { value: value.clone(), kind: Some(kind) })
            }
            _ => given.wrong(given.span, "a template", diagnostics),
        }
    }

    fn is_value_call(name: &str) -> bool {
        ValueType::from_hint(name).is_some()
    }
}

/// The same, compiled.
#[derive(Debug, Clone)]
pub(crate) struct TypedTemplate {
    template: Template,
    kind: Option<ValueType>,
    options: TemplateOptions,
}

impl TypedTemplate {
    /// Compiles it; `None` after reporting what is wrong.
    pub(crate) fn compile(text: &TypedText, cx: &mut Compile<'_>) -> Option<TypedTemplate> {
        let template = cx.template(&text.value)?;
        Some(TypedTemplate { template, kind: text.kind, options: crate::options::template_options(cx)? })
    }

    /// Compiles a text that is always the template itself, and never the name of one.
    pub(crate) fn inline(text: &Value, cx: &mut Compile<'_>) -> Option<TypedTemplate> {
        let template = cx.parse_template(text)?;
        Some(TypedTemplate { template, kind: None, options: crate::options::template_options(cx)? })
    }

    /// Whether it says the same for every message.
    pub(crate) fn is_constant(&self) -> bool {
        self.template.is_constant()
    }

    /// What it says of `message`, with its type.
    pub(crate) fn render(&self, message: Message<'_>) -> (Vec<u8>, ValueType) {
        self.render_for(message, b"")
    }

    /// The same, with `item` as `$_`.
    pub(crate) fn render_for(&self, message: Message<'_>, item: &[u8]) -> (Vec<u8>, ValueType) {
        let mut scope = RenderScope::new(&self.options, ZoneUse::Local);
        scope.item.extend_from_slice(item);
        let mut text = Vec::new();
        let own = self.template.render_typed(message, &mut scope, &mut text);
        let kind = self.kind.unwrap_or(own);
        if kind == ValueType::Null {
            text.clear();
        }
        (text, kind)
    }
}
