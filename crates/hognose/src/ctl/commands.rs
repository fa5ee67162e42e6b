//! The commands of `hognose ctl`: one row each.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use control::{Command, ConfigRequest, LogLevel, Query, QueryVerb, StatsForm};
use lexopt::prelude::*;

use crate::cli::CliError;

/// How long `healthcheck` waits, unless `-t` says otherwise.
const HEALTHCHECK_TIME_MAX: Duration = Duration::from_secs(15);

/// A command.
pub(super) struct CommandSpec {
    pub(super) name: &'static str,
    /// What it does, for the list.
    pub(super) help: &'static str,
    /// Its options but for `--control`, for its own help.
    options: &'static str,
    /// Reads what stands behind its name.
    pub(super) parse: fn(&[OsString]) -> Result<Wanted, CliError>,
}

/// What a command line of the tool asks for.
#[derive(Debug, PartialEq)]
pub(super) enum Wanted {
    /// How the command is used.
    Help,
    /// Something of the daemon.
    Request(Request),
}

/// Something asked of a daemon.
#[derive(Debug, PartialEq)]
pub(super) struct Request {
    pub(super) command: Command,
    /// `--control`
    pub(super) control: PathBuf,
    /// How long the daemon may be silent, where that is not the usual time.
    pub(super) time_max: Option<Duration>,
}

/// Every command, in the order of the list.
pub(super) const COMMANDS: &[CommandSpec] = &[
    CommandSpec {
        name: "stats",
        help: "Get statistics as CSV or for Prometheus",
        options: "  csv | prometheus           the form, csv by default
  -l, --with-legacy-metrics  with those that have no name of their own for Prometheus
  -r, --reset                reset counters
  -o, --remove-orphans       remove orphaned statistics
",
        parse: stats,
    },
    CommandSpec {
        name: "verbose",
        help: "Enable/query verbose messages",
        options: SWITCH,
        parse: |words| switch(words, LogLevel::Verbose),
    },
    CommandSpec {
        name: "debug",
        help: "Enable/query debug messages",
        options: SWITCH,
        parse: |words| switch(words, LogLevel::Debug),
    },
    CommandSpec {
        name: "trace",
        help: "Enable/query trace messages",
        options: SWITCH,
        parse: |words| switch(words, LogLevel::Trace),
    },
    CommandSpec {
        name: "log-level",
        help: "Get or set how much is logged: default, verbose, debug, trace",
        options: "",
        parse: log_level,
    },
    CommandSpec {
        name: "stop",
        help: "Stop the daemon",
        options: "",
        parse: |words| plain(words, Command::Stop),
    },
    CommandSpec {
        name: "reload",
        help: "Reload the configuration",
        options: "",
        parse: |words| plain(words, Command::Reload),
    },
    CommandSpec {
        name: "reopen",
        help: "Re-open of log destination files",
        options: "",
        parse: |words| plain(words, Command::Reopen),
    },
    CommandSpec {
        name: "restart",
        help: "Start a Python driver over: its code is read again, its queue and its neighbours stay",
        options: "  NAME                 an id as in stats, a statement, or a class\n",
        parse: restart,
    },
    CommandSpec {
        name: "query",
        help: "Query statistics. Possible commands: list, get, get --sum",
        options: "  list|get PATTERN     names, or names and values; * and ? in the pattern
      --sum            aggregate sum
      --reset          reset counters after query
",
        parse: query,
    },
    CommandSpec {
        name: "config",
        help: "Print current config",
        options: "  -p, --preprocessed   with includes and blocks put in
  -v, --verify         whether the file is still the one that runs
  -i, --id             its id
",
        parse: config,
    },
    CommandSpec {
        name: "healthcheck",
        help: "Is the daemon alive, and how quick",
        options: "  -t, --timeout=SECONDS  how long to wait, 15 by default; exit code 2 afterwards\n",
        parse: healthcheck,
    },
    CommandSpec {
        name: "list-files",
        help: "Print files present in config",
        options: "",
        parse: |words| plain(words, Command::ListFiles),
    },
    CommandSpec {
        name: "show-license-info",
        help: "Show information about the license",
        options: "",
        parse: |words| plain(words, Command::License),
    },
    CommandSpec {
        name: "credentials",
        help: "Credentials manager (not available)",
        options: "",
        parse: |words| any(words, Command::Unavailable("PWD")),
    },
    CommandSpec {
        name: "export-config-graph",
        help: "Print the way of the messages as JSON: nodes and arcs",
        options: "",
        parse: |words| plain(words, Command::ExportConfigGraph),
    },
    CommandSpec {
        name: "attach",
        help: "Attach to the console (not available)",
        options: "",
        parse: |words| any(words, Command::Unavailable("ATTACH")),
    },
];

