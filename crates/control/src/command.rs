//! What an operator may ask for, and how it is written on the wire.
//!
//! A request is recognised by the command it *begins* with, in the order of [`COMMANDS`]: `RELOADX` is `RELOAD`, as
//! scripts written for syslog-ng may rely on. Case matters.

use std::fmt;

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Counters.
    Stats(StatsForm),
    /// Every counter back to 0.
    ResetStats,
    /// Forget the counters whose owners are gone.
    RemoveOrphanedStats,
    /// Some counters, by a pattern over their names.
    Query(Query),
    /// Read the configuration again; the reply comes when that is done.
    Reload,
    /// Open files anew.
    Reopen,
    /// Start over the Python drivers of this name: an id, a statement, or a class.
    Restart(String),
    /// End the daemon; the reply comes before that.
    Stop,
    /// Something about the configuration.
    Config(ConfigRequest),
    /// Is the daemon alive, and how quick?
    Healthcheck,
    /// How much is logged; with a level, sets it.
    LogLevel(Option<LogLevel>),
    /// `verbose`, `debug`, `trace`: whether as much is logged; with a switch, turns it on or off.
    LogSwitch(LogLevel, Option<bool>),
    /// Files that the configuration names.
    ListFiles,
    /// The way of the messages through the configuration, as JSON.
    ExportConfigGraph,
    /// Under what terms this may be used.
    License,
    /// A command of syslog-ng that this daemon knows of and does not have: its name on the wire.
    Unavailable(&'static str),
}

/// How counters are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatsForm {
    /// `SourceName;SourceId;…`
    Csv,
    /// `syslogng_input_events_total{…} 5`
    Prometheus {
        /// Counters that have no name of their own there, too.
        legacy: bool,
    },
}

/// `QUERY …`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// What about the counters.
    pub verb: QueryVerb,
    /// Set them to 0 afterwards.
    pub reset: bool,
    /// `*` and `?` over `component.id.instance.type`. Empty: none is meant.
    pub pattern: String,
}

/// What a query wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryVerb {
    /// Their names.
    List,
    /// Names and values.
    Get,
    /// The sum of the values.
    GetSum,
}

/// `CONFIG …`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigRequest {
    /// The file that runs, as it was read.
    Original,
    /// The same, includes and blocks put in.
    Preprocessed,
    /// Is the file still the one that runs?
    Verify,
    /// A short name of what runs.
    Id,
}

/// How much is logged; each level includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum LogLevel {
    /// What an operator should know.
    #[default]
    Default = 0,
    /// What an operator may like to know.
    Verbose = 1,
    /// What helps to find a mistake in a configuration.
    Debug = 2,
    /// What helps to find a mistake in the daemon.
    Trace = 3,
}

/// A request that cannot be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRequest {
    /// No command begins like this. syslog-ng closes the connection without a word.
    #[error("unknown command `{0}`")]
    Unknown(String),
    /// The command is known, what follows it is not.
    #[error("Invalid arguments received")]
    Arguments,
}

/// Reads what follows a command's name.
type Arguments = fn(&[&str]) -> Result<Command, BadRequest>;

/// Every command, by the word it begins with.
const COMMANDS: &[(&str, Arguments)] = &[
    ("STATS", stats),
    ("RESET_STATS", |_| Ok(Command::ResetStats)),
    ("REMOVE_ORPHANED_STATS", |_| Ok(Command::RemoveOrphanedStats)),
    ("QUERY", query),
    ("RELOAD", |_| Ok(Command::Reload)),
    ("REOPEN", |_| Ok(Command::Reopen)),
    ("RESTART", restart),
    ("STOP", |_| Ok(Command::Stop)),
    ("CONFIG", config),
    ("HEALTHCHECK", |_| Ok(Command::Healthcheck)),
    ("LOG", log),
    ("LISTFILES", |_| Ok(Command::ListFiles)),
    ("LICENSE", |_| Ok(Command::License)),
    ("PWD", |_| Ok(Command::Unavailable("PWD"))),
    ("EXPORT_CONFIG_GRAPH", |_| Ok(Command::ExportConfigGraph)),
    ("ATTACH", |_| Ok(Command::Unavailable("ATTACH"))),
];

impl Command {
    /// The command of a request line, without its line feed.
    pub fn parse(line: &str) -> Result<Command, BadRequest> {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let Some((name, arguments)) = COMMANDS.iter().find(|(name, _)| line.starts_with(name)) else {
            return Err(BadRequest::Unknown(line.to_owned()));
        };
        // What is glued to the name belongs to it: `STATSX CSV` is `STATS` with `CSV`.
        let rest = &line[name.len()..];
        let rest = rest.find(' ').map_or("", |blank| &rest[blank..]);
        arguments(&rest.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>())
    }
}

fn restart(words: &[&str]) -> Result<Command, BadRequest> {
    match words {
        [name] => Ok(Command::Restart((*name).to_owned())),
        _ => Err(BadRequest::Arguments),
    }
}

fn stats(words: &[&str]) -> Result<Command, BadRequest> {
    Ok(Command::Stats(match words {
        // An unknown form is CSV, as it is for the daemons that know no other.
        ["PROMETHEUS", rest @ ..] => StatsForm::Prometheus { legacy: rest.contains(&"WITH_LEGACY") },
        _ => StatsForm::Csv,
    }))
}

