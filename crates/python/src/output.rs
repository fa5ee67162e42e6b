//! What a worker prints: lines of its standard output and error, on their way to the log.
//!
//! Read at a bounded pace, so that a worker that floods them slows itself down and nobody else.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::{Child, ChildStderr, ChildStdout};
use std::time::{Duration, Instant};

/// Bytes read from a worker's output in one [`SLICE`] of time.
const SLICE_BYTES: usize = 64 * 1024;
/// Lines logged in one [`SLICE`] of time; the rest is counted.
const SLICE_LINES: u32 = 100;
/// See above.
const SLICE: Duration = Duration::from_millis(250);
/// Bytes of one line that are logged.
const LINE_BYTES_MAX: usize = 8 * 1024;

/// Both streams of one worker.
#[derive(Debug)]
pub(crate) struct Output {
    streams: [Stream; 2],
    slice_ends: Instant,
    bytes: usize,
    lines: u32,
    suppressed: u64,
}

#[derive(Debug)]
struct Stream {
    pipe: Option<Pipe>,
    name: &'static str,
    line: Vec<u8>,
}

#[derive(Debug)]
enum Pipe {
    Out(ChildStdout),
    Err(ChildStderr),
}

impl Output {
    /// Takes over the pipes of a child just started.
    pub(crate) fn of(child: &mut Child) -> io::Result<Output> {
        let out = child.stdout.take().map(Pipe::Out);
        let err = child.stderr.take().map(Pipe::Err);
        for pipe in [&out, &err].into_iter().flatten() {
            let flags = rustix::fs::fcntl_getfl(pipe.as_fd())?;
            rustix::fs::fcntl_setfl(pipe.as_fd(), flags | rustix::fs::OFlags::NONBLOCK)?;
        }
        let stream = |pipe, name| Stream { pipe, name, line: Vec::new() };
        Ok(Output {
            streams: [stream(out, "stdout"), stream(err, "stderr")],
            slice_ends: Instant::now() + SLICE,
            bytes: 0,
            lines: 0,
            suppressed: 0,
        })
    }

    /// The pipes to poll for; none while this slice of time is used up.
    pub(crate) fn pipes(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let open = self.bytes < SLICE_BYTES;
        self.streams.iter().filter(move |_| open).filter_map(|stream| stream.pipe.as_ref().map(AsFd::as_fd))
    }

    /// When to look again although nothing is polled for.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        (self.bytes >= SLICE_BYTES).then_some(self.slice_ends)
    }

    /// Reads what there is, within the slice, and gives whole lines to `log(stream, line)`.
    pub(crate) fn read(&mut self, now: Instant, mut log: impl FnMut(&'static str, &str)) {
        if now >= self.slice_ends {
            if self.suppressed > 0 {
                let text = format!("{} lines of output suppressed", self.suppressed);
                log("stderr", &text);
            }
            (self.bytes, self.lines, self.suppressed) = (0, 0, 0);
            self.slice_ends = now + SLICE;
        }
        for i in 0..self.streams.len() {
            self.read_stream(i, &mut log);
        }
    }

    /// Gives out what is left of both streams, at the end.
    pub(crate) fn finish(&mut self, mut log: impl FnMut(&'static str, &str)) {
        (self.bytes, self.lines) = (0, 0);
        self.read(Instant::now(), &mut log);
        for stream in &mut self.streams {
            if !stream.line.is_empty() {
                log(stream.name, &String::from_utf8_lossy(&std::mem::take(&mut stream.line)));
            }
        }
    }

    fn read_stream(&mut self, i: usize, log: &mut impl FnMut(&'static str, &str)) {
        let mut buffer = [0; 8 * 1024];
        while self.bytes < SLICE_BYTES {
            let stream = &mut self.streams[i];
            let read = match &mut stream.pipe {
                Some(Pipe::Out(pipe)) => pipe.read(&mut buffer),
                Some(Pipe::Err(pipe)) => pipe.read(&mut buffer),
                None => return,
            };
            match read {
                Ok(0) => stream.pipe = None,
                Ok(bytes) => {
                    self.bytes += bytes;
                    self.take(i, &buffer[..bytes], log);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => stream.pipe = None,
            }
        }
    }

    fn take(&mut self, i: usize, mut bytes: &[u8], log: &mut impl FnMut(&'static str, &str)) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.keep(i, &bytes[..end]);
            bytes = &bytes[end + 1..];
            let stream = &mut self.streams[i];
            let line = std::mem::take(&mut stream.line);
            if self.lines < SLICE_LINES {
                self.lines += 1;
                log(stream.name, &String::from_utf8_lossy(&line));
            } else {
                self.suppressed += 1;
            }
        }
        self.keep(i, bytes);
    }

    fn keep(&mut self, i: usize, bytes: &[u8]) {
        let line = &mut self.streams[i].line;
        let room = LINE_BYTES_MAX.saturating_sub(line.len());
        line.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

impl AsFd for Pipe {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Pipe::Out(pipe) => pipe.as_fd(),
            Pipe::Err(pipe) => pipe.as_fd(),
        }
    }
}
