//! `tags-parser()`: a list of tags.

use std::sync::Arc;

use conf::Options;
use conf::ast::Call;
use message::{Draft, Message};
use pipeline::{Compile, Matched, Parser, ParserSpec};

use super::input::{InputOptions, text};
use crate::value_source::ValueSource;

pub(super) const SPEC: ParserSpec =
    ParserSpec { names: &["tags-parser"], options: TagsParserOptions::DOCS, compile };

conf::options! {
    /// Give the message every tag of a list, such as the `$TAGS` that another daemon sent along.
    pub struct TagsParserOptions {
        /// Which text is read.
        input: InputOptions = flatten,
    }
}

fn compile(call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Parser>> {
    let options = TagsParserOptions::read(call, cx.diagnostics)?;
    Some(Arc::new(TagsParser(options.input.source(cx)?)))
}

struct TagsParser(ValueSource);

impl Parser for TagsParser {
    fn parse<'a>(&self, message: Message<'a>, draft: &mut Draft<'a>) -> Matched {
        for tag in message::list::elements(&text(&self.0, message)) {
            let tag = String::from_utf8_lossy(&tag);
            // A comma would be the end of the tag wherever tags are listed.
            if !tag.is_empty() && !tag.contains(',') {
                draft.set_tag(&tag);
            }
        }
        Matched::Yes
    }
}
