//! What the service manager is told: units of syslog-ng say `Type=notify`, and wait for it.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Where the service manager listens, if there is one.
const SOCKET: &str = "NOTIFY_SOCKET";

/// Moments that a service manager wants to know of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The daemon runs its configuration.
    Ready,
    /// It is about to run another one.
    Reloading,
    /// It is about to end.
    Stopping,
}

/// Tells the service manager; does nothing where there is none, and never waits.
pub(crate) fn tell(moment: Moment) {
    let Some(name) = env::var_os(SOCKET).filter(|name| !name.is_empty()) else { return };
    if let Err(error) = send(&name, &text(moment)) {
        tracing::debug!(socket = %name.display(), %error, "Error telling the service manager");
    }
}

fn text(moment: Moment) -> String {
    match moment {
        Moment::Ready => format!("READY=1\nMAINPID={}\nSTATUS=running", std::process::id()),
        Moment::Reloading => {
            let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
            let micros = now.tv_sec * 1_000_000 + now.tv_nsec / 1_000;
            format!("RELOADING=1\nMONOTONIC_USEC={micros}\nSTATUS=reloading")
        }
        Moment::Stopping => "STOPPING=1\nSTATUS=stopping".to_owned(),
    }
}

fn send(name: &OsStr, text: &str) -> io::Result<()> {
    let address = match name.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(name)?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.send_to_addr(text.as_bytes(), &address)?;
    Ok(())
}
