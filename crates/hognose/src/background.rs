//! Going into the background.
//!
//! The process that was called starts itself again, with a session of its own, and waits until the daemon says that
//! it has started (one byte through what the daemon has for stdout), or ends. So a script that starts the daemon
//! learns from the exit code whether it runs.

use std::env;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::io::fcntl_dupfd_cloexec;
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout, stdout};

use crate::cli::{PERSIST_FILE, ProcessMode, Role};
use crate::exit_code::ExitCode;

/// What the daemon says when it has started.
const STARTED: u8 = b'1';

/// Starts the daemon in the background. Returns once it runs, or has failed to.
pub(crate) fn start(mode: ProcessMode) -> ExitCode {
    let role = if mode == ProcessMode::SafeBackground { "keeper" } else { "daemon" };
    match spawn(role, Stdio::piped()).and_then(wait_until_started) {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(io::stderr(), "Error starting the daemon in the background; error='{error}'");
            ExitCode::CannotStart
        }
    }
}

/// Starts this program again with the same arguments, as `role`.
pub(crate) fn spawn(role: &str, stdout: Stdio) -> io::Result<Child> {
    let arguments = env::args_os().skip(1).filter(|argument| {
        // A keeper's own role is not its daemon's.
        !argument.to_string_lossy().starts_with("--started-as=")
    });
    Command::new(env::current_exe()?)
        .args(arguments)
        .arg(format!("--started-as={role}"))
        .stdin(Stdio::null())
        .stdout(stdout)
        .spawn()
}

fn wait_until_started(mut child: Child) -> io::Result<ExitCode> {
    let mut said = [0];
    let started = match &mut child.stdout {
        Some(stdout) => stdout.read(&mut said)? == 1 && said == [STARTED],
        None => false,
    };
    if started {
        return Ok(ExitCode::Fine);
    }
    Ok(match child.wait()?.code() {
        Some(1) => ExitCode::Wrong,
        _ => ExitCode::CannotStart,
    })
}

/// The way to tell who waits for the daemon that it has started.
pub(crate) struct Starting(Option<File>);

impl Starting {
    /// Takes it up. In the background the process leaves the terminal, its directory and its session here.
    pub(crate) fn of(role: Role) -> Starting {
        if role == Role::Caller {
            return Starting(None);
        }
        // The keeper has a session already, and its daemon shares it.
        let _ = rustix::process::setsid();
        let waiting = fcntl_dupfd_cloexec(stdout(), 3).ok().map(File::from);
        forget_stdin_and_stdout();
        let state = Path::new(PERSIST_FILE).parent().filter(|directory| directory.is_dir());
        let _ = env::set_current_dir(state.unwrap_or(Path::new("/")));
        Starting(waiting)
    }

    /// Says that the daemon has started. Only now does it leave stderr: what went wrong until here was seen.
    pub(crate) fn done(&mut self) {
        if let Some(mut waiting) = self.0.take() {
            if let Some(null) = null() {
                let _ = dup2_stderr(null.as_fd());
            }
            // Who does not wait any longer does not need to know.
            let _ = waiting.write_all(&[STARTED]);
        }
    }
}

/// Nobody is behind stdin and stdout from now on.
pub(crate) fn forget_stdin_and_stdout() {
    if let Some(null) = null() {
        let _ = dup2_stdin(null.as_fd());
        let _ = dup2_stdout(null.as_fd());
    }
}

/// Nobody is behind stderr from now on.
pub(crate) fn forget_stderr() {
    if let Some(null) = null() {
        let _ = dup2_stderr(null.as_fd());
    }
}

fn null() -> Option<OwnedFd> {
    File::options().read(true).write(true).open("/dev/null").ok().map(OwnedFd::from)
}
