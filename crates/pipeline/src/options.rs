//! Options that every source has, whatever its driver.

mod destination;
mod refused;
mod templates;

use conf::diagnostic::Diagnostic;
use conf::globals::UseDns;
use conf::options::Spanned;
use conf::span::Span;
use message::syslog::priority::{facilities, facility_number, severities, severity_number};
use message::syslog::{ParseFlags, ParseOptions};
use message::time::Zone;

use crate::compile::Compile;
use crate::plan::OriginBase;
use crate::source::Stamping;

pub use destination::DestinationOptions;
pub use refused::{NoEffect, NotYet};
pub use templates::{TemplateOptionGroup, template_options};

conf::options! {
    /// Options of every source.
    pub struct SourceOptions {
        /// Messages that may be on their way at a time: the window of flow-control.
        log_iw_size: u32 = inherit,
        /// Keep the host name that the message brings, instead of the one of who sent it.
        keep_hostname: bool = inherit,
        /// Chain the names of the hosts a message came through.
        chain_hostnames: bool = inherit,
        /// HOST of every message.
        host_override: String = inherit,
        /// PROGRAM of every message.
        program_override | log_prefix: String = inherit,
        /// Keep the time that the message brings, instead of the time of receipt.
        keep_timestamp: bool = inherit,
        /// PID of every message is the daemon's own.
        use_syslogng_pid: bool = false,
        /// Tags of every message.
        tags: Vec<String> = repeated,
        /// Key under which the source's state is kept.
        persist_name: String = inherit,
        /// Hide the source from statistics below level 3. Not honoured yet.
        internal: bool = inherit,
        /// Look up names of addresses.
        use_dns: UseDns = inherit,
        /// Fully qualified names.
        use_fqdn: bool = inherit,
        /// Keep looked up names for a while. Always so.
        dns_cache: bool = inherit,
        /// Names in lower case.
        normalize_hostnames: bool = inherit,
    }
}

conf::options! {
    /// How the text of a message is read.
    pub struct MessageOptions {
        /// Parsing flags, such as `no-parse`.
        flags: Vec<Spanned<String>> = repeated,
        /// Name of the message format.
        format: Spanned<String> = inherit,
        /// Zone of time stamps that name none.
        time_zone: Spanned<String> = inherit,
        /// Facility of messages that bring none.
        default_facility: Spanned<String> = inherit,
        /// Severity of messages that bring none.
        default_severity | default_level | default_priority: Spanned<String> = inherit,
        /// Prefix of structured data.
        sdata_prefix: String = inherit,
        /// Accept only plain characters in host names.
        check_hostname: bool = inherit,
        /// Accept only plain characters in program names.
        check_program: bool = inherit,
    }
}

/// What the options of a source come to.
#[derive(Debug, Clone)]
pub struct SourceCommon {
    /// What is done to each message.
    pub stamping: Stamping,
    /// What all its messages share.
    pub origin: OriginBase,
    /// The window, messages; `None` leaves it to the driver.
    pub window: Option<u32>,
}

impl SourceOptions {
    /// Completes the options with the global ones, for the source being compiled.
    pub fn resolve(&self, cx: &mut Compile<'_>, span: Span) -> SourceCommon {
        let globals = cx.globals;
        if self.internal == Some(true) {
            no_effect(cx, "internal", span);
        }
        let stamping = Stamping {
            keep_hostname: self.keep_hostname.unwrap_or(globals.keep_hostname),
            chain_hostnames: self.chain_hostnames.unwrap_or(globals.chain_hostnames),
            override_host: self.host_override.is_some(),
            override_program: self.program_override.is_some(),
            override_pid: self.use_syslogng_pid,
            stamp_received: !self.keep_timestamp.unwrap_or(globals.keep_timestamp),
            pri: None,
        };
        let origin = OriginBase {
            host: self.host_override.clone(),
            program: self.program_override.clone(),
            pid: self.use_syslogng_pid.then(|| std::process::id().to_string()),
            tags: self.tags.clone(),
            ..cx.origin_base()
        };
        SourceCommon { stamping, origin, window: self.log_iw_size }
    }
}

impl MessageOptions {
    /// The parse options these come to, on top of `base`. Mistakes go to the diagnostics.
    pub fn resolve(&self, base: ParseFlags, cx: &mut Compile<'_>) -> ParseOptions {
        let mut flags = base;
        for word in &self.flags {
            if flags.apply(&word.value).is_err() {
                let message = format!("Unknown flag \"{}\"", word.value);
                cx.diagnostics
                    .push(Diagnostic::error(message, word.span).suggest(&word.value, ParseFlags::names()));
            }
        }
        if self.check_hostname.unwrap_or(cx.globals.check_hostname) {
            flags = flags.with(ParseFlags::CHECK_HOSTNAME);
        }
        if self.check_program.unwrap_or(false) {
            flags = flags.with(ParseFlags::CHECK_PROGRAM);
        }
        if let Some(format) = &self.format
            && format.value != "syslog"
        {
            let message = format!("there is no message format `{}`", format.value);
            cx.diagnostics
                .push(Diagnostic::error(message, format.span).label("`syslog` is the one there is"));
        }
        ParseOptions {
            flags,
            default_pri: self.default_pri(cx),
            zone: self.zone(cx),
            sdata_prefix: self.sdata_prefix.as_deref().map(Into::into),
            ..ParseOptions::default()
        }
    }

    /// `default-facility()` and `default-level()` as one priority, where either is written.
    pub fn default_pri(&self, cx: &mut Compile<'_>) -> Option<u16> {
        let facility = self
            .default_facility
            .as_ref()
            .map(|word| known(cx, "facility", word, facility_number, facilities()));
        let severity = self
            .default_severity
            .as_ref()
            .map(|word| known(cx, "severity", word, severity_number, severities()));
        match (facility, severity) {
            (None, None) => None,
            (facility, severity) => {
                Some(facility.flatten().unwrap_or(1) * 8 + severity.flatten().unwrap_or(5))
            }
        }
    }

    fn zone(&self, cx: &mut Compile<'_>) -> Option<Zone> {
        let global = cx.globals.recv_time_zone.clone().map(Spanned::synthetic);
        let word = self.time_zone.clone().or(global)?;
        match Zone::parse(&word.value) {
            Ok(zone) => Some(zone),
            Err(error) => {
                cx.diagnostics.push(Diagnostic::error(error.to_string(), word.span));
                None
            }
        }
    }
}

/// Warns that an option of syslog-ng does nothing here.
pub fn no_effect(cx: &mut Compile<'_>, option: &str, span: Span) {
    cx.diagnostics
        .push(Diagnostic::warning(format!("option `{option}` is accepted but has no effect"), span));
}

fn known(
    cx: &mut Compile<'_>,
    what: &str,
    word: &Spanned<String>,
    number: impl Fn(&str) -> Option<u16>,
    names: &[&str],
) -> Option<u16> {
    let found = number(&word.value);
    if found.is_none() {
        let message = format!("unknown {what} `{}`", word.value);
        cx.diagnostics
            .push(Diagnostic::error(message, word.span).suggest(&word.value, names.iter().copied()));
    }
    found
}
