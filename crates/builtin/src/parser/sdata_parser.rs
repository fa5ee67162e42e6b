//! `sdata-parser()`: structured data of RFC 5424 out of a text.

use std::sync::Arc;

use conf::Options;
use conf::ast::Call;
use message::syslog::{self, ParseFlags, ParseOptions};
use message::{Builtin, Draft, Message, Name, Record};
use pipeline::{Compile, Matched, Parser, ParserSpec};

use super::input::{InputOptions, text};
use crate::value_source::ValueSource;

pub(super) const SPEC: ParserSpec =
    ParserSpec { names: &["sdata-parser"], options: SdataOptions::DOCS, compile };

conf::options! {
    /// Read structured data: `[id@1 name="value"]`.
    ///
    /// A text that is none drops the message from its branch.
    pub struct SdataOptions {
        /// Which text is read.
        input: InputOptions = flatten,
        /// What the names of the values begin with; `.SDATA.` where nothing is said.
        prefix: String = inherit,
    }
}

fn compile(call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Parser>> {
    let options = SdataOptions::read(call, cx.diagnostics)?;
    let flags = ParseFlags::default().with(ParseFlags::SYSLOG_PROTOCOL);
    let parse = ParseOptions {
        flags,
        sdata_prefix: options.prefix.map(Arc::from),
        store_host: false,
        store_raw_size: false,
        ..ParseOptions::default()
    };
    Some(Arc::new(SdataParser { source: options.input.source(cx)?, parse }))
}

struct SdataParser {
    source: ValueSource,
    parse: ParseOptions,
}

/// A header that says nothing, for the text to stand behind.
const HEADER: &[u8] = b"<13>1 - - - - - ";

impl Parser for SdataParser {
    fn parse<'a>(&self, message: Message<'a>, draft: &mut Draft<'a>) -> Matched {
        let line = [HEADER, &text(&self.source, message)].concat();
        let mut bytes = Vec::new();
        syslog::parse_into(&line, message.record().received(), &self.parse, &mut bytes);
        let record = Record::trusted(&bytes);
        if record.builtin(Builtin::Msgformat) == Some(b"syslog:error") {
            return Matched::No;
        }
        for entry in record.pairs().filter(|entry| matches!(entry.name, Name::Custom(..))) {
            draft.put(entry.name, entry.value.to_vec(), entry.kind);
        }
        Matched::Yes
    }
}
