//! `hognose ctl`: the operator's tool, in the words of syslog-ng-ctl.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;

use control::{Answer, AskError, Client, Command, Verdict};

use crate::configuration::system_words;
use crate::exit_code::ExitCode;

mod commands;

use commands::{COMMANDS, Request, Wanted};

/// Carries out one command.
pub(crate) fn run(arguments: &[OsString]) -> ExitCode {
    let (mut out, mut err) = (io::stdout(), io::stderr());
    // Whoever closed our output does not read why.
    run_on(arguments, &mut out, &mut err).unwrap_or(ExitCode::Wrong)
}

fn run_on(arguments: &[OsString], out: &mut impl Write, err: &mut impl Write) -> io::Result<ExitCode> {
    let Some((name, rest)) = arguments.split_first() else {
        err.write_all(usage().as_bytes())?;
        return Ok(ExitCode::Wrong);
    };
    if name == "--help" || name == "-h" {
        out.write_all(usage().as_bytes())?;
        return Ok(ExitCode::Fine);
    }
    let Some(command) = name.to_str().and_then(commands::find) else {
        write!(err, "Unknown command\n{}", usage())?;
        return Ok(ExitCode::Wrong);
    };
    match (command.parse)(rest) {
        Ok(Wanted::Help) => {
            out.write_all(command.usage().as_bytes())?;
            Ok(ExitCode::Fine)
        }
        Ok(Wanted::Request(request)) => ask(&request, out, err),
        Err(error) => {
            writeln!(err, "{error}")?;
            Ok(ExitCode::Wrong)
        }
    }
}

fn ask(request: &Request, out: &mut impl Write, err: &mut impl Write) -> io::Result<ExitCode> {
    let answer = match exchange(request) {
        Ok(answer) => answer,
        Err(error) => return explain(&error, request, out, err),
    };
    out.write_all(answer.text.as_bytes())?;
    Ok(if answer.verdict == Verdict::Failed { ExitCode::Wrong } else { ExitCode::Fine })
}

fn exchange(request: &Request) -> Result<Answer, AskError> {
    let mut client = Client::connect(&request.control)?;
    if let Some(limit) = request.time_max {
        client = client.with_silence_max(limit);
    }
    client.ask(&request.command)
}

fn explain(
    error: &AskError,
    request: &Request,
    out: &mut impl Write,
    err: &mut impl Write,
) -> io::Result<ExitCode> {
    match error {
        AskError::Connect(cause) => {
            let words = cause.to_string();
            let words = words.split_once(" (os error ").map_or(words.as_str(), |(words, _)| words);
            let socket = request.control.display();
            writeln!(err, "Error connecting control socket, socket='{socket}', error='{words}'")?;
        }
        AskError::Ended { partial } => {
            out.write_all(partial.as_bytes())?;
            writeln!(err, "Error reading or EOF occured on socket, error='{error}'")?;
        }
        AskError::Broken(cause) => {
            writeln!(err, "Error reading or EOF occured on socket, error='{}'", system_words(cause))?;
        }
        AskError::TimedOut | AskError::TooLong => {
            writeln!(err, "Error reading or EOF occured on socket, error='{error}'")?;
            // Scripts tell a daemon that hangs from one that is not there.
            if request.command == Command::Healthcheck {
                return Ok(ExitCode::CannotStart);
            }
        }
    }
    Ok(ExitCode::Wrong)
}

fn usage() -> String {
    let mut out = String::from("Syntax: hognose ctl <command> [options]\nPossible commands are:\n");
    for command in COMMANDS {
        out.push_str(&format!("    {:<20} {}\n", command.name, command.help));
    }
    out
}

/// Where the daemon is, unless `-c` says otherwise.
fn default_control() -> PathBuf {
    crate::cli::CONTROL_SOCKET.into()
}
