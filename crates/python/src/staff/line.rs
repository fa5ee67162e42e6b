//! Asking a worker: one request at a time, each with an end, whatever the worker does.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use channel::request::{AnswerHead, RequestHead, Verb};
use channel::{Answer, Exchange, Progress, TooLarge};
use parking_lot::{Mutex, MutexGuard};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Signal, pidfd_send_signal};

/// The way to ask one living worker. Whoever holds it may outlive the worker.
pub(crate) struct Line {
    exchange: Mutex<Exchange>,
    pidfd: OwnedFd,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The worker has ended, and had come so far.
    Died(Progress),
    /// It made no progress for so long, was killed, and had come so far.
    Stalled(Progress),
    /// The request has this many bytes, which is too many.
    TooLarge(usize),
}

/// A request on its way.
pub(crate) struct Asked<'a> {
    line: &'a Line,
    exchange: MutexGuard<'a, Exchange>,
}

/// How often a worker that works is looked at for progress.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl Line {
    pub(crate) fn new(exchange: Exchange, pidfd: OwnedFd) -> Line {
        Line { exchange: Mutex::new(exchange), pidfd }
    }

    /// Sends a request; waits while another one is on its way.
    pub(crate) fn ask(&self, parts: &[&[u8]]) -> Result<Asked<'_>, Failure> {
        let mut exchange = self.exchange.lock();
        match exchange.ask(parts) {
            Ok(()) => Ok(Asked { line: self, exchange }),
            Err(TooLarge(bytes)) => Err(Failure::TooLarge(bytes)),
        }
    }

    /// Asks for something rare, and waits for the answer.
    pub(crate) fn call(
        &self,
        object: u32,
        said: &serde_json::Value,
        stall: Option<Duration>,
    ) -> Result<serde_json::Value, Failure> {
        let head = RequestHead { verb: Verb::Call, object, count: 0, origin_bytes: 0, number: 0 };
        let answer = self.ask(&[&head.encode(), said.to_string().as_bytes()])?.answer(stall)?;
        let said = AnswerHead::decode(&answer).and_then(|(_, said)| serde_json::from_slice(said).ok());
        said.ok_or_else(|| {
            self.kill();
            Failure::Died(Progress::default())
        })
    }

    /// Ends the worker now. The descriptor names the process and no other one, whatever became of its number.
    pub(crate) fn kill(&self) {
        // It may be gone already, which is what is wanted.
        let _ = pidfd_send_signal(&self.pidfd, Signal::KILL);
    }
}

impl Asked<'_> {
    /// Waits for the answer. A worker that works on one message for longer than `stall` is killed; `None`: it may
    /// take as long as it likes.
    pub(crate) fn answer(mut self, stall: Option<Duration>) -> Result<Vec<u8>, Failure> {
        let mut answer = Vec::new();
        let mut moved = (Instant::now(), self.exchange.progress());
        loop {
            let ended = self.wait(stall.map_or(LOOK_EVERY, |stall| stall.min(LOOK_EVERY)));
            match self.exchange.take(&mut answer) {
                Answer::Bytes(_) => return Ok(answer),
                Answer::NotYet if ended => return Err(Failure::Died(self.exchange.progress())),
                Answer::NotYet => {}
                Answer::Nonsense => {
                    self.line.kill();
                    return Err(Failure::Died(self.exchange.progress()));
                }
            }
            let (now, progress) = (Instant::now(), self.exchange.progress());
            if progress != moved.1 {
                moved = (now, progress);
            } else if stall.is_some_and(|stall| now.duration_since(moved.0) >= stall) {
                self.line.kill();
                return Err(Failure::Stalled(progress));
            }
        }
    }

    /// Sleeps until there may be an answer, the worker has ended, or `limit` has passed; whether it has ended.
    fn wait(&self, limit: Duration) -> bool {
        let mut fds = [
            PollFd::from_borrowed_fd(self.exchange.bell(), PollFlags::IN),
            PollFd::from_borrowed_fd(self.line.pidfd.as_fd(), PollFlags::IN),
        ];
        let limit = Timespec { tv_sec: limit.as_secs() as i64, tv_nsec: i64::from(limit.subsec_nanos()) };
        // An interrupted wait is a short one: the caller looks at everything anyhow.
        let _ = rustix::event::poll(&mut fds, Some(&limit));
        !fds[1].revents().is_empty()
    }
}