fn query(words: &[&str]) -> Result<Command, BadRequest> {
    let [verb, pattern @ ..] = words else { return Err(BadRequest::Arguments) };
    let (verb, reset) = match verb.strip_suffix("_RESET") {
        Some(verb) => (verb, true),
        None => (*verb, false),
    };
    let verb = match verb {
        "LIST" => QueryVerb::List,
        "GET" => QueryVerb::Get,
        "GET_SUM" => QueryVerb::GetSum,
        _ => return Err(BadRequest::Arguments),
    };
    // Instances may have blanks in them, so the pattern is all that follows.
    Ok(Command::Query(Query { verb, reset, pattern: pattern.join(" ") }))
}

fn config(words: &[&str]) -> Result<Command, BadRequest> {
    Ok(Command::Config(match words {
        ["GET", "ORIGINAL"] => ConfigRequest::Original,
        ["GET", "PREPROCESSED"] => ConfigRequest::Preprocessed,
        ["VERIFY"] => ConfigRequest::Verify,
        ["ID"] => ConfigRequest::Id,
        _ => return Err(BadRequest::Arguments),
    }))
}

fn log(words: &[&str]) -> Result<Command, BadRequest> {
    let (name, value) = match words {
        [name] => (*name, None),
        [name, value] => (*name, Some(*value)),
        _ => return Err(BadRequest::Arguments),
    };
    if name == "LEVEL" {
        let level = value.map(|value| LogLevel::parse(value).ok_or(BadRequest::Arguments)).transpose()?;
        return Ok(Command::LogLevel(level));
    }
    let level = LogLevel::SWITCHES.iter().find(|(switch, _)| *switch == name);
    let switch = match value {
        None => None,
        Some("ON" | "1") => Some(true),
        Some("OFF" | "0") => Some(false),
        Some(_) => return Err(BadRequest::Arguments),
    };
    level.map(|(_, level)| Command::LogSwitch(*level, switch)).ok_or(BadRequest::Arguments)
}

impl LogLevel {
    const SWITCHES: [(&str, LogLevel); 3] =
        [("VERBOSE", LogLevel::Verbose), ("DEBUG", LogLevel::Debug), ("TRACE", LogLevel::Trace)];

    /// The level of this name or number.
    pub fn parse(text: &str) -> Option<LogLevel> {
        match text.to_ascii_lowercase().as_str() {
            "default" | "0" => Some(LogLevel::Default),
            "verbose" | "1" => Some(LogLevel::Verbose),
            "debug" | "2" => Some(LogLevel::Debug),
            "trace" | "3" => Some(LogLevel::Trace),
            _ => None,
        }
    }

    /// Its name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            LogLevel::Default => "default",
            LogLevel::Verbose => "verbose",
            LogLevel::Debug => "debug",
            LogLevel::Trace => "trace",
        }
    }

    /// The level with `switch` turned on or off: off means just not as much as that.
    #[must_use]
    pub fn switched(self, switch: LogLevel, on: bool) -> LogLevel {
        let below = match switch {
            LogLevel::Default | LogLevel::Verbose => LogLevel::Default,
            LogLevel::Debug => LogLevel::Verbose,
            LogLevel::Trace => LogLevel::Debug,
        };
        if on { self.max(switch) } else { self.min(below) }
    }
}

impl fmt::Display for Command {
    /// The request line, without its line feed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Command::Stats(StatsForm::Csv) => f.write_str("STATS CSV"),
            Command::Stats(StatsForm::Prometheus { legacy: false }) => f.write_str("STATS PROMETHEUS"),
            Command::Stats(StatsForm::Prometheus { legacy: true }) => {
                f.write_str("STATS PROMETHEUS WITH_LEGACY")
            }
            Command::ResetStats => f.write_str("RESET_STATS"),
            Command::RemoveOrphanedStats => f.write_str("REMOVE_ORPHANED_STATS"),
            Command::Query(query) => {
                let verb = match query.verb {
                    QueryVerb::List => "LIST",
                    QueryVerb::Get => "GET",
                    QueryVerb::GetSum => "GET_SUM",
                };
                write!(f, "QUERY {verb}{} {}", if query.reset { "_RESET" } else { "" }, query.pattern)
            }
            Command::Reload => f.write_str("RELOAD"),
            Command::Reopen => f.write_str("REOPEN"),
            Command::Restart(name) => write!(f, "RESTART {name}"),
            Command::Stop => f.write_str("STOP"),
            Command::Config(ConfigRequest::Original) => f.write_str("CONFIG GET ORIGINAL"),
            Command::Config(ConfigRequest::Preprocessed) => f.write_str("CONFIG GET PREPROCESSED"),
            Command::Config(ConfigRequest::Verify) => f.write_str("CONFIG VERIFY"),
            Command::Config(ConfigRequest::Id) => f.write_str("CONFIG ID"),
            Command::Healthcheck => f.write_str("HEALTHCHECK"),
            Command::LogLevel(None) => f.write_str("LOG LEVEL"),
            Command::LogLevel(Some(level)) => write!(f, "LOG LEVEL {}", level.name().to_uppercase()),
            Command::LogSwitch(level, switch) => {
                write!(f, "LOG {}", level.name().to_uppercase())?;
                match switch {
                    Some(true) => f.write_str(" ON"),
                    Some(false) => f.write_str(" OFF"),
                    None => Ok(()),
                }
            }
            Command::ListFiles => f.write_str("LISTFILES"),
            Command::ExportConfigGraph => f.write_str("EXPORT_CONFIG_GRAPH"),
            Command::License => f.write_str("LICENSE"),
            Command::Unavailable(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests;
