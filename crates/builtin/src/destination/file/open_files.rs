//! The files of a `file()` destination whose names depend on the message.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use message::template::{RenderScope, Template, ZoneUse, render_path};
use pipeline::flow::Row;
use pipeline::{Exit, Flow, Outcome};

use super::open_file::{FileRules, OpenFile};
use super::{BUFFER_BYTES_MAX, FULL_PATIENCE, to_path};
use crate::destination::format::Format;
use crate::destination::sink::Stopped;

/// Files open at a time; the one not used for longest makes room.
const OPEN_FILES_MAX: usize = 512;
/// Files remembered at a time, open or not.
const FILES_MAX: usize = 4096;
/// Files known at a time, those that cannot be opened included; messages for more are dropped.
const NAMES_MAX: usize = 65_536;
/// Words on a file that cannot be written, in one batch.
const COMPLAINTS_MAX: usize = 4;

/// See the module's text.
pub(super) struct OpenFiles {
    path: Template,
    /// `time-reap()`
    reap: Option<Duration>,
    files: Vec<OpenFile>,
    by_name: HashMap<Box<[u8]>, usize>,
    /// Per file, the rows of the batch at hand that are in its buffer.
    rows: Vec<Vec<Row>>,
    /// Files with rows.
    dirty: Vec<usize>,
    /// Files that are open.
    open: usize,
}

/// What a batch came to.
#[derive(Default)]
struct Tally {
    later: Vec<Row>,
    dropped: Vec<Row>,
    complaints: usize,
}

impl OpenFiles {
    pub(super) fn new(path: Template, reap: Option<Duration>) -> OpenFiles {
        let (files, rows, dirty) = (Vec::new(), Vec::new(), Vec::new());
        OpenFiles { path, reap, files, by_name: HashMap::new(), rows, dirty, open: 0 }
    }

    pub(super) fn send(
        &mut self,
        format: &mut Format,
        rules: &FileRules,
        exit: &Exit,
        batch: &Flow,
    ) -> Outcome {
        self.forget();
        let mut tally = Tally::default();
        let template = self.path.clone();
        let options = format.options.clone();
        let mut scope = RenderScope::new(&options, ZoneUse::Local);
        let mut name = Vec::new();
        // The file of the message before: neighbours are often for one file.
        let mut last: Option<(Vec<u8>, usize)> = None;
        let mut pass = format.begin(batch.messages());
        if template.looks_ahead() {
            template.look_ahead(&batch.messages().collect::<Vec<_>>(), &mut scope);
        }
        for row in batch.rows() {
            let message = batch.records().message(row.offset);
            if let Err(error) = render_path(&template, message, &mut scope, &mut name) {
                tally.complain(|| tracing::error!(filename = %name.escape_ascii(), %error, "Spurious path, logfile not created"));
                tally.dropped.push(row);
                continue;
            }
            let index = match &last {
                Some((known, index)) if *known == name => *index,
                _ => {
                    let Some(index) = self.index_of(&name) else {
                        tally.dropped.push(row);
                        continue;
                    };
                    last = Some((name.clone(), index));
                    index
                }
            };
            let file = &mut self.files[index];
            if file.failed {
                tally.later.push(row);
                continue;
            }
            if self.rows[index].is_empty() {
                self.dirty.push(index);
            }
            pass.render(message, &mut file.buffer);
            file.end_message();
            self.rows[index].push(row);
            if file.buffer.len() >= BUFFER_BYTES_MAX {
                self.write_out(index, rules, exit, &mut tally);
            }
        }
        for index in std::mem::take(&mut self.dirty) {
            self.write_out(index, rules, exit, &mut tally);
        }
        let Tally { mut later, dropped, .. } = tally;
        if later.is_empty() && dropped.is_empty() {
            return Outcome::Success;
        }
        later.sort_by_key(|row| row.number);
        let later = (!later.is_empty()).then(|| Flow::some(batch.records().clone(), later));
        if let Some(later) = &later {
            format.take_back(later);
        }
        Outcome::Split { later, dropped, reason: "path" }
    }

