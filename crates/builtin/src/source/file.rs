//! `file()` and `pipe()`: lines of files that grow, of FIFOs and of devices.

mod follow;
mod place;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use conf::Options;
use conf::ast::Call;
use conf::diagnostic::Diagnostic;
use conf::options::{Seconds, Spanned};
use message::syslog::ParseFlags;
use message::{Builtin, Origin};
use pipeline::{Carry, Compile, Exit, Positions, Post, Setup, Source, SourcePlan, SourceSpec, StartError};
use rustix::fs::{FileType, Mode, OFlags};

use self::follow::Follow;
use self::place::FilePlace;
use super::batch::Batch;
use super::framing::{Cutter, Framing};
use super::stream::{End, read_all};
use crate::destination::file::FileRules;
use crate::options::{FileOwnerOptions, MultiLineOptions, NotYet, ReaderOptions, Reading};
use crate::resolver::own_host;
use crate::source::end_daemon;

pub(super) const SPEC: SourceSpec = SourceSpec {
    names: &["file"],
    options: FileOptions::DOCS,
    compile: |call, cx| compile(Kind::File, call, cx),
};

pub(super) const PIPE: SourceSpec = SourceSpec {
    names: &["pipe"],
    options: FileOptions::DOCS,
    compile: |call, cx| compile(Kind::Pipe, call, cx),
};

