//! The control socket, as the worker's two threads use it: one reads frames, both write them.

use std::{io::Read, os::unix::net::UnixStream, time::Instant};

use channel::protocol::{FrameError, FrameReader, FromWorker, ToWorker, write_frame};
use parking_lot::Mutex;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Bytes read from the socket at once.
const READ_BYTES: usize = 64 * 1024;

/// What came of waiting for a frame.
pub(crate) enum Received {
    Frame(ToWorker),
    /// Nothing until the deadline.
    Nothing,
    /// The daemon has closed its end, or is gone.
    Gone,
}

pub(crate) struct Control {
    socket: UnixStream,
    reader: Mutex<FrameReader<ToWorker>>,
    /// Held while a frame is written, so that frames do not mix.
    writer: Mutex<()>,
}

impl Control {
    pub(crate) fn new(socket: UnixStream) -> Control {
        Control { socket, reader: Mutex::new(FrameReader::new()), writer: Mutex::new(()) }
    }

    /// The next frame; waits for it, until the deadline at most.
    pub(crate) fn receive(&self, deadline: Option<Instant>) -> Result<Received, FrameError> {
        let mut reader = self.reader.lock();
        let mut bytes = vec![0; READ_BYTES];
        loop {
            if let Some(frame) = reader.next()? {
                return Ok(Received::Frame(frame));
            }
            if !self.readable(deadline)? {
                return Ok(Received::Nothing);
            }
            match (&self.socket).read(&mut bytes) {
                Ok(0) => return Ok(Received::Gone),
                Ok(count) => reader.feed(&bytes[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {
                    return Ok(Received::Gone);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits until there is something to read; false: not before the deadline.
    fn readable(&self, deadline: Option<Instant>) -> Result<bool, FrameError> {
        let Some(deadline) = deadline else { return Ok(true) };
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let limit = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) };
            match poll(&mut [PollFd::new(&self.socket, PollFlags::IN)], Some(&limit)) {
                Ok(0) => return Ok(false),
                Ok(_) => return Ok(true),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(std::io::Error::from(error).into()),
            }
        }
    }

    /// Writes a frame; waits until it is out. A daemon that is gone is no error: the thread that reads will see it.
    pub(crate) fn send(&self, frame: FromWorker) -> Result<(), FrameError> {
        let _one_at_a_time = self.writer.lock();
        let mut socket = &self.socket;
        match write_frame(&mut socket, frame) {
            Err(FrameError::Io(_)) => Ok(()),
            other => other,
        }
    }
}
