//! Stamps as text.

use super::calendar::Civil;
use super::{Stamp, Zone};

/// Digits a fraction of a second may have: stamps are kept in microseconds.
pub const FRAC_DIGITS_MAX: u8 = 6;

/// The layouts of `ts-format()`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum TsFormat {
    /// `Oct 11 22:14:15`
    #[default]
    Bsd,
    /// `2023-10-11T22:14:15+02:00`
    Iso,
    /// `2023 Oct 11 22:14:15`
    Full,
    /// `1697055255`
    Unix,
}

/// A text that `ts-format()` does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown ts-format `{0}`: it is one of bsd, iso, full and unix")]
pub struct UnknownTsFormat(pub String);

impl std::str::FromStr for TsFormat {
    type Err = UnknownTsFormat;

    fn from_str(text: &str) -> Result<TsFormat, UnknownTsFormat> {
        match text.to_ascii_lowercase().as_str() {
            "rfc3164" | "bsd" => Ok(TsFormat::Bsd),
            "rfc3339" | "iso" => Ok(TsFormat::Iso),
            "full" => Ok(TsFormat::Full),
            "unix" | "utc" => Ok(TsFormat::Unix),
            _ => Err(UnknownTsFormat(text.to_owned())),
        }
    }
}

/// One field or form of a date, as the date macros name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "template/macros.rs documents each by its macro")]
pub enum DateField {
    Date,
    FullDate,
    IsoDate,
    Stamp,
    UnixTime,
    Year,
    Month,
    Day,
    Hour,
    Min,
    Sec,
    Usec,
    Msec,
    Hour12,
    AmPm,
    YearDay,
    MonthAbbrev,
    MonthName,
    MonthWeek,
    WeekDay,
    WeekDayAbbrev,
    WeekDayName,
    Week,
    IsoWeek,
    Tz,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Appends `stamp` in one of the four layouts, as its own zone shows it.
pub fn append(out: &mut Vec<u8>, stamp: Stamp, format: TsFormat, frac_digits: u8) {
    append_whole(out, stamp, format);
    append_fraction(out, stamp.fraction(), frac_digits);
    append_tail(out, stamp, format);
}

impl DateField {
    /// Appends this field of `stamp`, as its own zone shows it.
    pub fn append(self, out: &mut Vec<u8>, stamp: Stamp, format: TsFormat, frac_digits: u8) {
        let civil = stamp.civil();
        match self {
            DateField::Date => append(out, stamp, TsFormat::Bsd, frac_digits),
            DateField::FullDate => append(out, stamp, TsFormat::Full, frac_digits),
            DateField::IsoDate => append(out, stamp, TsFormat::Iso, frac_digits),
            DateField::Stamp => append(out, stamp, format, frac_digits),
            DateField::UnixTime => append(out, stamp, TsFormat::Unix, frac_digits),
            DateField::Year => append_year(out, civil.year),
            DateField::Month => out.extend(two(civil.month)),
            DateField::Day => out.extend(two(civil.day)),
            DateField::Hour => out.extend(two(civil.hour)),
            DateField::Min => out.extend(two(civil.minute)),
            DateField::Sec => out.extend(two(civil.second)),
            DateField::Usec => append_digits(out, stamp.fraction(), 6),
            DateField::Msec => append_digits(out, stamp.fraction() / 1000, 3),
            DateField::Hour12 => out.extend(two((civil.hour + 11) % 12 + 1)),
            DateField::AmPm => out.extend(if civil.hour < 12 { b"AM" } else { b"PM" }),
            DateField::YearDay => append_digits(out, civil.day_of_year() + 1, 3),
            DateField::MonthAbbrev => out.extend(month_abbrev(civil.month)),
            DateField::MonthName => out.extend(MONTHS[civil.month as usize - 1].bytes()),
            DateField::MonthWeek => append_digits(out, civil.week_of_month(), 1),
            DateField::WeekDay => append_digits(out, civil.weekday + 1, 1),
            DateField::WeekDayAbbrev => out.extend(DAYS[civil.weekday as usize].bytes().take(3)),
            DateField::WeekDayName => out.extend(DAYS[civil.weekday as usize].bytes()),
            DateField::Week => out.extend(two(civil.week())),
            DateField::IsoWeek => out.extend(two(civil.iso_week())),
            DateField::Tz => append_offset(out, stamp.zone),
        }
    }

