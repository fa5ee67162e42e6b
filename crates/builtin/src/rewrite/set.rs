//! `set()`: gives a name-value pair a value.

use std::sync::Arc;

use conf::Options;
use conf::ast::Call;
use conf::options::Spanned;
use message::{Draft, Message};
use pipeline::{Compile, Rewrite, RewriteSpec};

use crate::typed_template::{TypedTemplate, TypedText};
use crate::value_source::OwnedName;

pub(super) const SPEC: RewriteSpec = RewriteSpec { names: &["set"], options: SetOptions::DOCS, compile };

conf::options! {
    /// Set a value.
    pub struct SetOptions {
        /// The value: a template, a number, or a template with a type, such as `int("$N")`.
        text: TypedText = positional,
        /// Name of the pair.
        value: Spanned<String> = required,
    }
}

fn compile(call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Rewrite>> {
    let options = SetOptions::read(call, cx.diagnostics)?;
    let name = OwnedName::writable(&options.value, cx);
    let template = TypedTemplate::compile(&options.text, cx)?;
    Some(Arc::new(Set { name: name?, template }))
}

struct Set {
    name: OwnedName,
    template: TypedTemplate,
}

impl Rewrite for Set {
    fn apply<'a>(&self, message: Message<'a>, draft: &mut Draft<'a>) {
        let (value, kind) = self.template.render(message);
        draft.set(self.name.get(), value, kind);
    }
}
