//! Facilities and severities: their numbers, names and other names.

/// Priority of a message that has none: user.notice.
pub const DEFAULT_PRI: u16 = 13;
/// Priority of a kernel message that has none: kern.notice.
pub const KERNEL_PRI: u16 = 5;
/// Priority of a message about a malformed one: syslog.err.
pub const ERROR_PRI: u16 = 43;

const FACILITIES: [&str; 24] = [
    "kern",
    "user",
    "mail",
    "daemon",
    "auth",
    "syslog",
    "lpr",
    "news",
    "uucp",
    "cron",
    "authpriv",
    "ftp",
    "ntp",
    "security",
    "console",
    "solaris-cron",
    "local0",
    "local1",
    "local2",
    "local3",
    "local4",
    "local5",
    "local6",
    "local7",
];
const SEVERITIES: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];
const SEVERITY_ALIASES: [(&str, u16); 6] =
    [("emergency", 0), ("panic", 0), ("critical", 2), ("error", 3), ("warn", 4), ("informational", 6)];

/// Name of a facility; `None` beyond `local7`.
pub fn facility_name(facility: u16) -> Option<&'static str> {
    FACILITIES.get(usize::from(facility)).copied()
}

/// Number of a facility, by any of its names, in any case.
pub fn facility_number(name: &str) -> Option<u16> {
    if name.eq_ignore_ascii_case("megasafe") {
        return facility_number("authpriv");
    }
    position(&FACILITIES, name)
}

/// Name of a severity; of its lowest three bits, since a severity has no more.
pub fn severity_name(severity: u16) -> &'static str {
    SEVERITIES[usize::from(severity & 7)]
}

/// Number of a severity, by any of its names, in any case.
pub fn severity_number(name: &str) -> Option<u16> {
    let alias = SEVERITY_ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(name));
    alias.map(|(_, number)| *number).or_else(|| position(&SEVERITIES, name))
}

/// Every facility name, in order of its number.
pub fn facilities() -> &'static [&'static str] {
    &FACILITIES
}

/// Every severity name, in order of its number.
pub fn severities() -> &'static [&'static str] {
    &SEVERITIES
}

fn position(names: &[&str], name: &str) -> Option<u16> {
    names.iter().position(|known| known.eq_ignore_ascii_case(name)).map(|i| i as u16)
}
