//! `groupset()` and `groupunset()`: every name-value pair whose name matches.

use std::sync::Arc;

use conf::Options;
use conf::ast::Call;
use message::{Draft, Message, Name};
use pipeline::{Compile, Rewrite, RewriteSpec};

use crate::matcher::glob_matches;
use crate::typed_template::{TypedTemplate, TypedText};

pub(super) const SET: RewriteSpec =
    RewriteSpec { names: &["groupset"], options: GroupSetOptions::DOCS, compile: compile_set };
pub(super) const UNSET: RewriteSpec =
    RewriteSpec { names: &["groupunset"], options: GroupUnsetOptions::DOCS, compile: compile_unset };

conf::options! {
    /// Set all values whose names match.
    pub struct GroupSetOptions {
        /// The value; `$_` is the old one.
        text: TypedText = positional,
        /// Globs of names.
        values: Vec<String> = repeated,
    }
}

conf::options! {
    /// Remove all values whose names match.
    pub struct GroupUnsetOptions {
        /// Globs of names.
        values: Vec<String> = repeated,
    }
}

fn compile_set(call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Rewrite>> {
    let options = GroupSetOptions::read(call, cx.diagnostics)?;
    let template = Some(TypedTemplate::compile(&options.text, cx)?);
    Some(Arc::new(Group { globs: options.values, template }))
}

fn compile_unset(call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Rewrite>> {
    let options = GroupUnsetOptions::read(call, cx.diagnostics)?;
    Some(Arc::new(Group { globs: options.values, template: None }))
}

struct Group {
    globs: Vec<String>,
    /// The new value; without, the pair is removed.
    template: Option<TypedTemplate>,
}

impl Rewrite for Group {
    fn apply<'a>(&self, message: Message<'a>, draft: &mut Draft<'a>) {
        for entry in message.pairs() {
            let name = entry.name.as_bytes();
            let is_macro = matches!(entry.name, Name::Builtin(builtin) if builtin.is_macro());
            if is_macro || !self.globs.iter().any(|glob| glob_matches(glob.as_bytes(), name, false)) {
                continue;
            }
            match &self.template {
                Some(template) => {
                    let (value, kind) = template.render_for(message, entry.value);
                    draft.set(entry.name, value, kind);
                }
                None => draft.unset(entry.name),
            }
        }
    }
}
