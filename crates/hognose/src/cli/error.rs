//! What can be wrong with a command line, in the words that syslog-ng has for it.

use lexopt::Arg;

/// See the module's text.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum CliError {
    /// No option has this name.
    #[error("Error parsing command line arguments: Unknown option {0}")]
    Unknown(String),
    /// An option wants a value and has none.
    #[error("Error parsing command line arguments: Missing argument for {0}")]
    Missing(String),
    /// An option is a switch and has a value.
    #[error("Error parsing command line arguments: {0} takes no argument")]
    Superfluous(String),
    /// A value is no number.
    #[error("Error parsing command line arguments: Cannot parse integer value “{text}” for {option}")]
    Number {
        /// The option.
        option: &'static str,
        /// Its value.
        text: String,
    },
    /// `--process-mode` knows three.
    #[error("Error parsing command line arguments: Error parsing process-mode argument")]
    ProcessMode,
    /// `--log-level` knows four.
    #[error(
        "Error parsing command line arguments: Unknown log level {0}, it is one of default, verbose, debug, trace"
    )]
    LogLevel(String),
    /// A value that must be text is not UTF-8.
    #[error("Error parsing command line arguments: {0}")]
    Text(String),
    /// Something stands where no option is.
    #[error("Excess number of arguments")]
    Excess,
    /// An option of syslog-ng that asks for what this daemon does not have.
    #[error("Error parsing command line arguments: {0} is not available: hognose does not have {1}")]
    NotHere(&'static str, &'static str),
}

impl CliError {
    pub(crate) fn unknown(argument: &Arg<'_>) -> CliError {
        match argument {
            Arg::Short(letter) => CliError::Unknown(format!("-{letter}")),
            Arg::Long(name) => CliError::Unknown(format!("--{name}")),
            Arg::Value(_) => CliError::Excess,
        }
    }
}

impl From<lexopt::Error> for CliError {
    fn from(error: lexopt::Error) -> CliError {
        match error {
            lexopt::Error::MissingValue { option } => CliError::Missing(option.unwrap_or_default()),
            lexopt::Error::UnexpectedOption(option) => CliError::Unknown(option),
            lexopt::Error::UnexpectedValue { option, .. } => CliError::Superfluous(option),
            lexopt::Error::UnexpectedArgument(_) => CliError::Excess,
            other => CliError::Text(other.to_string()),
        }
    }
}
