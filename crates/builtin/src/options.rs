//! Groups of options that several drivers share.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use conf::ast::Value;
use conf::diagnostic::{Diagnostic, Diagnostics};
use conf::globals::{GlobalOptions, TsFormat};
use conf::options::{FromArguments, Given, Permissions, Seconds, Spanned};
use message::Zone;
use message::syslog::{BadHostname, ParseFlags, ParseOptions};
use message::template::{Template, TemplateOptions};
use pipeline::Compile;
use pipeline::options::{MessageOptions, SourceOptions};

use crate::destination::file::FileRules;
use crate::destination::format::{Format, Numbering, Shape};
use crate::matcher::{self, Matcher};
use crate::owner;
use crate::socket::Tuning;

/// An option of syslog-ng that does nothing here. Whoever writes it is told.
#[derive(Debug, Clone, Copy)]
pub struct NoEffect;

/// An option of syslog-ng without which a configuration would mean something else. It is refused.
#[derive(Debug, Clone, Copy)]
pub struct NotYet;

impl FromArguments for NoEffect {
    const TYPE: &'static str = "no effect";

    fn from_arguments(given: &Given<'_>, diagnostics: &mut Diagnostics) -> Option<NoEffect> {
        let name = given.name.replace('_', "-");
        let message = format!("option `{name}` is accepted but has no effect");
        diagnostics.push(Diagnostic::warning(message, given.span));
        Some(NoEffect)
    }
}

impl FromArguments for NotYet {
    const TYPE: &'static str = "not supported yet";

    fn from_arguments(given: &Given<'_>, diagnostics: &mut Diagnostics) -> Option<NotYet> {
        let name = given.name.replace('_', "-");
        diagnostics.push(Diagnostic::error(format!("option `{name}` is not supported yet"), given.span));
        None
    }
}

conf::options! {
    /// Options of sources that read bytes.
    pub struct ReaderOptions {
        /// Options of all sources.
        source: SourceOptions = flatten,
        /// How messages are read.
        message: MessageOptions = flatten,
        /// Bytes of the longest message.
        log_msg_size: NonZeroU32 = inherit,
        /// Cut messages that are longer than that, where the transport tells their length.
        trim_large_messages: bool = inherit,
        /// Character set of the messages.
        encoding: Spanned<String> = inherit,
        /// Messages read in one go.
        log_fetch_limit: NoEffect = inherit,
        /// Commands run when the source starts and stops.
        hook_commands: NotYet = inherit,
    }
}

conf::options! {
    /// How lines are glued together.
    pub struct MultiLineOptions {
        /// How messages of several lines are told apart.
        multi_line_mode: MultiLineMode = MultiLineMode::None,
        /// Begin of a message.
        multi_line_prefix: NotYet = inherit,
        /// End of a message.
        multi_line_garbage | multi_line_suffix: NotYet = inherit,
        /// Seconds after which a message counts as complete.
        multi_line_timeout: NotYet = inherit,
    }
}

conf::choices! {
    /// How messages of several lines are told apart.
    pub enum MultiLineMode {
        /// A line is a message.
        None = "none",
    }
}

conf::options! {
    /// Options of all destinations.
    pub struct DestinationOptions {
        /// Messages that the queue holds.
        log_fifo_size: NonZeroU32 = inherit,
        /// Seconds until a lost connection is opened again.
        time_reopen: Seconds = inherit,
        /// Key under which the queue is kept over a reload.
        persist_name: String = inherit,
        /// Messages a second.
        throttle: NoEffect = inherit,
        /// A queue on disk.
        disk_buffer: NotYet = inherit,
        /// Hide the destination from statistics.
        internal: NoEffect = inherit,
        /// Commands run when the destination starts and stops.
        hook_commands: NotYet = inherit,
    }
}

