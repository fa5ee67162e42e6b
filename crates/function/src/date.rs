//! Dates in any layout: `$(format-date FORMAT)`, `$(stardate)`.

use std::fmt;

use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::Offset;
use jiff::{Timestamp, Zoned};
use message::template::{Call, RenderScope, Template, TemplateFunction};
use message::time::{Stamp, Zone};
use message::{Message, ValueType};

use super::{Entry, entry, expect};

pub(super) const FUNCTIONS: &[Entry] = &[entry("format-date", format_date), entry("stardate", stardate)];

/// Digits behind the point that `$(stardate)` can show.
const STARDATE_DIGITS_MAX: usize = 9;

/// `$(format-date [--time-zone ZONE] FORMAT)`: the time stamp of the message, as strftime writes it.
fn format_date(call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
    let mut zone = None;
    let mut args = call.args.iter();
    let mut format = None;
    while let Some(arg) = args.next() {
        match arg.strip_prefix("--") {
            Some("time-zone") => {
                let name = args.next().ok_or("--time-zone wants a value")?;
                zone = Some(Zone::parse(name).map_err(|error| error.to_string())?);
            }
            Some(other) => return Err(format!("$(format-date) has no option `--{other}`")),
            None if format.is_none() => format = Some(arg.clone()),
            None => return Err("$(format-date) takes one format".to_owned()),
        }
    }
    let format = format.ok_or("$(format-date) needs a format")?;
    let probe = FormatDate { zone, format };
    match probe.text(Stamp { micros: 0, zone: 0 }) {
        Some(_) => Ok(Box::new(probe)),
        None => Err(format!("`{}` is no format of a date", probe.format)),
    }
}

#[derive(Debug)]
struct FormatDate {
    zone: Option<Zone>,
    format: String,
}

impl FormatDate {
    fn text(&self, stamp: Stamp) -> Option<String> {
        let shown = self.zone.as_ref().map_or(stamp, |zone| stamp.shown_in(zone));
        let zoned = zoned(shown)?;
        BrokenDownTime::from(&zoned).to_string(&self.format).ok()
    }
}

impl TemplateFunction for FormatDate {
    fn render(&self, message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) -> ValueType {
        let stamp = message.record().stamp();
        let stamp = match (&self.zone, scope.zone()) {
            (None, Some(zone)) => stamp.shown_in(zone),
            _ => stamp,
        };
        // A year that no calendar has gives nothing.
        out.extend_from_slice(self.text(stamp).unwrap_or_default().as_bytes());
        ValueType::String
    }
}

fn zoned(stamp: Stamp) -> Option<Zoned> {
    let offset = Offset::from_seconds(stamp.zone).ok()?;
    Some(Timestamp::from_microsecond(stamp.micros).ok()?.to_zoned(offset.to_time_zone()))
}

/// `$(stardate [--digits N] SECONDS)`: a moment as year and fraction of the year.
fn stardate(call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
    let (digits, skip) = match call.args.first().map(String::as_str) {
        Some("--digits" | "-d") => {
            let digits = call.args.get(1).and_then(|digits| digits.parse().ok());
            let digits = digits.filter(|digits| *digits <= STARDATE_DIGITS_MAX);
            (digits.ok_or_else(|| format!("--digits is a number up to {STARDATE_DIGITS_MAX}"))?, 2)
        }
        _ => (2, 0),
    };
    expect(call, skip + 1, skip + 1)?;
    Ok(Box::new(Stardate { seconds: call.template(&call.args[skip])?, digits }))
}

struct Stardate {
    seconds: Template,
    digits: usize,
}

impl fmt::Debug for Stardate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stardate").field("digits", &self.digits).finish()
    }
}

impl TemplateFunction for Stardate {
    fn render(&self, message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) -> ValueType {
        let mut text = scope.buffer();
        self.seconds.render(message, scope, &mut text);
        let seconds = std::str::from_utf8(&text).ok().and_then(|text| text.trim().parse::<f64>().ok());
        if let Some(date) = seconds.and_then(|seconds| self.date(seconds)) {
            out.extend_from_slice(date.as_bytes());
        }
        scope.give_back(text);
        ValueType::String
    }
}

impl Stardate {
    fn date(&self, seconds: f64) -> Option<String> {
        let at = Timestamp::from_second(seconds.floor() as i64).ok()?.to_zoned(jiff::tz::TimeZone::UTC);
        let elapsed = f64::from(at.day_of_year() - 1) * 86_400.0
            + f64::from(at.hour()) * 3_600.0
            + f64::from(at.minute()) * 60.0
            + f64::from(at.second());
        let year = f64::from(at.days_in_year()) * 86_400.0;
        // Cut, not rounded: the last moment of a year is still in it.
        let scale = 10_f64.powi(i32::try_from(self.digits).ok()?);
        let fraction = (elapsed / year * scale).floor() / scale;
        Some(format!("{:.*}", self.digits, f64::from(at.year()) + fraction))
    }
}