    /// The layout this field is, where it is a whole date.
    pub fn layout(self, format: TsFormat) -> Option<TsFormat> {
        match self {
            DateField::Date => Some(TsFormat::Bsd),
            DateField::FullDate => Some(TsFormat::Full),
            DateField::IsoDate => Some(TsFormat::Iso),
            DateField::Stamp => Some(format),
            DateField::UnixTime => Some(TsFormat::Unix),
            _ => None,
        }
    }
}

/// The texts of the last seconds that were written, two for each layout: the time of a message and that of its receipt
/// may differ.
///
/// Messages of one second share their date; only the fraction differs.
#[derive(Debug, Clone, Default)]
pub struct DateCache {
    slots: [[Slot; 2]; 4],
}

#[derive(Debug, Clone, Default)]
struct Slot {
    /// Second and zone as the stamp has them.
    key: Option<(i64, i32)>,
    /// The date without its fraction.
    text: Vec<u8>,
    /// Where the fraction goes.
    digits_at: usize,
}

impl DateCache {
    /// Appends `stamp` as `zone` shows it, or as its own zone does.
    ///
    /// One cache is for one `zone`: what it holds is not asked again.
    #[inline]
    pub fn append(
        &mut self,
        out: &mut Vec<u8>,
        stamp: Stamp,
        zone: Option<&Zone>,
        format: TsFormat,
        frac_digits: u8,
    ) {
        let slots = &mut self.slots[format as usize];
        let key = Some((stamp.seconds(), stamp.zone));
        if slots[0].key != key {
            slots.swap(0, 1);
            if slots[0].key != key {
                slots[0].fill(zone.map_or(stamp, |zone| stamp.shown_in(zone)), format);
                slots[0].key = key;
            }
        }
        let slot = &slots[0];
        if frac_digits == 0 {
            out.extend_from_slice(&slot.text);
            return;
        }
        out.extend_from_slice(&slot.text[..slot.digits_at]);
        append_fraction(out, stamp.fraction(), frac_digits);
        out.extend_from_slice(&slot.text[slot.digits_at..]);
    }
}

impl Slot {
    #[cold]
    fn fill(&mut self, stamp: Stamp, format: TsFormat) {
        self.text.clear();
        append_whole(&mut self.text, stamp, format);
        self.digits_at = self.text.len();
        append_tail(&mut self.text, stamp, format);
    }
}

/// The date up to its whole second.
fn append_whole(out: &mut Vec<u8>, stamp: Stamp, format: TsFormat) {
    let civil = stamp.civil();
    let day = two(civil.day);
    match format {
        TsFormat::Unix => append_number(out, stamp.seconds()),
        TsFormat::Iso => {
            append_year(out, civil.year);
            let month = two(civil.month);
            out.extend([b'-', month[0], month[1], b'-', day[0], day[1], b'T']);
            append_clock(out, civil);
        }
        TsFormat::Bsd | TsFormat::Full => {
            if format == TsFormat::Full {
                append_year(out, civil.year);
                out.push(b' ');
            }
            out.extend(month_abbrev(civil.month));
            out.extend([b' ', if civil.day < 10 { b' ' } else { day[0] }, day[1], b' ']);
            append_clock(out, civil);
        }
    }
}

/// What follows the fraction.
fn append_tail(out: &mut Vec<u8>, stamp: Stamp, format: TsFormat) {
    if format == TsFormat::Iso {
        append_offset(out, stamp.zone);
    }
}

fn month_abbrev(month: u32) -> [u8; 3] {
    let name = MONTHS[month as usize - 1].as_bytes();
    [name[0], name[1], name[2]]
}

fn append_clock(out: &mut Vec<u8>, civil: Civil) {
    let (hour, minute, second) = (two(civil.hour), two(civil.minute), two(civil.second));
    out.extend([hour[0], hour[1], b':', minute[0], minute[1], b':', second[0], second[1]]);
}

#[inline]
fn append_fraction(out: &mut Vec<u8>, micros: u32, digits: u8) {
    if digits == 0 {
        return;
    }
    let digits = digits.min(FRAC_DIGITS_MAX);
    out.push(b'.');
    append_digits(out, micros / 10u32.pow(u32::from(FRAC_DIGITS_MAX - digits)), digits);
}

/// Appends exactly `digits` digits, zeros in front.
fn append_digits(out: &mut Vec<u8>, mut number: u32, digits: u8) {
    let mut text = [b'0'; 10];
    for digit in text[..usize::from(digits)].iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
    out.extend_from_slice(&text[..usize::from(digits)]);
}

fn append_year(out: &mut Vec<u8>, year: i64) {
    match u32::try_from(year) {
        Ok(year) if year <= 9999 => append_digits(out, year, 4),
        _ => append_number(out, year),
    }
}

/// Appends a number in decimal.
#[inline]
pub(crate) fn append_number(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    let mut rest = number.unsigned_abs();
    let mut text = [0; 20];
    let mut at = text.len();
    loop {
        at -= 1;
        text[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&text[at..]);
}

/// Appends `±hh:mm`.
pub(crate) fn append_offset(out: &mut Vec<u8>, seconds: i32) {
    let minutes = seconds.unsigned_abs() / 60;
    out.push(if seconds < 0 { b'-' } else { b'+' });
    if minutes < 100 * 60 {
        out.extend(two(minutes / 60));
    } else {
        append_number(out, i64::from(minutes / 60));
    }
    out.push(b':');
    out.extend(two(minutes % 60));
}

#[inline]
fn two(number: u32) -> [u8; 2] {
    [b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8]
}
