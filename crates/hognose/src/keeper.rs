//! The keeper of a daemon in the background: starts it again when it crashes, and ends when it ends.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;

use crate::background::{forget_stderr, forget_stdin_and_stdout, spawn};
use crate::exit_code::ExitCode;

/// Wait before a daemon that crashed is started again.
const RESTART_PAUSE: Duration = Duration::from_secs(1);
/// Where the system's log is; a crash may have been that of the daemon behind it, and then nobody hears.
const SYSTEM_LOG: &str = "/dev/log";
/// Facility daemon, severity critical.
const PRI: &str = "<26>";

/// Starts the daemon and keeps it running; what signals this process gets are handed on to it.
pub(crate) fn run() -> ExitCode {
    match keep() {
        Ok(code) => code,
        Err(error) => {
            say(&format!("cannot start the daemon: {error}"));
            ExitCode::CannotStart
        }
    }
}

fn keep() -> io::Result<ExitCode> {
    let _ = rustix::process::setsid();
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGCHLD])?;
    // The first daemon tells the caller that it has started, and writes to the caller's stderr until then.
    let mut daemon = spawn("daemon", Stdio::inherit())?;
    forget_stdin_and_stdout();
    forget_stderr();
    let mut stopping = false;
    loop {
        let ended = loop {
            if let Some(status) = daemon.try_wait()? {
                break status;
            }
            for signal in signals.wait() {
                stopping |= matches!(signal, SIGINT | SIGTERM);
                hand_on(&daemon, signal);
            }
        };
        if stopping || ended.code().is_some() {
            return Ok(code(ended));
        }
        say(&format!("the daemon crashed ({ended}), starting it again"));
        thread::sleep(RESTART_PAUSE);
        daemon = spawn("daemon", Stdio::null())?;
    }
}

fn hand_on(daemon: &Child, signal: i32) {
    let signal = match signal {
        SIGHUP => Signal::HUP,
        SIGUSR1 => Signal::USR1,
        SIGINT | SIGTERM => Signal::TERM,
        _ => return,
    };
    if let Some(pid) = i32::try_from(daemon.id()).ok().and_then(Pid::from_raw) {
        // It was not waited for, so its id is still its own.
        let _ = kill_process(pid, signal);
    }
}

fn code(status: ExitStatus) -> ExitCode {
    match status.code() {
        Some(0) => ExitCode::Fine,
        Some(1) => ExitCode::Wrong,
        _ => ExitCode::CannotStart,
    }
}

/// Tells the system's log, as far as there is one; the keeper has nothing else to speak through.
fn say(what: &str) {
    let line = format!("{PRI}hognose[{}]: {what}", std::process::id());
    if let Ok(socket) = UnixDatagram::unbound() {
        let _ = socket.set_nonblocking(true);
        let _ = socket.send_to(line.as_bytes(), SYSTEM_LOG);
    }
}
