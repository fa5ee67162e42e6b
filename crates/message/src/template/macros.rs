//! The macros: what `$NAME` shows where it is not a name-value pair. One row each; the reference page is made of
//! the same rows.

mod render;

use crate::time::DateField;
use crate::value::ValueType;

/// A macro.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the rows of ROWS and DATE_ROWS document each")]
pub enum Macro {
    Date(DateOf, DateField),
    Facility,
    FacilityNum,
    Severity,
    SeverityNum,
    Tag,
    Tags,
    BsdTag,
    Pri,
    SysUptime,
    Sdata,
    MsgHdr,
    SourceIp,
    SourcePort,
    DestIp,
    DestPort,
    IpProto,
    Proto,
    ProtoName,
    RawmsgSize,
    Seqnum,
    ContextId,
    Item,
    RcptId,
    RunId,
    HostId,
    UniqId,
    LogHost,
    Matches,
}

/// Which of the times a date macro shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOf {
    /// The time in the message.
    Stamp,
    /// The time of receipt.
    Received,
    /// The present.
    Now,
}

/// A macro as users know it.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Its name, and its other names.
    pub names: &'static [&'static str],
    /// The type of what it shows.
    pub kind: ValueType,
    /// What it shows.
    pub doc: &'static str,
    what: Macro,
}

const fn row(names: &'static [&'static str], what: Macro, kind: ValueType, doc: &'static str) -> Row {
    Row { names, kind, doc, what }
}

/// A date macro, which stands for five: with each prefix and without.
#[derive(Debug, Clone, Copy)]
pub struct DateRow {
    /// Its name, and its other name.
    pub names: &'static [&'static str],
    /// What it shows.
    pub doc: &'static str,
    field: DateField,
}

const fn date(names: &'static [&'static str], field: DateField, doc: &'static str) -> DateRow {
    DateRow { names, doc, field }
}

/// What a date macro's name may begin with, and the time it shows then.
pub const DATE_PREFIXES: [(&str, DateOf); 5] = [
    ("", DateOf::Stamp),
    ("S_", DateOf::Stamp),
    ("R_", DateOf::Received),
    ("C_", DateOf::Now),
    // A message is processed when it is shown.
    ("P_", DateOf::Now),
];

/// Every date macro.
#[rustfmt::skip]
pub const DATE_ROWS: &[DateRow] = &[
    date(&["DATE"], DateField::Date, "`Oct 11 22:14:15`, with a fraction by `frac-digits()`"),
    date(&["FULLDATE"], DateField::FullDate, "`2023 Oct 11 22:14:15`, with a fraction by `frac-digits()`"),
    date(&["ISODATE"], DateField::IsoDate, "`2023-10-11T22:14:15+02:00`, with a fraction by `frac-digits()`"),
    date(&["STAMP"], DateField::Stamp, "the date in the layout that `ts-format()` names"),
    date(&["YEAR"], DateField::Year, "the year, four digits"),
    date(&["YEAR_DAY"], DateField::YearDay, "the day of the year, 001 to 366"),
    date(&["MONTH"], DateField::Month, "the month, 01 to 12"),
    date(&["MONTH_WEEK"], DateField::MonthWeek, "the week of the month, 0 to 5; its first Monday begins week 1"),
    date(&["MONTH_ABBREV"], DateField::MonthAbbrev, "the month's name, three letters"),
    date(&["MONTH_NAME"], DateField::MonthName, "the month's name"),
    date(&["DAY"], DateField::Day, "the day of the month, 01 to 31"),
    date(&["HOUR"], DateField::Hour, "the hour, 00 to 23"),
    date(&["HOUR12"], DateField::Hour12, "the hour, 01 to 12"),
    date(&["MIN"], DateField::Min, "the minute, 00 to 59"),
    date(&["SEC"], DateField::Sec, "the second, 00 to 59"),
    date(&["USEC"], DateField::Usec, "the microseconds of the second, six digits"),
    date(&["MSEC"], DateField::Msec, "the milliseconds of the second, three digits"),
    date(&["AMPM"], DateField::AmPm, "`AM` or `PM`"),
    date(&["WEEK_DAY"], DateField::WeekDay, "the day of the week, 1 (Sunday) to 7"),
    date(&["WEEK_DAY_ABBREV", "WEEKDAY"], DateField::WeekDayAbbrev, "the day of the week, three letters"),
    date(&["WEEK_DAY_NAME"], DateField::WeekDayName, "the day of the week"),
    date(&["WEEK"], DateField::Week, "the week of the year, 00 to 53; its first Monday begins week 01"),
    date(&["ISOWEEK"], DateField::IsoWeek, "the week of the year by ISO 8601"),
    date(&["TZOFFSET", "TZ"], DateField::Tz, "the zone, `+02:00`"),
    date(&["UNIXTIME"], DateField::UnixTime, "seconds since the epoch, with a fraction by `frac-digits()`"),
];

