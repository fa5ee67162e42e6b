//! The one thread that starts, reloads and stops: whatever wants that sends it an [`Event`].
//!
//! Configurations are read on a thread of their own, since the Python in them may take its time; meanwhile the old
//! one runs, and the supervisor answers.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use control::Reply;
use pipeline::metrics::Key;
use pipeline::{Prepared, Running, StartFailed, Stop};

use crate::configuration::{Configuration, Verdict, system_words};
use crate::desk::Desk;
use crate::exit_code::ExitCode;
use crate::exporter::Exporter;
use crate::log::{NOTICE, VERBOSE};
use crate::notify::{self, Moment};
use crate::stats;

mod reading;
mod signals;

pub(crate) use reading::{Reading, read};
pub(crate) use signals::{Signals, watch};

/// Events that may wait for the supervisor.
pub(crate) const EVENTS_MAX: usize = 64;

/// What the supervisor may be asked for, or told.
pub(crate) enum Event {
    /// Read the configuration again; who asked may want to know how that went.
    Reload(Option<Asker>),
    /// A configuration has been read.
    Read(Box<Reading>),
    /// Open files anew.
    Reopen,
    /// Start over the Python drivers of this name, and say which they are.
    Restart(String, SyncSender<Vec<String>>),
    /// End.
    Stop,
    /// Answer, to show that you can.
    Ping(SyncSender<()>),
}

/// Who waits for the outcome of a reload.
pub(crate) type Asker = SyncSender<Reply>;

/// See the module's text.
pub(crate) struct Supervisor {
    desk: Arc<Desk>,
    events: Receiver<Event>,
    signals: Signals,
    current: Configuration,
    reload: Option<Reload>,
    next_statistics: Option<Instant>,
    /// When the counters are looked through for those that nobody owns any more.
    next_ageing: Option<Instant>,
    exporter: Option<Exporter>,
}

