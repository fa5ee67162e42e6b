//! The daemon's end of one connection.

use std::io;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use crate::reply::Reply;
use crate::timed;

/// Bytes of a request line.
pub const REQUEST_BYTES_MAX: usize = 4096;
/// How long an operator may stay connected without a word.
pub const IDLE_MAX: Duration = Duration::from_secs(60);
/// How long an operator may take to send one request, from its first byte on.
pub const REQUEST_TIME_MAX: Duration = Duration::from_secs(5);
/// How long an operator may take to read one reply.
pub const REPLY_TIME_MAX: Duration = Duration::from_secs(30);

/// One operator's connection.
#[derive(Debug)]
pub struct Peer {
    stream: UnixStream,
    /// What was read and is not asked for yet.
    buffer: Vec<u8>,
}

/// Why a connection is to be closed.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// A request without an end.
    #[error("the request is longer than {REQUEST_BYTES_MAX} bytes")]
    TooLong,
    /// It broke, or took too long.
    #[error("the connection is broken: {0}")]
    Io(#[from] io::Error),
}

impl Peer {
    /// The peer at the other end of `stream`, which blocks.
    pub fn new(stream: UnixStream) -> Peer {
        Peer { stream, buffer: Vec::new() }
    }

    /// The next request line; `None` when the operator is done. What is not UTF-8 in it is replaced.
    ///
    /// Waits [`IDLE_MAX`] for it to begin, and [`REQUEST_TIME_MAX`] for it to end.
    pub fn request(&mut self) -> Result<Option<String>, PeerError> {
        let now = Instant::now();
        let mut deadline = now + if self.buffer.is_empty() { IDLE_MAX } else { REQUEST_TIME_MAX };
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Ok(Some(String::from_utf8_lossy(&line[..end]).into_owned()));
            }
            if self.buffer.len() >= REQUEST_BYTES_MAX {
                return Err(PeerError::TooLong);
            }
            let mut chunk = [0; 512];
            let read = timed::read(&self.stream, &mut chunk, deadline)?;
            if read == 0 {
                return Ok(None);
            }
            if self.buffer.is_empty() {
                deadline = Instant::now() + REQUEST_TIME_MAX;
            }
            self.buffer.extend_from_slice(&chunk[..read]);
        }
    }

    /// Sends a reply, within [`REPLY_TIME_MAX`].
    pub fn reply(&mut self, reply: &Reply) -> io::Result<()> {
        timed::write_all(&self.stream, reply.to_wire().as_bytes(), Instant::now() + REPLY_TIME_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::Shutdown;

    fn pair() -> (UnixStream, Peer) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (ours, Peer::new(theirs))
    }

    #[test]
    fn several_requests_on_one_connection() {
        let (mut operator, mut peer) = pair();
        operator.write_all(b"STATS\nRELO").unwrap();
        assert_eq!(peer.request().unwrap().as_deref(), Some("STATS"));
        operator.write_all(b"AD\n\n").unwrap();
        assert_eq!(peer.request().unwrap().as_deref(), Some("RELOAD"));
        assert_eq!(peer.request().unwrap().as_deref(), Some(""));
        operator.shutdown(Shutdown::Write).unwrap();
        assert_eq!(peer.request().unwrap(), None);
    }

    #[test]
    fn half_a_request_is_none() {
        let (mut operator, mut peer) = pair();
        operator.write_all(b"STOP").unwrap();
        operator.shutdown(Shutdown::Write).unwrap();
        assert_eq!(peer.request().unwrap(), None);
    }

    #[test]
    fn a_request_without_an_end_is_refused() {
        let (mut operator, mut peer) = pair();
        operator.write_all(&[b'x'; REQUEST_BYTES_MAX]).unwrap();
        assert!(matches!(peer.request(), Err(PeerError::TooLong)));
    }

    #[test]
    fn bytes_that_are_no_text_do_no_harm() {
        let (mut operator, mut peer) = pair();
        operator.write_all(b"\xff\0STATS\n").unwrap();
        assert_eq!(peer.request().unwrap().as_deref(), Some("\u{fffd}\0STATS"));
    }
}
