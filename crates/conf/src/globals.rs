//! `options { … }`: what holds for all drivers that do not say otherwise.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::{
    ast::{Argument, Call, Config, same_keyword, truth},
    diagnostic::{Diagnostic, Diagnostics},
    options::{Options, Permissions, Seconds, Spanned},
};

#[cfg(test)]
mod tests;

crate::options! {
    /// Options that hold for the whole configuration.
    pub struct GlobalOptions {
        /// Host names that match are taken for part of the program's name instead.
        bad_hostname: String = inherit,
        /// Keep the names of all hosts that a message went through.
        chain_hostnames | long_hostnames: bool = false,
        /// Refuse host names with characters that host names cannot have.
        check_hostname: bool = false,
        /// Create missing parent directories of files.
        create_dirs: bool = false,
        /// Group of the directories created.
        dir_group: Option<String> = None,
        /// Owner of the directories created.
        dir_owner: Option<String> = None,
        /// Permissions of the directories created.
        dir_perm: Permissions = Permissions(Some(0o700)),
        /// How long a name is remembered.
        dns_cache_expire: Seconds = Seconds::new(3600),
        /// How long it is remembered that an address has no name.
        dns_cache_expire_failed: Seconds = Seconds::new(60),
        /// A file of names, in the format of `/etc/hosts`, that are known without asking.
        dns_cache_hosts: String = inherit,
        /// How many names are remembered.
        dns_cache_size: NonZeroU32 = nonzero(1007),
        /// Layout of the lines in files: the name of a template, or its text.
        file_template: String = inherit,
        /// Digits of the fraction of a second in time stamps, at most six.
        frac_digits: u8 = 0,
        /// Group of the files created.
        group: Option<String> = None,
        /// Trust the host name in a message.
        keep_hostname: bool = false,
        /// Trust the time stamp in a message.
        keep_timestamp: bool = true,
        /// Time zone of time stamps in names of files.
        local_time_zone: String = inherit,
        /// Log paths have `flags(flow-control)` unless they say `no-flow-control`.
        log_flow_control: bool = false,
        /// Messages that the queue of a destination holds.
        log_fifo_size: NonZeroU32 = nonzero(10_000),
        /// How much the daemon says about itself.
        log_level: LogLevel = LogLevel::Default,
        /// Bytes that a message may have.
        log_msg_size: NonZeroU32 = nonzero(65_536),
        /// Turn host names to lower case.
        normalize_hostnames: bool = false,
        /// Owner of the files created.
        owner: Option<String> = None,
        /// Permissions of the files created.
        perm: Permissions = Permissions(Some(0o600)),
        /// Layout of the lines in network connections: the name of a template, or its text.
        proto_template: String = inherit,
        /// The Python that runs the Python drivers: a name or a path.
        python: String = inherit,
        /// The process that parsers, destinations and template functions in Python share, unless a `worker()` of
        /// theirs says otherwise. A source always has a process of its own.
        python_worker: String = inherit,
        /// Time zone of received time stamps that have none.
        recv_time_zone: String = inherit,
        /// Time zone that time stamps are written in.
        send_time_zone | time_zone: String = inherit,
        /// Statistics.
        stats: Vec<StatsOptions> = repeated,
        /// Obsolete form of `stats(freq())`.
        stats_freq: u32 = inherit,
        /// Obsolete form of `stats(level())`.
        stats_level: u32 = inherit,
        /// Obsolete form of `stats(lifetime())`.
        stats_lifetime: u32 = inherit,
        /// Obsolete form of `stats(max-dynamics())`.
        stats_max_dynamics: i64 = inherit,
        /// How long a stop, a reload or a restart waits for a driver before it is ended.
        stop_timeout: Seconds = Seconds::new(10),
        /// What happens to a message that a suspended Python source posts.
        suspended_post: SuspendedPost = SuspendedPost::Drop,
        /// Escape quotes and control characters that macros put into templates.
        template_escape: bool = false,
        /// How long an idle file of a templated name is kept open; 0 for ever.
        time_reap: Seconds = Seconds::new(60),
        /// How long to wait before a lost connection is opened again.
        time_reopen: Seconds = inherit,
        /// Cut messages that are too large, where the protocol would have them refused.
        trim_large_messages: bool = false,
        /// Format of time stamps.
        ts_format: TsFormat = TsFormat::Bsd,
        /// Ask for the names of the hosts that messages come from.
        use_dns: UseDns = UseDns::Yes,
        /// Use host names with their domain.
        use_fqdn: bool = false,
    }
}

