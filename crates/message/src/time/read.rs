//! Stamps out of message headers.
//!
//! Every form has a fixed number of digits but for its fraction, so no text takes longer than its length, and no
//! number grows beyond its field. A date that is no date (October 32nd) is carried over as `mktime` would.

use std::cell::Cell;

use super::calendar::{DAY, date_of, seconds_of};
use super::{MICROS_PER_SECOND, Stamp, Zone};

/// Reads the stamp of an RFC 3164 message: any of the BSD forms, or ISO 8601. A colon behind it belongs to it.
///
/// Gives the stamp and the bytes it took; `None` where the text does not begin with one. `now` tells the year of
/// a stamp that has none, `zone` is for one that names none; the third value says whether it did name one.
#[inline]
pub fn read_header(text: &[u8], now: Stamp, zone: &Zone) -> Option<(Stamp, usize, bool)> {
    let first = *text.first()?;
    let (stamp, mut len, zoned) = if first.is_ascii_digit() {
        read_iso(text, zone)?
    } else {
        let (stamp, len) = read_bsd(text, now, zone)?;
        (stamp, len, false)
    };
    if text.get(len) == Some(&b':') {
        len += 1;
    }
    Some((stamp, len, zoned))
}

/// Reads `Mmm dd hh:mm:ss` with an optional fraction, the year before or behind the clock, the day with or
/// without padding.
#[inline]
pub fn read_bsd(text: &[u8], now: Stamp, zone: &Zone) -> Option<(Stamp, usize)> {
    let Some(key) = Remembered::key(text) else {
        return read_any_bsd(text, now, zone);
    };
    let found = REMEMBERED.get();
    let today = days(now);
    let whole = if found.key == key && found.today == today && found.zone == zone.id() {
        found.stamp
    } else {
        let (stamp, len) = read_any_bsd(&text[..PLAIN_BYTES], now, zone)?;
        debug_assert!(len == PLAIN_BYTES, "a plain stamp has {len} bytes");
        REMEMBERED.set(Remembered { key, today, zone: zone.id(), stamp });
        stamp
    };
    let (micros, fraction_len) = read_fraction(&text[PLAIN_BYTES..]);
    Some((Stamp { micros: whole.micros + micros, ..whole }, PLAIN_BYTES + fraction_len))
}

/// Bytes of `Mmm dd hh:mm:ss`.
const PLAIN_BYTES: usize = 15;

thread_local! {
    /// The plain stamp read last: at any rate worth the name, the next line has the same.
    static REMEMBERED: Cell<Remembered> = const { Cell::new(Remembered::NONE) };
}

#[derive(Clone, Copy)]
struct Remembered {
    /// The text, its two halves overlapping by a byte.
    key: (u64, u64),
    /// The day it was read, on which its year depends.
    today: i64,
    zone: u64,
    stamp: Stamp,
}

impl Remembered {
    const NONE: Remembered =
        Remembered { key: (0, 0), today: 0, zone: 0, stamp: Stamp { micros: 0, zone: 0 } };

    /// The text of a plain stamp; `None` where a year may be in it or behind it.
    #[inline]
    fn key(text: &[u8]) -> Option<(u64, u64)> {
        let head = text.first_chunk::<PLAIN_BYTES>()?;
        let year_behind = text.get(15) == Some(&b' ') && text.get(16).is_some_and(u8::is_ascii_digit);
        if head[9] != b':' || head[12] != b':' || year_behind {
            return None;
        }
        let half = |from: usize| head[from..].first_chunk().map(|half| u64::from_le_bytes(*half));
        Some((half(0)?, half(7)?))
    }
}

fn read_any_bsd(text: &[u8], now: Stamp, zone: &Zone) -> Option<(Stamp, usize)> {
    let month = month(text.get(..4)?)?;
    let (day, mut at) = match *text.get(4..7)? {
        [b' ', ones, b' '] => (digit(ones)?, 7),
        [tens, ones, b' '] => (digit(tens)? * 10 + digit(ones)?, 7),
        [ones, b' ', _] => (digit(ones)?, 6),
        _ => return None,
    };
    let mut year = None;
    // PIX and ASA write the year first.
    if let Some([a, b, c, d, b' ']) = text.get(at..at + 5)
        && let Some(found) = number([*a, *b, *c, *d])
    {
        year = Some(found);
        at += 5;
    }
    let clock = read_clock(text.get(at..at + 8)?)?;
    at += 8;
    let (micros, fraction_len) = read_fraction(&text[at..]);
    at += fraction_len;
    // LinkSys writes it last.
    if year.is_none()
        && fraction_len == 0
        && let Some([b' ', a, b, c, d, b' ']) = text.get(at..at + 6)
        && let Some(found) = number([*a, *b, *c, *d])
    {
        year = Some(found);
        at += 5;
    }
    let year = year.map_or_else(|| missing_year(month, now), i64::from);
    let wall = seconds_of(year, month, day, clock.0, clock.1, clock.2);
    Some((in_zone(wall, micros, zone), at))
}

