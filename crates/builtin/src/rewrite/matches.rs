//! `set-matches()` and `unset-matches()`: `$1` and so on.

use std::sync::Arc;

use conf::Options;
use conf::ast::Call;
use conf::options::OptionDoc;
use message::{Draft, Message, list};
use pipeline::{Compile, Rewrite, RewriteSpec};

use crate::matches;
use crate::typed_template::{TypedTemplate, TypedText};

pub(super) const SET: RewriteSpec =
    RewriteSpec { names: &["set-matches"], options: SetMatchesOptions::DOCS, compile: compile_set };
pub(super) const UNSET: RewriteSpec = RewriteSpec {
    names: &["unset-matches"],
    options: &[OptionDoc::only_about("Unset `$1`, `$2` and so on.")],
    compile: compile_unset,
};

conf::options! {
    /// Set `$1`, `$2` and so on to the elements of a list.
    pub struct SetMatchesOptions {
        /// The list; a template.
        text: TypedText = positional,
    }
}

fn compile_set(call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Rewrite>> {
    let options = SetMatchesOptions::read(call, cx.diagnostics)?;
    Some(Arc::new(SetMatches(TypedTemplate::compile(&options.text, cx)?)))
}

fn compile_unset(call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Rewrite>> {
    if !call.arguments.is_empty() {
        cx.error(call, "unset-matches() takes nothing");
        return None;
    }
    Some(Arc::new(UnsetMatches))
}

struct SetMatches(TypedTemplate);

impl Rewrite for SetMatches {
    fn apply<'a>(&self, message: Message<'a>, draft: &mut Draft<'a>) {
        let (text, _) = self.0.render(message);
        let mut number = 1;
        for element in list::elements(&text) {
            matches::set(draft, number, &element);
            number += 1;
        }
        matches::clear_from(draft, number);
    }
}

struct UnsetMatches;

impl Rewrite for UnsetMatches {
    fn apply<'a>(&self, _message: Message<'a>, draft: &mut Draft<'a>) {
        matches::clear_from(draft, 0);
    }
}
