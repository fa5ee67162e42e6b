//! The one thread that starts, reloads and stops: whatever wants that sends it an [`Event`].

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use control::Reply;
use pipeline::{Running, StartFailed, Stop};

use crate::configuration::{self, Configuration, Verdict};
use crate::desk::Desk;
use crate::exit_code::ExitCode;
use crate::log::{NOTICE, VERBOSE};
use crate::stats;

mod signals;

pub(crate) use signals::{Signals, watch};

/// Events that may wait for the supervisor.
pub(crate) const EVENTS_MAX: usize = 64;
/// How long the supervisor sleeps at most before it looks at the signals itself.
const LOOK: Duration = Duration::from_secs(1);

/// What the supervisor may be asked for.
#[derive(Debug)]
pub(crate) enum Event {
    /// Read the configuration again; who asked may want to know how that went.
    Reload(Option<SyncSender<Reply>>),
    /// Open files anew.
    Reopen,
    /// End.
    Stop,
    /// Answer, to show that you can.
    Ping(SyncSender<()>),
}

/// See the module's text.
pub(crate) struct Supervisor {
    desk: Arc<Desk>,
    events: Receiver<Event>,
    signals: Signals,
    current: Configuration,
    next_statistics: Option<Instant>,
}

impl Supervisor {
    /// The supervisor of a daemon that runs `current`.
    pub(crate) fn new(
        desk: Arc<Desk>,
        events: Receiver<Event>,
        signals: Signals,
        current: Configuration,
    ) -> Supervisor {
        desk.adopt(&current);
        let next_statistics = next_statistics(&current);
        Supervisor { desk, events, signals, current, next_statistics }
    }

    /// Does what is asked for until that is to end, then ends `running`.
    pub(crate) fn run(mut self, mut running: Running) -> ExitCode {
        loop {
            match self.next() {
                Some(Event::Reload(asker)) => match self.reload(running) {
                    Ok((started, reply)) => {
                        running = started;
                        answer(asker, reply);
                    }
                    Err(code) => {
                        answer(asker, Reply::Fail("Config reload failed, and so did going back".into()));
                        return code;
                    }
                },
                Some(Event::Reopen) => running.reopen(),
                Some(Event::Ping(asker)) => {
                    let _ = asker.try_send(());
                }
                Some(Event::Stop) => break,
                None => self.log_statistics(),
            }
        }
        self.stop(running);
        ExitCode::Fine
    }

    /// Ends `running`, by its deadline at the latest.
    pub(crate) fn stop(&self, running: Running) {
        tracing::info!(target: NOTICE, version = crate::version::VERSION, "syslog-ng shutting down");
        // Nobody takes over, so what was carried out of it is closed here.
        drop(running.stop(Stop::ForGood, Instant::now() + self.current.stop_timeout));
    }

    /// The next event; `None` when there are statistics to log.
    fn next(&mut self) -> Option<Event> {
        loop {
            if self.signals.stop_wanted() {
                return Some(Event::Stop);
            }
            let now = Instant::now();
            if self.next_statistics.is_some_and(|at| at <= now) {
                return None;
            }
            let until_statistics = self.next_statistics.map_or(LOOK, |at| at - now);
            match self.events.recv_timeout(until_statistics.min(LOOK)) {
                Ok(event) => return Some(event),
                Err(RecvTimeoutError::Timeout) => {}
                // Everybody who could ask for anything is gone.
                Err(RecvTimeoutError::Disconnected) => return Some(Event::Stop),
            }
        }
    }

    /// Replaces the configuration. One that cannot be used leaves the old one as it is; one that cannot be started
    /// is followed by the old one again, with all that it had. An error is one of the old one at that.
    fn reload(&mut self, running: Running) -> Result<(Running, Reply), ExitCode> {
        self.signals.reload_begins();
        tracing::info!(target: NOTICE, "Configuration reload request received, reloading configuration");
        self.desk.reload_begins();
        let counters = self.desk.active_counters();
        self.desk.metrics.orphan_all();
        let new = match self.prepare() {
            Ok(new) => new,
            Err(verdict) => {
                self.desk.only_these_active(counters);
                return Ok((running, refusal(verdict)));
            }
        };
        let old = running.plan().clone();
        let carry = running.stop(Stop::ForReload, Instant::now() + self.current.stop_timeout);
        let failed = match Running::start(new.plan.clone(), carry) {
            Ok(running) => {
                tracing::info!(target: VERBOSE, "New configuration initialized");
                self.adopt(new);
                tracing::info!(target: NOTICE, "Configuration reload finished");
                return Ok((running, Reply::Ok("Config reload successful".into())));
            }
            Err(failed) => failed,
        };
        log_start_failed(&failed);
        let reply = refusal(Verdict::Unstartable);
        self.desk.only_these_active(counters);
        match Running::start(old, failed.carry.0) {
            Ok(running) => Ok((running, reply)),
            Err(failed) => {
                log_start_failed(&failed);
                tracing::error!("Error initializing old configuration again, there is nothing left to run");
                Err(ExitCode::CannotStart)
            }
        }
    }

    fn prepare(&self) -> Result<Configuration, Verdict> {
        let path = &self.current.text.path;
        if !configuration::is_there(path) {
            return Err(Verdict::Unreadable);
        }
        let (new, findings) = configuration::prepare(path, self.desk.python.as_deref(), &self.desk.metrics);
        self.desk.show(&findings);
        new.ok_or_else(|| findings.verdict())
    }

    fn adopt(&mut self, new: Configuration) {
        // A level that an operator set stays, unless the configuration changes its mind.
        if new.log_level != self.current.log_level {
            self.desk.configured_level(new.log_level);
        }
        self.desk.adopt(&new);
        self.next_statistics = next_statistics(&new);
        self.current = new;
    }

    fn log_statistics(&mut self) {
        let rows = stats::rows(&self.desk.metrics);
        tracing::info!("{}", stats::sentence(&rows));
        self.next_statistics = next_statistics(&self.current);
    }
}

/// Logs why a configuration does not start.
pub(crate) fn log_start_failed(failed: &StartFailed) {
    tracing::error!(driver = failed.source_id, error = %failed.error, "Error initializing message pipeline");
}

/// Says that the new configuration is not used, in the log and to who asked.
fn refusal(verdict: Verdict) -> Reply {
    let reply = match verdict {
        Verdict::Unreadable | Verdict::Good => {
            let reason = "Syntax error parsing configuration file";
            tracing::error!(reason, "Error reloading configuration");
            return Reply::Fail(format!("{reason}, previous config remained intact"));
        }
        Verdict::Unstartable => Reply::Fail("Config reload failed, reverted to previous config".into()),
    };
    tracing::error!("Error initializing new configuration, reverting to old config");
    tracing::info!(target: NOTICE, "Configuration reload finished");
    reply
}

fn answer(asker: Option<SyncSender<Reply>>, reply: Reply) {
    if let Some(asker) = asker {
        // An operator who is gone by now does not need to know.
        let _ = asker.try_send(reply);
    }
}

fn next_statistics(configuration: &Configuration) -> Option<Instant> {
    let seconds = u64::from(configuration.stats_freq);
    (seconds > 0).then(|| Instant::now() + Duration::from_secs(seconds))
}
