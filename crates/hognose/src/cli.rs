//! The command line, in syslog-ng's words.
//!
//! Parsed in one step to what it means: files as absolute paths, since a daemon in the background stands in another
//! directory than who started it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use control::LogLevel;
use lexopt::prelude::*;

mod error;
mod help;

pub(crate) use error::CliError;
pub(crate) use help::{CHECK_HELP, DAEMON_HELP};

/// Where the configuration is, unless `-f` says otherwise.
pub(crate) const CONFIG_FILE: &str = "/etc/syslog-ng/syslog-ng.conf";
/// Where the state is kept, unless `-R` says otherwise.
pub(crate) const PERSIST_FILE: &str = "/var/lib/syslog-ng/syslog-ng.persist";
/// Where operators find the daemon, unless `-c` says otherwise.
pub(crate) const CONTROL_SOCKET: &str = "/var/lib/syslog-ng/syslog-ng.ctl";
/// Where a daemon in the background leaves its process id, unless `-p` says otherwise.
pub(crate) const PID_FILE: &str = "/run/syslog-ng.pid";
/// Where `@include` looks besides the directory of the configuration.
pub(crate) const INCLUDE_DIRS: [&str; 2] = ["/etc/syslog-ng", "/usr/share/syslog-ng/include"];

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Invocation {
    /// Run the daemon, or one of the short tasks that it has options for.
    Daemon(Box<Options>),
    /// Find all that is wrong with a configuration.
    Check(CheckOptions),
    /// Talk to a daemon; the arguments are the client's.
    Ctl(Vec<OsString>),
    /// Show or change what a persist file holds; the arguments are the tool's.
    Persist(Vec<OsString>),
    /// Show or move what disk buffers hold; the arguments are the tool's.
    Queue(Vec<OsString>),
    /// Run tests of Python drivers; the arguments are the tool's.
    Test(Vec<OsString>),
    /// Say something and be done.
    Show(Showing),
}

/// Texts that are shown on request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Showing {
    /// `--help`
    Help,
    /// `check --help`
    CheckHelp,
    /// `--version`
    Version,
    /// `--module-registry`
    Drivers,
}

/// `check`
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CheckOptions {
    /// The configuration.
    pub(crate) file: PathBuf,
    /// `--python`
    pub(crate) python: Option<String>,
}

/// The daemon's options.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Options {
    /// What to do with the configuration.
    pub(crate) goal: Goal,
    /// `-f`
    pub(crate) config_file: PathBuf,
    /// `-R`
    pub(crate) persist_file: PathBuf,
    /// `-c`
    pub(crate) control: PathBuf,
    /// `-p`; a daemon in the foreground writes none unless asked.
    pub(crate) pid_file: Option<PathBuf>,
    /// `-F`, `--process-mode`
    pub(crate) mode: ProcessMode,
    /// Which part of a background start this process is.
    pub(crate) role: Role,
    /// `-v`, `-d`, `-t`, `-L`; overrides the configuration's `log-level()`.
    pub(crate) log_level: Option<LogLevel>,
    /// `-e`
    pub(crate) stderr: bool,
    /// `-r`
    pub(crate) startup_debug: bool,
    /// `--python`
    pub(crate) python: Option<String>,
    /// Who the process is and what it may.
    pub(crate) process: ProcessOptions,
    /// Options that were given and change nothing here.
    pub(crate) without_effect: Vec<&'static str>,
}

/// Who the process is and what it may.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ProcessOptions {
    /// `-u`
    pub(crate) user: Option<String>,
    /// `-g`
    pub(crate) group: Option<String>,
    /// `-C`
    pub(crate) chroot: Option<PathBuf>,
    /// `--caps`
    pub(crate) caps: Option<String>,
    /// `--no-caps`
    pub(crate) no_caps: bool,
    /// `--enable-core`
    pub(crate) enable_core: bool,
    /// `--fd-limit`
    pub(crate) fd_limit: Option<u64>,
}

