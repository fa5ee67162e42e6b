//! `rename()`: gives a name-value pair another name.

use std::sync::Arc;

use conf::Options;
use conf::ast::Call;
use conf::options::Spanned;
use message::{Draft, Message};
use pipeline::{Compile, Rewrite, RewriteSpec};

use crate::value_source::OwnedName;

pub(super) const SPEC: RewriteSpec =
    RewriteSpec { names: &["rename"], options: RenameOptions::DOCS, compile };

conf::options! {
    /// Give a value another name.
    pub struct RenameOptions {
        /// The name it has.
        from: Spanned<String> = positional,
        /// The name it gets.
        to: Spanned<String> = positional,
    }
}

fn compile(call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Rewrite>> {
    let options = RenameOptions::read(call, cx.diagnostics)?;
    let (from, to) = (OwnedName::writable(&options.from, cx), OwnedName::writable(&options.to, cx));
    Some(Arc::new(Rename { from: from?, to: to? }))
}

struct Rename {
    from: OwnedName,
    to: OwnedName,
}

impl Rewrite for Rename {
    fn apply<'a>(&self, _message: Message<'a>, draft: &mut Draft<'a>) {
        let Some((value, kind)) = draft.get(self.from.get()) else { return };
        let value = value.to_vec();
        draft.unset(self.from.get());
        draft.set(self.to.get(), value, kind);
    }
}
