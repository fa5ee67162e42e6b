//! One message as text: `TEXT; key='value', key='value'`.

use std::fmt::{self, Write as _};
use std::hash::{DefaultHasher, Hash, Hasher};

use message::Stamp;
use message::time::TsFormat;
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

/// Bytes of a message, its values included; the rest is cut off.
pub(super) const LINE_BYTES_MAX: usize = 64 << 10;
/// The field that is shown as a block of its own.
const TRACEBACK: &str = "traceback";
/// Stands at the end of what was cut.
const CUT: &str = "…";

/// The severities of syslog, as far as the daemon uses them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Severity {
    Error = 3,
    Warning = 4,
    Notice = 5,
    Info = 6,
    Debug = 7,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Line {
    pub(super) severity: Severity,
    /// Whether it is what a Python driver printed.
    pub(super) is_output: bool,
    /// Whether stderr has seen it in another form.
    pub(super) is_unshown: bool,
    /// `TEXT; key='value', key='value'`, on one line.
    text: String,
    /// Lines of a traceback, each ended.
    traceback: String,
}

impl Line {
    /// The message of an event.
    pub(super) fn of(event: &Event<'_>) -> Line {
        let metadata = event.metadata();
        let severity = match *metadata.level() {
            Level::ERROR => Severity::Error,
            Level::WARN => Severity::Warning,
            Level::INFO if metadata.target() == super::NOTICE => Severity::Notice,
            Level::INFO => Severity::Info,
            Level::DEBUG | Level::TRACE => Severity::Debug,
        };
        let mut fields = Fields::default();
        event.record(&mut fields);
        Line {
            severity,
            is_output: metadata.target() == super::PYTHON_OUTPUT,
            is_unshown: metadata.target() == super::UNSHOWN,
            text: fields.text(),
            traceback: fields.traceback,
        }
    }

    /// A message that is only text.
    #[cfg(test)]
    pub(super) fn plain(severity: Severity, text: &str) -> Line {
        Line {
            severity,
            is_output: false,
            is_unshown: false,
            text: text.to_owned(),
            traceback: String::new(),
        }
    }

    /// What stands for `times` messages like this one that were not written.
    pub(super) fn repeated(&self, times: u64) -> Line {
        let mut text = format!("Last message was repeated; times='{times}', message='");
        escape(&mut text, &self.text);
        text.push('\'');
        Line { text, traceback: String::new(), ..self.clone() }
    }

    /// The same for the same message, and hardly ever for another.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }

    /// For the eye: the time, the message, and a traceback as an indented block below it.
    pub(super) fn for_stderr(&self, time: Option<Stamp>) -> String {
        let mut out = String::with_capacity(self.text.len() + 32);
        if let Some(time) = time {
            let mut bytes = Vec::new();
            // The zone at the end of an ISO date is left out.
            message::time::append(&mut bytes, time, TsFormat::Iso, 6);
            let text = String::from_utf8_lossy(&bytes);
            let _ = write!(out, "[{}] ", text.get(..26).unwrap_or(&text));
        }
        out.push_str(&self.text);
        out.push('\n');
        for line in self.traceback.lines() {
            out.push_str("    ");
            out.push_str(line);
            out.push('\n');
        }
        out
    }

    /// For messages: all in one line.
    pub(super) fn for_internal(&self) -> String {
        if self.traceback.is_empty() {
            return self.text.clone();
        }
        let comma = if self.text.ends_with(';') { "" } else { "," };
        let mut out = format!("{}{comma} {TRACEBACK}='", self.text);
        escape(&mut out, self.traceback.trim_end_matches('\n'));
        out.push('\'');
        out
    }
}

/// Collects the fields of an event.
#[derive(Default)]
struct Fields {
    message: String,
    pairs: String,
    traceback: String,
}

impl Fields {
    fn text(&self) -> String {
        // A text that brings its facts along is whole: `Log statistics; …`.
        let end = if self.pairs.is_empty() && self.message.ends_with('\'') { "" } else { ";" };
        // The system's words for an error, as syslog-ng writes them: `Permission denied (13)`.
        format!("{}{end}{}", self.message, self.pairs).replace(" (os error ", " (")
    }

    fn add(&mut self, name: &str, value: fmt::Arguments<'_>) {
        match name {
            "message" => {
                let mut plain = Bounded { out: &mut self.message, escaping: Escaping::Message };
                let _ = plain.write_fmt(value);
            }
            TRACEBACK => {
                let mut lines = Bounded { out: &mut self.traceback, escaping: Escaping::Lines };
                let _ = lines.write_fmt(value);
            }
            _ => {
                self.pairs.push_str(if self.pairs.is_empty() { " " } else { ", " });
                self.pairs.push_str(name);
                self.pairs.push_str("='");
                let mut value_out = Bounded { out: &mut self.pairs, escaping: Escaping::Value };
                let _ = value_out.write_fmt(value);
                self.pairs.push('\'');
            }
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field.name(), format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field.name(), format_args!("{value}"));
    }
}

