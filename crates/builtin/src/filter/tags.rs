//! `tags()`: messages that have one of some tags.

use std::sync::Arc;

use conf::Options;
use conf::ast::Call;
use message::Message;
use pipeline::{Compile, Filter, FilterSpec};

pub(super) const SPEC: FilterSpec = FilterSpec { names: &["tags"], options: TagsOptions::DOCS, compile };

conf::options! {
    /// A message that has one of these tags.
    pub struct TagsOptions {
        /// The tags.
        tags: Vec<String> = rest,
    }
}

fn compile(call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Filter>> {
    let options = TagsOptions::read(call, cx.diagnostics)?;
    if options.tags.is_empty() {
        cx.error(call, "tags() needs a tag");
        return None;
    }
    Some(Arc::new(Tags(options.tags)))
}

struct Tags(Vec<String>);

impl Filter for Tags {
    fn accepts(&self, message: Message<'_>) -> bool {
        message.tags().any(|tag| self.0.iter().any(|wanted| wanted.as_bytes() == tag))
    }
}
