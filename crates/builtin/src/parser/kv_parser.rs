//! `kv-parser()`: `key=value` texts.

use std::sync::Arc;

use conf::Options;
use conf::ast::Call;
use conf::diagnostic::Diagnostic;
use conf::options::Spanned;
use message::{Draft, Message, Name, ValueType};
use pipeline::{Compile, Matched, Parser, ParserSpec};

use super::input::{InputOptions, Prefix, text};
use super::kv::{self, Syntax};
use crate::value_source::{OwnedName, ValueSource};

pub(super) const SPEC: ParserSpec = ParserSpec { names: &["kv-parser"], options: KvOptions::DOCS, compile };

conf::options! {
    /// Read pairs of a key and a value: `user=root, tty="pts 1"`.
    ///
    /// A text without pairs passes unchanged.
    pub struct KvOptions {
        /// Which text is read.
        input: InputOptions = flatten,
        /// What the names of the values begin with.
        prefix: String = inherit,
        /// The character between key and value.
        value_separator: Spanned<String> = Spanned::synthetic("=".to_owned()),
        /// The text between pairs.
        pair_separator: String = ", ".to_owned(),
        /// Name under which the texts are listed that belong to no pair.
        extract_stray_words_into: Spanned<String> = inherit,
    }
}

fn compile(call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Parser>> {
    let options = KvOptions::read(call, cx.diagnostics)?;
    let source = options.input.source(cx)?;
    let &[value_separator] = options.value_separator.value.as_bytes() else {
        let message = "value-separator() takes one character";
        cx.diagnostics.push(Diagnostic::error(message, options.value_separator.span));
        return None;
    };
    let strays = match &options.extract_stray_words_into {
        Some(name) => Some(OwnedName::writable(name, cx)?),
        None => None,
    };
    let syntax = Syntax { value_separator, pair_separator: options.pair_separator.into_bytes() };
    Some(Arc::new(KvParser { source, prefix: Prefix::new(options.prefix), syntax, strays }))
}

struct KvParser {
    source: ValueSource,
    prefix: Prefix,
    syntax: Syntax,
    strays: Option<OwnedName>,
}

impl Parser for KvParser {
    fn parse<'a>(&self, message: Message<'a>, draft: &mut Draft<'a>) -> Matched {
        let text = text(&self.source, message);
        let mut strays = Vec::new();
        let pair = |key: &[u8], value: &[u8]| {
            self.prefix.set(draft, key, value.to_vec(), ValueType::String);
        };
        kv::scan(&text, &self.syntax, pair, |stray| {
            let stray = stray.trim_ascii();
            if !stray.is_empty() {
                strays.push(stray.to_vec());
            }
        });
        if let Some(name) = &self.strays {
            let list = message::list::join(strays.iter().map(Vec::as_slice));
            let name: Name<'_> = name.get();
            draft.set(name, list, ValueType::List);
        }
        Matched::Yes
    }
}
