//! Stamps in any layout, described as `strptime` has it: `%d/%b/%Y:%H:%M:%S %z`.

use super::calendar::{DAY, days_of, seconds_of};
use super::read::{in_zone, missing_year};
use super::{MICROS_PER_SECOND, Stamp, Zone};

/// A layout, checked when it was made. Reads texts that have it from the first byte to the last.
#[derive(Debug, Clone)]
pub struct DatePattern(Box<[Item]>);

/// A text that describes no layout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no conversion `%{0}` in a date format")]
pub struct BadPattern(pub String);

#[derive(Debug, Clone, Copy)]
enum Item {
    /// This byte.
    Literal(u8),
    /// Any blanks, or none.
    Blanks,
    Field(Field),
}

#[derive(Debug, Clone, Copy)]
enum Field {
    Year,
    YearOfCentury,
    Month,
    MonthName,
    Day,
    DayOfYear,
    Weekday,
    WeekdayNumber,
    Hour,
    Hour12,
    AmPm,
    Minute,
    Second,
    Fraction,
    Epoch,
    Offset,
    ZoneName,
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
/// Names of zones that mean the same everywhere, with their hours east of UTC.
const ZONES: [(&str, i32); 12] = [
    ("UTC", 0),
    ("GMT", 0),
    ("UT", 0),
    ("Z", 0),
    ("EST", -5),
    ("EDT", -4),
    ("CST", -6),
    ("CDT", -5),
    ("MST", -7),
    ("MDT", -6),
    ("PST", -8),
    ("PDT", -7),
];

impl DatePattern {
    /// Reads a layout. What is no conversion stands for itself, a blank for any blanks.
    pub fn parse(text: &str) -> Result<DatePattern, BadPattern> {
        let mut items = Vec::new();
        append(text, &mut items)?;
        Ok(DatePattern(items.into()))
    }

    /// The stamp that `text` is; `None` where it is no date of this layout.
    ///
    /// A year that is missing is the present one, but for a December read in January and a January read in December;
    /// a date that is missing is today, a time midnight; `zone` is for a text that names none.
    pub fn read(&self, text: &[u8], now: Stamp, zone: &Zone) -> Option<Stamp> {
        let mut reader = Reader { text, found: Found::default() };
        for item in &self.0 {
            match item {
                Item::Literal(byte) => reader.text = reader.text.strip_prefix(&[*byte])?,
                Item::Blanks => reader.text = reader.text.trim_ascii_start(),
                Item::Field(field) => reader.field(*field)?,
            }
        }
        if reader.text.is_empty() { reader.found.stamp(now, zone) } else { None }
    }
}

fn append(text: &str, items: &mut Vec<Item>) -> Result<(), BadPattern> {
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        if char.is_ascii_whitespace() {
            items.push(Item::Blanks);
            continue;
        }
        if char != '%' {
            items.extend(char.encode_utf8(&mut [0; 4]).bytes().map(Item::Literal));
            continue;
        }
        let field = match chars.next() {
            Some('Y') => Field::Year,
            Some('y') => Field::YearOfCentury,
            Some('m') => Field::Month,
            Some('b' | 'B' | 'h') => Field::MonthName,
            Some('d' | 'e') => Field::Day,
            Some('j') => Field::DayOfYear,
            Some('a' | 'A') => Field::Weekday,
            Some('u' | 'w') => Field::WeekdayNumber,
            Some('H' | 'k') => Field::Hour,
            Some('I' | 'l') => Field::Hour12,
            Some('p') => Field::AmPm,
            Some('M') => Field::Minute,
            Some('S') => Field::Second,
            Some('f') => Field::Fraction,
            Some('s') => Field::Epoch,
            Some('z') => Field::Offset,
            Some('Z') => Field::ZoneName,
            Some('F') => {
                append("%Y-%m-%d", items)?;
                continue;
            }
            Some('D') => {
                append("%m/%d/%y", items)?;
                continue;
            }
            Some('T') => {
                append("%H:%M:%S", items)?;
                continue;
            }
            Some('R') => {
                append("%H:%M", items)?;
                continue;
            }
            Some('n' | 't') => {
                items.push(Item::Blanks);
                continue;
            }
            Some('%') => {
                items.push(Item::Literal(b'%'));
                continue;
            }
            other => return Err(BadPattern(other.map(String::from).unwrap_or_default())),
        };
        items.push(Item::Field(field));
    }
    Ok(())
}

/// What a text said.
#[derive(Debug, Default)]
struct Found {
    year: Option<i64>,
    month: Option<u32>,
    day: Option<u32>,
    day_of_year: Option<u32>,
    hour: u32,
    afternoon: Option<bool>,
    minute: u32,
    second: u32,
    micros: i64,
    epoch: Option<i64>,
    offset: Option<i32>,
}

