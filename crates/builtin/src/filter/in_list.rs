//! `in-list()`: values that stand in a file, one a line.

use std::collections::HashSet;
use std::sync::Arc;

use conf::Options;
use conf::ast::Call;
use conf::diagnostic::Diagnostic;
use conf::options::Spanned;
use message::Message;
use pipeline::{Compile, Filter, FilterSpec};

use crate::value_source::ValueSource;

pub(super) const SPEC: FilterSpec = FilterSpec { names: &["in-list"], options: InListOptions::DOCS, compile };

conf::options! {
    /// A value that stands in a file of values.
    pub struct InListOptions {
        /// The file: a value a line.
        file: Spanned<String> = positional,
        /// Name of the value that is looked up.
        value: Spanned<String> = required,
    }
}

fn compile(call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Filter>> {
    let options = InListOptions::read(call, cx.diagnostics)?;
    let value = ValueSource::named(&options.value, cx)?;
    let text = match std::fs::read(&options.file.value) {
        Ok(text) => text,
        Err(error) => {
            let message = format!("cannot read the list `{}`: {error}", options.file.value);
            cx.diagnostics.push(Diagnostic::error(message, options.file.span));
            return None;
        }
    };
    let lines = text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let list = lines.filter(|line| !line.is_empty()).map(Box::from).collect();
    Some(Arc::new(InList { value, list }))
}

struct InList {
    value: ValueSource,
    list: HashSet<Box<[u8]>>,
}

impl Filter for InList {
    fn accepts(&self, message: Message<'_>) -> bool {
        self.value.with(message, |value| self.list.contains(value))
    }
}
