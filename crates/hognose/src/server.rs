//! The control socket: accepts operators, reads what they ask, and has it answered.
//!
//! Each operator has a thread, so one that waits for a reload keeps nobody else from asking for counters.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use control::client::is_listening;
use control::{BadRequest, Command, Peer, Reply};
use rustix::fs::Mode;
use rustix::process::umask;

use crate::configuration::system_words;
use crate::desk::Desk;
use crate::handlers;

/// Operators that are answered at a time.
const CONNECTIONS_MAX: usize = 64;
/// How long no connection is accepted after one could not be.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Stack of a thread that answers, in bytes.
const STACK_BYTES: usize = 512 << 10;

/// The socket's name in the file system; removed when dropped.
#[derive(Debug)]
pub(crate) struct Socket {
    path: PathBuf,
    /// Device and inode: the file may be another daemon's by the time this one ends.
    identity: Option<(u64, u64)>,
}

/// Why there is no control socket.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServerError {
    /// A daemon answers there.
    #[error("another daemon answers on it")]
    Taken,
    /// Something else has the name.
    #[error("there is a file of this name that is no socket")]
    NoSocket,
    /// The system refused.
    #[error("{}", system_words(.0))]
    Refused(#[from] io::Error),
}

/// Opens the control socket at `path`, which only this user may connect to. A socket that nobody answers on is a
/// leftover, and replaced.
pub(crate) fn open(path: &Path, desk: &Arc<Desk>) -> Result<Socket, ServerError> {
    if is_listening(path) {
        return Err(ServerError::Taken);
    }
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.file_type().is_socket() => fs::remove_file(path)?,
        Ok(_) => return Err(ServerError::NoSocket),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    // No moment in which others could connect: the mode is right from the start. Nothing else makes files now.
    let before = umask(Mode::RWXG | Mode::RWXO | Mode::XUSR);
    let bound = UnixListener::bind(path);
    umask(before);
    let listener = bound?;
    let socket = Socket { identity: identity(path), path: path.to_owned() };
    let desk = desk.clone();
    thread::Builder::new().name("control".into()).spawn(move || accept(&listener, &desk))?;
    Ok(socket)
}

fn accept(listener: &UnixListener, desk: &Arc<Desk>) {
    let connections = Arc::new(AtomicUsize::new(0));
    loop {
        match listener.accept() {
            Ok((stream, _)) => admit(stream, &connections, desk),
            Err(error) => {
                tracing::error!(error = system_words(&error), "Error accepting control socket connection");
                thread::sleep(ACCEPT_PAUSE);
            }
        }
    }
}

/// A place among the operators; given back when dropped.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn admit(stream: UnixStream, connections: &Arc<AtomicUsize>, desk: &Arc<Desk>) {
    let taken = connections.fetch_add(1, Ordering::AcqRel);
    let place = Place(connections.clone());
    if taken >= CONNECTIONS_MAX {
        tracing::warn!(connections = taken, "Too many connections to the control socket, closing this one");
        return;
    }
    let desk = desk.clone();
    let spawned = thread::Builder::new().name("operator".into()).stack_size(STACK_BYTES).spawn(move || {
        serve(Peer::new(stream), &desk);
        drop(place);
    });
    if let Err(error) = spawned {
        tracing::error!(
            error = system_words(&error),
            "Error starting a thread for a control socket connection"
        );
    }
}

/// Answers until the operator leaves, or asks for what is not there.
fn serve(mut peer: Peer, desk: &Desk) {
    loop {
        let line = match peer.request() {
            Ok(Some(line)) => line,
            Ok(None) => return,
            Err(error) => {
                tracing::debug!(%error, "Closing control socket connection");
                return;
            }
        };
        let outcome = match Command::parse(&line) {
            Ok(Command::Stop) => {
                // The reply goes first: there is nobody to send it afterwards.
                let outcome = peer.reply(&Reply::Ok("Shutdown initiated".into()));
                handlers::stop(desk);
                outcome
            }
            Ok(command) => peer.reply(&handlers::handle(command, desk)),
            Err(error @ BadRequest::Arguments) => peer.reply(&Reply::Fail(error.to_string())),
            Err(BadRequest::Unknown(command)) => {
                tracing::error!(command, "Unknown command read on control channel, closing control channel");
                return;
            }
        };
        if let Err(error) = outcome {
            tracing::debug!(%error, "Error writing to control socket connection");
            return;
        }
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = fs::symlink_metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.identity.is_some() && identity(&self.path) == self.identity {
            let _ = fs::remove_file(&self.path);
        }
    }
}