const SWITCH: &str = "  -s, --set=<on|off|0|1>  enable/disable messages\n";

/// The command of this name.
pub(super) fn find(name: &str) -> Option<&'static CommandSpec> {
    COMMANDS.iter().find(|command| command.name == name)
}

impl CommandSpec {
    /// `hognose ctl NAME --help`
    pub(super) fn usage(&self) -> String {
        format!(
            "Usage: hognose ctl {} [options]\n\n{}\n\nOptions:\n{}  -c, --control=<socket>  control socket of the daemon\n  -h, --help              print this\n",
            self.name, self.help, self.options
        )
    }
}

/// Reads the arguments of a command. `own` takes up what is the command's alone, and says whether it was.
fn read(
    words: &[OsString],
    mut own: impl FnMut(
        &lexopt::Arg<'_>,
        &mut dyn FnMut() -> Result<OsString, CliError>,
    ) -> Result<bool, CliError>,
) -> Result<Option<PathBuf>, CliError> {
    let mut parser = lexopt::Parser::from_args(words);
    let mut control = super::default_control();
    while let Some(argument) = parser.next()? {
        // The argument borrows the parser, which has the value of an option.
        let argument = owned(argument);
        match argument.borrow() {
            Short('h') | Long("help") => return Ok(None),
            Short('c') | Long("control") => control = parser.value()?.into(),
            other => {
                if !own(&other, &mut || Ok(parser.value()?))? {
                    return Err(CliError::unknown(&other));
                }
            }
        }
    }
    Ok(Some(control))
}

/// A [`lexopt::Arg`] that borrows nothing.
enum Owned {
    Short(char),
    Long(String),
    Value(OsString),
}

fn owned(argument: lexopt::Arg<'_>) -> Owned {
    match argument {
        Short(letter) => Owned::Short(letter),
        Long(name) => Owned::Long(name.to_owned()),
        Value(value) => Owned::Value(value),
    }
}

impl Owned {
    fn borrow(&self) -> lexopt::Arg<'_> {
        match self {
            Owned::Short(letter) => Short(*letter),
            Owned::Long(name) => Long(name),
            Owned::Value(value) => Value(value.clone()),
        }
    }
}

fn wanted(control: Option<PathBuf>, command: Command) -> Wanted {
    match control {
        Some(control) => Wanted::Request(Request { command, control, time_max: None }),
        None => Wanted::Help,
    }
}

fn restart(words: &[OsString]) -> Result<Wanted, CliError> {
    let mut name = None;
    let control = read(words, |argument, _| match argument {
        Value(given) if name.is_none() => {
            name = Some(given.to_string_lossy().into_owned());
            Ok(true)
        }
        _ => Ok(false),
    })?;
    if control.is_none() {
        return Ok(Wanted::Help);
    }
    let name = name.filter(|name| !name.contains(' ')).ok_or_else(|| {
        CliError::Missing("restart: the id, statement or class of a Python driver".to_owned())
    })?;
    Ok(wanted(control, Command::Restart(name)))
}

fn plain(words: &[OsString], command: Command) -> Result<Wanted, CliError> {
    let control = read(words, |_, _| Ok(false))?;
    Ok(wanted(control, command))
}

/// For commands that the daemon refuses, whatever stands behind them.
fn any(words: &[OsString], command: Command) -> Result<Wanted, CliError> {
    let control = read(words, |argument, _| Ok(matches!(argument, Value(_))))?;
    Ok(wanted(control, command))
}