conf::options! {
    /// Options of destinations that write text.
    pub struct WriterOptions {
        /// Options of all destinations.
        destination: DestinationOptions = flatten,
        /// Layout of a message: a template, or the name of one.
        template: Value = inherit,
        /// Escape quotes and control characters in what macros say.
        template_escape: bool = inherit,
        /// `syslog-protocol`, `no-multi-line`, `seqnum-all`, `no-seqnum` and the like.
        flags: Vec<Spanned<String>> = repeated,
        /// Format of time stamps.
        ts_format: TsFormat = inherit,
        /// Digits of the fraction of a second.
        frac_digits: u8 = inherit,
        /// Zone that time stamps are shown in.
        send_time_zone | time_zone: Spanned<String> = inherit,
        /// Zone of dates in the names of files.
        local_time_zone: Spanned<String> = inherit,
        /// Bytes that a message is filled up to with NULs.
        pad_size: usize = 0,
        /// Bytes after which a message is cut; -1 for none.
        truncate_size: i64 = -1,
        /// Messages written in one go.
        flush_lines: NoEffect = inherit,
        /// Seconds for which repeated messages are held back.
        suppress: NoEffect = inherit,
        /// Seconds between mark messages.
        mark_freq: NoEffect = inherit,
        /// When mark messages are sent.
        mark_mode: NoEffect = inherit,
        /// What happens to a value of the wrong type.
        on_error: NoEffect = inherit,
    }
}

conf::options! {
    /// Who may do what with the files and directories that are made.
    pub struct FileOwnerOptions {
        /// Create missing parent directories.
        create_dirs: bool = inherit,
        /// Owner of a file; `owner()` leaves it alone.
        owner: Option<Spanned<String>> = inherit,
        /// Group of a file.
        group: Option<Spanned<String>> = inherit,
        /// Permissions of a file.
        perm: Permissions = inherit,
        /// Owner of a directory that is made.
        dir_owner: Option<Spanned<String>> = inherit,
        /// Its group.
        dir_group: Option<Spanned<String>> = inherit,
        /// Its permissions.
        dir_perm: Permissions = inherit,
    }
}

conf::options! {
    /// What is set on sockets.
    pub struct SocketOptions {
        /// Bytes that the system may keep of what has come.
        so_rcvbuf: usize = inherit,
        /// Bytes that the system may keep of what is to go.
        so_sndbuf: usize = inherit,
        /// Send to and take from broadcast addresses.
        so_broadcast: bool = false,
        /// See whether a silent peer is still there.
        so_keepalive: bool = true,
        /// Seconds of silence after which to look.
        tcp_keepalive_time: u32 = 60,
        /// Times to look.
        tcp_keepalive_probes: u32 = 6,
        /// Seconds between two looks.
        tcp_keepalive_intvl: u32 = 10,
        /// Hops a packet may take.
        ip_ttl: u32 = inherit,
        /// Type of service of packets.
        ip_tos: u32 = inherit,
        /// Use an address that this machine does not have yet.
        ip_freebind: bool = false,
        /// Network interface to be bound to.
        interface: String = inherit,
    }
}

impl SocketOptions {
    /// The same for a socket.
    pub(crate) fn tuning(&self) -> Tuning {
        let nonzero = |seconds: u32| (seconds > 0).then(|| Duration::from_secs(seconds.into()));
        Tuning {
            receive_buffer: self.so_rcvbuf.filter(|bytes| *bytes > 0),
            send_buffer: self.so_sndbuf.filter(|bytes| *bytes > 0),
            broadcast: self.so_broadcast,
            reuse_port: false,
            keepalive: self.so_keepalive,
            keepalive_time: nonzero(self.tcp_keepalive_time),
            keepalive_interval: nonzero(self.tcp_keepalive_intvl),
            keepalive_probes: (self.tcp_keepalive_probes > 0).then_some(self.tcp_keepalive_probes),
            ttl: self.ip_ttl.filter(|ttl| *ttl > 0),
            tos: self.ip_tos.filter(|tos| *tos > 0),
            freebind: self.ip_freebind,
            interface: self.interface.clone(),
            passcred: false,
        }
    }
}