crate::options! {
    /// `stats(…)`
    pub struct StatsOptions {
        /// Seconds between two messages with statistics; 0 for none.
        freq: u32 = inherit,
        /// Seconds between two looks at the daemon's own health.
        healthcheck_freq: u32 = inherit,
        /// Which counters are shown, from 0 (statements and connections) to 1 (files, peers, filters, parsers); all of
        /// them where it is not given.
        level: u32 = inherit,
        /// Seconds after which a counter whose driver is gone is forgotten.
        lifetime: u32 = inherit,
        /// How many counters there may be of things that come and go; -1 for any number.
        max_dynamics: i64 = inherit,
        /// Answer `GET /metrics` on this address, such as `127.0.0.1:9577`, with all counters in Prometheus' format.
        prometheus: Spanned<String> = inherit,
        /// Whether to count by facility, severity and host.
        syslog_stats: SyslogStats = inherit,
    }
}

crate::choices! {
    /// How a time stamp is written.
    pub enum TsFormat {
        /// `Nov 22 10:37:36`
        Bsd = "rfc3164" | "bsd",
        /// `2026-11-22T10:37:36+00:00`
        Iso = "rfc3339" | "iso",
        /// `2026 Nov 22 10:37:36`
        Full = "full",
        /// `1795343856`
        Unix = "unix" | "utc",
    }
}

crate::choices! {
    /// How much the daemon says about itself.
    pub enum LogLevel {
        /// What matters.
        Default = "default",
        /// And what happens.
        Verbose = "verbose",
        /// And why.
        Debug = "debug",
        /// And every message.
        Trace = "trace",
    }
}

crate::choices! {
    /// What happens to a message that a suspended Python source posts.
    pub enum SuspendedPost {
        /// It is dropped, counted, and the post returns `False`.
        Drop = "drop",
        /// The post waits for room.
        Block = "block",
        /// The post raises an exception.
        Raise = "raise",
    }
}

crate::choices! {
    /// Whether messages are counted by facility, severity and host.
    pub enum SyslogStats {
        /// Where the level of the statistics says so.
        Auto = "auto",
        /// Always.
        Yes = "yes" | "on" | "1",
        /// Never.
        No = "no" | "off" | "0",
    }
}

crate::choices! {
    /// Whether to ask for the names of the hosts that messages come from.
    pub enum UseDns {
        /// Ask.
        Yes = "yes" | "on" | "1",
        /// Use the address.
        No = "no" | "off" | "0",
        /// Use what `dns-cache-hosts()` knows.
        PersistOnly = "persist-only",
    }
}

/// `stats(lifetime())` where nobody says otherwise.
const STATS_LIFETIME_SECONDS: u32 = 600;

/// What `stats(…)` comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Statistics {
    /// Seconds between two messages with statistics; 0 for none.
    pub freq: u32,
    /// Which counters are shown; all where it is not given.
    pub level: Option<u32>,
    /// How long a counter is kept whose driver is gone.
    pub lifetime: Duration,
    /// Where Prometheus finds them, as written.
    pub prometheus: Option<Spanned<String>>,
}

/// Options that other daemons of the language have and this one does not follow yet.
const WITHOUT_EFFECT: &[&str] = &[
    "check-program",
    "custom-domain",
    "disk-buffer",
    "filterx-jit",
    "filterx-jit-debug-info",
    "flush-lines",
    "flush-timeout",
    "hook-commands",
    "mark",
    "mark-freq",
    "mark-mode",
    "min-iw-size-per-reader",
    "on-error",
    "pass-unix-credentials",
    "suppress",
    "sync",
    "sync-freq",
    "time-sleep",
    "use-rcptid",
    "use-time-recvd",
    "use-uniqid",
];

/// Options whose usual value is how this daemon works anyhow; what they say is checked for nothing.
const ALWAYS_SO: &[&str] = &["dns-cache", "threaded"];

/// Options that the language once had, and what they became.
const REMOVED: &[&str] = &["log-iw-size", "log-fetch-limit"];