/// What of a text must be written otherwise.
#[derive(Clone, Copy)]
enum Escaping {
    /// Control characters.
    Message,
    /// Control characters and quotes.
    Value,
    /// Control characters but for line feeds.
    Lines,
}

/// Writes to a text that never gets longer than [`LINE_BYTES_MAX`].
struct Bounded<'a> {
    out: &'a mut String,
    escaping: Escaping,
}

impl fmt::Write for Bounded<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            if self.out.len() >= LINE_BYTES_MAX {
                self.out.push_str(CUT);
                // Ends the formatting, too.
                return Err(fmt::Error);
            }
            write_char(self.out, c, self.escaping);
        }
        Ok(())
    }
}

/// Appends a value as it stands between quotes.
fn escape(out: &mut String, value: &str) {
    value.chars().for_each(|c| write_char(out, c, Escaping::Value));
}

fn write_char(out: &mut String, c: char, escaping: Escaping) {
    match (c, escaping) {
        ('\n', Escaping::Lines) | ('\t', _) => out.push(c),
        ('\n', _) => out.push_str("\\n"),
        ('\'', Escaping::Value) => out.push_str("\\'"),
        _ if c.is_control() => {
            let _ = write!(out, "\\x{:02x}", u32::from(c));
        }
        _ => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parking_lot::Mutex;
    use std::sync::Arc;
    use tracing::span;

    /// A subscriber that keeps the lines.
    struct Kept(Arc<Mutex<Vec<Line>>>);

    impl tracing::Subscriber for Kept {
        fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
            true
        }
        fn event(&self, event: &Event<'_>) {
            self.0.lock().push(Line::of(event));
        }
        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(1)
        }
        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
        fn enter(&self, _: &span::Id) {}
        fn exit(&self, _: &span::Id) {}
    }

    fn line(log: impl FnOnce()) -> Line {
        let kept = Arc::new(Mutex::new(Vec::new()));
        tracing::subscriber::with_default(Kept(kept.clone()), log);
        kept.lock().pop().unwrap()
    }

    #[track_caller]
    fn check(log: impl FnOnce(), expected: &str) {
        assert_eq!(line(log).for_stderr(None), expected);
    }

    #[test]
    fn a_message_without_facts_ends_in_a_semicolon() {
        check(|| tracing::info!("Configuration reload finished"), "Configuration reload finished;\n");
    }

    #[test]
    fn facts_are_quoted() {
        check(
            || tracing::info!(version = "0.1", times = 3, on = true, path = %"/x", "up"),
            "up; version='0.1', times='3', on='true', path='/x'\n",
        );
    }

    #[test]
    fn errors_of_the_system_have_their_number() {
        let error = std::io::Error::from_raw_os_error(13);
        check(|| tracing::error!(%error, "no"), "no; error='Permission denied (13)'\n");
    }

    #[test]
    fn quotes_and_control_characters_are_escaped() {
        check(|| tracing::info!(file = "a'b\"c\\d\n\t\x01", "x\ny"), "x\\ny; file='a\\'b\"c\\d\\n\t\\x01'\n");
    }

    #[test]
    fn a_traceback_is_a_block_of_its_own() {
        let line =
            line(|| tracing::error!(driver = "s#0", traceback = "Traceback:\n  File 'x'\nE: no\n", "raised"));
        assert_eq!(
            line.for_stderr(None),
            "raised; driver='s#0'\n    Traceback:\n      File 'x'\n    E: no\n"
        );
        assert_eq!(
            line.for_internal(),
            "raised; driver='s#0', traceback='Traceback:\\n  File \\'x\\'\\nE: no'"
        );
    }

    #[test]
    fn the_time_in_brackets_has_no_zone() {
        let line = line(|| tracing::info!("up"));
        let stamp = Stamp { micros: 1_795_393_950_102_003, zone: 3600 };
        assert_eq!(line.for_stderr(Some(stamp)), "[2026-11-23T01:32:30.102003] up;\n");
    }

    #[test]
    fn severities() {
        assert_eq!(line(|| tracing::error!("x")).severity, Severity::Error);
        assert_eq!(line(|| tracing::info!(target: "notice", "x")).severity, Severity::Notice);
        assert_eq!(line(|| tracing::trace!("x")).severity, Severity::Debug);
    }

    #[test]
    fn a_huge_value_is_cut() {
        let line = line(|| tracing::info!(value = "é".repeat(LINE_BYTES_MAX), other = 1, "x"));
        assert!(line.text.len() < LINE_BYTES_MAX + 100);
        assert!(line.text.contains(CUT));
        assert!(line.text.ends_with("other='…'"), "{}", &line.text[LINE_BYTES_MAX..]);
    }
}
