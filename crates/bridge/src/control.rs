//! The control socket, as the worker's threads use it.
//!
//! The control thread reads frames. A thread that has asked something waits for its answer; where nobody reads just
//! then (the control thread itself asks, or is at a callback), it reads, and puts aside what is not for it.

use std::{
    collections::{HashMap, VecDeque},
    io::Read,
    os::unix::net::UnixStream,
    time::{Duration, Instant},
};

use channel::protocol::{
    FrameError, FrameReader, FromWorker, PersistAnswer, PersistRequest, ToWorker, write_frame,
};
use parking_lot::{Condvar, Mutex, MutexGuard};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Bytes read from the socket at once.
const READ_BYTES: usize = 64 * 1024;
/// How long an answer may take.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// What came of waiting for a frame.
pub(crate) enum Received {
    Frame(ToWorker),
    /// Nothing until the deadline.
    Nothing,
    /// The daemon has closed its end, or is gone.
    Gone,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// None in [`ANSWER_TIME_MAX`].
    Late,
    /// The daemon is gone.
    Gone,
    /// The request or the answer is no frame.
    Frame(FrameError),
}

pub(crate) struct Control {
    socket: UnixStream,
    reader: Mutex<Reader>,
    /// Held while a frame is written, so that frames do not mix.
    writer: Mutex<()>,
    answers: Mutex<Answers>,
    /// An answer is here, or the reader is free.
    changed: Condvar,
}

#[derive(Default)]
struct Reader {
    frames: FrameReader<ToWorker>,
    /// Frames that were read by who waited for an answer.
    early: VecDeque<ToWorker>,
    gone: bool,
}

#[derive(Default)]
struct Answers {
    last_id: u64,
    /// Of who waits, once it is here.
    expected: HashMap<u64, Option<PersistAnswer>>,
}

impl Control {
    pub(crate) fn new(socket: UnixStream) -> Control {
        Control {
            socket,
            reader: Mutex::default(),
            writer: Mutex::default(),
            answers: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// The next frame that is no answer; waits for it, until the deadline at most.
    pub(crate) fn receive(&self, deadline: Option<Instant>) -> Result<Received, FrameError> {
        let mut reader = self.reader.lock();
        let received = loop {
            if let Some(frame) = reader.early.pop_front() {
                break Ok(Received::Frame(frame));
            }
            match self.read(&mut reader, deadline) {
                Ok(Received::Frame(ToWorker::Persisted { id, answer })) => self.deliver(id, answer),
                other => break other,
            }
        };
        self.leave(reader);
        received
    }

    /// Asks the daemon, and waits for the answer.
    pub(crate) fn ask(&self, request: PersistRequest) -> Result<PersistAnswer, NoAnswer> {
        let id = {
            let mut answers = self.answers.lock();
            answers.last_id += 1;
            let id = answers.last_id;
            answers.expected.insert(id, None);
            id
        };
        let answer = self
            .send(FromWorker::Persist { id, request })
            .map_err(NoAnswer::Frame)
            .and_then(|()| self.wait_for(id, Instant::now() + ANSWER_TIME_MAX));
        self.answers.lock().expected.remove(&id);
        answer
    }

    fn wait_for(&self, id: u64, deadline: Instant) -> Result<PersistAnswer, NoAnswer> {
        let mut answers = self.answers.lock();
        loop {
            if let Some(answer) = answers.expected.get_mut(&id).and_then(Option::take) {
                return Ok(answer);
            }
            if Instant::now() >= deadline {
                return Err(NoAnswer::Late);
            }
            let Some(mut reader) = self.reader.try_lock() else {
                self.changed.wait_until(&mut answers, deadline);
                continue;
            };
            drop(answers);
            let gone = match self.read(&mut reader, Some(deadline)) {
                Ok(Received::Frame(ToWorker::Persisted { id, answer })) => {
                    self.deliver(id, answer);
                    None
                }
                Ok(Received::Frame(frame)) => {
                    reader.early.push_back(frame);
                    None
                }
                Ok(Received::Nothing) => None,
                Ok(Received::Gone) => Some(NoAnswer::Gone),
                Err(error) => Some(NoAnswer::Frame(error)),
            };
            self.leave(reader);
            if let Some(gone) = gone {
                return Err(gone);
            }
            answers = self.answers.lock();
        }
    }

    fn deliver(&self, id: u64, answer: PersistAnswer) {
        // Who has given up is not there any more.
        if let Some(place) = self.answers.lock().expected.get_mut(&id) {
            *place = Some(answer);
        }
        self.changed.notify_all();
    }

    /// Lets another thread read.
    fn leave(&self, reader: MutexGuard<'_, Reader>) {
        drop(reader);
        // Whoever has found the reader taken sleeps by now, or has not yet looked.
        drop(self.answers.lock());
        self.changed.notify_all();
    }

    fn read(&self, reader: &mut Reader, deadline: Option<Instant>) -> Result<Received, FrameError> {
        let mut bytes = vec![0; READ_BYTES];
        loop {
            if let Some(frame) = reader.frames.next()? {
                return Ok(Received::Frame(frame));
            }
            if reader.gone {
                return Ok(Received::Gone);
            }
            if !self.readable(deadline)? {
                return Ok(Received::Nothing);
            }
            match (&self.socket).read(&mut bytes) {
                Ok(0) => reader.gone = true,
                Ok(count) => reader.frames.feed(&bytes[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => reader.gone = true,
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
