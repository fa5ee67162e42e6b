//! The operator's end: connects, asks, and reads the reply.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use socket2::{Domain, SockAddr, Socket, Type};

use crate::command::Command;
use crate::reply::{Answer, REPLY_BYTES_MAX};
use crate::timed;

/// How long a daemon may take to accept a connection.
pub const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
/// How long a daemon may take to read a request.
pub const SEND_TIME_MAX: Duration = Duration::from_secs(5);
/// How long a daemon may be silent before its reply is complete: a reload waits for every driver to stop.
pub const SILENCE_MAX: Duration = Duration::from_secs(120);
/// How long a reply may take altogether, however talkative the daemon.
pub const REPLY_TIME_MAX: Duration = Duration::from_secs(600);
/// How long to wait before a daemon whose queue of connections is full is tried again.
const QUEUE_FULL_PAUSE: Duration = Duration::from_millis(10);

/// A connection to a daemon.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    silence_max: Duration,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody listens there.
    #[error("{0}")]
    Connect(io::Error),
    /// The daemon took too long.
    #[error("the daemon did not answer in time")]
    TimedOut,
    /// The daemon closed the connection before the end of its reply; this is what came.
    #[error("the daemon closed the connection before the end of its reply")]
    Ended {
        /// What came of the reply.
        partial: String,
    },
    /// The reply has no end.
    #[error("the reply is longer than {REPLY_BYTES_MAX} bytes")]
    TooLong,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(io::Error),
}

impl Client {
    /// Connects to the control socket at `path`, within [`CONNECT_TIME_MAX`].
    pub fn connect(path: &Path) -> Result<Client, AskError> {
        let stream = connect(path, Instant::now() + CONNECT_TIME_MAX).map_err(AskError::Connect)?;
        Ok(Client { stream, silence_max: SILENCE_MAX })
    }

    /// With another limit than [`SILENCE_MAX`].
    #[must_use]
    pub fn with_silence_max(mut self, silence_max: Duration) -> Client {
        self.silence_max = silence_max;
        self
    }

    /// Sends a command and waits for the whole reply.
    pub fn ask(&mut self, command: &Command) -> Result<Answer, AskError> {
        let request = format!("{command}\n");
        timed::write_all(&self.stream, request.as_bytes(), Instant::now() + SEND_TIME_MAX).map_err(broken)?;
        let deadline = Instant::now() + REPLY_TIME_MAX;
        let (mut wire, mut chunk) = (Vec::new(), vec![0; 64 << 10]);
        loop {
            let silence = Instant::now() + self.silence_max;
            let read = timed::read(&self.stream, &mut chunk, silence.min(deadline)).map_err(broken)?;
            if read == 0 {
                return Err(AskError::Ended { partial: String::from_utf8_lossy(&wire).into_owned() });
            }
            wire.extend_from_slice(&chunk[..read]);
            // One request was sent, so the end of the reply is the end of what comes.
            if (wire == b".\n" || wire.ends_with(b"\n.\n"))
                && let Some(answer) = Answer::parse(&wire)
            {
                return Ok(answer);
            }
            if wire.len() > REPLY_BYTES_MAX {
                return Err(AskError::TooLong);
            }
        }
    }
}

/// Connects, waiting while the listener's queue is full. A plain `connect` would wait for ever there.
fn connect(path: &Path, deadline: Instant) -> io::Result<UnixStream> {
    let address = SockAddr::unix(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    loop {
        match socket.connect(&address) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && Instant::now() < deadline => {
                std::thread::sleep(QUEUE_FULL_PAUSE);
            }
            Err(error) => return Err(error),
            Ok(()) => break,
        }
    }
    socket.set_nonblocking(false)?;
    Ok(UnixStream::from(std::os::fd::OwnedFd::from(socket)))
}

/// Whether a daemon answers at `path`, without waiting: a full queue is an answer, too.
pub fn is_listening(path: &Path) -> bool {
    match connect(path, Instant::now()) {
        Ok(_) => true,
        Err(error) => error.kind() == io::ErrorKind::WouldBlock,
    }
}

fn broken(error: io::Error) -> AskError {
    if error.kind() == io::ErrorKind::TimedOut { AskError::TimedOut } else { AskError::Broken(error) }
}

#[cfg(test)]
mod tests;
