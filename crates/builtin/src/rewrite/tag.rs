//! `set-tag()` and `clear-tag()`.

use std::sync::Arc;

use conf::Options;
use conf::ast::Call;
use message::{Draft, Message};
use pipeline::{Compile, Rewrite, RewriteSpec};

use crate::typed_template::{TypedTemplate, TypedText};

pub(super) const SET: RewriteSpec = RewriteSpec {
    names: &["set-tag"],
    options: TagOptions::DOCS,
    compile: |call, cx| compile(Change::Set, call, cx),
};
pub(super) const CLEAR: RewriteSpec = RewriteSpec {
    names: &["clear-tag"],
    options: TagOptions::DOCS,
    compile: |call, cx| compile(Change::Clear, call, cx),
};

conf::options! {
    /// Add a tag, or take it away.
    pub struct TagOptions {
        /// The tag; a template.
        tag: TypedText = positional,
    }
}

#[derive(Clone, Copy)]
enum Change {
    Set,
    Clear,
}

fn compile(change: Change, call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Rewrite>> {
    let options = TagOptions::read(call, cx.diagnostics)?;
    let tag = TypedTemplate::compile(&options.tag, cx)?;
    Some(Arc::new(Tag { change, tag }))
}

struct Tag {
    change: Change,
    tag: TypedTemplate,
}

impl Rewrite for Tag {
    fn apply<'a>(&self, message: Message<'a>, draft: &mut Draft<'a>) {
        let (tag, _) = self.tag.render(message);
        let tag = String::from_utf8_lossy(&tag);
        if tag.is_empty() {
            return;
        }
        match self.change {
            Change::Set => draft.set_tag(&tag),
            Change::Clear => draft.clear_tag(&tag),
        }
    }
}