/// What to do with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Goal {
    /// Run it.
    Run,
    /// `-s`: read it.
    SyntaxOnly,
    /// `--check-startup`: start it, and stop.
    CheckStartup,
    /// `--config-id`: say which it is.
    ConfigId,
    /// `--preprocess-into`: write it with includes and blocks put in; `-` is stdout.
    Preprocess(PathBuf),
}

/// How the daemon relates to who started it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProcessMode {
    /// It stays.
    Foreground,
    /// It goes into the background once it has started.
    Background,
    /// As well, and is started again when it crashes.
    SafeBackground,
}

/// Which part of a start in the background a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The one that was called.
    Caller,
    /// The one that starts the daemon again when it crashes.
    Keeper,
    /// The daemon.
    Daemon,
}

/// Reads a command line; `arguments` begins with the name that the program was called by.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Invocation, CliError> {
    let mut arguments = arguments.into_iter();
    let called = arguments.next().unwrap_or_default();
    let rest: Vec<OsString> = arguments.collect();
    if Path::new(&called).file_name() == Some(OsStr::new("syslog-ng-ctl")) {
        return Ok(Invocation::Ctl(rest));
    }
    match rest.first().and_then(|first| first.to_str()) {
        Some("ctl") => Ok(Invocation::Ctl(rest[1..].to_vec())),
        Some("check") => check(&rest[1..]),
        Some("queue") => Ok(Invocation::Queue(rest[1..].to_vec())),
        Some("test") => Ok(Invocation::Test(rest[1..].to_vec())),
        Some("persist") => Ok(Invocation::Persist(rest[1..].to_vec())),
        _ => daemon(&rest),
    }
}

fn check(arguments: &[OsString]) -> Result<Invocation, CliError> {
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut options = CheckOptions { file: CONFIG_FILE.into(), python: None };
    let mut files = 0;
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(Invocation::Show(Showing::CheckHelp)),
            Long("python") => options.python = Some(parser.value()?.string()?),
            Short('f') | Long("cfgfile") => {
                options.file = path(&parser.value()?);
                files += 1;
            }
            Value(file) => {
                options.file = path(&file);
                files += 1;
            }
            other => return Err(CliError::unknown(&other)),
        }
    }
    if files > 1 { Err(CliError::Excess) } else { Ok(Invocation::Check(options)) }
}

