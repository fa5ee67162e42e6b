//! `date-parser()`: the time of the message out of a text.

use std::sync::Arc;

use conf::Options;
use conf::ast::Call;
use conf::diagnostic::Diagnostic;
use conf::options::Spanned;
use message::time::{self, DatePattern, MICROS_PER_SECOND};
use message::{Draft, Message, Stamp, ValueType, Zone};
use pipeline::{Compile, Matched, Parser, ParserSpec};

use super::input::{InputOptions, text};
use crate::rewrite::Which;
use crate::value_source::{OwnedName, ValueSource};

pub(super) const SPEC: ParserSpec =
    ParserSpec { names: &["date-parser"], options: DateOptions::DOCS, compile };

conf::options! {
    /// Read a date, and make it the time of the message.
    ///
    /// A text that has none of the layouts drops the message from its branch.
    pub struct DateOptions {
        /// Which text is read.
        input: InputOptions = flatten,
        /// Layouts, as `strptime` has them, tried one after the other; `%f` is a fraction of a second.
        format: Vec<Spanned<String>> = repeated,
        /// Zone of dates that name none; the machine's where nothing is said.
        time_zone: Spanned<String> = inherit,
        /// Which time of the message it becomes.
        time_stamp: Which = Which::Stamp,
        /// Name of a value that it becomes instead.
        value: Spanned<String> = inherit,
        /// `guess-timezone`: the zone in which the date agrees with the present.
        flags: Vec<Spanned<String>> = repeated,
    }
}

/// The layout where none is given.
const ISO: &str = "%FT%T%z";

fn compile(call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Parser>> {
    let mut options = DateOptions::read(call, cx.diagnostics)?;
    let source = options.input.source(cx)?;
    if options.format.is_empty() {
        options.format.push(Spanned::synthetic(ISO.to_owned()));
    }
    let before = cx.diagnostics.error_count();
    let mut patterns = Vec::new();
    for format in &options.format {
        match DatePattern::parse(&format.value) {
            Ok(pattern) => patterns.push(pattern),
            Err(error) => cx.diagnostics.push(Diagnostic::error(error.to_string(), format.span)),
        }
    }
    let mut zone = Zone::system().clone();
    if let Some(name) = &options.time_zone {
        match Zone::parse(&name.value) {
            Ok(found) => zone = found,
            Err(error) => cx.diagnostics.push(Diagnostic::error(error.to_string(), name.span)),
        }
    }
    let mut guesses = false;
    for flag in &options.flags {
        match flag.value.replace('_', "-").as_str() {
            "guess-timezone" => guesses = true,
            other => {
                let message = format!("date-parser() knows no flag `{other}`");
                let diagnostic = Diagnostic::error(message, flag.span);
                cx.diagnostics.push(diagnostic.suggest(other, ["guess-timezone"]));
            }
        }
    }
    let value = options.value.as_ref().and_then(|name| OwnedName::writable(name, cx));
    let good = cx.diagnostics.error_count() == before;
    let which = options.time_stamp;
    good.then(|| Arc::new(DateParser { source, patterns, zone, which, value, guesses }) as _)
}

struct DateParser {
    source: ValueSource,
    patterns: Vec<DatePattern>,
    zone: Zone,
    which: Which,
    value: Option<OwnedName>,
    guesses: bool,
}

impl Parser for DateParser {
    fn parse<'a>(&self, message: Message<'a>, draft: &mut Draft<'a>) -> Matched {
        let text = text(&self.source, message);
        let now = time::now();
        let found = self.patterns.iter().find_map(|pattern| pattern.read(&text, now, &self.zone));
        let Some(mut stamp) = found else { return Matched::No };
        if self.guesses {
            stamp = stamp.guess_zone(now).unwrap_or(stamp);
        }
        match &self.value {
            Some(name) => draft.set(name.get(), datetime(stamp), ValueType::Datetime),
            None => self.which.set(&mut draft.head, stamp),
        }
        Matched::Yes
    }
}

/// A stamp as the value of a pair: `seconds[.fraction]±hh:mm`.
fn datetime(stamp: Stamp) -> Vec<u8> {
    let minutes = stamp.zone.abs() / 60;
    let sign = if stamp.zone < 0 { '-' } else { '+' };
    let fraction = match stamp.micros.rem_euclid(MICROS_PER_SECOND) {
        0 => String::new(),
        micros => format!(".{micros:06}"),
    };
    format!("{}{fraction}{sign}{:02}:{:02}", stamp.seconds(), minutes / 60, minutes % 60).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_can_be_a_value() {
        let at = |micros, zone| String::from_utf8(datetime(Stamp { micros, zone })).unwrap();
        assert_eq!(at(1_300_000_000_000_000, 7200), "1300000000+02:00");
        assert_eq!(at(1_300_000_000_500_000, -5400), "1300000000.500000-01:30");
    }
}