conf::options! {
    /// How a pattern is written.
    pub struct PatternOptions {
        /// `pcre`, `string` or `glob`.
        r#type: Spanned<String> = inherit,
        /// `ignore-case`, `store-matches`, `global`, `substring`, `prefix` and the like.
        flags: Vec<Spanned<String>> = repeated,
    }
}

impl PatternOptions {
    /// The compiled pattern; `None` after reporting what is wrong with it.
    pub(crate) fn matcher(&self, pattern: &Spanned<String>, cx: &mut Compile<'_>) -> Option<Matcher> {
        let (kind, flags) = self.resolve(cx)?;
        match Matcher::new(&pattern.value, kind, flags) {
            Ok(matcher) => Some(matcher),
            Err(error) => {
                let message = format!("compiling the regexp failed, error={error}");
                cx.diagnostics.push(Diagnostic::error(message, pattern.span));
                None
            }
        }
    }

    /// What is written.
    pub(crate) fn resolve(&self, cx: &mut Compile<'_>) -> Option<(matcher::Kind, matcher::Flags)> {
        let mut good = true;
        let mut flags = matcher::Flags::default();
        for word in &self.flags {
            if !flags.apply(&word.value) {
                let message = format!("Unknown flag \"{}\"", word.value);
                let diagnostic = Diagnostic::error(message, word.span);
                cx.diagnostics.push(diagnostic.suggest(&word.value, matcher::Flags::names()));
                good = false;
            }
        }
        let kind = match &self.r#type {
            None => matcher::Kind::default(),
            Some(word) => match matcher::Kind::from_name(&word.value) {
                Some(kind) => kind,
                None => {
                    let message = format!("there is no type of pattern `{}`", word.value);
                    let diagnostic = Diagnostic::error(message, word.span);
                    cx.diagnostics.push(diagnostic.suggest(&word.value, ["pcre", "string", "glob"]));
                    return None;
                }
            },
        };
        good.then_some((kind, flags))
    }
}

/// What [`ReaderOptions`] come to.
#[derive(Clone)]
pub(crate) struct Reading {
    pub(crate) common: pipeline::options::SourceCommon,
    pub(crate) parse: ParseOptions,
    pub(crate) msg_size: usize,
    pub(crate) trim: bool,
}

impl ReaderOptions {
    /// Completes the options with the global ones. `base` are the flags that the driver begins with.
    pub(crate) fn resolve(&self, base: ParseFlags, cx: &mut Compile<'_>, span: conf::Span) -> Reading {
        let common = self.source.resolve(cx, span);
        let mut parse = self.message.resolve(base, cx);
        parse.store_host = common.stamping.keep_hostname && !common.stamping.override_host;
        // Nobody can ask for the size of a message who does not name it, or everything; Python may name it elsewhere.
        parse.store_raw_size = RAW_SIZE_WORDS.iter().any(|word| cx.sources.mention(word));
        parse.bad_hostname = bad_hostname(cx);
        if let Some(encoding) = &self.encoding {
            self.check_encoding(encoding, &mut parse, cx);
        }
        Reading {
            common,
            parse,
            msg_size: self.log_msg_size.unwrap_or(cx.globals.log_msg_size).get() as usize,
            trim: self.trim_large_messages.unwrap_or(cx.globals.trim_large_messages),
        }
    }

    fn check_encoding(&self, encoding: &Spanned<String>, parse: &mut ParseOptions, cx: &mut Compile<'_>) {
        let known = ["utf-8", "utf8", "ascii", "us-ascii"];
        if known.iter().any(|known| encoding.value.eq_ignore_ascii_case(known)) {
            parse.flags = parse.flags.with(ParseFlags::ASSUME_UTF8);
            return;
        }
        let message = format!("encoding `{}` is not supported yet", encoding.value);
        cx.diagnostics.push(Diagnostic::error(message, encoding.span).label("UTF-8 is"));
    }
}