/// Every other macro.
#[rustfmt::skip]
pub const ROWS: &[Row] = {
    use ValueType::{Integer, List, String};
    &[
        row(&["FACILITY"], Macro::Facility, String, "the facility's name, its number in hexadecimal where it has none"),
        row(&["FACILITY_NUM"], Macro::FacilityNum, Integer, "the facility's number"),
        row(&["SEVERITY", "PRIORITY", "LEVEL"], Macro::Severity, String, "the severity's name"),
        row(&["SEVERITY_NUM", "LEVEL_NUM"], Macro::SeverityNum, Integer, "the severity's number"),
        row(&["TAG"], Macro::Tag, String, "the priority, two hexadecimal digits"),
        row(&["TAGS"], Macro::Tags, List, "the tags, separated by commas"),
        row(&["BSDTAG"], Macro::BsdTag, String, "the severity's number and a letter for the facility"),
        row(&["PRI"], Macro::Pri, String, "the priority: facility * 8 + severity"),
        row(&["SYSUPTIME"], Macro::SysUptime, String, "how long the daemon has run, in hundredths of a second"),
        row(&["SDATA"], Macro::Sdata, String, "the structured data as RFC 5424 writes it"),
        row(&["MSGHDR"], Macro::MsgHdr, String, "the header as it came, else `PROGRAM[PID]: `"),
        row(&["SOURCEIP"], Macro::SourceIp, String, "the address that the message came from"),
        row(&["SOURCEPORT"], Macro::SourcePort, Integer, "the port that the message came from"),
        row(&["DESTIP"], Macro::DestIp, String, "the address that the message was sent to"),
        row(&["DESTPORT"], Macro::DestPort, Integer, "the port that the message was sent to"),
        row(&["IP_PROTO"], Macro::IpProto, Integer, "the version of IP: 4, 6, or 0 for none"),
        row(&["PROTO"], Macro::Proto, Integer, "the protocol above IP: 6, 17, or 0 for none"),
        row(&["PROTO_NAME"], Macro::ProtoName, String, "the protocol above IP: `tcp`, `udp` or `unknown`"),
        row(&["RAWMSG_SIZE"], Macro::RawmsgSize, Integer, "bytes of the message as it came"),
        row(&["SEQNUM"], Macro::Seqnum, String, "the message's number at this destination, nothing where it has none"),
        row(&["CONTEXT_ID"], Macro::ContextId, String, "the key of the correlation context"),
        row(&["_"], Macro::Item, String, "what a template function iterates over"),
        row(&["RCPTID"], Macro::RcptId, String, "the number a source gave the message, with `use-uniqid()`"),
        row(&["RUNID"], Macro::RunId, String, "counts the starts of the daemon"),
        row(&["HOSTID"], Macro::HostId, String, "eight hexadecimal digits that tell this machine from others"),
        row(&["UNIQID"], Macro::UniqId, String, "HOSTID and RCPTID, with `use-uniqid()`"),
        row(&["LOGHOST"], Macro::LogHost, String, "this machine's name"),
        row(&["*"], Macro::Matches, List, "what a regular expression has matched, `$1` and on"),
    ]
};

impl Macro {
    /// The macro of this name.
    pub fn find(name: &str) -> Option<Macro> {
        if let Some(row) = ROWS.iter().find(|row| row.names.contains(&name)) {
            return Some(row.what);
        }
        // No prefix is the prefix of another one's macro, so the first that fits is the one.
        DATE_PREFIXES.iter().find_map(|(prefix, of)| {
            let base = name.strip_prefix(prefix)?;
            let row = DATE_ROWS.iter().find(|row| row.names.contains(&base))?;
            Some(Macro::Date(*of, row.field))
        })
    }

    /// Its name; of those with several, the first.
    pub fn name(self) -> &'static str {
        match self {
            Macro::Date(_, field) => {
                DATE_ROWS.iter().find(|row| row.field == field).map_or("", |row| row.names[0])
            }
            what => ROWS.iter().find(|row| row.what == what).map_or("", |row| row.names[0]),
        }
    }

    /// The type of what it shows.
    pub fn kind(self) -> ValueType {
        match self {
            Macro::Date(_, DateField::UnixTime) => ValueType::Datetime,
            Macro::Date(..) => ValueType::String,
            what => ROWS.iter().find(|row| row.what == what).map_or(ValueType::String, |row| row.kind),
        }
    }
}

/// The name of every macro, under every name it has.
pub fn names() -> impl Iterator<Item = String> {
    let plain = ROWS.iter().flat_map(|row| row.names).map(|name| (*name).to_owned());
    let dates = DATE_PREFIXES.iter().flat_map(|(prefix, _)| {
        DATE_ROWS.iter().flat_map(|row| row.names).map(move |name| format!("{prefix}{name}"))
    });
    // `$*` is not a name that anything but a template takes.
    plain.filter(|name| name != "*").chain(dates)
}
