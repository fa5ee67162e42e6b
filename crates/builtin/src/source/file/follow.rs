//! A regular file followed while it grows, is cut short, and makes place for another of its name.

use std::fs::File;
use std::io::{self, Read as _, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use message::{Origin, time};
use pipeline::{Exit, Tracked, Window};

use super::place::{FilePlace, Identity, Read};
use super::watch::Watch;
use crate::source::batch::Batch;
use crate::source::end_daemon;
use crate::source::framing::{Cutter, Framing};
use crate::source::stream::post_lines;

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
    place: Option<FilePlace>,
    /// Where the places go that are answered for.
    tracked: Arc<Tracked<FilePlace>>,
    reported_missing: bool,
}

/// An open file.
struct Open {
    file: File,
    identity: Identity,
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
    /// Will follow the file at `path` from `place` on.
    pub(super) fn new(
        path: &Path,
        msg_size: usize,
        from_start: bool,
        place: Option<FilePlace>,
        tracked: Arc<Tracked<FilePlace>>,
    ) -> Follow {
        Follow {
            path: path.to_owned(),
            msg_size,
            from_start,
            freq: None,
            exit_on_eof: false,
            place,
            tracked,
            reported_missing: false,
        }
    }

    /// Reads until exit is requested; gives the place it came to.
    pub(super) fn run(mut self, batch: &mut Batch, origin: &Arc<Origin>, exit: &Exit) -> Option<FilePlace> {
        if !self.read_rotated(batch, origin, exit) {
            return self.place;
        }
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
            // A place of its own from the beginning, so that what comes while no daemon runs is not old.
            drop(self.tracked.take(0, open.place()));
            let on = self.read(&mut open, Some(&watch), batch, origin, exit);
            self.place = Some(open.place());
            if !on {
                return self.place;
            }
            // The next one is another file, and all of it is new.
            (self.place, self.from_start) = (None, true);
        }
    }

    /// Reads the rest of the file that had the name when the place was kept, if it lies beside it under another one:
    /// it was rotated while nobody looked. False: exit is requested.
    fn read_rotated(&mut self, batch: &mut Batch, origin: &Arc<Origin>, exit: &Exit) -> bool {
        let Some(mut open) = self.place.as_ref().and_then(|place| self.rotated(place)) else { return true };
        let on = self.read(&mut open, None, batch, origin, exit);
        if on {
            (self.place, self.from_start) = (None, true);
        } else {
            self.place = Some(open.place());
        }
        on
    }

    fn rotated(&self, place: &FilePlace) -> Option<Open> {
        let is_it = |file: &File| Some(place.read_of(file, &file.metadata().ok()?));
        if is_it(&File::open(&self.path).ok()?)? != Read::Another {
            return None;
        }
        let dir = self.path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let base = self.path.file_name()?.as_encoded_bytes();
        for entry in dir.read_dir().ok()?.flatten().take(SIBLINGS_MAX) {
            if !entry.file_name().as_encoded_bytes().starts_with(base)
                || !entry.file_type().is_ok_and(|kind| kind.is_file())
            {
                continue;
            }
            let Ok(file) = File::open(entry.path()) else { continue };
            if let Some(Read::Before(read)) = is_it(&file) {
                return Open::at(file, read, self.msg_size).ok();
            }
        }
        None
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
        let file = File::open(&self.path)?;
        let data = file.metadata()?;
        if data.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let read = match self.place.as_ref().map(|place| place.read_of(&file, &data)) {
            Some(Read::Before(read)) => read,
            Some(Read::Anew | Read::Another) => 0,
            None if self.from_start => 0,
            None => data.len(),
        };
        Open::at(file, read, self.msg_size)
    }

    /// Reads one file until another takes its place (true), or exit is requested (false); without a `watch` another
    /// one has taken it already.
    fn read(
        &self,
        open: &mut Open,
        watch: Option<&Watch>,
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
                    if !self.post(open, batch, origin, exit) || exit.requested() {
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
                    self.finish(open, batch, origin);
                    return true;
                }
                AtEnd::Truncated => {
                    self.finish(open, batch, origin);
                    open.read = 0;
                    open.identity.cut();
                    if open.file.seek(SeekFrom::Start(0)).is_err() {
                        return true;
                    }
                    end = AtEnd::Wait;
                    continue;
                }
                AtEnd::Wait => {}
            }
            let Some(watch) = watch else {
                end = AtEnd::Replaced;
                continue;
            };
            end = self.look(open);
            if !matches!(end, AtEnd::Wait) {
                continue;
            }
            if self.exit_on_eof {
                self.finish(open, batch, origin);
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
            Ok(data) if open.identity.is(&data) => AtEnd::Wait,
            Ok(_) => AtEnd::Replaced,
            // Its writer may still have it open, and go on; until a new one comes it stays ours.
            Err(_) => AtEnd::Wait,
        }
    }

    /// Posts the whole lines that have been read.
    fn post(&self, open: &mut Open, batch: &mut Batch, origin: &Arc<Origin>, exit: &Exit) -> bool {
        let Open { file, identity, read, cutter } = open;
        let ack = |cutter: &Cutter, _: &Arc<Window>, messages| {
            self.tracked.take(messages, identity.place(file, *read - cutter.held().len() as u64))
        };
        post_lines(cutter, batch, origin, ack, exit)
    }

    /// The file has come to its end for good: what stands behind its last line break is a message too.
    fn finish(&self, open: &mut Open, batch: &mut Batch, origin: &Arc<Origin>) {
        if let Some(rest) = open.cutter.rest() {
            batch.add(rest, time::now());
            batch.post_with(origin, |_, messages| self.tracked.take(messages, open.place()));
        }
    }
}

/// Files of a directory that are looked at in search of a rotated one.
const SIBLINGS_MAX: usize = 10_000;

impl Open {
    /// `file`, of which so many bytes have been read.
    fn at(mut file: File, read: u64, msg_size: usize) -> io::Result<Open> {
        file.seek(SeekFrom::Start(read))?;
        let identity = Identity::of(&file, &file.metadata()?);
        Ok(Open { file, identity, read, cutter: Cutter::new(Framing::Text, msg_size, false) })
    }

    fn place(&mut self) -> FilePlace {
        self.identity.place(&self.file, self.read - self.cutter.held().len() as u64)
    }
}
