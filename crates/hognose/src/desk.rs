//! What those who answer operators and the supervisor share.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{SystemTime, UNIX_EPOCH};

use conf::Style;
use control::LogLevel;
use parking_lot::Mutex;
use pipeline::Metrics;
use pipeline::metrics::{Key, State};
use store::Persist;

use crate::configuration::{Configuration, Findings, Means, Text};
use crate::log::{Log, Shown};
use crate::pidfile::PidFile;
use crate::server::Socket;
use crate::stats::{self, Row, Times};
use crate::supervisor::Event;

/// See the module's text.
pub(crate) struct Desk {
    /// To the supervisor.
    pub(crate) events: SyncSender<Event>,
    /// Every counter.
    pub(crate) metrics: Arc<Metrics>,
    /// What outlives the daemon.
    pub(crate) persist: Persist,
    /// The log.
    pub(crate) log: Log,
    /// `--python`
    pub(crate) python: Option<String>,
    /// Whether the command line says how much is logged; it has the last word then.
    level_is_fixed: bool,
    active: Mutex<Active>,
}

/// What is known of the configuration that runs.
#[derive(Default)]
struct Active {
    text: Arc<Text>,
    /// `stats(level())`
    stats_level: Option<u32>,
    times: Times,
}

impl Desk {
    /// A desk with nothing on it yet.
    pub(crate) fn new(
        events: SyncSender<Event>,
        Means { metrics, persist }: Means,
        log: Log,
        python: Option<String>,
        level_is_fixed: bool,
    ) -> Desk {
        Desk { events, metrics, persist, log, python, level_is_fixed, active: Mutex::default() }
    }

    /// What drivers are made with.
    pub(crate) fn means(&self) -> Means {
        Means { metrics: self.metrics.clone(), persist: self.persist.clone() }
    }

    /// The configuration that runs, as text.
    pub(crate) fn text(&self) -> Arc<Text> {
        self.active.lock().text.clone()
    }

    /// The counters that the configuration wants shown.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let level = self.active.lock().stats_level;
        stats::rows(&self.metrics, level)
    }

    /// When it came.
    pub(crate) fn times(&self) -> Times {
        self.active.lock().times
    }

    /// A reload is tried now.
    pub(crate) fn reload_begins(&self) {
        self.active.lock().times.last_reload = seconds(SystemTime::now());
    }

    /// `configuration` is the one that runs.
    pub(crate) fn adopt(&self, configuration: &Configuration) {
        let modified = std::fs::metadata(&configuration.text.path).and_then(|metadata| metadata.modified());
        let now = seconds(SystemTime::now());
        *self.active.lock() = Active {
            text: Arc::new(configuration.text.clone()),
            stats_level: configuration.statistics.level,
            times: Times {
                last_reload: now,
                last_successful_reload: now,
                last_file_modification: modified.map_or(0, seconds),
            },
        };
    }

    /// The configuration says that as much is to be logged.
    pub(crate) fn configured_level(&self, level: LogLevel) {
        if !self.level_is_fixed {
            self.log.set_level(level);
        }
    }

    /// Shows what is wrong with a configuration to whoever looks at stderr or reads the log.
    pub(crate) fn show(&self, findings: &Findings) {
        if self.log.shown() != Shown::Nothing {
            self.log.print(findings.render(style(), self.log.level() > LogLevel::Default));
        }
        findings.log();
    }

    /// The counters whose drivers run.
    pub(crate) fn active_counters(&self) -> Vec<Key> {
        let rows = self.metrics.rows().into_iter();
        rows.filter(|(_, _, state)| *state == State::Active).map(|(key, ..)| key).collect()
    }

    /// These counters have drivers that run, and no others.
    pub(crate) fn only_these_active(&self, keys: Vec<Key>) {
        self.metrics.orphan_all();
        for Key { component, id, instance, kind } in keys {
            self.metrics.counter(&component, &id, &instance, kind);
        }
    }
}

/// Colours for those who see them.
pub(crate) fn style() -> Style {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if std::io::stderr().is_terminal() && !plain { Style::Coloured } else { Style::Plain }
}

/// What the daemon leaves in the file system, and takes away when it ends. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Belongings(Arc<Mutex<(Option<PidFile>, Option<Socket>)>>);

impl Belongings {
    /// The pid file is the daemon's.
    pub(crate) fn add_pid_file(&self, file: PidFile) {
        self.0.lock().0 = Some(file);
    }

    /// Writes the pid file, if there is one.
    pub(crate) fn write_pid_file(&self) -> io::Result<()> {
        self.0.lock().0.as_mut().map_or(Ok(()), PidFile::write)
    }

    /// The control socket is the daemon's.
    pub(crate) fn add_socket(&self, socket: Socket) {
        self.0.lock().1 = Some(socket);
    }

    /// Takes it all away.
    pub(crate) fn put_away(&self) {
        let (file, socket) = std::mem::take(&mut *self.0.lock());
        drop((file, socket));
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
