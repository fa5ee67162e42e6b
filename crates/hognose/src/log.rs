//! The daemon's messages about itself: a `tracing` subscriber that writes them as operators know them.
//!
//! `TEXT; key='value', key='value'` goes to the `internal()` sources, or with `--stderr` to stderr instead; in the
//! foreground warnings and errors are shown on stderr in any case. Neither way ever waits: stderr has a bounded queue
//! and a thread of its own, the `internal()` sources have theirs.
//!
//! Beside the five levels of `tracing` there are two that syslog has: an event whose target is [`NOTICE`] is a
//! notice, and one whose target is [`VERBOSE`] is seen with `--verbose` only.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{self, PanicHookInfo};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use control::LogLevel;
use parking_lot::Mutex;
use pipeline::internal::{self, InternalMessage};
use tracing::level_filters::LevelFilter;
use tracing::span;
use tracing::{Event, Metadata, Subscriber};

mod line;
mod repeats;
mod stderr;

use line::{Line, Severity};
use repeats::{Admission, Repeats};
use stderr::Stderr;

/// Target of events that are notices: what every operator should know, and no trouble.
pub(crate) const NOTICE: &str = "notice";
/// Target of events that are seen with `--verbose` only.
pub(crate) const VERBOSE: &str = "verbose";
/// Target of events that stderr has seen in another form.
pub(crate) const UNSHOWN: &str = "unshown";
/// What the user's Python prints; shown in the foreground, as Python would.
const PYTHON_OUTPUT: &str = "python::output";
/// Facility syslog, in the priority of a message.
const FACILITY_SYSLOG: u16 = 5 << 3;
/// How long the end of the daemon waits for stderr.
const FLUSH_TIME_MAX: Duration = Duration::from_millis(500);

/// What goes to stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Nothing: nobody is there to see it.
    Nothing,
    /// Warnings and errors.
    Trouble,
    /// Everything, and nothing to the `internal()` sources.
    Everything,
}

/// The log of this process. Clones share it.
#[derive(Clone)]
pub(crate) struct Log(Arc<Shared>);

struct Shared {
    level: AtomicU8,
    shown: AtomicU8,
    /// Whether lines on stderr begin with the time.
    timed: bool,
    stderr: Stderr,
    repeats: Mutex<Repeats>,
}

impl Log {
    /// Takes up everything that this process logs from now on. `timed`: lines on stderr begin with the time.
    ///
    /// The first call decides; there is one log per process.
    pub(crate) fn start(level: LogLevel, shown: Shown, timed: bool) -> Log {
        static LOG: OnceLock<Log> = OnceLock::new();
        LOG.get_or_init(|| {
            let log = Log(Arc::new(Shared {
                level: AtomicU8::new(level as u8),
                shown: AtomicU8::new(shown as u8),
                timed,
                stderr: Stderr::default(),
                repeats: Mutex::default(),
            }));
            // Fails only if there is a subscriber already, and this is the only place that sets one.
            let _ = tracing::subscriber::set_global_default(Writer(log.0.clone()));
            log.0.stderr.start(log.clone());
            panic::set_hook(Box::new(log_panic));
            log
        })
        .clone()
    }

    /// How much is logged.
    pub(crate) fn level(&self) -> LogLevel {
        match self.0.level.load(Ordering::Relaxed) {
            0 => LogLevel::Default,
            1 => LogLevel::Verbose,
            2 => LogLevel::Debug,
            _ => LogLevel::Trace,
        }
    }

    /// Logs as much from now on.
    pub(crate) fn set_level(&self, level: LogLevel) {
        self.0.level.store(level as u8, Ordering::Relaxed);
        tracing::callsite::rebuild_interest_cache();
    }

    /// What goes to stderr.
    pub(crate) fn shown(&self) -> Shown {
        self.0.shown()
    }

    /// Shows as much on stderr from now on.
    pub(crate) fn set_shown(&self, shown: Shown) {
        self.0.shown.store(shown as u8, Ordering::Relaxed);
    }

