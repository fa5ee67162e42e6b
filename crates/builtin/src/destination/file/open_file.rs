//! One file of a `file()` destination: what is to be written to it, and its open descriptor.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use pipeline::Exit;
use rustix::fs::Mode;

use crate::destination::sink::{Sink, Stopped};

/// How files and directories are made.
#[derive(Debug, Clone, Default)]
pub(crate) struct FileRules {
    /// `create-dirs()`
    pub(crate) create_dirs: bool,
    /// `owner()`, `group()`; unset, they stay as they are.
    pub(crate) owner: Option<u32>,
    pub(crate) group: Option<u32>,
    /// `perm()`; unset, it stays as it is.
    pub(crate) perm: Option<u32>,
    pub(crate) dir_owner: Option<u32>,
    pub(crate) dir_group: Option<u32>,
    pub(crate) dir_perm: Option<u32>,
    /// `overwrite-if-older()`
    pub(crate) overwrite_if_older: Option<Duration>,
    /// `fsync()`
    pub(crate) fsync: bool,
    /// What is not there is made a FIFO: `pipe()`.
    pub(crate) make_fifo: bool,
}

/// Permissions of a file when nobody says otherwise.
pub(crate) const FILE_PERM: u32 = 0o600;
/// Permissions of a directory when nobody says otherwise.
pub(crate) const DIR_PERM: u32 = 0o700;

/// See the module's text.
#[derive(Debug)]
pub(crate) struct OpenFile {
    path: PathBuf,
    /// It is the daemon's own standard output.
    stdout: bool,
    sink: Option<Sink>,
    /// Rendered messages that are not written yet.
    pub(crate) buffer: Vec<u8>,
    /// Where in `buffer` each of them ends.
    ends: Vec<usize>,
    /// Bytes of the first undelivered message that are in the file already.
    begun: usize,
    /// It could not be opened or written, and nobody has said yet that it may be tried again.
    pub(crate) failed: bool,
    pub(crate) used: Instant,
}

/// What became of the buffer.
#[derive(Debug)]
pub(crate) struct WroteOut {
    /// Messages that are in the file.
    pub(crate) messages: usize,
    /// Why it is not all of them.
    pub(crate) stopped: Option<Stopped>,
}

impl OpenFile {
    /// A file that will be opened when there is something for it.
    pub(crate) fn new(path: PathBuf) -> OpenFile {
        let (buffer, ends) = (Vec::new(), Vec::new());
        OpenFile {
            path,
            stdout: false,
            sink: None,
            buffer,
            ends,
            begun: 0,
            failed: false,
            used: Instant::now(),
        }
    }

    /// Standard output.
    pub(crate) fn stdout() -> OpenFile {
        OpenFile { stdout: true, ..OpenFile::new("/dev/stdout".into()) }
    }

    /// Its name.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a message is in the file in part.
    pub(crate) fn is_begun(&self) -> bool {
        self.begun > 0
    }

    /// What was appended to the buffer since the last call is one message.
    #[inline]
    pub(crate) fn end_message(&mut self) {
        self.ends.push(self.buffer.len());
    }

    /// Writes the buffer to the file and empties it. What was not written is forgotten, to be rendered again.
    pub(crate) fn write_out(
        &mut self,
        rules: &FileRules,
        exit: &Exit,
        patience: Option<Duration>,
    ) -> WroteOut {
        self.used = Instant::now();
        if let Err(error) = self.open(rules) {
            return self.finish(0, Some(Stopped::Failed(error)));
        }
        // `open` has seen to it.
        let Some(sink) = &self.sink else { return self.finish(0, Some(Stopped::Full)) };
        let begun = self.begun.min(self.buffer.len());
        let written = sink.write(&self.buffer[begun..], exit, patience);
        if written.bytes > 0
            && rules.fsync
            && let Err(error) = sink.sync()
        {
            // What may not be on the disk is written once more rather than not at all.
            return self.finish(0, Some(Stopped::Failed(error)));
        }
        self.finish(begun + written.bytes, written.stopped)
    }

