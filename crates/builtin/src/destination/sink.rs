//! An open file, FIFO or terminal that bytes are appended to.
//!
//! Nothing here blocks for good: what cannot take bytes now is waited for together with the exit request.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use pipeline::Exit;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, Mode, OFlags, fstat, fsync, open};
use rustix::io::{Errno, fcntl_dupfd_cloexec, write};

/// Bytes written at once to what may block although it said it would not: a pipe that was polled writable takes this.
const BLOCKING_WRITE_BYTES: usize = 4096;

/// See the module's text.
#[derive(Debug)]
pub(crate) struct Sink {
    fd: OwnedFd,
    regular: bool,
    /// The descriptor is another process's too, so it was left in blocking mode.
    shared: bool,
}

/// How far a write got.
#[derive(Debug)]
pub(crate) struct Written {
    /// Bytes that are out.
    pub(crate) bytes: usize,
    /// Why it is not all of them.
    pub(crate) stopped: Option<Stopped>,
}

/// Why a write ended early.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// Exit is requested.
    Exit,
    /// It takes nothing, and the patience is over.
    Full,
    /// It failed.
    Failed(io::Error),
}

impl Sink {
    /// Opens `path` for appending, and creates it with `mode` if it is not there.
    ///
    /// A FIFO is opened for reading too: it can then be opened, and takes bytes, before its reader is there.
    pub(crate) fn open(path: &Path, mode: Mode) -> io::Result<Sink> {
        let flags = OFlags::APPEND | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let is_fifo =
            rustix::fs::stat(path).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode).is_fifo());
        let direct = !std::fs::symlink_metadata(path).is_ok_and(|data| data.is_symlink());
        // What `/dev/stdout` leads to has a reader already, and its end would go unnoticed if we were one too.
        let access = if is_fifo && direct { OFlags::RDWR } else { OFlags::WRONLY };
        match open(path, access | OFlags::CREATE | flags, mode) {
            Ok(fd) => Ok(Sink::new(fd, false)),
            // A socket has no open(); as an inherited descriptor it can be had all the same.
            Err(Errno::NXIO) => Sink::inherited(path).unwrap_or(Err(Errno::NXIO.into())),
            Err(error) => Err(error.into()),
        }
    }

    /// The standard output of the daemon.
    pub(crate) fn stdout() -> io::Result<Sink> {
        match Sink::open(Path::new("/dev/stdout"), Mode::empty()) {
            Ok(sink) => Ok(sink),
            Err(_) => Ok(Sink::new(fcntl_dupfd_cloexec(io::stdout(), 0)?, true)),
        }
    }

    fn inherited(path: &Path) -> Option<io::Result<Sink>> {
        let fd = match path.to_str()? {
            "/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1" => fcntl_dupfd_cloexec(io::stdout(), 0),
            "/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2" => fcntl_dupfd_cloexec(io::stderr(), 0),
            _ => return None,
        };
        Some(fd.map(|fd| Sink::new(fd, true)).map_err(io::Error::from))
    }

    fn new(fd: OwnedFd, shared: bool) -> Sink {
        let regular = fstat(&fd).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode).is_file());
        Sink { fd, regular, shared }
    }

    /// Whether it is a file on a disk.
    pub(crate) fn is_regular(&self) -> bool {
        self.regular
    }

    /// Writes `bytes`; waits for room as long as `patience` says, for ever without.
    pub(crate) fn write(&self, bytes: &[u8], exit: &Exit, patience: Option<Duration>) -> Written {
        let mut done = 0;
        while done < bytes.len() {
            let end = if self.shared { bytes.len().min(done + BLOCKING_WRITE_BYTES) } else { bytes.len() };
            if self.shared
                && let Err(stopped) = self.wait(exit, patience)
            {
                return Written { bytes: done, stopped: Some(stopped) };
            }
            match write(&self.fd, &bytes[done..end]) {
                Ok(written) => done += written,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    if let Err(stopped) = self.wait(exit, patience) {
                        return Written { bytes: done, stopped: Some(stopped) };
                    }
                }
                Err(error) => return Written { bytes: done, stopped: Some(Stopped::Failed(error.into())) },
            }
        }
        Written { bytes: done, stopped: None }
    }

    /// Sees to it that the bytes are on the disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        if self.regular { Ok(fsync(&self.fd)?) } else { Ok(()) }
    }

    /// Gives the file to its owner, and its permissions. What the daemon may not do is left undone.
    pub(crate) fn own(&self, owner: Option<u32>, group: Option<u32>, mode: Option<Mode>) -> io::Result<()> {
        if owner.is_some() || group.is_some() {
            let owner = owner.map(rustix::fs::Uid::from_raw);
            let group = group.map(rustix::fs::Gid::from_raw);
            rustix::fs::fchown(&self.fd, owner, group)?;
        }
        if let Some(mode) = mode {
            rustix::fs::fchmod(&self.fd, mode)?;
        }
        Ok(())
    }

    fn wait(&self, exit: &Exit, patience: Option<Duration>) -> Result<(), Stopped> {
        let timeout = patience.map(|patience| Timespec {
            tv_sec: patience.as_secs() as i64,
            tv_nsec: i64::from(patience.subsec_nanos()),
        });
        let mut fds =
            [PollFd::new(&self.fd, PollFlags::OUT), PollFd::from_borrowed_fd(exit.as_fd(), PollFlags::IN)];
        match poll(&mut fds, timeout.as_ref()) {
            Ok(0) => Err(Stopped::Full),
            Ok(_) if !fds[1].revents().is_empty() => Err(Stopped::Exit),
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(Stopped::Failed(error.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    const MODE: Mode = Mode::from_raw_mode(0o600);

    #[test]
    fn a_file_is_appended_to() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        std::fs::write(&path, "before\n").unwrap();
        let exit = Exit::new().unwrap();
        let sink = Sink::open(&path, MODE).unwrap();
        let written = sink.write(b"after\n", &exit, None);
        assert!(written.bytes == 6 && written.stopped.is_none());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "before\nafter\n");
    }

    #[test]
    fn a_full_fifo_is_waited_for_until_exit() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("fifo");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, MODE).unwrap();
        let exit = Exit::new().unwrap();
        let sink = Sink::open(&path, MODE).unwrap();
        let much = vec![b'x'; 1 << 20];
        let written = sink.write(&much, &exit, Some(Duration::ZERO));
        assert!(matches!(written.stopped, Some(Stopped::Full)) && written.bytes > 0);
        exit.request();
        let written = sink.write(&much, &exit, None);
        assert!(matches!(written.stopped, Some(Stopped::Exit)) && written.bytes == 0);
    }

    #[test]
    fn a_fifo_takes_bytes_while_it_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("fifo");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, MODE).unwrap();
        let exit = Exit::new().unwrap();
        let sink = Sink::open(&path, MODE).unwrap();
        let reader = std::thread::spawn({
            let path = path.clone();
            move || {
                let mut bytes = vec![0; 1 << 20];
                std::fs::File::open(path).unwrap().read_exact(&mut bytes).unwrap();
                bytes
            }
        });
        let written = sink.write(&vec![b'x'; 1 << 20], &exit, None);
        assert!(written.bytes == 1 << 20 && written.stopped.is_none());
        assert!(reader.join().unwrap().iter().all(|byte| *byte == b'x'));
    }

    #[test]
    fn what_cannot_be_opened_says_why() {
        let error = Sink::open(Path::new("/nonexistent/log"), MODE).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
