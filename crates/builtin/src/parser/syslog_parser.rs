//! `syslog-parser()`: reads a value as a syslog line, into the same message.

use std::sync::Arc;

use conf::Options;
use conf::ast::{Call, Value};
use message::record::RecordFlags;
use message::syslog::{self, ParseFlags, ParseOptions, ParseTag, Parsed};
use message::{Builtin, Draft, Message, Name, Record};
use pipeline::options::MessageOptions;
use pipeline::{Compile, Matched, Parser, ParserSpec};

use crate::options::NoEffect;
use crate::value_source::{OwnedName, ValueSource};

pub(super) const SPEC: ParserSpec =
    ParserSpec { names: &["syslog-parser"], options: SyslogParserOptions::DOCS, compile };

conf::options! {
    /// Read a value as a syslog line.
    pub struct SyslogParserOptions {
        /// How it is read.
        message: MessageOptions = flatten,
        /// What is read; the text of the message where nothing is said.
        template: Value = inherit,
        /// Drop messages that cannot be understood.
        drop_invalid: bool = false,
        /// Hide the parser from statistics.
        internal: NoEffect = inherit,
    }
}

fn compile(call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Parser>> {
    let options = SyslogParserOptions::read(call, cx.diagnostics)?;
    let parse = options.message.resolve(ParseFlags::default(), cx);
    let source = match &options.template {
        Some(template) => {
            let template = cx.template(template)?;
            ValueSource::Template(template, Box::new(crate::options::template_options(cx)?))
        }
        None => ValueSource::Pair(OwnedName::new("MESSAGE")),
    };
    let parse = ParseOptions { store_raw_size: false, ..parse };
    Some(Arc::new(SyslogParser { source, parse, drop_invalid: options.drop_invalid }))
}

struct SyslogParser {
    source: ValueSource,
    parse: ParseOptions,
    drop_invalid: bool,
}

impl Parser for SyslogParser {
    fn parse<'a>(&self, message: Message<'a>, draft: &mut Draft<'a>) -> Matched {
        let mut bytes = Vec::new();
        let received = message.record().received();
        let parsed =
            self.source.with(message, |line| syslog::parse_into(line, received, &self.parse, &mut bytes));
        if parsed == Parsed::Empty {
            return if self.drop_invalid { Matched::No } else { Matched::Yes };
        }
        let record = Record::trusted(&bytes);
        if self.drop_invalid && is_invalid(record) {
            return Matched::No;
        }
        let local = RecordFlags(draft.head.flags.0 & RecordFlags::LOCAL.0);
        draft.head = record.head();
        draft.head.flags = draft.head.flags.without(RecordFlags::MORE_TAGS).with(local);
        for entry in record.pairs() {
            match entry.name {
                Name::Builtin(Builtin::Tags) => {
                    let tags = String::from_utf8_lossy(entry.value);
                    tags.split(',').for_each(|tag| draft.set_tag(tag));
                }
                name => draft.put(name, entry.value.to_vec(), entry.kind),
            }
        }
        Matched::Yes
    }
}

/// Whether the line made no sense.
fn is_invalid(record: Record<'_>) -> bool {
    let invalid_pri = ParseTag::InvalidPri.as_str().as_bytes();
    record.builtin(Builtin::Msgformat) == Some(b"syslog:error")
        || record
            .builtin(Builtin::Tags)
            .is_some_and(|tags| tags.split(|byte| *byte == b',').any(|tag| tag == invalid_pri))
}