    /// Whether its descriptor is open.
    pub(crate) fn is_open(&self) -> bool {
        self.sink.is_some()
    }

    /// Closes its descriptor; the next message opens it again.
    pub(crate) fn close(&mut self) {
        self.sink = None;
    }

    /// Another file may take its place: nothing of a message is in that one.
    pub(crate) fn reopen(&mut self) {
        self.close();
        self.begun = 0;
    }

    fn finish(&mut self, bytes: usize, stopped: Option<Stopped>) -> WroteOut {
        let messages = self.ends.partition_point(|end| *end <= bytes);
        let whole = messages.checked_sub(1).map_or(0, |last| self.ends[last]);
        // A message that was cut in the middle is finished next time, not written twice.
        self.begun = if messages == self.ends.len() { 0 } else { bytes - whole };
        if let Some(Stopped::Failed(_)) = stopped {
            self.sink = None;
        }
        self.failed = matches!(stopped, Some(Stopped::Failed(_) | Stopped::Full));
        self.buffer.clear();
        self.ends.clear();
        WroteOut { messages, stopped }
    }

    fn open(&mut self, rules: &FileRules) -> io::Result<()> {
        if self.sink.is_none() {
            let sink = if self.stdout { Sink::stdout()? } else { rules.open(&self.path)? };
            self.sink = Some(sink);
        }
        Ok(())
    }
}

impl FileRules {
    fn open(&self, path: &Path) -> io::Result<Sink> {
        if let Some(age) = self.overwrite_if_older
            && let Ok(data) = std::fs::metadata(path)
            && data.is_file()
            && let Ok(modified) = data.modified()
            && SystemTime::now().duration_since(modified).is_ok_and(|old| old > age)
        {
            std::fs::remove_file(path)?;
        }
        let mode = Mode::from_raw_mode(self.perm.unwrap_or(FILE_PERM));
        if self.create_dirs
            && let Some(dir) = path.parent()
            && !dir.is_dir()
        {
            self.make_dirs(dir)?;
        }
        if self.make_fifo {
            match rustix::fs::mkfifoat(rustix::fs::CWD, path, mode) {
                Ok(()) => crate::owner::apply(path, self.owner, self.group, self.perm)?,
                Err(rustix::io::Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let sink = Sink::open(path, mode)?;
        // What is redirected to a file under `/dev` belongs to somebody else.
        if sink.is_regular() && !path.starts_with("/dev") && !path.starts_with("/proc") {
            // The umask has had its say; and what may not be given away stays ours.
            let perm = self.perm.map(Mode::from_raw_mode);
            if let Err(error) = sink.own(self.owner, self.group, perm) {
                tracing::debug!(filename = %path.display(), %error, "Cannot set owner or permissions of file");
            }
        }
        Ok(sink)
    }

    /// Makes `dir` and what is missing above it.
    fn make_dirs(&self, dir: &Path) -> io::Result<()> {
        if dir.as_os_str().is_empty() || dir.is_dir() {
            return Ok(());
        }
        self.make_dirs(dir.parent().unwrap_or(Path::new("/")))?;
        let mode = Mode::from_raw_mode(self.dir_perm.unwrap_or(DIR_PERM));
        match rustix::fs::mkdir(dir, mode) {
            Ok(()) => {}
            // Somebody was faster.
            Err(rustix::io::Errno::EXIST) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        if let Some(perm) = self.dir_perm {
            rustix::fs::chmod(dir, Mode::from_raw_mode(perm))?;
        }
        if self.dir_owner.is_some() || self.dir_group.is_some() {
            let owner = self.dir_owner.map(rustix::fs::Uid::from_raw);
            let group = self.dir_group.map(rustix::fs::Gid::from_raw);
            if let Err(error) = rustix::fs::chown(dir, owner, group) {
                tracing::debug!(dir = %dir.display(), %error, "Cannot set owner of directory");
            }
        }
        Ok(())
    }
}
