//! Frames on a socket.

use std::{
    io::{self, Write},
    marker::PhantomData,
};

use super::{FRAME_BYTES_MAX, Frame, FrameError, decode, encode, frame::LENGTH_BYTES};

/// Cuts what a socket gives into frames. Does no input itself, so it suits blocking and non-blocking sockets.
///
/// Call [`FrameReader::next`] until it has nothing after every [`FrameReader::feed`]; then it holds less than one
/// frame. After an error the stream is lost.
#[derive(Debug)]
pub struct FrameReader<M> {
    buffer: Vec<u8>,
    /// Bytes of the buffer already given out.
    used: usize,
    first: bool,
    frames: PhantomData<fn() -> M>,
}

impl<M: Frame> FrameReader<M> {
    /// A reader at the start of a connection.
    pub fn new() -> FrameReader<M> {
        FrameReader { buffer: Vec::new(), used: 0, first: true, frames: PhantomData }
    }

    /// Takes what was read from the socket.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.used);
        self.used = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next frame, if it is complete. An oversized one is refused as soon as its length is there.
    #[expect(clippy::should_implement_trait, reason = "None means not yet, and an error ends the stream")]
    pub fn next(&mut self) -> Result<Option<M>, FrameError> {
        let unread = &self.buffer[self.used..];
        let Some((length, rest)) = unread.split_first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
        let length = u32::from_le_bytes(*length) as usize;
        let limit = M::bytes_max(self.first);
        if length > limit {
            return Err(FrameError::TooLong { length, limit });
        }
        let Some(body) = rest.get(..length) else { return Ok(None) };
        let frame = decode(body)?;
        self.used += LENGTH_BYTES + length;
        if self.first {
            self.first = false;
            // The first frame may be large, and no later one is.
            self.buffer.drain(..self.used);
            self.buffer.shrink_to_fit();
            self.used = 0;
        }
        Ok(Some(frame))
    }

    /// Whether the stream stops inside a frame: at its end, the other side died while it wrote.
    pub fn is_mid_frame(&self) -> bool {
        self.used < self.buffer.len()
    }
}

impl<M: Frame> Default for FrameReader<M> {
    fn default() -> FrameReader<M> {
        FrameReader::new()
    }
}

/// Writes one frame and blocks until it is out: the worker's way, whose daemon always reads. Long texts are clipped.
pub fn write_frame<M: Frame>(socket: &mut impl Write, mut frame: M) -> Result<(), FrameError> {
    frame.clip();
    let mut bytes = Vec::new();
    encode(&frame, &mut bytes)?;
    socket.write_all(&bytes)?;
    Ok(())
}

/// Bytes of frames that may wait for a worker that does not read, besides a `hello`.
const OUTBOX_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Frames on their way to a non-blocking socket: the daemon's way, which waits for no worker.
#[derive(Debug, Default)]
pub struct Outbox {
    pending: Vec<u8>,
    /// Bytes of `pending` already written.
    written: usize,
    /// Bytes of `pending` that are a `hello`, which has a limit of its own.
    hello: usize,
}

impl Outbox {
    /// An empty one.
    pub fn new() -> Outbox {
        Outbox::default()
    }

    /// Adds a frame. Fails, and leaves it out, when too much waits already.
    pub fn push<M: Frame>(&mut self, frame: &M) -> Result<(), FrameError> {
        let before = self.pending.len();
        encode(frame, &mut self.pending)?;
        if frame.own_bytes_max() > FRAME_BYTES_MAX {
            self.hello += self.pending.len() - before;
        } else if self.pending.len() - self.hello > OUTBOX_BYTES_MAX {
            self.pending.truncate(before);
            return Err(FrameError::NotRead { pending: before - self.written });
        }
        Ok(())
    }

    /// Writes what the socket takes; true when nothing is left. Call it again when the socket is writable.
    pub fn flush(&mut self, socket: &mut impl Write) -> io::Result<bool> {
        while self.written < self.pending.len() {
            match socket.write(&self.pending[self.written..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => self.written += written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.pending.drain(..self.written);
                    self.hello = self.hello.saturating_sub(self.written);
                    self.written = 0;
                    return Ok(false);
                }
                Err(error) => return Err(error),
            }
        }
        // Given back: a hello is large, and nothing after it is.
        *self = Outbox::default();
        Ok(true)
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.written == self.pending.len()
    }
}
