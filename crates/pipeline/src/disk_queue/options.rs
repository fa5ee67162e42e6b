//! `disk-buffer()`: its options, and what they come to.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use conf::Options as _;
use conf::ast::{Argument, Call};
use conf::diagnostic::{Diagnostic, Diagnostics};
use conf::options::{FromArguments, Given, Seconds};
use store::BufferOptions;

use crate::compile::Compile;
use crate::options::no_effect;

/// Bytes that a buffer has at least.
const CAPACITY_BYTES_MIN: u64 = 1 << 20;
/// `flow-control-window-bytes()` when it is not given, as in syslog-ng.
const WINDOW_BYTES: u64 = 10_000 * (16 << 10);
/// Where buffers are kept when neither `dir()` nor a persist file says so.
const DIR: &str = "/var/lib/syslog-ng";

conf::options! {
    /// Keep messages on disk until the destination has taken them.
    pub struct DiskBufferOptions {
        /// Answer a source only when its messages are durable.
        reliable: bool = false,
        /// Bytes on the disk after which messages wait (under flow-control) or are dropped; 1 MiB at least.
        capacity_bytes | disk_buf_size: u64 = inherit,
        /// Directory of the buffers; the one of the persist file if it is not given.
        dir: PathBuf = inherit,
        /// Messages kept in memory for the destination.
        front_cache_size | qout_size: NonZeroU32 = const { NonZeroU32::new(1000).unwrap() },
        /// Bytes that may wait in memory for a disk that is slow or broken; beyond, what is not under flow-control is
        /// dropped.
        flow_control_window_bytes | mem_buf_size: u64 = WINDOW_BYTES,
        /// Accepted; messages that wait are bounded by their bytes.
        flow_control_window_size | mem_buf_length: u64 = inherit,
        /// When what is written is made durable: `batch`, `interval(seconds)` or `never`. With `reliable(yes)` after
        /// each batch, else never, if it is not given.
        sync: Sync = inherit,
        /// `zstd`: compress messages, those of a batch together.
        compression: Compression = inherit,
        /// Reserve the room of a file of the buffer when it is begun.
        prealloc: bool = false,
        /// Accepted; files of the buffer are removed as soon as they are done with.
        truncate_size_ratio: f64 = inherit,
        /// Accepted; messages are stored as they are in memory, which is compact.
        compaction: bool = inherit,
    }
}

/// When what is written is made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    /// Each time something was written.
    Batch,
    /// After this time at the latest.
    Interval(Duration),
    /// When the system likes.
    Never,
}

/// How records are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Zstandard.
    Zstd,
}

/// What the options come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskSettings {
    /// Where the directory of the buffer is.
    pub dir: PathBuf,
    /// Sources are answered when their messages are durable.
    pub reliable: bool,
    /// `capacity-bytes()`
    pub capacity: u64,
    /// `front-cache-size()`, messages.
    pub front: usize,
    /// `flow-control-window-bytes()`
    pub window_bytes: u64,
    /// `sync()`
    pub sync: Sync,
    /// `compression(zstd)`
    pub compress: bool,
    /// `prealloc()`
    pub preallocate: bool,
}

impl DiskSettings {
    /// What the `disk-buffer()` of a destination comes to, if it has one. Mistakes go to the diagnostics.
    pub(crate) fn of_driver(call: &Call, cx: &mut Compile<'_>) -> Option<DiskSettings> {
        let written = call.arguments.iter().find_map(|argument| match argument {
            Argument::Call(option) if option.name.is("disk-buffer") => Some(option),
            _ => None,
        })?;
        let options = DiskBufferOptions::read(written, cx.diagnostics)?;
        let Some(capacity) = options.capacity_bytes else {
            cx.diagnostics.push(
                Diagnostic::error("a disk-buffer needs capacity-bytes()", written.span)
                    .label("`capacity-bytes(1GiB)`, say"),
            );
            return None;
        };
        if capacity < CAPACITY_BYTES_MIN {
            let message =
                format!("capacity-bytes() is raised to {CAPACITY_BYTES_MIN}, the least a disk-buffer has");
            cx.diagnostics.push(Diagnostic::warning(message, written.span));
        }
        let ignored = [
            ("truncate-size-ratio", options.truncate_size_ratio.is_some()),
            ("compaction", options.compaction.is_some()),
            ("flow-control-window-size", options.flow_control_window_size.is_some()),
        ];
        for (name, _) in ignored.into_iter().filter(|(_, given)| *given) {
            no_effect(cx, name, written.span);
        }
        let sync = options.sync.unwrap_or(if options.reliable { Sync::Batch } else { Sync::Never });
        if options.reliable && sync == Sync::Never {
            let message =
                "reliable(yes) with sync(never) survives the death of the daemon, but not of the machine";
            cx.diagnostics.push(Diagnostic::warning(message, written.span));
        }
        let beside = cx.persist.directory().map_or_else(|| DIR.into(), PathBuf::from);
        Some(DiskSettings {
            dir: options.dir.unwrap_or(beside),
            reliable: options.reliable,
            capacity: capacity.max(CAPACITY_BYTES_MIN),
            front: options.front_cache_size.get() as usize,
            window_bytes: options.flow_control_window_bytes,
            sync,
            compress: options.compression.is_some(),
            preallocate: options.prealloc,
        })
    }

    pub(super) fn buffer(&self) -> BufferOptions {
        BufferOptions { capacity: self.capacity, compress: self.compress, preallocate: self.preallocate }
    }
}

impl FromArguments for Sync {
    const TYPE: &'static str = "batch|interval(seconds)|never";

    fn from_arguments(given: &Given<'_>, diagnostics: &mut Diagnostics) -> Option<Sync> {
        let expected = "`batch`, `interval(seconds)` or `never`";
        match given.arguments {
            [Argument::Call(call)] if call.name.is("interval") => {
                let seconds = Seconds::from_arguments(&Given::of_call(call), diagnostics)?;
                Some(Sync::Interval(seconds.duration()))
            }
            _ => {
                let value = given.value(expected, diagnostics)?;
                match value.text() {
                    "batch" => Some(Sync::Batch),
                    "never" => Some(Sync::Never),
                    _ => given.wrong(value.span, expected, diagnostics),
                }
            }
        }
    }

    fn is_value_call(name: &str) -> bool {
        name == "interval"
    }
}

impl FromArguments for Compression {
    const TYPE: &'static str = "zstd";

    fn from_arguments(given: &Given<'_>, diagnostics: &mut Diagnostics) -> Option<Compression> {
        let value = given.value("`zstd`", diagnostics)?;
        if value.text() == "zstd" {
            Some(Compression::Zstd)
        } else {
            given.wrong(value.span, "`zstd`", diagnostics)
        }
    }
}