/// A reload whose configuration is being read.
struct Reload {
    askers: Vec<Asker>,
    /// The counters of what runs.
    counters: Vec<Key>,
    /// Those who asked since: the file may have changed after it was read, so it is read again for them.
    next: Option<Vec<Asker>>,
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
        let mut supervisor = Supervisor {
            desk,
            events,
            signals,
            current,
            reload: None,
            next_statistics,
            next_ageing: None,
            exporter: None,
        };
        supervisor.export();
        supervisor
    }

    /// Does what is asked for until that is to end, then ends `running`.
    pub(crate) fn run(mut self, mut running: Running) -> ExitCode {
        loop {
            match self.next() {
                Some(Event::Reload(asker)) => self.ask_reload(asker),
                Some(Event::Read(reading)) => match self.finish_reload(running, *reading) {
                    Ok(started) => running = started,
                    Err(code) => return code,
                },
                Some(Event::Reopen) => running.reopen(),
                Some(Event::Restart(name, asker)) => {
                    let _ = asker.try_send(running.restart(&name));
                }
                Some(Event::Ping(asker)) => {
                    let _ = asker.try_send(());
                }
                Some(Event::Stop) => break,
                None => self.tick(),
            }
        }
        tracing::info!(target: NOTICE, version = crate::version::VERSION, "syslog-ng shutting down");
        notify::tell(Moment::Stopping);
        // Nobody takes over, so what was carried out of it is closed here.
        drop(running.stop(Stop::ForGood, Instant::now() + self.current.stop_timeout));
        ExitCode::Fine
    }

    /// The next event; `None` when something is due.
    fn next(&mut self) -> Option<Event> {
        // A signal that found the queue full has left a flag, and whoever has emptied the queue comes by here.
        if self.signals.stop_wanted() {
            return Some(Event::Stop);
        }
        // Nobody is left who could ask for anything: as good as a request to stop.
        let due = [self.next_statistics, self.next_ageing].into_iter().flatten().min();
        let Some(at) = due else { return Some(self.events.recv().unwrap_or(Event::Stop)) };
        match self.events.recv_timeout(at.saturating_duration_since(Instant::now())) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Event::Stop),
        }
    }

    fn ask_reload(&mut self, asker: Option<Asker>) {
        self.signals.reload_taken_up();
        match &mut self.reload {
            Some(reload) => reload.next.get_or_insert_default().extend(asker),
            None => self.begin_reload(asker.into_iter().collect()),
        }
    }

    fn begin_reload(&mut self, askers: Vec<Asker>) {
        tracing::info!(target: NOTICE, "Configuration reload request received, reloading configuration");
        notify::tell(Moment::Reloading);
        self.desk.reload_begins();
        let counters = self.desk.active_counters();
        self.desk.metrics.mark();
        match read(self.current.text.path.clone(), &self.desk) {
            Ok(()) => self.reload = Some(Reload { askers, counters, next: None }),
            Err(error) => {
                tracing::error!(%error, "Error starting a thread that reads the configuration");
                notify::tell(Moment::Ready);
                answer(askers, &refusal(Verdict::Unreadable));
            }
        }
    }

    /// Replaces the configuration with what was read, or says why not. An error is one that leaves nothing to run.
    fn finish_reload(&mut self, running: Running, reading: Reading) -> Result<Running, ExitCode> {
        let Some(Reload { askers, counters, next }) = self.reload.take() else { return Ok(running) };
        reading.show(&self.desk);
        let (running, reply) = match reading.outcome() {
            Ok((new, prepared)) => self.replace(running, new, prepared, counters)?,
            Err(verdict) => {
                self.desk.only_these_active(counters);
                (running, refusal(verdict))
            }
        };
        notify::tell(Moment::Ready);
        answer(askers, &reply);
        if let Some(askers) = next {
            self.begin_reload(askers);
        }
        Ok(running)
    }

    /// Stops what runs and starts `new`; if that does not start, what ran is started again with all that it had.
    fn replace(
        &mut self,
        running: Running,
        new: Configuration,
        prepared: Prepared,
        counters: Vec<Key>,
    ) -> Result<(Running, Reply), ExitCode> {
        let old = running.plan().clone();
        let carry = running.stop(Stop::ForReload, Instant::now() + self.current.stop_timeout);
        let failed = match Running::start(prepared, carry) {
            Ok(running) => {
                self.desk.metrics.orphan_untouched();
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
        let again = match Prepared::of(old) {
            Ok(prepared) => {
                Running::start(prepared, failed.carry.0).map_err(|failed| log_start_failed(&failed))
            }
            Err(error) => {
                tracing::error!(%error, "Error initializing message pipeline");
                Err(())
            }
        };
        match again {
            Ok(running) => Ok((running, reply)),
            Err(()) => {
                tracing::error!("Error initializing old configuration again, there is nothing left to run");
                Err(ExitCode::CannotStart)
            }
        }
    }

    fn adopt(&mut self, new: Configuration) {
        // A level that an operator set stays, unless the configuration changes its mind.
        if new.log_level != self.current.log_level {
            self.desk.configured_level(new.log_level);
        }
        self.desk.adopt(&new);
        self.next_statistics = next_statistics(&new);
        self.current = new;
        self.age();
        self.export();
    }

    /// Does what is due.
    fn tick(&mut self) {
        let now = Instant::now();
        if self.next_statistics.is_some_and(|at| at <= now) {
            self.log_statistics();
        }
        if self.next_ageing.is_some_and(|at| at <= now) {
            self.age();
        }
    }

    /// Forgets the counters whose drivers are gone for long, and plans the next look.
    fn age(&mut self) {
        let (now, lifetime) = (Instant::now(), self.current.statistics.lifetime);
        let oldest =
            now.checked_sub(lifetime).map_or(Some(now), |since| self.desk.metrics.forget_orphans(since));
        self.next_ageing = oldest.and_then(|oldest| oldest.checked_add(lifetime));
    }

    /// Opens the door for Prometheus where the configuration wants it, or closes it. The one that is open stays.
    fn export(&mut self) {
        let wanted = self.current.prometheus;
        if self.exporter.as_ref().is_some_and(|open| open.is_for(wanted)) {
            return;
        }
        self.exporter = None;
        let Some(address) = wanted else { return };
        match Exporter::open(address, &self.desk) {
            Ok(exporter) => self.exporter = Some(exporter),
            Err(error) => tracing::error!(
                %address, error = system_words(&error),
                hint = "the daemon goes on without it; name a free address in stats(prometheus())",
                "Error opening the Prometheus endpoint"
            ),
        }
    }

    fn log_statistics(&mut self) {
        tracing::info!("{}", stats::sentence(&self.desk.rows()));
        self.next_statistics = next_statistics(&self.current);
    }
}

/// Waits for the first configuration to be read; `None` when the daemon is to end before that.
pub(crate) fn first_reading(events: &Receiver<Event>) -> Option<Reading> {
    loop {
        match events.recv() {
            Ok(Event::Read(reading)) => return Some(*reading),
            Ok(Event::Stop) | Err(_) => return None,
            // The configuration is being read, and nothing is open.
            Ok(Event::Reload(_) | Event::Reopen | Event::Restart(..) | Event::Ping(_)) => {}
        }
    }
}

/// Logs why a configuration does not start.
pub(crate) fn log_start_failed(failed: &StartFailed) {
    tracing::error!(driver = failed.source_id, error = %failed.error, "Error initializing message pipeline");
}

/// Says that the new configuration is not used, in the log and to who asked.
fn refusal(verdict: Verdict) -> Reply {
    if verdict == Verdict::Unstartable {
        tracing::error!("Error initializing new configuration, reverting to old config");
        tracing::info!(target: NOTICE, "Configuration reload finished");
        return Reply::Fail("Config reload failed, reverted to previous config".into());
    }
    let reason = "Syntax error parsing configuration file";
    tracing::error!(reason, "Error reloading configuration");
    Reply::Fail(format!("{reason}, previous config remained intact"))
}

fn answer(askers: Vec<Asker>, reply: &Reply) {
    for asker in askers {
        // An operator who is gone by now does not need to know.
        let _ = asker.try_send(reply.clone());
    }
}

fn next_statistics(configuration: &Configuration) -> Option<Instant> {
    let seconds = u64::from(configuration.statistics.freq);
    (seconds > 0).then(|| Instant::now() + Duration::from_secs(seconds))
}
