//! `file()` and `pipe()`: lines appended to files, whose names may depend on the message.
//!
//! A file that cannot be opened or written holds up its own messages only: they wait, in order, and are tried again
//! after `time-reopen()`.

mod open_file;
mod open_files;

use std::path::PathBuf;
use std::time::Duration;

use conf::Options;
use conf::ast::{Call, Value};
use conf::options::Seconds;
use message::template::Template;
use pipeline::{Compile, Destination, DestinationPlan, DestinationSpec, Exit, Flow, Outcome, SendError};

pub(crate) use self::open_file::FileRules;
use self::open_file::OpenFile;
use self::open_files::OpenFiles;
use crate::destination::format::Format;
use crate::destination::sink::Stopped;
use crate::options::{Default, FileOwnerOptions, NoEffect, NotYet, WriterOptions};

pub(super) const SPEC: DestinationSpec = DestinationSpec {
    names: &["file"],
    options: FileOptions::DOCS,
    compile: |call, cx| compile("file", call, cx),
};

pub(super) const PIPE: DestinationSpec = DestinationSpec {
    names: &["pipe"],
    options: FileOptions::DOCS,
    compile: |call, cx| compile("pipe", call, cx),
};

conf::options! {
    /// Write messages to a file.
    ///
    /// The name is a template: `file("/var/log/$HOST.log")` keeps one file open per host.
    pub struct FileOptions {
        /// Name of the file.
        path: Value = positional,
        /// What is written.
        writer: WriterOptions = flatten,
        /// Who may do what with it.
        owner: FileOwnerOptions = flatten,
        /// Close a file that has had no message for so long; 0 for never.
        time_reap: Seconds = inherit,
        /// Remove a file that is older than so many seconds, instead of appending to it.
        overwrite_if_older: u64 = 0,
        /// Have every batch on the disk before it counts as delivered.
        fsync: bool = false,
        /// Start even if the file cannot be made.
        optional: NoEffect = inherit,
        /// A symbolic link that is kept to the file.
        symlink_as: NotYet = inherit,
        /// Rotate the file.
        logrotate: NotYet = inherit,
    }
}

/// Rendered bytes after which they are written, in the middle of a batch too.
const BUFFER_BYTES_MAX: usize = 256 << 10;
/// How long one of several files is waited for that takes nothing, before the others get their turn.
const FULL_PATIENCE: Duration = Duration::from_millis(50);

fn compile(driver: &'static str, call: &Call, cx: &mut Compile<'_>) -> Option<DestinationPlan> {
    let options = FileOptions::read(call, cx.diagnostics)?;
    let path = cx.parse_template(&options.path)?;
    let format = options.writer.format(Default::File, cx)?;
    let mut rules = options.owner.rules(cx);
    rules.fsync = options.fsync;
    rules.overwrite_if_older =
        (options.overwrite_if_older > 0).then(|| Duration::from_secs(options.overwrite_if_older));
    rules.make_fifo = driver == "pipe";
    let reap = options.time_reap.unwrap_or(cx.globals.time_reap).duration();
    let destination = &options.writer.destination;
    let name = path.as_str().to_owned();
    Some(DestinationPlan {
        driver,
        instance: name.clone(),
        persist_name: destination.persist_name(|| format!("affile_dd_writers({name})")),
        fifo_size: destination.fifo_size(cx),
        time_reopen: destination.time_reopen(cx),
        workers: 1,
        retries: pipeline::destination::RETRIES,
        make: Box::new(move |exit, _carry| {
            Box::new(File::new(&path, format.clone(), rules.clone(), reap, exit))
        }),
    })
}

/// The driver.
pub(super) struct File {
    target: Target,
    format: Format,
    rules: FileRules,
    exit: Exit,
}

enum Target {
    /// The name is the same for every message.
    Fixed(Box<OpenFile>),
    /// It is not.
    Templated(OpenFiles),
}

impl File {
    fn new(path: &Template, format: Format, rules: FileRules, reap: Duration, exit: &Exit) -> File {
        let target = match path.constant() {
            Some(name) => Target::Fixed(Box::new(OpenFile::new(to_path(name)))),
            None => Target::Templated(OpenFiles::new(path.clone(), (!reap.is_zero()).then_some(reap))),
        };
        File { target, format, rules, exit: exit.clone() }
    }

    /// The driver of standard output.
    pub(super) fn stdout(format: Format, exit: &Exit) -> File {
        let target = Target::Fixed(Box::new(OpenFile::stdout()));
        File { target, format, rules: FileRules::default(), exit: exit.clone() }
    }
}

impl Destination for File {
    // Files are opened with their first message, so that an empty one is not left behind.
    fn open(&mut self) -> Result<(), SendError> {
        Ok(())
    }

    fn send(&mut self, batch: &Flow) -> Outcome {
        match &mut self.target {
            Target::Fixed(file) => send_to_one(file, &mut self.format, &self.rules, &self.exit, batch),
            Target::Templated(files) => files.send(&mut self.format, &self.rules, &self.exit, batch),
        }
    }

    fn flush(&mut self) -> Outcome {
        if let Target::Templated(files) = &mut self.target {
            files.reap();
        }
        Outcome::Success
    }

    fn idle_max(&self) -> Option<Duration> {
        match &self.target {
            Target::Fixed(_) => None,
            Target::Templated(files) => files.idle_max(),
        }
    }

    fn retry(&mut self) {
        if let Target::Templated(files) = &mut self.target {
            files.retry();
        }
    }

    fn reopen(&mut self) {
        match &mut self.target {
            Target::Fixed(file) => file.reopen(),
            Target::Templated(files) => files.reopen(),
        }
    }

    fn close(&mut self) {
        match &mut self.target {
            Target::Fixed(file) => file.close(),
            Target::Templated(files) => files.close(),
        }
    }
}

fn send_to_one(
    file: &mut OpenFile,
    format: &mut Format,
    rules: &FileRules,
    exit: &Exit,
    batch: &Flow,
) -> Outcome {
    let mut delivered = 0;
    let mut pass = format.begin(batch.messages());
    let mut stopped = None;
    for message in batch.messages() {
        pass.render(message, &mut file.buffer);
        file.end_message();
        if file.buffer.len() >= BUFFER_BYTES_MAX {
            let wrote = file.write_out(rules, exit, None);
            delivered += wrote.messages;
            stopped = wrote.stopped;
            if stopped.is_some() {
                break;
            }
        }
    }
    if stopped.is_none() && !file.buffer.is_empty() {
        let wrote = file.write_out(rules, exit, None);
        delivered += wrote.messages;
        stopped = wrote.stopped;
    }
    let Some(stopped) = stopped else { return Outcome::Success };
    let rest = batch.split_at(delivered).1;
    format.take_back(&rest);
    match stopped {
        // Once more with what is left: if that fails as well, nothing of it has been delivered.
        _ if delivered > 0 => Outcome::Partly(rest),
        Stopped::Exit | Stopped::Full => Outcome::Partly(rest),
        Stopped::Failed(error) => {
            Outcome::NotConnected(SendError::new(format!("cannot write {}: {error}", file.path().display())))
        }
    }
}

fn to_path(name: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(name))
}

#[cfg(test)]
mod tests;