    fn write_out(&mut self, index: usize, rules: &FileRules, exit: &Exit, tally: &mut Tally) {
        let file = &mut self.files[index];
        let rows = &mut self.rows[index];
        if rows.is_empty() {
            return;
        }
        let was_open = file.is_open();
        let wrote = file.write_out(rules, exit, Some(FULL_PATIENCE));
        if !was_open && file.is_open() {
            self.open += 1;
            // A batch may be for more files than there are descriptors.
            if self.open > OPEN_FILES_MAX {
                file.close();
                self.open -= 1;
            }
        }
        tally.later.extend(rows.drain(..).skip(wrote.messages));
        if let Some(Stopped::Failed(error)) = wrote.stopped {
            tally.complain(|| {
                tracing::error!(filename = %file.path().display(), %error, "Error opening file for writing");
            });
        }
    }

    /// The file of this name; `None` where there are too many already.
    fn index_of(&mut self, name: &[u8]) -> Option<usize> {
        if let Some(index) = self.by_name.get(name) {
            return Some(*index);
        }
        let index = self.files.len();
        if index >= NAMES_MAX {
            return None;
        }
        self.files.push(OpenFile::new(to_path(name)));
        self.rows.push(Vec::new());
        self.by_name.insert(name.into(), index);
        Some(index)
    }

    /// Closes and forgets what the limits do not allow. Between batches only: an index is good for one batch.
    fn forget(&mut self) {
        if self.files.len() > FILES_MAX {
            // A failed file stays: its messages wait, and newer ones must not overtake them.
            self.keep(|file| file.failed || file.is_open());
        }
        self.open = self.files.iter().filter(|file| file.is_open()).count();
        if self.open >= OPEN_FILES_MAX {
            let mut uses: Vec<Instant> =
                self.files.iter().filter(|file| file.is_open()).map(|file| file.used).collect();
            uses.sort_unstable();
            let oldest_kept = uses[OPEN_FILES_MAX / 2];
            self.files.iter_mut().filter(|file| file.used < oldest_kept).for_each(OpenFile::close);
            self.open = self.files.iter().filter(|file| file.is_open()).count();
        }
    }

    fn keep(&mut self, wanted: impl Fn(&OpenFile) -> bool) {
        let mut kept = HashMap::new();
        let mut files = Vec::new();
        let mut old: Vec<Option<OpenFile>> = std::mem::take(&mut self.files).into_iter().map(Some).collect();
        for (name, index) in self.by_name.drain() {
            if let Some(file) = old[index].take_if(|file| wanted(file) || file.is_begun()) {
                kept.insert(name, files.len());
                files.push(file);
            }
        }
        self.rows = files.iter().map(|_| Vec::new()).collect();
        (self.by_name, self.files) = (kept, files);
    }

    /// Closes what has not been used for `time-reap()`.
    pub(super) fn reap(&mut self) {
        let Some(reap) = self.reap else { return };
        let now = Instant::now();
        self.keep(|file| file.failed || now.duration_since(file.used) < reap);
    }

    /// When [`OpenFiles::reap`] has something to do at the latest.
    pub(super) fn idle_max(&self) -> Option<Duration> {
        self.reap.filter(|_| !self.files.is_empty())
    }

    /// What failed may be tried again.
    pub(super) fn retry(&mut self) {
        self.files.iter_mut().for_each(|file| file.failed = false);
    }

    pub(super) fn reopen(&mut self) {
        self.files.iter_mut().for_each(OpenFile::reopen);
    }

    pub(super) fn close(&mut self) {
        self.files.iter_mut().for_each(OpenFile::close);
    }
}

impl Tally {
    /// Says what is wrong, unless enough has been said about this batch.
    fn complain(&mut self, say: impl FnOnce()) {
        self.complaints += 1;
        if self.complaints <= COMPLAINTS_MAX {
            say();
        }
    }
}
