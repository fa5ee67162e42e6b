//! Groups of destinations.

use conf::ast::Value;
use conf::diagnostic::Diagnostic;
use conf::options::Spanned;
use message::template::Template;
use pipeline::Compile;
use pipeline::options::{DestinationOptions, NoEffect, TemplateOptionGroup};

use crate::destination::format::{Format, Numbering, Shape};

conf::options! {
    /// Options of destinations that write text.
    pub struct WriterOptions {
        /// Options of all destinations.
        destination: DestinationOptions = flatten,
        /// Layout of a message: a template, or the name of one.
        template: Value = inherit,
        /// `syslog-protocol`, `no-multi-line`, `seqnum-all`, `no-seqnum` and the like.
        flags: Vec<Spanned<String>> = repeated,
        /// How dates and values are shown.
        dates: TemplateOptionGroup = flatten,
        /// Bytes that a message is filled up to with NULs.
        pad_size: usize = 0,
        /// Bytes after which a message is cut; -1 for none.
        truncate_size: i64 = -1,
        /// Messages written in one go.
        flush_lines: NoEffect = inherit,
        /// Seconds for which repeated messages are held back.
        suppress: NoEffect = inherit,
        /// Seconds between mark messages.
        mark_freq: NoEffect = inherit,
        /// When mark messages are sent.
        mark_mode: NoEffect = inherit,
        /// What happens to a value of the wrong type.
        on_error: NoEffect = inherit,
    }
}

/// The layout of a destination without a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Default {
    /// `STAMP HOST MSGHDR MSG`
    File,
    /// `<PRI>STAMP HOST MSGHDR MSG`
    Proto,
    /// RFC 5424
    Syslog,
}

impl WriterOptions {
    /// What the destination writes for a message. `None` after reporting a mistake.
    pub(crate) fn format(&self, default: Default, cx: &mut Compile<'_>) -> Option<Format> {
        let mut syslog_protocol = default == Default::Syslog;
        let mut numbering = Numbering::Local;
        let mut one_line = false;
        for word in &self.flags {
            match word.value.replace('_', "-").as_str() {
                "syslog-protocol" => syslog_protocol = true,
                "no-multi-line" => one_line = true,
                "seqnum-all" => numbering = Numbering::All,
                "no-seqnum" | "no-seqnum-all" => numbering = Numbering::None,
                "seqnum" => numbering = Numbering::Local,
                "threaded" => {}
                "ignore-errors" => {
                    let message = "flag `ignore-errors` is accepted but has no effect";
                    cx.diagnostics.push(Diagnostic::warning(message, word.span));
                }
                unknown => {
                    let message = format!("Unknown flag \"{unknown}\"");
                    cx.diagnostics.push(Diagnostic::error(message, word.span).suggest(unknown, WRITER_FLAGS));
                }
            }
        }
        let template = match (&self.template, default) {
            (Some(value), _) => Some(cx.template(value)?),
            (None, Default::File) => global_template(cx.globals.file_template.clone(), cx)?,
            (None, Default::Proto | Default::Syslog) => {
                global_template(cx.globals.proto_template.clone(), cx)?
            }
        };
        let shape = match (template, default) {
            (text, _) if syslog_protocol => Shape::Rfc5424(text),
            (Some(template), _) => Shape::Template(template),
            (None, Default::File) => Shape::File,
            (None, Default::Proto | Default::Syslog) => Shape::Rfc3164,
        };
        let options = self.dates.resolve(cx)?;
        Some(Format {
            one_line,
            truncate: usize::try_from(self.truncate_size).ok(),
            pad: self.pad_size,
            numbering,
            ..Format::new(shape, options)
        })
    }
}

const WRITER_FLAGS: [&str; 8] = [
    "syslog-protocol",
    "no-multi-line",
    "threaded",
    "ignore-errors",
    "seqnum",
    "seqnum-all",
    "no-seqnum",
    "no-seqnum-all",
];

fn global_template(name: Option<String>, cx: &mut Compile<'_>) -> Option<Option<Template>> {
    let Some(text) = name else { return Some(None) };
    let value = Value { kind: conf::ast::ValueKind::String(text), span: conf::Span::default() };
    cx.template(&value).map(Some)
}