/// Words that stand in a configuration in which RAWMSG_SIZE may be asked for.
const RAW_SIZE_WORDS: [&str; 6] =
    ["RAWMSG_SIZE", "all-macros", "all_macros", "everything", "python", "--key"];

/// What `bad-hostname()` says is no host.
fn bad_hostname(cx: &mut Compile<'_>) -> Option<BadHostname> {
    let pattern = cx.globals.bad_hostname.clone()?;
    let options = PatternOptions { r#type: None, flags: Vec::new() };
    let matcher = options.matcher(&Spanned::synthetic(pattern), cx)?;
    Some(Arc::new(move |word: &[u8]| matcher.matches(word)))
}

/// The layout of a destination without a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Default {
    /// `STAMP HOST MSGHDR MSG`
    File,
    /// `<PRI>STAMP HOST MSGHDR MSG`
    Proto,
    /// RFC 5424
    Syslog,
}

impl DestinationOptions {
    /// `log-fifo-size()`
    pub(crate) fn fifo_size(&self, cx: &Compile<'_>) -> usize {
        self.log_fifo_size.unwrap_or(cx.globals.log_fifo_size).get() as usize
    }

    /// `time-reopen()`, a minute where nobody says otherwise.
    pub(crate) fn time_reopen(&self, cx: &Compile<'_>) -> Duration {
        self.time_reopen.or(cx.globals.time_reopen).unwrap_or(TIME_REOPEN).duration()
    }

    /// `persist-name()`, else the one that the driver makes up.
    pub(crate) fn persist_name(&self, made_up: impl FnOnce() -> String) -> String {
        self.persist_name.clone().unwrap_or_else(made_up)
    }
}

/// `time-reopen()` of destinations where nobody says otherwise.
const TIME_REOPEN: Seconds = Seconds::new(60);

impl WriterOptions {
    /// What the destination writes for a message. `None` after reporting a mistake.
    pub(crate) fn format(&self, default: Default, cx: &mut Compile<'_>) -> Option<Format> {
        let mut syslog_protocol = default == Default::Syslog;
        let mut numbering = Numbering::Local;
        let mut one_line = false;
        for word in &self.flags {
            match word.value.replace('_', "-").as_str() {
                "syslog-protocol" => syslog_protocol = true,
                "no-multi-line" => one_line = true,
                "seqnum-all" => numbering = Numbering::All,
                "no-seqnum" | "no-seqnum-all" => numbering = Numbering::None,
                "seqnum" => numbering = Numbering::Local,
                "threaded" => {}
                "ignore-errors" => {
                    let message = "flag `ignore-errors` is accepted but has no effect";
                    cx.diagnostics.push(Diagnostic::warning(message, word.span));
                }
                unknown => {
                    let message = format!("Unknown flag \"{unknown}\"");
                    cx.diagnostics.push(Diagnostic::error(message, word.span).suggest(unknown, WRITER_FLAGS));
                }
            }
        }
        let template = match (&self.template, default) {
            (Some(value), _) => Some(cx.template(value)?),
            (None, Default::File) => global_template(cx.globals.file_template.clone(), cx)?,
            (None, Default::Proto | Default::Syslog) => {
                global_template(cx.globals.proto_template.clone(), cx)?
            }
        };
        let shape = match (template, default) {
            (text, _) if syslog_protocol => Shape::Rfc5424(text),
            (Some(template), _) => Shape::Template(template),
            (None, Default::File) => Shape::File,
            (None, Default::Proto | Default::Syslog) => Shape::Rfc3164,
        };
        let options = self.template_options(cx)?;
        Some(Format {
            one_line,
            truncate: usize::try_from(self.truncate_size).ok(),
            pad: self.pad_size,
            numbering,
            ..Format::new(shape, options)
        })
    }

