//! `unset()`: removes a name-value pair.

use std::sync::Arc;

use conf::Options;
use conf::ast::Call;
use conf::options::Spanned;
use message::{Draft, Message};
use pipeline::{Compile, Rewrite, RewriteSpec};

use crate::value_source::OwnedName;

pub(super) const SPEC: RewriteSpec = RewriteSpec { names: &["unset"], options: UnsetOptions::DOCS, compile };

conf::options! {
    /// Remove a value.
    pub struct UnsetOptions {
        /// Name of the pair.
        value: Spanned<String> = required,
    }
}

fn compile(call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Rewrite>> {
    let options = UnsetOptions::read(call, cx.diagnostics)?;
    Some(Arc::new(Unset(OwnedName::writable(&options.value, cx)?)))
}

struct Unset(OwnedName);

impl Rewrite for Unset {
    fn apply<'a>(&self, _message: Message<'a>, draft: &mut Draft<'a>) {
        draft.unset(self.0.get());
    }
}