    /// Writes text that is no message to stderr, as it is; never waits.
    pub(crate) fn print(&self, text: String) {
        if !text.is_empty() {
            self.0.stderr.push(text);
        }
    }

    /// Waits until stderr has everything, but not for long.
    pub(crate) fn flush(&self) {
        self.say_repeats(Instant::now() + repeats::WINDOW);
        self.0.stderr.flush(FLUSH_TIME_MAX);
    }

    /// Says how often lines were repeated whose time is over at `now`. Returns whether there are others.
    fn say_repeats(&self, now: Instant) -> bool {
        let (over, more) = self.0.repeats.lock().over(now);
        for (line, times) in over {
            self.0.write(&line.repeated(times));
        }
        more
    }
}

impl Shared {
    fn shown(&self) -> Shown {
        match self.shown.load(Ordering::Relaxed) {
            0 => Shown::Nothing,
            1 => Shown::Trouble,
            _ => Shown::Everything,
        }
    }

    fn write(&self, line: &Line) {
        let now = message::time::now();
        let shown = self.shown();
        if shown != Shown::Everything {
            let mut head =
                message::record::Head { pri: FACILITY_SYSLOG + line.severity as u16, ..Default::default() };
            (head.stamp, head.received) = (now.micros, now.micros);
            (head.stamp_zone, head.received_zone) = (now.zone, now.zone);
            internal::log().put(InternalMessage { head, text: line.for_internal() });
        }
        let is_shown = !line.is_unshown
            && match shown {
                Shown::Nothing => false,
                Shown::Trouble => line.severity <= Severity::Warning || line.is_output,
                Shown::Everything => true,
            };
        if is_shown {
            self.stderr.push(line.for_stderr(self.timed.then_some(now)));
        }
    }
}

/// What `tracing` sees of the log.
struct Writer(Arc<Shared>);

impl Subscriber for Writer {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let level = self.0.level.load(Ordering::Relaxed);
        metadata.is_event() && needed(metadata) as u8 <= level
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(match self.0.level.load(Ordering::Relaxed) {
            0 | 1 => LevelFilter::INFO,
            2 => LevelFilter::DEBUG,
            _ => LevelFilter::TRACE,
        })
    }

    fn event(&self, event: &Event<'_>) {
        let line = Line::of(event);
        let admission = self.0.repeats.lock().admit(&line, Instant::now());
        match admission {
            Admission::Write => self.0.write(&line),
            // Who writes to stderr also says, later, how often.
            Admission::CountFirst => self.0.stderr.wake(),
            Admission::Count => {}
        }
    }

    // There are no spans in this daemon: threads have names, and messages their facts.
    fn new_span(&self, _span: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _span: &span::Id, _values: &span::Record<'_>) {}

    fn record_follows_from(&self, _span: &span::Id, _follows: &span::Id) {}

    fn enter(&self, _span: &span::Id) {}

    fn exit(&self, _span: &span::Id) {}
}

/// Logs a mistake of ours. The usual way would be to write to stderr, and to wait for whoever reads there.
fn log_panic(info: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("");
    let location = info.location().map(ToString::to_string);
    let what = info.payload_as_str().unwrap_or("");
    // Asked for by RUST_BACKTRACE, as usual.
    let trace = Backtrace::capture();
    let traceback = (trace.status() == BacktraceStatus::Captured).then(|| trace.to_string());
    tracing::error!(thread, location, error = what, traceback, "Thread panicked, please report this");
}

/// The level from which on an event is logged.
fn needed(metadata: &Metadata<'_>) -> LogLevel {
    match *metadata.level() {
        tracing::Level::TRACE => LogLevel::Trace,
        tracing::Level::DEBUG => LogLevel::Debug,
        _ if metadata.target() == VERBOSE => LogLevel::Verbose,
        _ => LogLevel::Default,
    }
}