fn daemon(arguments: &[OsString]) -> Result<Invocation, CliError> {
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut options = Options::default();
    let mut mode = None;
    let raise = |options: &mut Options, level| options.log_level = options.log_level.max(Some(level));
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help" | "help-all" | "help-process" | "help-log") => {
                return Ok(Invocation::Show(Showing::Help));
            }
            Short('V') | Long("version") => return Ok(Invocation::Show(Showing::Version)),
            Long("module-registry") => return Ok(Invocation::Show(Showing::Drivers)),
            Short('f') | Long("cfgfile") => options.config_file = path(&parser.value()?),
            Short('R') | Long("persist-file") => options.persist_file = path(&parser.value()?),
            Short('c') | Long("control") => options.control = path(&parser.value()?),
            Short('p') | Long("pidfile") => options.pid_file = Some(path(&parser.value()?)),
            Short('s') | Long("syntax-only") => options.goal = Goal::SyntaxOnly,
            Long("check-startup") => options.goal = Goal::CheckStartup,
            Long("config-id") => options.goal = Goal::ConfigId,
            Long("preprocess-into") => {
                let output = parser.value()?;
                options.goal = Goal::Preprocess(if output == "-" { "-".into() } else { path(&output) });
            }
            Short('F') | Long("foreground") => mode = Some(ProcessMode::Foreground),
            Long("process-mode") => mode = Some(process_mode(&parser.value()?)?),
            Long("started-as") => options.role = role(&parser.value()?)?,
            Short('e') | Long("stderr") => options.stderr = true,
            Short('v') | Long("verbose") => raise(&mut options, LogLevel::Verbose),
            Short('d') | Long("debug") => raise(&mut options, LogLevel::Debug),
            Short('t') | Long("trace") => raise(&mut options, LogLevel::Trace),
            Short('L') | Long("log-level") => {
                let name = parser.value()?.string()?;
                let level = LogLevel::parse(&name).ok_or(CliError::LogLevel(name))?;
                options.log_level = Some(level);
            }
            Short('r') | Long("startup-debug") => options.startup_debug = true,
            Long("python") => options.python = Some(parser.value()?.string()?),
            Short('u') | Long("user") => options.process.user = Some(parser.value()?.string()?),
            Short('g') | Long("group") => options.process.group = Some(parser.value()?.string()?),
            Short('C') | Long("chroot") => options.process.chroot = Some(path(&parser.value()?)),
            Long("caps") => options.process.caps = Some(parser.value()?.string()?),
            Long("no-caps") => options.process.no_caps = true,
            Long("enable-core") => options.process.enable_core = true,
            Long("fd-limit") => options.process.fd_limit = Some(number("--fd-limit", &parser.value()?)?),
            Long("worker-threads") => {
                number("--worker-threads", &parser.value()?)?;
                options.without_effect.push("--worker-threads");
            }
            Long("module-path") => {
                parser.value()?;
                options.without_effect.push("--module-path");
            }
            Long("no-module-discovery") => options.without_effect.push("--no-module-discovery"),
            Long("perf-profiling") => options.without_effect.push("--perf-profiling"),
            Short('S') | Long("seed") => options.without_effect.push("--seed"),
            Short('y') | Long("yydebug") => options.without_effect.push("--yydebug"),
            Short('i') | Long("interactive") => {
                return Err(CliError::NotHere("--interactive", "the console debugger"));
            }
            Long("metrics-registry") => {
                return Err(CliError::NotHere("--metrics-registry", "a list of metrics"));
            }
            Value(_) => return Err(CliError::Excess),
            other => return Err(CliError::unknown(&other)),
        }
    }
    let debugging = options.log_level.is_some_and(|level| level >= LogLevel::Debug);
    // What is debugged is watched.
    let default = if debugging { ProcessMode::Foreground } else { ProcessMode::SafeBackground };
    options.mode = if debugging && options.role == Role::Caller { default } else { mode.unwrap_or(default) };
    if options.mode != ProcessMode::Foreground {
        options.pid_file.get_or_insert_with(|| PID_FILE.into());
    }
    Ok(Invocation::Daemon(Box::new(options)))
}

fn process_mode(name: &OsStr) -> Result<ProcessMode, CliError> {
    match name.to_str() {
        Some("foreground") => Ok(ProcessMode::Foreground),
        Some("background") => Ok(ProcessMode::Background),
        Some("safe-background") => Ok(ProcessMode::SafeBackground),
        _ => Err(CliError::ProcessMode),
    }
}

/// What a process that was started by a [`Role::Caller`] is told; nobody else passes this.
fn role(name: &OsStr) -> Result<Role, CliError> {
    match name.to_str() {
        Some("keeper") => Ok(Role::Keeper),
        Some("daemon") => Ok(Role::Daemon),
        _ => Err(CliError::Unknown("--started-as".into())),
    }
}

fn number(option: &'static str, text: &OsStr) -> Result<u64, CliError> {
    let text = text.to_string_lossy();
    text.parse().map_err(|_| CliError::Number { option, text: text.into_owned() })
}

/// `name` as an absolute path; one that cannot be made absolute stays as it is, and fails where it is opened.
fn path(name: &OsStr) -> PathBuf {
    std::path::absolute(name).unwrap_or_else(|_| name.into())
}

impl Default for Options {
    fn default() -> Options {
        Options {
            goal: Goal::Run,
            config_file: CONFIG_FILE.into(),
            persist_file: PERSIST_FILE.into(),
            control: CONTROL_SOCKET.into(),
            pid_file: None,
            mode: ProcessMode::SafeBackground,
            role: Role::Caller,
            log_level: None,
            stderr: false,
            startup_debug: false,
            python: None,
            process: ProcessOptions::default(),
            without_effect: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
