//! The control socket, as the worker's two threads use it: one reads frames, both write them.

use std::{io::Read, os::unix::net::UnixStream};

use channel::protocol::{FrameError, FrameReader, FromWorker, ToWorker, write_frame};
use parking_lot::Mutex;

/// Bytes read from the socket at once.
const READ_BYTES: usize = 64 * 1024;

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

    /// The next frame; waits for it. `None`: the daemon has closed its end, or is gone.
    pub(crate) fn receive(&self) -> Result<Option<ToWorker>, FrameError> {
        let mut reader = self.reader.lock();
        let mut bytes = vec![0; READ_BYTES];
        loop {
            if let Some(frame) = reader.next()? {
                return Ok(Some(frame));
            }
            match (&self.socket).read(&mut bytes) {
                Ok(0) => return Ok(None),
                Ok(count) => reader.feed(&bytes[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return Ok(None),
                Err(error) => return Err(error.into()),
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
