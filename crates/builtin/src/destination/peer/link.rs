//! A connection to the far end, encrypted or not.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pipeline::Exit;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};

/// How long the peer may take to agree on the encryption.
const HANDSHAKE_MAX: Duration = Duration::from_secs(30);

/// See the module's text. Nothing here waits but the handshake.
pub(super) struct Link {
    socket: socket2::Socket,
    tls: Option<Box<ClientConnection>>,
    /// Bytes that were taken and are encrypted, but not all sent.
    unsent: usize,
}

impl Link {
    /// A connection that is not encrypted, or no connection: datagrams.
    pub(super) fn plain(socket: socket2::Socket) -> Link {
        Link { socket, tls: None, unsent: 0 }
    }

    /// Agrees on the encryption. Fails with `Interrupted` when exit is requested first.
    pub(super) fn encrypted(
        socket: socket2::Socket,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
        exit: &Exit,
    ) -> io::Result<Link> {
        let tls = ClientConnection::new(config, name).map_err(broken)?;
        let mut link = Link { socket, tls: Some(Box::new(tls)), unsent: 0 };
        let deadline = Instant::now() + HANDSHAKE_MAX;
        loop {
            let flags = match link.exchange()? {
                None => return Ok(link),
                Some(flags) => flags,
            };
            let left = deadline.saturating_duration_since(Instant::now());
            let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) };
            let mut fds =
                [PollFd::new(&link.socket, flags), PollFd::from_borrowed_fd(exit.as_fd(), PollFlags::IN)];
            match poll(&mut fds, Some(&timeout)) {
                Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
                Ok(_) if !fds[1].revents().is_empty() => return Err(io::ErrorKind::Interrupted.into()),
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// One step of the handshake: what to wait for, or nothing once it is done.
    fn exchange(&mut self) -> io::Result<Option<PollFlags>> {
        let Some(tls) = &mut self.tls else { return Ok(None) };
        loop {
            while tls.wants_write() {
                match tls.write_tls(&mut &self.socket) {
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        return Ok(Some(PollFlags::OUT));
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            if !tls.is_handshaking() {
                return Ok(None);
            }
            match tls.read_tls(&mut &self.socket) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => {
                    if let Err(error) = tls.process_new_packets() {
                        // The peer is told why, if it listens.
                        let _ = tls.write_tls(&mut &self.socket);
                        return Err(broken(error));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Some(PollFlags::IN)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(super) fn socket(&self) -> &socket2::Socket {
        &self.socket
    }

    /// Of the last bytes that [`Link::send`] took, how many may not have left yet.
    pub(super) fn unsent(&self) -> usize {
        self.unsent
    }

    /// Takes some of `bytes`, and gives how many. What it took before goes first; without room for that it fails
    /// with `WouldBlock`.
    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else {
            return Ok(send(&self.socket, bytes, SendFlags::NOSIGNAL | SendFlags::DONTWAIT)?);
        };
        let mut taken = 0;
        loop {
            while tls.wants_write() {
                match tls.write_tls(&mut Quiet(&self.socket)) {
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock && taken > 0 => return Ok(taken),
                    Err(error) => return Err(error),
                }
            }
            self.unsent = 0;
            if taken > 0 || bytes.is_empty() {
                return Ok(taken);
            }
            taken = tls.writer().write(bytes)?;
            self.unsent = taken;
        }
    }

    /// Fails if the peer has closed its end. What it says is thrown away.
    pub(super) fn look(&mut self) -> io::Result<()> {
        let mut scratch = [0; 4096];
        loop {
            let read = match &mut self.tls {
                None => recv(&self.socket, &mut scratch, RecvFlags::DONTWAIT).map(|(bytes, _)| bytes),
                Some(tls) => match tls.read_tls(&mut &self.socket) {
                    Ok(bytes) => {
                        let state = tls.process_new_packets().map_err(broken)?;
                        let mut reader = tls.reader();
                        while matches!(io::Read::read(&mut reader, &mut scratch), Ok(1..)) {}
                        Ok(if state.peer_has_closed() { 0 } else { bytes })
                    }
                    Err(error) => Err(Errno::from_io_error(&error).unwrap_or(Errno::IO)),
                },
            };
            match read {
                Ok(0) => {
                    return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the peer has closed it"));
                }
                Ok(_) | Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Drop for Link {
    /// Says farewell, as far as there is room for it.
    fn drop(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            // Whoever is gone misses nothing.
            let _ = tls.write_tls(&mut Quiet(&self.socket));
        }
    }
}

/// A socket that has no signal sent when its peer is gone.
struct Quiet<'a>(&'a socket2::Socket);

impl Write for Quiet<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(send(self.0, bytes, SendFlags::NOSIGNAL | SendFlags::DONTWAIT)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn broken(error: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
