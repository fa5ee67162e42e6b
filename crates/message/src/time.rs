//! Instants with their zone, and the texts they are read from and written as.
//!
//! A message carries two of them: the one in its header and the one of its receipt. Nothing here asks the zone
//! database per message: a [`Zone`] is a table made once, and a [`DateCache`] keeps the text of a second.

mod calendar;
mod format;
mod pattern;
mod read;
mod zone;

use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

pub use calendar::Civil;
pub(crate) use format::append_number as format_number;
pub use format::{DateCache, DateField, FRAC_DIGITS_MAX, TsFormat, UnknownTsFormat, append};
pub use pattern::{BadPattern, DatePattern};
pub use read::{read_bsd, read_header, read_iso};
pub use zone::{BadZone, Zone};

/// Microseconds of a second.
pub const MICROS_PER_SECOND: i64 = 1_000_000;

/// An instant, with the zone it was seen in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stamp {
    /// Microseconds since the epoch.
    pub micros: i64,
    /// Seconds east of UTC.
    pub zone: i32,
}

impl Stamp {
    /// Whole seconds since the epoch.
    #[inline]
    pub fn seconds(self) -> i64 {
        self.micros.div_euclid(MICROS_PER_SECOND)
    }

    /// Microseconds within the second.
    #[inline]
    pub fn fraction(self) -> u32 {
        self.micros.rem_euclid(MICROS_PER_SECOND) as u32
    }

    /// The wall clock that its zone shows.
    pub fn civil(self) -> Civil {
        Civil::of(self.seconds() + i64::from(self.zone))
    }

    /// The same instant as `zone` shows it.
    #[must_use]
    pub fn shown_in(self, zone: &Zone) -> Stamp {
        Stamp { zone: zone.offset_at(self.seconds()), ..self }
    }

    /// The same wall clock, read in `zone`.
    #[must_use]
    pub fn wall_in(self, zone: &Zone) -> Stamp {
        let wall = self.seconds() + i64::from(self.zone);
        let offset = zone.offset_of_wall(wall);
        let whole = (wall - i64::from(offset)).saturating_mul(MICROS_PER_SECOND);
        Stamp { micros: whole.saturating_add(i64::from(self.fraction())), zone: offset }
    }

    /// The stamp with the zone that makes it agree with `now`, if there is one.
    ///
    /// A device with a right clock and an unknown zone is off by a whole number of quarter hours. `None` where the
    /// difference is a day or more, is more than [`GUESS_SLACK_SECONDS`] away from a quarter hour, or leads to an
    /// offset that no country uses.
    pub fn guess_zone(self, now: Stamp) -> Option<Stamp> {
        let behind = now.seconds().checked_sub(self.seconds())?;
        if behind.unsigned_abs() >= SECONDS_PER_DAY {
            return None;
        }
        let quarters = (behind + QUARTER_SECONDS / 2).div_euclid(QUARTER_SECONDS);
        let shift = quarters * QUARTER_SECONDS;
        if (behind - shift).abs() > GUESS_SLACK_SECONDS {
            return None;
        }
        let zone = i32::try_from(i64::from(self.zone) - shift).ok()?;
        zone::in_use(zone)
            .then(|| Stamp { micros: self.micros.saturating_add(shift * MICROS_PER_SECOND), zone })
    }
}

/// Seconds that a guessed zone may leave between a message and its receipt.
pub const GUESS_SLACK_SECONDS: i64 = 30;

const QUARTER_SECONDS: i64 = 15 * 60;
const SECONDS_PER_DAY: u64 = 86_400;

/// The present, in the machine's zone.
#[inline]
pub fn now() -> Stamp {
    let micros = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
        // A clock set before 1970 is a broken clock; the order of messages matters more than their date.
        Err(_) => 0,
    };
    Stamp { micros, zone: Zone::system().offset_at(micros.div_euclid(MICROS_PER_SECOND)) }
}

/// When this process began to count, for `SYSUPTIME`: the first call of this function.
pub fn process_start() -> Stamp {
    static START: OnceLock<Stamp> = OnceLock::new();
    *START.get_or_init(now)
}

#[cfg(test)]
mod tests;