/// Names that the language gave up for others.
const OBSOLETE: &[(&str, &str)] = &[
    ("long-hostnames", "chain-hostnames"),
    ("stats-freq", "stats(freq())"),
    ("stats-level", "stats(level())"),
    ("stats-lifetime", "stats(lifetime())"),
    ("stats-max-dynamics", "stats(max-dynamics())"),
];

impl GlobalOptions {
    /// The global options of `config`; of one that is written twice the last one counts.
    ///
    /// `None` when anything is wrong; all of it is in the diagnostics then. What has no effect is warned of, once.
    pub fn of(config: &Config, diagnostics: &mut Diagnostics) -> Option<GlobalOptions> {
        let mut warned: Vec<&str> = Vec::new();
        let mut arguments = Vec::new();
        for call in &config.options {
            let name = call.name.text.as_str();
            let (warning, read) = remark(call);
            if let Some(warning) = warning
                && !warned.iter().any(|other| same_keyword(other, name))
            {
                warned.push(name);
                diagnostics.push(warning);
            }
            if call.name.is("stats") {
                stats_without_effect(call).for_each(|warning| diagnostics.push(warning));
            }
            if read {
                arguments.push(Argument::Call(call.clone()));
            }
        }
        let span = config.options.first().map_or_else(Default::default, |first| first.span);
        GlobalOptions::read_arguments("`options`", &arguments, span, diagnostics)
    }

    /// What is said about statistics; `stats(…)` wins over the obsolete forms.
    pub fn statistics(&self) -> Statistics {
        fn last<'s, T: 's>(all: &'s [StatsOptions], of: impl Fn(&'s StatsOptions) -> Option<T>) -> Option<T> {
            all.iter().rev().find_map(of)
        }
        let lifetime = last(&self.stats, |stats| stats.lifetime).or(self.stats_lifetime);
        Statistics {
            freq: last(&self.stats, |stats| stats.freq).or(self.stats_freq).unwrap_or(0),
            level: last(&self.stats, |stats| stats.level).or(self.stats_level),
            lifetime: Duration::from_secs(lifetime.unwrap_or(STATS_LIFETIME_SECONDS).into()),
            prometheus: last(&self.stats, |stats| stats.prometheus.clone()),
        }
    }
}

/// What there is to say about `call` before it is read, and whether it is read at all.
fn remark(call: &Call) -> (Option<Diagnostic>, bool) {
    let name = &call.name.text;
    let is_in = |names: &[&str]| names.iter().any(|other| same_keyword(other, name));
    let span = call.name.span;
    let refuses =
        || matches!(call.arguments.as_slice(), [Argument::Value(value)] if truth(value) == Some(false));
    if is_in(ALWAYS_SO) && !refuses() {
        return (None, false);
    }
    if is_in(WITHOUT_EFFECT) || is_in(ALWAYS_SO) {
        return (
            Some(Diagnostic::warning(format!("option `{name}` is accepted but has no effect"), span)),
            false,
        );
    }
    if is_in(REMOVED) {
        let warning = Diagnostic::warning(format!("the global option `{name}` was removed"), span);
        return (Some(warning.label("give it to the sources that need it")), false);
    }
    let obsolete = OBSOLETE.iter().find(|(old, _)| same_keyword(old, name));
    let warning = obsolete.map(|(_, new)| {
        let message = format!(
            "Your configuration file uses an obsoleted keyword, please update your configuration; \
             keyword='{name}', change='{new}'"
        );
        Diagnostic::warning(message, span)
    });
    (warning, true)
}

/// Parts of `stats(…)` that change nothing: no counter comes and goes with the messages.
fn stats_without_effect(stats: &Call) -> impl Iterator<Item = Diagnostic> {
    const IDLE: [&str; 3] = ["healthcheck-freq", "max-dynamics", "syslog-stats"];
    stats.arguments.iter().filter_map(|argument| match argument {
        Argument::Call(part) if IDLE.iter().any(|idle| part.name.is(idle)) => {
            let message = format!("option `stats({}())` is accepted but has no effect", part.name.text);
            Some(Diagnostic::warning(message, part.name.span))
        }
        _ => None,
    })
}

const fn nonzero(value: u32) -> NonZeroU32 {
    match NonZeroU32::new(value) {
        Some(value) => value,
        None => NonZeroU32::MIN,
    }
}
