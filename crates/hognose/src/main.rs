//! The log daemon, and the tools of its operators and authors: `check`, `ctl`, `persist`, `queue` and `test`.
#![forbid(unsafe_code)]

use std::io::{self, Write as _};

mod background;
mod check;
mod cli;
mod configuration;
mod ctl;
mod daemon;
mod desk;
mod exit_code;
mod exporter;
mod handlers;
mod keeper;
mod log;
mod notify;
mod persist;
mod pidfile;
mod process;
mod queue;
mod server;
mod stats;
mod supervisor;
mod testing;
mod version;

use cli::{Invocation, Showing};
use exit_code::ExitCode;

fn main() {
    let code = match cli::parse(std::env::args_os()) {
        Ok(Invocation::Daemon(options)) => daemon::run(&options),
        Ok(Invocation::Check(options)) => check::run(&options),
        Ok(Invocation::Ctl(arguments)) => ctl::run(&arguments),
        Ok(Invocation::Persist(arguments)) => persist::tool::run(&arguments),
        Ok(Invocation::Queue(arguments)) => queue::run(&arguments),
        Ok(Invocation::Test(arguments)) => testing::run(&arguments),
        Ok(Invocation::Show(showing)) => show(showing),
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::Wrong
        }
    };
    // Threads that are left behind (a driver that did not stop in time) end with the process.
    std::process::exit(code as i32)
}

fn show(showing: Showing) -> ExitCode {
    let text = match showing {
        Showing::Help => cli::DAEMON_HELP.to_owned(),
        Showing::CheckHelp => cli::CHECK_HELP.to_owned(),
        Showing::Version => version::version(),
        Showing::Drivers => version::drivers(),
    };
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::Fine,
        Err(_) => ExitCode::Wrong,
    }
}
