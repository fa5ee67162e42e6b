//! `hognose check`: all that is wrong with a configuration, the Python in it included.

use std::io::{self, Write as _};

use crate::cli::CheckOptions;
use crate::configuration::{self, Means, Purpose, Verdict};
use crate::desk::style;
use crate::exit_code::ExitCode;
use crate::log::{Log, Shown};
use control::LogLevel;

/// Looks, and says what is wrong. Starts nothing but a worker that looks at the Python.
pub(crate) fn run(options: &CheckOptions) -> ExitCode {
    let log = Log::start(LogLevel::Default, Shown::Trouble, false);
    let code = look(options, &log);
    log.flush();
    code
}

fn look(options: &CheckOptions, log: &Log) -> ExitCode {
    if !configuration::is_there(&options.file) {
        return ExitCode::Wrong;
    }
    let (_, findings) =
        configuration::prepare(&options.file, options.python.as_deref(), &Means::to_look(), Purpose::Look);
    log.print(findings.render(style(), true));
    // A class without run() or fetch() starts, as it does in syslog-ng, and then does nothing: a mistake all the same.
    if findings.verdict() != Verdict::Good || findings.misses_methods() {
        return ExitCode::Wrong;
    }
    if !findings.has_warnings() {
        let _ = writeln!(io::stdout(), "{}: nothing is wrong", options.file.display());
    }
    ExitCode::Fine
}
