//! Connecting to the far end.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use pipeline::Exit;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustls::pki_types::ServerName;

use super::link::Link;
use crate::socket::{self, Address, Transport, Tuning};

/// How long a connection may take to be made.
const CONNECT_MAX: Duration = Duration::from_secs(30);
/// How long the name of the far end may take to be resolved.
const RESOLVE_MAX: Duration = Duration::from_secs(15);
/// How often an exit request is looked for while a name is resolved.
const LOOK: Duration = Duration::from_millis(20);

/// Where to, and how.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) place: Place,
    pub(crate) transport: Transport,
    pub(crate) tuning: Tuning,
    /// How it is encrypted.
    pub(crate) tls: Option<Arc<rustls::ClientConfig>>,
    /// `localip()` and `localport()`.
    pub(crate) bind: Option<SocketAddr>,
    /// For the log.
    pub(crate) time_reopen: Duration,
}

/// Where to.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// A machine, by name or address, and whether it must be IPv6.
    Host { host: String, port: u16, six: bool },
    /// A socket of this machine.
    Path(PathBuf),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Host { host, port, six: false } => write!(f, "AF_INET({host}:{port})"),
            Place::Host { host, port, six: true } => write!(f, "AF_INET6([{host}]:{port})"),
            Place::Path(path) => write!(f, "AF_UNIX({})", path.display()),
        }
    }
}

impl Target {
    /// Connects, and agrees on the encryption. Fails with `Interrupted` when exit is requested first.
    pub(super) fn connect(&self, exit: &Exit) -> io::Result<Link> {
        let addresses = match &self.place {
            Place::Path(path) => vec![Address::Unix(Some(path.clone()))],
            Place::Host { host, port, six } => {
                resolve(host, *port, *six, exit)?.into_iter().map(Address::Inet).collect()
            }
        };
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for address in addresses {
            match self.connect_to(&address, exit) {
                Ok(socket) => return self.link(socket, exit),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn link(&self, socket: socket2::Socket, exit: &Exit) -> io::Result<Link> {
        let (Some(config), Place::Host { host, .. }) = (&self.tls, &self.place) else {
            return Ok(Link::plain(socket));
        };
        let name = ServerName::try_from(host.clone()).map_err(|_| {
            io::Error::new(io::ErrorKind::InvalidInput, format!("`{host}` is no name of a host"))
        })?;
        Link::encrypted(socket, config.clone(), name, exit)
    }

    fn connect_to(&self, address: &Address, exit: &Exit) -> io::Result<socket2::Socket> {
        let socket = socket::new(address, self.transport, &self.tuning)?;
        if let (Some(bind), Address::Inet(_)) = (self.bind, address) {
            socket.set_reuse_address(true)?;
            socket.bind(&bind.into())?;
        }
        match socket.connect(&address.to_socket()?) {
            Ok(()) => return Ok(socket),
            Err(error) if error.raw_os_error() == Some(Errno::INPROGRESS.raw_os_error()) => {}
            Err(error) => return Err(error),
        }
        let deadline = Instant::now() + CONNECT_MAX;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) };
            let mut fds =
                [PollFd::new(&socket, PollFlags::OUT), PollFd::from_borrowed_fd(exit.as_fd(), PollFlags::IN)];
            match poll(&mut fds, Some(&timeout)) {
                Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
                Ok(_) if !fds[0].revents().is_empty() => {
                    return match socket.take_error()? {
                        Some(error) => Err(error),
                        None => Ok(socket),
                    };
                }
                Ok(_) => return Err(io::ErrorKind::Interrupted.into()),
            }
        }
    }
}

/// The addresses of a host. An address is its own; a name is resolved on a thread of its own, since the system's
/// resolver cannot be interrupted.
fn resolve(host: &str, port: u16, six: bool, exit: &Exit) -> io::Result<Vec<SocketAddr>> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let (answer, answered) = mpsc::sync_channel(1);
    let name = host.to_owned();
    thread::Builder::new().name("resolve".into()).spawn(move || {
        let found = (name.as_str(), port).to_socket_addrs().map(Iterator::collect::<Vec<_>>);
        // Nobody waits any more: then it is of no use.
        let _ = answer.send(found);
    })?;
    let deadline = Instant::now() + RESOLVE_MAX;
    loop {
        match answered.recv_timeout(LOOK) {
            Ok(found) => {
                let found: Vec<SocketAddr> =
                    found?.into_iter().filter(|address| address.is_ipv6() == six).collect();
                if found.is_empty() {
                    return Err(io::Error::new(
                        io::ErrorKind::NotFound,
                        format!("{host} has no such address"),
                    ));
                }
                return Ok(found);
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => return Err(io::ErrorKind::NotFound.into()),
            Err(mpsc::RecvTimeoutError::Timeout) if exit.requested() => {
                return Err(io::ErrorKind::Interrupted.into());
            }
            Err(mpsc::RecvTimeoutError::Timeout) if Instant::now() > deadline => {
                return Err(io::ErrorKind::TimedOut.into());
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
    }
}
