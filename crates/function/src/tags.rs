//! `$(tag name yes no)` and `$(tags-head names)`.

use std::fmt;

use message::template::{Call, RenderScope, Template, TemplateFunction};
use message::{Message, ValueType};

use super::{Entry, entry, expect};

pub(super) const FUNCTIONS: &[Entry] = &[entry("tag", tag), entry("tags-head", tags_head)];

fn tag(call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
    expect(call, 1, 3)?;
    let text = |index: usize, default: &str| match call.args.get(index) {
        Some(text) => call.template(text),
        None => Ok(Template::literal(default)),
    };
    Ok(Box::new(Tag { name: call.args[0].clone(), yes: text(1, "1")?, no: text(2, "0")? }))
}

#[derive(Debug)]
struct Tag {
    name: String,
    yes: Template,
    no: Template,
}

impl TemplateFunction for Tag {
    fn render(&self, message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) -> ValueType {
        let set = message.tags().any(|tag| tag == self.name.as_bytes());
        if set { &self.yes } else { &self.no }.render_typed(message, scope, out)
    }
}

/// The first of the tags given that the message has.
fn tags_head(call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
    Ok(Box::new(TagsHead(call.args.clone())))
}

struct TagsHead(Vec<String>);

impl fmt::Debug for TagsHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TagsHead").field(&self.0).finish()
    }
}

impl TemplateFunction for TagsHead {
    fn render(&self, message: Message<'_>, _scope: &mut RenderScope<'_>, out: &mut Vec<u8>) -> ValueType {
        let head = self.0.iter().find(|name| message.tags().any(|tag| tag == name.as_bytes()));
        out.extend_from_slice(head.map_or(b"", |name| name.as_bytes()));
        ValueType::String
    }
}
