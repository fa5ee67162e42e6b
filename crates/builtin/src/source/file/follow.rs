//! A regular file followed while it grows, is cut short, and makes place for another of its name.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use message::{Origin, time};
use pipeline::Exit;

use super::watch::Watch;
use crate::source::batch::Batch;
use crate::source::end_daemon;
use crate::source::framing::{Cutter, Framing};
use crate::source::stream::post_lines;

/// How far a file has been read, up to the end of the last whole line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    device: u64,
    inode: u64,
    offset: u64,
}

/// See the module's text.
pub(super) struct Follow {
    path: PathBuf,
    msg_size: usize,
    /// Whether a file that is seen for the first time is read from its beginning.
    from_start: bool,
    /// `follow-freq()`
    pub(super) freq: Option<Duration>,
    /// `flags(exit-on-eof)`
    pub(super) exit_on_eof: bool,
    place: Option<Place>,
    reported_missing: bool,
}

/// An open file.
struct Open {
    file: File,
    device: u64,
    inode: u64,
    /// Bytes read of it.
    read: u64,
    cutter: Cutter,
}

/// What the end of a file means.
enum AtEnd {
    /// There may be more some day.
    Wait,
    /// It has been cut short: what is in it now is new.
    Truncated,
    /// Another file has its name, or none.
    Replaced,
}

impl Follow {
    pub(super) fn new(path: &Path, msg_size: usize, from_start: bool, place: Option<Place>) -> Follow {
        Follow {
            path: path.to_owned(),
            msg_size,
            from_start,
            freq: None,
            exit_on_eof: false,
            place,
            reported_missing: false,
        }
    }

    /// Reads until exit is requested; gives the place it came to.
    pub(super) fn run(mut self, batch: &mut Batch, origin: &Arc<Origin>, exit: &Exit) -> Option<Place> {
        loop {
            let mut watch = Watch::new(&self.path);
            let Some(mut open) = self.open() else {
                if !watch.wait(self.freq, exit) {
                    return self.place;
                }
                continue;
            };
            if !watch.sees_file() {
                // It came just now; from here on nothing of it is missed.
                watch = Watch::new(&self.path);
            }
            let on = self.read(&mut open, &watch, batch, origin, exit);
            self.place = Some(open.place());
            if !on {
                return self.place;
            }
            // The next one is another file, and all of it is new.
            (self.place, self.from_start) = (None, true);
        }
    }

    fn open(&mut self) -> Option<Open> {
        match self.try_open() {
            Ok(open) => {
                self.reported_missing = false;
                Some(open)
            }
            Err(error) => {
                if !std::mem::replace(&mut self.reported_missing, true) {
                    let filename = self.path.display();
                    if error.kind() == io::ErrorKind::NotFound {
                        tracing::info!(%filename, "Follow-mode file source not found, deferring open");
                    } else {
                        tracing::error!(%filename, %error, "Error opening file for reading");
                    }
                }
                // Whatever comes later was not there when the source began.
                self.from_start = true;
                None
            }
        }
    }

    fn try_open(&self) -> io::Result<Open> {
        let mut file = File::open(&self.path)?;
        let data = file.metadata()?;
        if data.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let known = self.place.filter(|place| (place.device, place.inode) == (data.dev(), data.ino()));
        let read = match known {
            // A shorter file has been cut, and begins anew.
            Some(place) if place.offset <= data.len() => place.offset,
            Some(_) => 0,
            None if self.place.is_some() || self.from_start => 0,
            None => data.len(),
        };
        file.seek(SeekFrom::Start(read))?;
        let cutter = Cutter::new(Framing::Text, self.msg_size, false);
        Ok(Open { file, device: data.dev(), inode: data.ino(), read, cutter })
    }

    /// Reads one file until another takes its place (true), or exit is requested (false).
    fn read(
        &self,
        open: &mut Open,
        watch: &Watch,
        batch: &mut Batch,
        origin: &Arc<Origin>,
        exit: &Exit,
    ) -> bool {
        // What the last look said. The file is read once more before it is acted upon, so that nothing is lost that
        // was written in between.
        let mut end = AtEnd::Wait;
        loop {
            match open.file.read(open.cutter.room()) {
                Ok(0) => {}
                Ok(bytes) => {
                    open.cutter.filled(bytes);
                    open.read += bytes as u64;
                    if !post_lines(&mut open.cutter, batch, origin, exit) || exit.requested() {
                        return false;
                    }
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    tracing::error!(filename = %self.path.display(), %error, "I/O error occurred while reading");
                }
            }
            match end {
                AtEnd::Replaced => {
                    open.finish(batch, origin);
                    return true;
                }
                AtEnd::Truncated => {
                    open.finish(batch, origin);
                    open.read = 0;
                    if open.file.seek(SeekFrom::Start(0)).is_err() {
                        return true;
                    }
                    end = AtEnd::Wait;
                    continue;
                }
                AtEnd::Wait => {}
            }
            end = self.look(open);
            if !matches!(end, AtEnd::Wait) {
                continue;
            }
            if self.exit_on_eof {
                open.finish(batch, origin);
                end_daemon("file");
                while !exit.wait(Duration::from_secs(3600)) {}
                return false;
            }
            if !watch.wait(self.freq, exit) {
                return false;
            }
        }
    }

    fn look(&self, open: &Open) -> AtEnd {
        if open.file.metadata().is_ok_and(|data| data.len() < open.read) {
            return AtEnd::Truncated;
        }
        match std::fs::metadata(&self.path) {
            Ok(data) if (data.dev(), data.ino()) == (open.device, open.inode) => AtEnd::Wait,
            Ok(_) => AtEnd::Replaced,
            // Its writer may still have it open, and go on; until a new one comes it stays ours.
            Err(_) => AtEnd::Wait,
        }
    }
}

impl Open {
    /// The file has come to its end for good: what stands behind its last line break is a message too.
    fn finish(&mut self, batch: &mut Batch, origin: &Arc<Origin>) {
        if let Some(rest) = self.cutter.rest() {
            batch.add(rest, time::now());
            batch.post(origin);
        }
    }

    fn place(&self) -> Place {
        Place { device: self.device, inode: self.inode, offset: self.read - self.cutter.held().len() as u64 }
    }
}
