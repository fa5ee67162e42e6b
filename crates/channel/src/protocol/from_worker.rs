//! What a worker says. Nothing of it is believed further than it can be shown to a person.

use serde::{Deserialize, Serialize};

use super::{FRAME_BYTES_MAX, Frame, PersistRequest, TEXT_BYTES_MAX};

/// A frame of a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum FromWorker {
    /// `init()` has succeeded; waiting for `start`.
    Ready {
        /// What the class calls itself in the persist file, when it does.
        persist_name: Option<String>,
        /// Whether a post blocks at an exhausted window; false: the class has `suspend()` and `wakeup()`.
        blocking: bool,
    },
    /// The driver cannot be started. The worker ends.
    Refused {
        /// What it was at.
        stage: Stage,
        /// Why, in one line.
        message: String,
        /// Python's traceback, when there is one.
        #[serde(default)]
        traceback: Option<String>,
        /// Where in the user's files, when known.
        #[serde(default)]
        file: Option<String>,
        /// Where in that file, from 1.
        #[serde(default)]
        line: Option<u32>,
    },
    /// A line for the log.
    Log {
        /// How grave.
        level: Level,
        /// The text.
        message: String,
        /// The Python logger's name, when there is one.
        #[serde(default)]
        name: Option<String>,
    },
    /// A method raised, and the worker goes on.
    Exception {
        /// Which method.
        method: String,
        /// The exception, in one line.
        message: String,
        /// Python's traceback.
        traceback: String,
    },
    /// Something that is counted and logged.
    Event {
        /// What.
        kind: EventKind,
        /// In words.
        message: String,
    },
    /// A request for the persist file, which is answered.
    Persist {
        /// A number of the worker's own, for the answer.
        id: u64,
        /// What it wants.
        request: PersistRequest,
    },
    /// `run()` has returned.
    Finished,
    /// `run()`, or the loop of a fetcher, has raised.
    Failed {
        /// Which method.
        method: String,
        /// The exception, in one line.
        message: String,
        /// Python's traceback.
        traceback: String,
    },
    /// `deinit()` is done; the worker ends.
    Deinitialised,
    /// The answer in inspect mode; the worker ends.
    Inspected {
        /// All that was found; empty: all is well.
        findings: Vec<Finding>,
    },
    /// In generate mode: the blocks so far were executed.
    Registered {
        /// Every config generator there is: its context as the configuration language names it, its name with `_`.
        generators: Vec<(String, String)>,
    },
    /// In generate mode: what the generator returned. When it raised, `failed` comes instead.
    Generated {
        /// Configuration text.
        text: String,
    },
}

/// What a worker was at when it refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Making itself ready, before any code of the user's.
    Worker,
    /// Executing a `python {}` block.
    Block,
    /// Importing `loaders()`.
    Loaders,
    /// Finding `class()`, and what it must have.
    Class,
    /// Making the object.
    New,
    /// `init()`.
    Init,
}

/// How grave a line of the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// For whoever debugs the daemon.
    Trace,
    /// For whoever debugs a configuration.
    Debug,
    /// For the record.
    Info,
    /// Worth noticing.
    Notice,
    /// Something may be wrong.
    Warning,
    /// Something is wrong.
    Error,
    /// Nothing works.
    Critical,
}

/// Things that happen in a driver and are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// `fetch()` returned `FETCH_ERROR`, or raised.
    FetchError,
    /// `fetch()` returned `FETCH_NOT_CONNECTED`.
    NotConnected,
    /// `open()` returned something false, or raised.
    OpenFailed,
    /// `fetch()` returned what is no result.
    BadResult,
    /// A post while suspended was dropped.
    IncorrectlySuspended,
    /// A message larger than the ring takes was dropped.
    TooLarge,
    /// A module of `loaders()` could not be imported.
    LoaderFailed,
}

/// One thing an inspection found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// [`super::Driver::id`]; none for a block.
    #[serde(default)]
    pub driver: Option<String>,
    /// How grave.
    pub severity: Severity,
    /// A short name for this sort of finding, as `missing_class`.
    pub kind: String,
    /// What is wrong, in one line.
    pub message: String,
    /// What to do about it.
    #[serde(default)]
    pub hint: Option<String>,
    /// Python's traceback.
    #[serde(default)]
    pub traceback: Option<String>,
    /// Where in the user's files.
    #[serde(default)]
    pub file: Option<String>,
    /// Where in that file, from 1.
    #[serde(default)]
    pub line: Option<u32>,
}

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The driver cannot start.
    Error,
    /// It can, but hardly as meant.
    Warning,
}

impl Frame for FromWorker {
    fn bytes_max(_first: bool) -> usize {
        FRAME_BYTES_MAX
    }

    fn own_bytes_max(&self) -> usize {
        FRAME_BYTES_MAX
    }

    fn clip(&mut self) {
        match self {
            FromWorker::Finished
            | FromWorker::Deinitialised
            | FromWorker::Registered { .. }
            | FromWorker::Persist { .. }
            // Text that is cut in the middle would be another configuration: it is sent whole, or not at all.
            | FromWorker::Generated { .. } => {}
            FromWorker::Ready { persist_name, .. } => clip_all([persist_name.as_mut()]),
            FromWorker::Refused { message, traceback, file, .. } => {
                clip_all([Some(message), traceback.as_mut(), file.as_mut()]);
            }
            FromWorker::Log { message, name, .. } => clip_all([Some(message), name.as_mut()]),
            FromWorker::Exception { method, message, traceback }
            | FromWorker::Failed { method, message, traceback } => {
                clip_all([Some(method), Some(message), Some(traceback)]);
            }
            FromWorker::Event { message, .. } => clip_all([Some(message)]),
            FromWorker::Inspected { findings } => findings.iter_mut().for_each(Finding::clip),
        }
    }
}

impl Finding {
    fn clip(&mut self) {
        clip_all([Some(&mut self.message), self.hint.as_mut(), self.traceback.as_mut(), self.file.as_mut()]);
    }
}

fn clip_all<const N: usize>(texts: [Option<&mut String>; N]) {
    texts.into_iter().flatten().for_each(clip);
}

/// Cuts the middle out of a text that is too long: a traceback says where at its start and what at its end.
fn clip(text: &mut String) {
    if text.len() <= TEXT_BYTES_MAX {
        return;
    }
    let half = TEXT_BYTES_MAX / 2 - 32;
    let from = text.floor_char_boundary(half);
    let to = text.ceil_char_boundary(text.len() - half);
    let gap = format!("\n[… {} bytes cut …]\n", to - from);
    text.replace_range(from..to, &gap);
}
