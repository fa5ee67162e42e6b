//! Groups of destinations.

use std::num::NonZeroU32;
use std::time::Duration;

use conf::ast::Value;
use conf::diagnostic::Diagnostic;
use conf::globals::{GlobalOptions, TsFormat};
use conf::options::{Seconds, Spanned};
use message::Zone;
use message::template::{Template, TemplateOptions};
use pipeline::Compile;

use super::{NoEffect, NotYet};
use crate::destination::format::{Format, Numbering, Shape};

conf::options! {
    /// Options of all destinations.
    pub struct DestinationOptions {
        /// Messages that the queue holds.
        log_fifo_size: NonZeroU32 = inherit,
        /// Seconds until a lost connection is opened again.
        time_reopen: Seconds = inherit,
        /// Key under which the queue is kept over a reload.
        persist_name: String = inherit,
        /// Messages a second.
        throttle: NoEffect = inherit,
        /// A queue on disk.
        disk_buffer: NotYet = inherit,
        /// Hide the destination from statistics.
        internal: NoEffect = inherit,
        /// Commands run when the destination starts and stops.
        hook_commands: NotYet = inherit,
    }
}

conf::options! {
    /// Options of destinations that write text.
    pub struct WriterOptions {
        /// Options of all destinations.
        destination: DestinationOptions = flatten,
        /// Layout of a message: a template, or the name of one.
        template: Value = inherit,
        /// Escape quotes and control characters in what macros say.
        template_escape: bool = inherit,
        /// `syslog-protocol`, `no-multi-line`, `seqnum-all`, `no-seqnum` and the like.
        flags: Vec<Spanned<String>> = repeated,
        /// Format of time stamps.
        ts_format: TsFormat = inherit,
        /// Digits of the fraction of a second.
        frac_digits: u8 = inherit,
        /// Zone that time stamps are shown in.
        send_time_zone | time_zone: Spanned<String> = inherit,
        /// Zone of dates in the names of files.
        local_time_zone: Spanned<String> = inherit,
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

impl DestinationOptions {
    /// `log-fifo-size()`
    pub(crate) fn fifo_size(&self, cx: &Compile<'_>) -> usize {
        self.log_fifo_size.unwrap_or(cx.globals.log_fifo_size).get() as usize
    }

    /// `time-reopen()`, a minute where nobody says otherwise.
    pub(crate) fn time_reopen(&self, cx: &Compile<'_>) -> Duration {
        self.time_reopen.or(cx.globals.time_reopen).unwrap_or(TIME_REOPEN).duration()
    }

    /// `persist-name()`, else the one that the driver makes up.
    pub(crate) fn persist_name(&self, made_up: impl FnOnce() -> String) -> String {
        self.persist_name.clone().unwrap_or_else(made_up)
    }
}

/// `time-reopen()` of destinations where nobody says otherwise.
const TIME_REOPEN: Seconds = Seconds::new(60);

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
        let options = self.template_options(cx)?;
        Some(Format {
            one_line,
            truncate: usize::try_from(self.truncate_size).ok(),
            pad: self.pad_size,
            numbering,
            ..Format::new(shape, options)
        })
    }

    /// How dates and values are shown.
    pub(crate) fn template_options(&self, cx: &mut Compile<'_>) -> Option<TemplateOptions> {
        let mut options = template_options(cx)?;
        if let Some(format) = self.ts_format {
            options.ts_format = ts_format(format);
        }
        if let Some(digits) = self.frac_digits {
            options.frac_digits = digits.min(message::time::FRAC_DIGITS_MAX);
        }
        if let Some(escape) = self.template_escape {
            options.escape = escape;
        }
        if let Some(zone) = &self.send_time_zone {
            options.send_zone = Some(read_zone(zone, cx)?);
        }
        if let Some(zone) = &self.local_time_zone {
            options.local_zone = Some(read_zone(zone, cx)?);
        }
        Some(options)
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

/// How dates and values are shown where only the global options say it.
pub(crate) fn template_options(cx: &mut Compile<'_>) -> Option<TemplateOptions> {
    let globals: &GlobalOptions = cx.globals;
    let own = if globals.use_fqdn { message::host::fqdn() } else { message::host::short() };
    let mut options = TemplateOptions {
        ts_format: ts_format(globals.ts_format),
        frac_digits: globals.frac_digits.min(message::time::FRAC_DIGITS_MAX),
        escape: globals.template_escape,
        own_host: own.into(),
        ..TemplateOptions::default()
    };
    if let Some(zone) = &globals.send_time_zone {
        options.send_zone = Some(read_zone(&Spanned::synthetic(zone.clone()), cx)?);
    }
    if let Some(zone) = &globals.local_time_zone {
        options.local_zone = Some(read_zone(&Spanned::synthetic(zone.clone()), cx)?);
    }
    Some(options)
}

fn global_template(name: Option<String>, cx: &mut Compile<'_>) -> Option<Option<Template>> {
    let Some(text) = name else { return Some(None) };
    let value = Value { kind: conf::ast::ValueKind::String(text), span: conf::Span::default() };
    cx.template(&value).map(Some)
}

fn ts_format(format: TsFormat) -> message::time::TsFormat {
    match format {
        TsFormat::Bsd => message::time::TsFormat::Bsd,
        TsFormat::Iso => message::time::TsFormat::Iso,
        TsFormat::Full => message::time::TsFormat::Full,
        TsFormat::Unix => message::time::TsFormat::Unix,
    }
}

fn read_zone(zone: &Spanned<String>, cx: &mut Compile<'_>) -> Option<Zone> {
    match Zone::parse(&zone.value) {
        Ok(zone) => Some(zone),
        Err(error) => {
            cx.diagnostics.push(Diagnostic::error(error.to_string(), zone.span));
            None
        }
    }
}
