//! `hognose test`: the tests of Python drivers, run as the drivers are.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;

use conf::{GlobalOptions, Options};
use lexopt::prelude::*;

use crate::cli::CliError;
use crate::configuration;
use crate::exit_code::ExitCode;

/// `hognose test --help`
const HELP: &str = "\
Runs the tests of Python drivers with pytest, in the Python that the daemon runs them in.

Usage:
  hognose test [OPTION…] [DIR|FILE…] [-- PYTEST-OPTION…]

Options:
  -f, --cfgfile=FILE  take the interpreter from options { python(); } of this configuration
      --python=PATH   take this interpreter; else $VIRTUAL_ENV/bin/python, else python3
  -h, --help          print this

The tests import `syslogng.testing`: see `pydoc syslogng.testing`. The exit code is pytest's.
";

/// Becomes pytest, or says why it cannot.
pub(crate) fn run(arguments: &[OsString]) -> ExitCode {
    let said = match read(arguments) {
        Ok(None) => {
            return if io::stdout().write_all(HELP.as_bytes()).is_ok() {
                ExitCode::Fine
            } else {
                ExitCode::Wrong
            };
        }
        Ok(Some((globals, tests))) => match python::pytest::command(&globals, &tests) {
            Ok(mut command) => {
                // Comes back only where it failed.
                let error = command.exec();
                format!("cannot run {}: {error}", command.get_program().display())
            }
            Err(why) => why,
        },
        Err(why) => why,
    };
    let _ = writeln!(io::stderr(), "{said}");
    ExitCode::Wrong
}

/// The options of the configuration, and pytest's arguments. `None`: help is wanted.
fn read(arguments: &[OsString]) -> Result<Option<(GlobalOptions, Vec<OsString>)>, String> {
    let mut parser = lexopt::Parser::from_args(arguments);
    let (mut file, mut interpreter, mut tests) = (None, None, Vec::new());
    let wrong = |error: lexopt::Error| CliError::from(error).to_string();
    while let Some(argument) = parser.next().map_err(wrong)? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Short('f') | Long("cfgfile") => file = Some(PathBuf::from(parser.value().map_err(wrong)?)),
            Long("python") => {
                interpreter = Some(parser.value().and_then(|value| value.string()).map_err(wrong)?);
            }
            // What stands behind `--` is pytest's, dashes and all.
            Value(test) => tests.push(test),
            other => return Err(CliError::unknown(&other).to_string()),
        }
    }
    let mut globals = match &file {
        Some(file) => configuration::globals(file)?,
        None => GlobalOptions::defaults().ok_or("no global options")?,
    };
    if interpreter.is_some() {
        globals.python = interpreter;
    }
    Ok(Some((globals, tests)))
}
