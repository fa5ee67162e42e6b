//! Civil dates: days since the epoch to year, month, day, and back.

/// Seconds of a day.
pub(super) const DAY: i64 = 86_400;

/// A wall clock reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// Year; may be far off for a stamp that is.
    pub year: i64,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
    /// 0 to 23.
    pub hour: u32,
    /// 0 to 59.
    pub minute: u32,
    /// 0 to 59.
    pub second: u32,
    /// 0 is Sunday.
    pub weekday: u32,
}

impl Civil {
    /// The reading of a clock that has counted `seconds` since 1970-01-01T00:00:00.
    pub fn of(seconds: i64) -> Civil {
        let days = seconds.div_euclid(DAY);
        let rest = seconds.rem_euclid(DAY) as u32;
        let (year, month, day) = date_of(days);
        Civil {
            year,
            month,
            day,
            hour: rest / 3600,
            minute: rest / 60 % 60,
            second: rest % 60,
            // The epoch was a Thursday.
            weekday: (days + 4).rem_euclid(7) as u32,
        }
    }

    /// Days since January 1st, from 0.
    pub fn day_of_year(self) -> u32 {
        (days_of(self.year, self.month, self.day) - days_of(self.year, 1, 1)) as u32
    }

    /// Week of the year, from 0; weeks begin on Monday, and the first Monday begins week 1.
    pub fn week(self) -> u32 {
        (self.day_of_year() + 7 - self.days_since_monday()) / 7
    }

    /// Week of the month, by the same rule.
    pub fn week_of_month(self) -> u32 {
        (self.day - 1 + 7 - self.days_since_monday()) / 7
    }

    /// Week by ISO 8601: the week belongs to the year that holds its Thursday.
    pub fn iso_week(self) -> u32 {
        let days = days_of(self.year, self.month, self.day);
        let thursday = days - i64::from(self.days_since_monday()) + 3;
        let (year, _, _) = date_of(thursday);
        ((thursday - days_of(year, 1, 1)) / 7 + 1) as u32
    }

    fn days_since_monday(self) -> u32 {
        (self.weekday + 6) % 7
    }
}

/// Seconds since the epoch of a wall clock in UTC. Fields beyond their range carry over, as `mktime` does it:
/// October 32nd is November 1st, 24:61:61 is 01:02:01 of the next day.
#[inline]
pub(super) fn seconds_of(year: i64, month: u32, day: u32, hour: u32, minute: u32, second: u32) -> i64 {
    days_of(year, month, day) * DAY + i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second)
}

/// Days since the epoch; `month` is 1 to 12, `day` any number.
///
/// Years are counted from March, so that the leap day is the last of its year and all months before it have
/// fixed lengths; 400 years are one cycle of 146,097 days.
#[inline]
pub(super) fn days_of(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * i64::from((month + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a day since the epoch.
pub(super) fn date_of(days: i64) -> (i64, u32, u32) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = (of_year - (153 * month + 2) / 5 + 1) as u32;
    let month = (if month < 10 { month + 3 } else { month - 9 }) as u32;
    (era * 400 + year + i64::from(month <= 2), month, day)
}