struct Reader<'a> {
    text: &'a [u8],
    found: Found,
}

impl Reader<'_> {
    fn field(&mut self, field: Field) -> Option<()> {
        match field {
            Field::Year => self.found.year = Some(self.number(4, 0, 9999)?),
            Field::YearOfCentury => {
                let year = self.number(2, 0, 99)?;
                // As POSIX has it: 69 is 1969, 68 is 2068.
                self.found.year = Some(if year < 69 { 2000 + year } else { 1900 + year });
            }
            Field::Month => self.found.month = Some(self.number(2, 1, 12)? as u32),
            Field::MonthName => self.found.month = Some(self.word(&MONTHS)? as u32 + 1),
            Field::Day => self.found.day = Some(self.number(2, 1, 31)? as u32),
            Field::DayOfYear => self.found.day_of_year = Some(self.number(3, 1, 366)? as u32),
            Field::Weekday => drop(self.word(&WEEKDAYS)?),
            Field::WeekdayNumber => drop(self.number(1, 0, 7)?),
            Field::Hour => self.found.hour = self.number(2, 0, 23)? as u32,
            Field::Hour12 => {
                self.found.hour = self.number(2, 1, 12)? as u32 % 12;
                self.found.afternoon.get_or_insert(false);
            }
            Field::AmPm => self.found.afternoon = Some(self.word(&["am", "pm"])? == 1),
            Field::Minute => self.found.minute = self.number(2, 0, 59)? as u32,
            Field::Second => self.found.second = self.number(2, 0, 60)? as u32,
            Field::Fraction => {
                let digits = self.text.iter().take_while(|byte| byte.is_ascii_digit()).count();
                let (fraction, rest) = self.text.split_at(digits);
                self.text = rest;
                let six = fraction.iter().chain(std::iter::repeat(&b'0')).take(6);
                self.found.micros = six.fold(0, |micros, digit| micros * 10 + i64::from(digit - b'0'));
                (digits > 0).then_some(())?;
            }
            Field::Epoch => self.found.epoch = Some(self.number(12, 0, i64::MAX)?),
            Field::Offset => {
                self.text = self.text.trim_ascii_start();
                self.found.offset = Some(self.offset()?);
            }
            Field::ZoneName => {
                let letters = self.text.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
                let (name, rest) = self.text.split_at(letters);
                let known = ZONES.iter().find(|(known, _)| known.as_bytes() == name)?;
                self.text = rest;
                self.found.offset = Some(known.1 * 3600);
            }
        }
        Some(())
    }

    /// A number of at most `digits` digits, blanks before it skipped.
    fn number(&mut self, digits: usize, least: i64, most: i64) -> Option<i64> {
        let text = self.text.trim_ascii_start();
        let len = text.iter().take(digits).take_while(|byte| byte.is_ascii_digit()).count();
        let number = text[..len].iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'));
        self.text = &text[len..];
        (len > 0 && (least..=most).contains(&number)).then_some(number)
    }

    /// Which of `words` stands here, in full or by its first three letters (two of a word that has but two).
    fn word(&mut self, words: &[&str]) -> Option<usize> {
        let begins = |word: &str| {
            self.text.get(..word.len()).is_some_and(|text| text.eq_ignore_ascii_case(word.as_bytes()))
        };
        let index = words.iter().position(|word| begins(&word[..word.len().min(3)]))?;
        let len = if begins(words[index]) { words[index].len() } else { words[index].len().min(3) };
        self.text = &self.text[len..];
        Some(index)
    }

    /// `Z`, `+02:00`, `+0200` or `+02`.
    fn offset(&mut self) -> Option<i32> {
        if let Some(rest) = self.text.strip_prefix(b"Z") {
            self.text = rest;
            return Some(0);
        }
        let (sign, rest) = self.text.split_first()?;
        let sign = match sign {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let two = |text: &[u8]| match text {
            [tens @ b'0'..=b'9', ones @ b'0'..=b'9', ..] => {
                Some(i32::from(tens - b'0') * 10 + i32::from(ones - b'0'))
            }
            _ => None,
        };
        let hours = two(rest).filter(|hours| *hours < 24)?;
        let behind = &rest[2..];
        let minutes_at = behind.strip_prefix(b":").unwrap_or(behind);
        let minutes = match two(minutes_at) {
            Some(minutes) => {
                self.text = &minutes_at[2..];
                minutes
            }
            None => {
                self.text = behind;
                0
            }
        };
        (minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
    }
}

impl Found {
    fn stamp(self, now: Stamp, zone: &Zone) -> Option<Stamp> {
        if let Some(seconds) = self.epoch {
            let micros = seconds.checked_mul(MICROS_PER_SECOND)?.checked_add(self.micros)?;
            let offset = self.offset.unwrap_or_else(|| zone.offset_at(seconds));
            return Some(Stamp { micros, zone: offset });
        }
        let today = now.civil();
        let (month, day) = match (self.month, self.day) {
            (None, None) => (today.month, today.day),
            (month, day) => (month.unwrap_or(today.month), day.unwrap_or(1)),
        };
        let year = self.year.unwrap_or_else(|| missing_year(month, now));
        let hour = if self.afternoon == Some(true) { self.hour % 12 + 12 } else { self.hour };
        let mut wall = seconds_of(year, month, day, hour, self.minute, self.second);
        if let Some(day_of_year) = self.day_of_year {
            wall += (days_of(year, 1, day_of_year) - days_of(year, month, day)) * DAY;
        }
        Some(match self.offset {
            Some(offset) => in_zone(wall, self.micros, &Zone::fixed(offset)),
            None => in_zone(wall, self.micros, zone),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::Civil;

    fn now() -> Stamp {
        // 2026-11-25T17:00:00Z
        Stamp { micros: 1_795_626_000 * MICROS_PER_SECOND, zone: 0 }
    }

    fn read(pattern: &str, text: &str) -> Option<String> {
        let stamp = DatePattern::parse(pattern).unwrap().read(text.as_bytes(), now(), &Zone::utc())?;
        let civil = stamp.civil();
        Some(format!(
            "{}-{:02}-{:02} {:02}:{:02}:{:02}.{} {}",
            civil.year,
            civil.month,
            civil.day,
            civil.hour,
            civil.minute,
            civil.second,
            stamp.fraction(),
            stamp.zone
        ))
    }

    #[track_caller]
    fn check(pattern: &str, text: &str, expected: &str) {
        assert_eq!(read(pattern, text).as_deref(), Some(expected), "{pattern} {text}");
    }

    #[test]
    fn dates_are_read() {
        check("%FT%T%z", "2015-01-26T16:14:49+03:00", "2015-01-26 16:14:49.0 10800");
        check("%FT%T%z", "2015-01-26T16:14:49+0300", "2015-01-26 16:14:49.0 10800");
        check("%FT%T%z", "2015-01-26T16:14:49 +0300", "2015-01-26 16:14:49.0 10800");
        check("%FT%T%z", "2015-01-26T16:14:49Z", "2015-01-26 16:14:49.0 0");
        check("%d/%b/%Y:%H:%M:%S %z", "31/Dec/2020:23:59:59 -0130", "2020-12-31 23:59:59.0 -5400");
        check("%b %e %H:%M:%S", "Feb  3 01:02:03", "2026-02-03 01:02:03.0 0");
        check("%A %B %d %I:%M %p %y", "Friday march 07 12:05 AM 69", "1969-03-07 00:05:00.0 0");
        check("%Y-%m-%d %T.%f", "2020-01-02 03:04:05.123456789", "2020-01-02 03:04:05.123456 0");
        check("%s.%f", "1300000000.5", "2011-03-13 07:06:40.500000 0");
        check("%F %T %Z", "2020-01-02 03:04:05 EST", "2020-01-02 03:04:05.0 -18000");
        check("%T", "03:04:05", "2026-11-25 03:04:05.0 0");
        check("%m/%d", "02/03", "2026-02-03 00:00:00.0 0");
        check("%Y %j", "2020 366", "2020-12-31 00:00:00.0 0");
    }

    #[test]
    fn what_is_no_date_is_refused() {
        let iso = "%FT%T%z";
        for text in ["2015-01-26T16:14:49", "2015-13-26T16:14:49Z", "2015-01-26T16:14:49CET", "", "x"] {
            assert_eq!(read(iso, text), None, "{text}");
        }
        assert_eq!(read(iso, "2015-01-26T16:14:49Z "), None);
        assert_eq!(read("%T.%f", "01:02:03"), None);
        assert_eq!(read("%T %Z", "01:02:03 XYZ"), None);
        assert_eq!(DatePattern::parse("%Q").unwrap_err(), BadPattern("Q".to_owned()));
        assert_eq!(DatePattern::parse("%").unwrap_err(), BadPattern(String::new()));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<Vec<u8>>()) {
            for pattern in ["%FT%T.%f%z", "%s", "%b %d %y %I %p %Z", "%j%u"] {
                let _ = DatePattern::parse(pattern).unwrap().read(&text, now(), &Zone::utc());
            }
        }

        #[test]
        fn a_date_comes_back(seconds in 0i64..4_000_000_000) {
            let civil = Civil::of(seconds);
            let text = format!(
                "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
                civil.year, civil.month, civil.day, civil.hour, civil.minute, civil.second
            );
            let stamp = DatePattern::parse("%F %T").unwrap().read(text.as_bytes(), now(), &Zone::utc());
            prop_assert_eq!(stamp.map(Stamp::seconds), Some(seconds));
        }
    }
}