/// Reads `YYYY-MM-DDThh:mm:ss`, a blank instead of the `T` too, with an optional fraction and zone (`Z` or
/// `±hh:mm`). The third value says whether there was a zone.
#[inline]
pub fn read_iso(text: &[u8], zone: &Zone) -> Option<(Stamp, usize, bool)> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T' | b' ', clock @ ..] = text.get(..19)? else {
        return None;
    };
    let year = number([*y1, *y2, *y3, *y4])?;
    let month = pair(*m1, *m2)?;
    let day = pair(*d1, *d2)?;
    let clock = read_clock(clock)?;
    let (micros, fraction_len) = read_fraction(&text[19..]);
    let at = 19 + fraction_len;
    // A month beyond December is carried over like every other field; month 0 is December of the year before.
    let (year, month) = (i64::from(year) + (i64::from(month) - 1).div_euclid(12), (month + 11) % 12 + 1);
    let wall = seconds_of(year, month, day, clock.0, clock.1, clock.2);
    if let Some((offset, zone_len)) = read_offset(&text[at..]) {
        let stamp = Stamp { micros: (wall - i64::from(offset)) * MICROS_PER_SECOND + micros, zone: offset };
        return Some((stamp, at + zone_len, true));
    }
    Some((in_zone(wall, micros, zone), at, false))
}

pub(super) fn in_zone(wall: i64, micros: i64, zone: &Zone) -> Stamp {
    let offset = zone.offset_of_wall(wall);
    Stamp { micros: (wall - i64::from(offset)) * MICROS_PER_SECOND + micros, zone: offset }
}

/// The day it is, where we are.
#[inline]
fn days(now: Stamp) -> i64 {
    (now.seconds() + i64::from(now.zone)).div_euclid(DAY)
}

/// The year that a stamp without one means: this year, but a December read in January is the last one, and a
/// January read in December the next.
pub(super) fn missing_year(month: u32, now: Stamp) -> i64 {
    let (year, this_month, _) = date_of(days(now));
    match (month, this_month) {
        (12, 1) => year - 1,
        (1, 12) => year + 1,
        _ => year,
    }
}

/// Hours, minutes and seconds of `hh:mm:ss`.
#[inline]
fn read_clock(text: &[u8]) -> Option<(u32, u32, u32)> {
    let [h1, h2, b':', m1, m2, b':', s1, s2] = *text else {
        return None;
    };
    Some((pair(h1, h2)?, pair(m1, m2)?, pair(s1, s2)?))
}

/// Microseconds of `.123` or `,123`, and the bytes it took: 0 where there is no digit.
#[inline]
fn read_fraction(text: &[u8]) -> (i64, usize) {
    if !matches!(text, [b'.' | b',', b'0'..=b'9', ..]) {
        return (0, 0);
    }
    let (mut micros, mut weight) = (0, 100_000);
    let mut len = 1;
    // Digits beyond the sixth weigh nothing.
    while let Some(value) = text.get(len).copied().and_then(digit) {
        micros += i64::from(value) * weight;
        weight /= 10;
        len += 1;
    }
    (micros, len)
}

/// Seconds east of UTC of `Z` or `±hh:mm`, and the bytes it took.
#[inline]
fn read_offset(text: &[u8]) -> Option<(i32, usize)> {
    let (sign, h1, h2, m1, m2) = match *text {
        [b'Z', ..] => return Some((0, 1)),
        [b'+', h1, h2, b':', m1, m2, ..] => (1, h1, h2, m1, m2),
        [b'-', h1, h2, b':', m1, m2, ..] => (-1, h1, h2, m1, m2),
        _ => return None,
    };
    let (hours, minutes) = (pair(h1, h2)?, pair(m1, m2)?);
    (hours < 24 && minutes < 60).then_some((sign * (hours * 3600 + minutes * 60) as i32, 6))
}

/// The month of `Mmm `. The first letter must be upper case, the others may be.
#[inline]
fn month(text: &[u8]) -> Option<u32> {
    let [first, second, third, b' '] = *text else {
        return None;
    };
    Some(match [first, second | 0x20, third | 0x20] {
        [b'J', b'a', b'n'] => 1,
        [b'F', b'e', b'b'] => 2,
        [b'M', b'a', b'r'] => 3,
        [b'A', b'p', b'r'] => 4,
        [b'M', b'a', b'y'] => 5,
        [b'J', b'u', b'n'] => 6,
        [b'J', b'u', b'l'] => 7,
        [b'A', b'u', b'g'] => 8,
        [b'S', b'e', b'p'] => 9,
        [b'O', b'c', b't'] => 10,
        [b'N', b'o', b'v'] => 11,
        [b'D', b'e', b'c'] => 12,
        _ => return None,
    })
}

#[inline]
fn digit(byte: u8) -> Option<u32> {
    let value = byte.wrapping_sub(b'0');
    (value < 10).then_some(u32::from(value))
}

#[inline]
fn pair(tens: u8, ones: u8) -> Option<u32> {
    Some(digit(tens)? * 10 + digit(ones)?)
}

#[inline]
fn number<const N: usize>(digits: [u8; N]) -> Option<u32> {
    digits.into_iter().try_fold(0, |number, byte| Some(number * 10 + digit(byte)?))
}
