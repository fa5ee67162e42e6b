//! The far end of a destination that sends over a socket: connecting, sending whole messages, noticing that it left.
//!
//! Nothing here blocks past an exit request. What a batch came to is told at the boundary of messages: one that was
//! sent in part goes out whole over the next connection.

mod connect;
mod link;

use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use pipeline::{Destination, Exit, Flow, Outcome, SendError};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{SendFlags, send};

pub(super) use self::connect::{Place, Target};
use self::link::Link;
use crate::destination::format::Format;
use crate::socket::Transport;

/// Rendered bytes after which they are sent, in the middle of a batch too.
const BUFFER_BYTES_MAX: usize = 256 << 10;
/// How long the rest of a message may take that was begun when exit was requested.
const FINISH: Duration = Duration::from_millis(200);
/// How long a full queue of the system for datagrams is left alone.
const FULL_PAUSE: Duration = Duration::from_millis(10);

/// The driver.
pub(super) struct Peer {
    target: Target,
    format: Format,
    /// A message is preceded by its length: RFC 6587.
    counted: bool,
    exit: Exit,
    link: Option<Link>,
    buffer: Vec<u8>,
    /// Where in `buffer` each message ends.
    ends: Vec<usize>,
    record: Vec<u8>,
}

/// Why a message is dropped that no datagram can hold.
const TOO_LARGE: &str = "too-large";

/// Why sending ended early.
enum Stopped {
    Exit,
    Failed(io::Error),
}

impl Peer {
    pub(super) fn new(target: Target, format: Format, counted: bool, exit: &Exit) -> Peer {
        let (buffer, ends, record) = (Vec::new(), Vec::new(), Vec::new());
        Peer { target, format, counted, exit: exit.clone(), link: None, buffer, ends, record }
    }

    fn lost(&mut self, error: &io::Error) -> Outcome {
        self.link = None;
        Outcome::NotConnected(SendError::new(format!("connection to {} lost: {error}", self.target)))
    }

    /// Sends the buffer. Gives the number of messages that are out.
    fn send_buffer(&mut self) -> (usize, Option<Stopped>) {
        let Some(link) = &mut self.link else {
            return (0, Some(Stopped::Failed(io::ErrorKind::NotConnected.into())));
        };
        let mut sent = 0;
        let mut stopped = None;
        let mut patience = None;
        while sent < self.buffer.len() || link.unsent() > 0 {
            match link.send(&self.buffer[sent..]) {
                Ok(bytes) => sent += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    match wait(link.socket(), &self.exit, patience) {
                        Ok(()) => {}
                        Err(Stopped::Exit)
                            if patience.is_none()
                                && sent > 0
                                && (link.unsent() > 0 || !self.ends.contains(&sent)) =>
                        {
                            // A torn message would look like one; the rest of it will mostly fit.
                            patience = Some(FINISH);
                            let end = self.ends[self.ends.partition_point(|end| *end < sent)];
                            self.buffer.truncate(end);
                            stopped = Some(Stopped::Exit);
                        }
                        Err(why) => {
                            stopped = Some(why);
                            break;
                        }
                    }
                }
                Err(error) => {
                    stopped = Some(Stopped::Failed(error));
                    break;
                }
            }
        }
        let out = sent - link.unsent().min(sent);
        let messages = self.ends.partition_point(|end| *end <= out);
        self.buffer.clear();
        self.ends.clear();
        (messages, stopped)
    }

    fn send_stream(&mut self, batch: &Flow) -> Outcome {
        if let Some(link) = &mut self.link
            && let Err(error) = link.look()
        {
            tracing::info!(fd = link.socket().as_raw_fd(), server = %self.target, "Syslog connection closed");
            return self.lost(&error);
        }
        let mut delivered = 0;
        let mut messages = batch.messages();
        let mut stopped = None;
        while stopped.is_none() && self.fill(&mut messages) {
            let (out, why) = self.send_buffer();
            delivered += out;
            stopped = why;
        }
        let Some(stopped) = stopped else { return Outcome::Success };
        let rest = batch.split_at(delivered).1;
        if rest.is_empty() {
            return Outcome::Success;
        }
        self.format.take_back(&rest);
        match stopped {
            Stopped::Exit => Outcome::Partly(rest),
            Stopped::Failed(error) if delivered == 0 => self.lost(&error),
            Stopped::Failed(_) => {
                // The next call finds no connection, and says so.
                self.link = None;
                Outcome::Partly(rest)
            }
        }
    }

    /// Renders messages until the buffer is full; false when there was none left.
    fn fill(&mut self, messages: &mut pipeline::flow::Messages<'_>) -> bool {
        let mut pass = self.format.begin(messages.clone());
        for message in messages {
            if self.counted {
                self.record.clear();
                pass.render(message, &mut self.record);
                self.buffer.extend_from_slice(self.record.len().to_string().as_bytes());
                self.buffer.push(b' ');
                self.buffer.extend_from_slice(&self.record);
            } else {
                pass.render(message, &mut self.buffer);
            }
            self.ends.push(self.buffer.len());
            if self.buffer.len() >= BUFFER_BYTES_MAX {
                break;
            }
        }
        !self.ends.is_empty()
    }

    fn send_datagrams(&mut self, batch: &Flow) -> Outcome {
        let Some(socket) = self.link.as_ref().map(Link::socket) else {
            return self.lost(&io::ErrorKind::NotConnected.into());
        };
        let mut pass = self.format.begin(batch.messages());
        let (mut done, mut dropped) = (0, Vec::new());
        let mut stopped = None;
        for row in batch.rows() {
            self.record.clear();
            pass.render(batch.records().message(row.offset), &mut self.record);
            match send_datagram(socket, &self.record, &self.exit) {
                Ok(()) => {}
                Err(Stopped::Failed(error))
                    if error.raw_os_error() == Some(Errno::MSGSIZE.raw_os_error()) =>
                {
                    tracing::error!(server = %self.target, bytes = self.record.len(), "Message does not fit a datagram, dropping it");
                    dropped.push(row);
                }
                Err(why) => {
                    stopped = Some(why);
                    break;
                }
            }
            done += 1;
        }
        let Some(stopped) = stopped else {
            if dropped.is_empty() {
                return Outcome::Success;
            }
            return Outcome::Split { later: None, dropped, reason: TOO_LARGE };
        };
        let rest = batch.split_at(done).1;
        self.format.take_back(&rest);
        match stopped {
            Stopped::Failed(error) if done == 0 => return self.lost(&error),
            Stopped::Failed(_) => self.link = None,
            Stopped::Exit => {}
        }
        if !dropped.is_empty() {
            return Outcome::Split { later: Some(rest), dropped, reason: TOO_LARGE };
        }
        Outcome::Partly(rest)
    }
}

