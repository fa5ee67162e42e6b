//! Requests and answers between the daemon and a worker that parses, sends or formats.
//!
//! One request at a time: the daemon writes it into its half of the shared memory and rings, the worker writes the
//! answer into the other half and rings back. Whose turn it is says who may write, so there is no ring and no room to
//! wait for; a batch of messages is one request, and costs two wake-ups however large it is.
//!
//! The worker is not believed: an answer is copied out once its length has been checked, and what it is of is checked
//! by whoever asked. It may also die at any time, so the daemon waits for [`Exchange::bell`] beside the worker's end;
//! [`Exchange::progress`] says how far it had come.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::{
        Arc,
        atomic::Ordering::{Acquire, Relaxed, Release},
    },
};

use rustix::event::{EventfdFlags, PollFd, PollFlags};

use crate::{mapping::Mapping, words::Mail};

/// Bytes that a request or an answer may have.
pub const AREA_BYTES: usize = 4 * 1024 * 1024;

/// What the worker inherits, for [`Server::attach`].
#[derive(Debug)]
pub struct ServerFds {
    /// The sealed memory.
    pub memfd: OwnedFd,
    /// Rung by the daemon.
    pub asked: OwnedFd,
    /// Rung by the worker.
    pub answered: OwnedFd,
}

/// A request or answer of so many bytes, which is more than [`AREA_BYTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} bytes, which is above the limit of {AREA_BYTES} bytes")]
pub struct TooLarge(pub usize);

/// What [`Exchange::take`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The answer to the last request, this many bytes of it.
    Bytes(usize),
    /// None yet.
    NotYet,
    /// Something no honest worker writes.
    Nonsense,
}

/// How far the worker has come with the last request, by its own account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Messages it has begun with; the last of them may be the one that it died of.
    pub begun: u64,
    /// The first so many are done with, whatever becomes of the rest.
    pub settled: u64,
}

/// The daemon's end. One thread at a time owns it.
#[derive(Debug)]
pub struct Exchange {
    mapping: Arc<Mapping>,
    asked: OwnedFd,
    answered: OwnedFd,
    number: u64,
}

impl Exchange {
    /// Makes the memory for one worker.
    pub fn create() -> io::Result<(Exchange, ServerFds)> {
        let (mapping, memfd) = Mapping::create(2 * AREA_BYTES)?;
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        // The worker sleeps in a read of its bell, so that one blocks.
        let asked = rustix::event::eventfd(0, EventfdFlags::CLOEXEC)?;
        let answered = rustix::event::eventfd(0, flags)?;
        let fds = ServerFds { memfd, asked: asked.try_clone()?, answered: answered.try_clone()? };
        Ok((Exchange { mapping: Arc::new(mapping), asked, answered, number: 0 }, fds))
    }

    /// Sends a request, made of these parts one behind the other. The answer to the one before is lost, if it was not
    /// taken. Never blocks: the worker cannot fill a bell that it only reads.
    pub fn ask(&mut self, parts: &[&[u8]]) -> Result<(), TooLarge> {
        let bytes: usize = parts.iter().map(|part| part.len()).sum();
        if bytes > AREA_BYTES {
            return Err(TooLarge(bytes));
        }
        let mut at = 0;
        for part in parts {
            self.mapping.copy_in(at as u64, part);
            at += part.len();
        }
        self.number += 1;
        let control = self.mapping.control();
        control.progress.0.begun.store(0, Relaxed);
        control.progress.0.settled.store(0, Relaxed);
        publish(&control.asked.0, self.number, bytes);
        ring(&self.asked);
        Ok(())
    }

    /// Appends the answer to the last request to `into`, if it is there.
    pub fn take(&mut self, into: &mut Vec<u8>) -> Answer {
        // Only to silence it: what counts is the number.
        let _ = rustix::io::read(&self.answered, &mut [0; 8]);
        let answered = &self.mapping.control().answered.0;
        let number = answered.number.load(Acquire);
        if number != self.number {
            // An answer to an older request, which nobody waits for any more, or one to a request never made.
            return if number < self.number { Answer::NotYet } else { Answer::Nonsense };
        }
        let bytes = answered.bytes.load(Relaxed);
        match usize::try_from(bytes) {
            Ok(bytes) if bytes <= AREA_BYTES => {
                self.mapping.copy_out(AREA_BYTES as u64, bytes, into);
                Answer::Bytes(bytes)
            }
            _ => Answer::Nonsense,
        }
    }

    /// Readable when there may be an answer.
    pub fn bell(&self) -> BorrowedFd<'_> {
        self.answered.as_fd()
    }

    /// How far the worker has come with the last request.
    pub fn progress(&self) -> Progress {
        let progress = &self.mapping.control().progress.0;
        let (begun, settled) = (progress.begun.load(Acquire), progress.settled.load(Acquire));
        Progress { begun, settled: settled.min(begun) }
    }
}

/// The worker's end.
#[derive(Debug)]
pub struct Server {
    mapping: Mapping,
    asked: OwnedFd,
    answered: OwnedFd,
    number: u64,
}

impl Server {
    /// Takes over what the daemon passed. Fails for memory that is something else.
    pub fn attach(fds: ServerFds) -> io::Result<Server> {
        let mapping = Mapping::attach(&fds.memfd)?;
        if mapping.capacity() != 2 * AREA_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not the memory of an exchange"));
        }
        Ok(Server { mapping, asked: fds.asked, answered: fds.answered, number: 0 })
    }

    /// Sleeps until there is a request, and appends it to `into`; false when a signal came first.
    ///
    /// Fails when the bell is broken, which it is not while the daemon lives.
    pub fn wait(&mut self, into: &mut Vec<u8>) -> io::Result<bool> {
        let mut fds = [PollFd::new(&self.asked, PollFlags::IN)];
        match rustix::event::poll(&mut fds, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        rustix::io::read(&self.asked, &mut [0; 8])?;
        let asked = &self.mapping.control().asked.0;
        self.number = asked.number.load(Acquire);
        let bytes = asked.bytes.load(Relaxed) as usize;
        self.mapping.copy_out(0, bytes.min(AREA_BYTES), into);
        Ok(true)
    }

    /// Answers the request that [`Server::wait`] gave.
    pub fn answer(&mut self, bytes: &[u8]) -> Result<(), TooLarge> {
        if bytes.len() > AREA_BYTES {
            return Err(TooLarge(bytes.len()));
        }
        self.mapping.copy_in(AREA_BYTES as u64, bytes);
        publish(&self.mapping.control().answered.0, self.number, bytes.len());
        ring(&self.answered);
        Ok(())
    }

    /// Tells the daemon, should this process end now, that so many messages were begun with.
    #[inline]
    pub fn begun(&self, messages: u64) {
        self.mapping.control().progress.0.begun.store(messages, Release);
    }

    /// Tells the daemon, should this process end now, that the first so many messages are done with.
    #[inline]
    pub fn settled(&self, messages: u64) {
        self.mapping.control().progress.0.settled.store(messages, Release);
    }

    /// What [`Server::wait`] waits for, so that another thread can ring it to end the wait.
    pub fn bell(&self) -> io::Result<OwnedFd> {
        self.asked.try_clone()
    }
}

fn publish(mail: &Mail<crate::machine::Shared>, number: u64, bytes: usize) {
    mail.bytes.store(bytes as u64, Relaxed);
    mail.number.store(number, Release);
}

fn ring(bell: &OwnedFd) {
    // The counter can only be full when nobody has looked for 2^64 rings.
    let _ = rustix::io::write(bell, &1_u64.to_ne_bytes());
}

#[cfg(test)]
mod tests;