conf::options! {
    /// Read messages from a file, and follow it while it grows.
    pub struct FileOptions {
        /// Name of the file.
        path: Spanned<String> = positional,
        /// How messages are read.
        reader: ReaderOptions = flatten,
        /// How lines are glued together.
        multi_line: MultiLineOptions = flatten,
        /// Who may do what with a FIFO that is made.
        owner: FileOwnerOptions = flatten,
        /// Seconds between two looks at a file of which the system does not tell when it changes.
        follow_freq: Seconds = Seconds::new(1),
        /// Read what stood in the file before the source first saw it.
        read_old_records: bool = true,
        /// Start even if the FIFO cannot be made.
        optional: bool = false,
        /// Bytes that every message is filled up to.
        pad_size: NotYet = inherit,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    /// What is not there is made a FIFO.
    Pipe,
}

fn compile(kind: Kind, call: &Call, cx: &mut Compile<'_>) -> Option<SourcePlan> {
    let options = FileOptions::read(call, cx.diagnostics)?;
    if options.path.value.contains(['*', '?']) {
        let message = "wildcards in the name of a file source are not supported yet";
        cx.diagnostics.push(Diagnostic::error(message, options.path.span));
        return None;
    }
    let mut reading = options.reader.resolve(ParseFlags::default(), cx, call.span);
    reading.parse.local = true;
    let path = PathBuf::from(&options.path.value);
    let driver = if kind == Kind::File { "file" } else { "pipe" };
    let key = format!("affile_sd_curpos({})", path.display());
    let source = FileSource {
        kind,
        host: own_host(&options.reader.source, cx),
        rules: options.owner.rules(cx),
        follow_freq: options.follow_freq.duration(),
        from_start: options.read_old_records,
        optional: options.optional,
        key: options.reader.source.persist_name.clone().unwrap_or(key),
        reading,
        path,
        place: None,
        positions: None,
    };
    Some(SourcePlan {
        driver,
        instance: options.path.value.clone(),
        persist_name: Some(source.key.clone()),
        stamping: source.reading.common.stamping.clone(),
        make: Box::new(move || Box::new(source.clone())),
        about: None,
    })
}

#[derive(Clone)]
struct FileSource {
    kind: Kind,
    path: PathBuf,
    reading: Reading,
    host: String,
    rules: FileRules,
    follow_freq: Duration,
    from_start: bool,
    optional: bool,
    key: String,
    /// Where the source stands in the file.
    place: Option<FilePlace>,
    /// How far it has come, as the answers say.
    positions: Option<Arc<Positions<FilePlace>>>,
}

impl Source for FileSource {
    fn init(&mut self, setup: &mut Setup<'_>) -> Result<(), StartError> {
        let key = store::Key::new(self.key.as_str());
        match setup.carry.take::<(Option<FilePlace>, Arc<Positions<FilePlace>>)>(&self.key) {
            Some((place, positions)) => (self.place, self.positions) = (place, Some(positions)),
            None => {
                let kept = setup.persist.get(&key).map_err(|error| StartError::new(error.to_string()))?;
                self.place = kept.as_deref().and_then(FilePlace::of_bytes);
                self.positions = Some(Positions::new(setup.persist.clone(), key));
            }
        }
        if self.kind == Kind::Pipe
            && let Err(error) = self.make_fifo()
        {
            if !self.optional {
                let path = self.path.display();
                return Err(StartError::new(format!("cannot make the FIFO {path}: {error}")));
            }
            tracing::warn!(filename = %self.path.display(), %error, "Cannot make FIFO, going on without it");
        }
        Ok(())
    }

    fn run(&mut self, post: Post, exit: &Exit) {
        let transport: &[u8] = if self.kind == Kind::Pipe { b"local+pipe" } else { b"local+file" };
        let name = self.path.as_os_str().as_encoded_bytes();
        let connection = [(Builtin::Transport, transport), (Builtin::FileName, name)];
        let origin = self.reading.common.origin.origin(&self.host, &connection);
        let window = super::window(self.reading.common.window, post.flow_control());
        let mut batch = Batch::new(post, window, self.reading.parse.clone(), self.reading.encoding);
        if is_regular_or_absent(&self.path) {
            self.follow(&mut batch, &origin, exit);
        } else {
            self.read_stream(&mut batch, &origin, exit);
        }
    }

    fn deinit(&mut self, carry: &mut Carry, _deadline: Instant) {
        if let Some(positions) = self.positions.take() {
            carry.put(self.key.clone(), (self.place.take(), positions));
        }
    }
}

impl FileSource {
    fn follow(&mut self, batch: &mut Batch, origin: &Arc<Origin>, exit: &Exit) {
        let Some(positions) = &self.positions else { return };
        let tracked = positions.through(batch.window().clone());
        let (size, place) = (self.reading.msg_size, self.place.take());
        let mut follow = Follow::new(&self.path, size, self.from_start, place, tracked);
        follow.freq = (!self.follow_freq.is_zero()).then_some(self.follow_freq);
        follow.exit_on_eof = self.reading.parse.flags.has(ParseFlags::EXIT_ON_EOF);
        self.place = follow.run(batch, origin, exit);
    }

    /// Reads what has no length: whoever opens it again begins where the last one stopped.
    fn read_stream(&self, batch: &mut Batch, origin: &Arc<Origin>, exit: &Exit) {
        let mut cutter = Cutter::new(Framing::Text, self.reading.msg_size, false);
        let is_fifo = file_type(&self.path).is_some_and(|kind| kind.is_fifo());
        // As a writer of its own FIFO the source never sees it end.
        let access = if is_fifo && is_own_name(&self.path) { OFlags::RDWR } else { OFlags::RDONLY };
        let flags = access | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        loop {
            match rustix::fs::open(&self.path, flags, Mode::empty()) {
                Err(error) => {
                    let filename = self.path.display();
                    tracing::error!(%filename, error = %std::io::Error::from(error), "Error opening file for reading");
                }
                Ok(fd) => match read_all(std::os::fd::AsFd::as_fd(&fd), &mut cutter, batch, origin, exit) {
                    End::Exit => return,
                    End::Eof if self.reading.parse.flags.has(ParseFlags::EXIT_ON_EOF) => {
                        return end_daemon("file");
                    }
                    // The standard input of the daemon does not come back.
                    End::Eof if !is_own_name(&self.path) => return,
                    End::Eof => {}
                    End::Failed(error) => {
                        tracing::error!(filename = %self.path.display(), %error, "I/O error occurred while reading");
                    }
                },
            }
            if exit.wait(self.follow_freq.max(PAUSE_MIN)) {
                return;
            }
        }
    }

    fn make_fifo(&self) -> std::io::Result<()> {
        if self.path.exists() {
            return Ok(());
        }
        if self.rules.create_dirs
            && let Some(dir) = self.path.parent()
        {
            std::fs::create_dir_all(dir)?;
        }
        let mode = Mode::from_raw_mode(self.rules.perm.unwrap_or(FIFO_PERM));
        rustix::fs::mkfifoat(rustix::fs::CWD, &self.path, mode)?;
        crate::owner::apply(&self.path, self.rules.owner, self.rules.group, self.rules.perm)
    }
}

/// Permissions of a FIFO when nobody says otherwise.
const FIFO_PERM: u32 = 0o600;
/// How long a stream that ended is left alone at least.
const PAUSE_MIN: Duration = Duration::from_millis(50);

fn file_type(path: &Path) -> Option<FileType> {
    rustix::fs::stat(path).ok().map(|stat| FileType::from_raw_mode(stat.st_mode))
}

fn is_regular_or_absent(path: &Path) -> bool {
    file_type(path).is_none_or(|kind| kind.is_file() || kind.is_dir())
}

/// Whether the name is the file's own, and not one for a descriptor of the daemon.
fn is_own_name(path: &Path) -> bool {
    !(path.starts_with("/proc") || path.starts_with("/dev/fd") || path == Path::new("/dev/stdin"))
}

#[cfg(test)]
mod tests;