impl Destination for Peer {
    fn open(&mut self) -> Result<(), SendError> {
        match self.target.connect(&self.exit) {
            Ok(link) => {
                let socket = link.socket();
                let local =
                    socket.local_addr().map(|address| crate::socket::Address::of(&address).to_string());
                tracing::info!(
                    fd = socket.as_raw_fd(), server = %self.target, local = local.unwrap_or_default(),
                    "Syslog connection established"
                );
                self.link = Some(link);
                Ok(())
            }
            Err(error) => {
                let time_reopen = self.target.time_reopen.as_secs_f64();
                tracing::error!(server = %self.target, %error, time_reopen, "Syslog connection failed");
                Err(SendError::new(format!("cannot connect to {}: {error}", self.target)))
            }
        }
    }

    fn send(&mut self, batch: &Flow) -> Outcome {
        match self.target.transport {
            Transport::Stream => self.send_stream(batch),
            Transport::Datagram => self.send_datagrams(batch),
        }
    }

    fn close(&mut self) {
        self.link = None;
    }
}

fn send_datagram(socket: &socket2::Socket, record: &[u8], exit: &Exit) -> Result<(), Stopped> {
    let mut refused = false;
    loop {
        match send(socket, record, SendFlags::NOSIGNAL | SendFlags::DONTWAIT) {
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => wait(socket, exit, None)?,
            Err(Errno::NOBUFS) => {
                if exit.wait(FULL_PAUSE) {
                    return Err(Stopped::Exit);
                }
            }
            // This is about a datagram before; nobody says that this one will not be taken.
            Err(Errno::CONNREFUSED)
                if !refused && socket.domain().is_ok_and(|domain| domain != socket2::Domain::UNIX) =>
            {
                refused = true;
            }
            Err(Errno::CONNREFUSED) if refused => return Ok(()),
            Err(error) => return Err(Stopped::Failed(error.into())),
        }
    }
}

/// Waits until the socket takes bytes; with `patience` it does not look at the exit request, which was made.
fn wait(socket: &socket2::Socket, exit: &Exit, patience: Option<Duration>) -> Result<(), Stopped> {
    let timeout = patience.map(|patience| Timespec {
        tv_sec: patience.as_secs() as i64,
        tv_nsec: i64::from(patience.subsec_nanos()),
    });
    let mut fds = vec![PollFd::new(socket, PollFlags::OUT)];
    if patience.is_none() {
        fds.push(PollFd::from_borrowed_fd(exit.as_fd(), PollFlags::IN));
    }
    match poll(&mut fds, timeout.as_ref()) {
        Ok(0) => Err(Stopped::Exit),
        Ok(_) if fds.get(1).is_some_and(|exit| !exit.revents().is_empty()) => Err(Stopped::Exit),
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(Stopped::Failed(error.into())),
    }
}
