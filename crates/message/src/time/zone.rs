//! Time zones, as a table of offsets.

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

/// First and last year whose transitions are in the table; before and after, the nearest offset holds.
const YEARS: (i64, i64) = (1900, 2200);
/// Transitions a zone may have: twice a year, and room for countries that could not make up their minds.
const TRANSITIONS_MAX: usize = 1024;

/// A time zone. Cheap to clone; a look-up takes no lock and asks no database.
#[derive(Clone)]
pub struct Zone(Arc<Table>);

struct Table {
    /// Tells tables apart, in memory that outlives them.
    id: u64,
    name: Box<str>,
    /// The offset that holds from this second on, in order; the first holds since ever.
    spans: Box<[(i64, i32)]>,
    /// The span found last: messages come in order of time, so it is nearly always the one.
    hint: AtomicUsize,
}

/// A text that names no time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown time zone `{0}`")]
pub struct BadZone(pub String);

impl Zone {
    /// Coordinated universal time.
    pub fn utc() -> Zone {
        Zone::fixed(0)
    }

    /// A zone that is always this many seconds east of UTC.
    pub fn fixed(seconds: i32) -> Zone {
        let mut name = Vec::new();
        super::format::append_offset(&mut name, seconds);
        let name = String::from_utf8_lossy(&name);
        Zone::new(&name, Box::new([(i64::MIN, seconds)]))
    }

    /// The machine's zone, read once: from `TZ`, else from `/etc/localtime`.
    pub fn system() -> &'static Zone {
        static SYSTEM: OnceLock<Zone> = OnceLock::new();
        SYSTEM.get_or_init(|| Zone::tabulate("local", &TimeZone::system()))
    }

    /// Reads `+02:00`, `-0530`, `+2`, `Z`, a name such as `Europe/Budapest`, or a rule such as `EST5EDT`.
    pub fn parse(text: &str) -> Result<Zone, BadZone> {
        let bad = || BadZone(text.to_owned());
        if text == "Z" {
            return Ok(Zone::utc());
        }
        if text.starts_with(['+', '-']) {
            return fixed_offset(text.as_bytes()).map(Zone::fixed).ok_or_else(bad);
        }
        // A name is a path below the zone directory; nothing else is.
        if text.is_empty() || text.starts_with(['/', '.']) || text.contains("..") {
            return Err(bad());
        }
        let zone = TimeZone::get(text).or_else(|_| TimeZone::posix(text)).map_err(|_| bad())?;
        Ok(Zone::tabulate(text, &zone))
    }

    /// How it was named.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Seconds east of UTC at an instant, in seconds since the epoch.
    #[inline]
    pub fn offset_at(&self, seconds: i64) -> i32 {
        self.0.spans[self.span_at(seconds)].1
    }

    /// Seconds east of UTC when the wall clock shows `wall`, in seconds since 1970-01-01T00:00:00 of that clock.
    ///
    /// An hour that the clock shows twice is taken the first time; one that it skips is read with the offset
    /// before the jump.
    #[inline]
    pub fn offset_of_wall(&self, wall: i64) -> i32 {
        let spans = &self.0.spans;
        if let [(_, only)] = **spans {
            return only;
        }
        // The wall clock is less than a day away from UTC, and spans are longer than that.
        let near = self.span_at(wall);
        let candidates = near.saturating_sub(1)..=(near + 1).min(spans.len() - 1);
        let utc = |span: usize| wall.saturating_sub(i64::from(spans[span].1));
        for span in candidates.clone() {
            if spans[span].0 <= utc(span) && spans.get(span + 1).is_none_or(|next| utc(span) < next.0) {
                return spans[span].1;
            }
        }
        let skipped = candidates.skip(1).find(|span| utc(*span) < spans[*span].0);
        spans[skipped.map_or(near, |span| span - 1)].1
    }

    #[inline]
    fn span_at(&self, seconds: i64) -> usize {
        let spans = &self.0.spans;
        let hint = self.0.hint.load(Ordering::Relaxed);
        if spans[hint].0 <= seconds && spans.get(hint + 1).is_none_or(|next| seconds < next.0) {
            return hint;
        }
        // The first span begins at the minimum, so the partition point is at least 1.
        let found = spans.partition_point(|span| span.0 <= seconds) - 1;
        self.0.hint.store(found, Ordering::Relaxed);
        found
    }

    fn tabulate(name: &str, zone: &TimeZone) -> Zone {
        let year = |year| super::calendar::seconds_of(year, 1, 1, 0, 0, 0);
        let first = Timestamp::from_second(year(YEARS.0)).unwrap_or(Timestamp::UNIX_EPOCH);
        let last = year(YEARS.1);
        let mut spans = vec![(i64::MIN, zone.to_offset(first).seconds())];
        for transition in zone.following(first).take(TRANSITIONS_MAX) {
            let (from, offset) = (transition.timestamp().as_second(), transition.offset().seconds());
            if from > last {
                break;
            }
            if spans.last().is_some_and(|span| span.1 != offset) {
                spans.push((from, offset));
            }
        }
        Zone::new(name, spans.into())
    }

    fn new(name: &str, spans: Box<[(i64, i32)]>) -> Zone {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        let id = COUNT.fetch_add(1, Ordering::Relaxed);
        Zone(Arc::new(Table { id, name: name.into(), spans, hint: AtomicUsize::new(0) }))
    }

    /// No two zones made by this process have the same; it is never 0.
    #[inline]
    pub(super) fn id(&self) -> u64 {
        self.0.id
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Zone").field(&self.name()).finish()
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Zone) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.spans == other.0.spans
    }
}

/// `±hh`, `±h`, `±hhmm` or `±hh:mm` in seconds.
fn fixed_offset(text: &[u8]) -> Option<i32> {
    let (sign, digits) = text.split_first()?;
    let (hours, minutes) = match digits {
        [_] | [_, _] => (digits, &b"0"[..]),
        [_, _, b':', _, _] => (&digits[..2], &digits[3..]),
        [_, _, _, _] => (&digits[..2], &digits[2..]),
        _ => return None,
    };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0, |n, digit| digit.is_ascii_digit().then(|| n * 10 + i32::from(digit - b'0')))
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let seconds = hours * 3600 + minutes * 60;
    let fits = minutes < 60 && seconds.abs() <= Offset::MAX.seconds();
    fits.then_some(if *sign == b'-' { -seconds } else { seconds })
}

/// Whether some country's clocks run at this offset today, or did within the last decades.
pub(super) fn in_use(seconds: i32) -> bool {
    const HALVES: [i32; 10] = [-570, -210, -150, 210, 270, 330, 390, 570, 630, 345];
    const QUARTERS: [i32; 4] = [525, 765, 825, 795];
    let minutes = seconds / 60;
    seconds % 60 == 0
        && ((minutes % 60 == 0 && (-12 * 60..=14 * 60).contains(&minutes))
            || HALVES.contains(&minutes)
            || QUARTERS.contains(&minutes))
}