    /// How dates and values are shown.
    pub(crate) fn template_options(&self, cx: &mut Compile<'_>) -> Option<TemplateOptions> {
        let mut options = template_options(cx)?;
        if let Some(format) = self.ts_format {
            options.ts_format = ts_format(format);
        }
        if let Some(digits) = self.frac_digits {
            options.frac_digits = digits.min(message::time::FRAC_DIGITS_MAX);
        }
        if let Some(escape) = self.template_escape {
            options.escape = escape;
        }
        if let Some(zone) = &self.send_time_zone {
            options.send_zone = Some(read_zone(zone, cx)?);
        }
        if let Some(zone) = &self.local_time_zone {
            options.local_zone = Some(read_zone(zone, cx)?);
        }
        Some(options)
    }
}

const WRITER_FLAGS: [&str; 8] = [
    "syslog-protocol",
    "no-multi-line",
    "threaded",
    "ignore-errors",
    "seqnum",
    "seqnum-all",
    "no-seqnum",
    "no-seqnum-all",
];

/// How dates and values are shown where only the global options say it.
pub(crate) fn template_options(cx: &mut Compile<'_>) -> Option<TemplateOptions> {
    let globals: &GlobalOptions = cx.globals;
    let own = if globals.use_fqdn { message::host::fqdn() } else { message::host::short() };
    let mut options = TemplateOptions {
        ts_format: ts_format(globals.ts_format),
        frac_digits: globals.frac_digits.min(message::time::FRAC_DIGITS_MAX),
        escape: globals.template_escape,
        own_host: own.into(),
        ..TemplateOptions::default()
    };
    if let Some(zone) = &globals.send_time_zone {
        options.send_zone = Some(read_zone(&Spanned::synthetic(zone.clone()), cx)?);
    }
    if let Some(zone) = &globals.local_time_zone {
        options.local_zone = Some(read_zone(&Spanned::synthetic(zone.clone()), cx)?);
    }
    Some(options)
}

fn global_template(name: Option<String>, cx: &mut Compile<'_>) -> Option<Option<Template>> {
    let Some(text) = name else { return Some(None) };
    let value = Value { kind: conf::ast::ValueKind::String(text), span: conf::Span::default() };
    cx.template(&value).map(Some)
}

fn ts_format(format: TsFormat) -> message::time::TsFormat {
    match format {
        TsFormat::Bsd => message::time::TsFormat::Bsd,
        TsFormat::Iso => message::time::TsFormat::Iso,
        TsFormat::Full => message::time::TsFormat::Full,
        TsFormat::Unix => message::time::TsFormat::Unix,
    }
}

fn read_zone(zone: &Spanned<String>, cx: &mut Compile<'_>) -> Option<Zone> {
    match Zone::parse(&zone.value) {
        Ok(zone) => Some(zone),
        Err(error) => {
            cx.diagnostics.push(Diagnostic::error(error.to_string(), zone.span));
            None
        }
    }
}

impl FileOwnerOptions {
    /// How files are made, completed with the global options.
    pub(crate) fn rules(&self, cx: &mut Compile<'_>) -> FileRules {
        let globals = cx.globals;
        let named = |own: &Option<Option<Spanned<String>>>, global: &Option<String>| match own {
            Some(own) => own.clone(),
            None => global.clone().map(Spanned::synthetic),
        };
        let (user, group) = (named(&self.owner, &globals.owner), named(&self.group, &globals.group));
        let dir_user = named(&self.dir_owner, &globals.dir_owner);
        let dir_group = named(&self.dir_group, &globals.dir_group);
        FileRules {
            create_dirs: self.create_dirs.unwrap_or(globals.create_dirs),
            owner: owner::user(&user, cx.diagnostics),
            group: owner::group(&group, cx.diagnostics),
            perm: self.perm.unwrap_or(globals.perm).0,
            dir_owner: owner::user(&dir_user, cx.diagnostics),
            dir_group: owner::group(&dir_group, cx.diagnostics),
            dir_perm: self.dir_perm.unwrap_or(globals.dir_perm).0,
            ..FileRules::default()
        }
    }
}