fn stats(words: &[OsString]) -> Result<Wanted, CliError> {
    let (mut prometheus, mut legacy, mut other) = (false, false, None);
    let control = read(words, |argument, value| {
        match argument {
            Short('r') | Long("reset") => other = Some(Command::ResetStats),
            Short('o') | Long("remove-orphans") => other = Some(Command::RemoveOrphanedStats),
            Short('l') | Long("with-legacy-metrics") => legacy = true,
            Long("format") => prometheus = form(&value()?)?,
            Value(name) => prometheus = form(name)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let form = if prometheus { StatsForm::Prometheus { legacy } } else { StatsForm::Csv };
    Ok(wanted(control, other.unwrap_or(Command::Stats(form))))
}

/// Whether a form of statistics is that of Prometheus.
fn form(name: &OsStr) -> Result<bool, CliError> {
    match name.to_str() {
        Some("csv") => Ok(false),
        Some("prometheus") => Ok(true),
        _ => Err(CliError::Excess),
    }
}

fn switch(words: &[OsString], level: LogLevel) -> Result<Wanted, CliError> {
    let mut on = None;
    let control = read(words, |argument, value| {
        match argument {
            Short('s') | Long("set") => on = Some(boolean(&value()?)?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(wanted(control, Command::LogSwitch(level, on)))
}

fn boolean(text: &OsStr) -> Result<bool, CliError> {
    match text.to_string_lossy().to_ascii_lowercase().as_str() {
        "on" | "1" => Ok(true),
        "off" | "0" => Ok(false),
        other => Err(CliError::Text(format!("--set is on, off, 0 or 1, not {other}"))),
    }
}

fn log_level(words: &[OsString]) -> Result<Wanted, CliError> {
    let mut level = None;
    let control = read(words, |argument, _| {
        let Value(name) = argument else { return Ok(false) };
        let name = name.to_string_lossy().into_owned();
        level = Some(LogLevel::parse(&name).ok_or(CliError::LogLevel(name))?);
        Ok(true)
    })?;
    Ok(wanted(control, Command::LogLevel(level)))
}

fn query(words: &[OsString]) -> Result<Wanted, CliError> {
    let (mut values, mut sum, mut reset) = (Vec::new(), false, false);
    let control = read(words, |argument, _| {
        match argument {
            Long("sum") => sum = true,
            Long("reset") => reset = true,
            Value(value) => values.push(value.to_string_lossy().into_owned()),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    if control.is_none() {
        return Ok(Wanted::Help);
    }
    let verb = match values.first().map(String::as_str) {
        Some("list") => QueryVerb::List,
        Some("get") if sum => QueryVerb::GetSum,
        Some("get") => QueryVerb::Get,
        _ => return Err(CliError::Text("query is followed by list or get, and a pattern".into())),
    };
    let pattern = values[1..].join(" ");
    // `query list` alone lists everything, as it does there.
    let pattern = if pattern.is_empty() && verb == QueryVerb::List { "*".to_owned() } else { pattern };
    // One line is one request.
    if pattern.contains(['\n', '\r']) {
        return Err(CliError::Text("a pattern is one line".into()));
    }
    Ok(wanted(control, Command::Query(Query { verb, reset, pattern })))
}

fn config(words: &[OsString]) -> Result<Wanted, CliError> {
    let mut request = ConfigRequest::Original;
    let control = read(words, |argument, _| {
        request = match argument {
            Short('p') | Long("preprocessed") => ConfigRequest::Preprocessed,
            Short('v') | Long("verify") => ConfigRequest::Verify,
            Short('i') | Long("id") => ConfigRequest::Id,
            _ => return Ok(false),
        };
        Ok(true)
    })?;
    Ok(wanted(control, Command::Config(request)))
}

fn healthcheck(words: &[OsString]) -> Result<Wanted, CliError> {
    let mut time_max = HEALTHCHECK_TIME_MAX;
    let control = read(words, |argument, value| {
        match argument {
            Short('t') | Long("timeout") => {
                let text = value()?.to_string_lossy().into_owned();
                let seconds = text.parse().map_err(|_| CliError::Number { option: "--timeout", text })?;
                time_max = Duration::from_secs(seconds);
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(match wanted(control, Command::Healthcheck) {
        Wanted::Request(request) => Wanted::Request(Request { time_max: Some(time_max), ..request }),
        help => help,
    })
}

#[cfg(test)]
mod tests;
