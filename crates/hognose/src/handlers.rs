//! What the daemon answers to each command.

use std::fmt::Write as _;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

use control::{Command, ConfigRequest, LogLevel, Reply, StatsForm};
use pipeline::internal;

use crate::configuration;
use crate::desk::Desk;
use crate::stats;
use crate::supervisor::Event;

/// How long the supervisor may take to show that it is alive. A reload keeps it for as long as drivers take to stop
/// and start.
const PING_TIME_MAX: Duration = Duration::from_secs(60);

/// Answers `command`; waits for the supervisor only where the command is about it.
pub(crate) fn handle(command: Command, desk: &Desk) -> Reply {
    match command {
        Command::Stats(StatsForm::Csv) => Reply::Text(stats::csv(&desk.rows())),
        Command::Stats(StatsForm::Prometheus { legacy }) => {
            Reply::Text(stats::prometheus(&desk.rows(), desk.times(), legacy))
        }
        Command::ResetStats => {
            desk.metrics.reset();
            Reply::Ok("The statistics of syslog-ng have been reset to 0.".into())
        }
        Command::RemoveOrphanedStats => {
            desk.metrics.remove_orphans();
            Reply::Ok("Orphaned statistics have been removed.".into())
        }
        Command::Query(query) => Reply::Text(stats::query(&query, &desk.rows(), &desk.metrics)),
        Command::Reload => reload(desk),
        Command::Reopen => {
            let _ = desk.events.send(Event::Reopen);
            Reply::Ok("Re-open of log destination files initiated".into())
        }
        Command::Restart(name) => restart(name, desk),
        Command::Stop => {
            stop(desk);
            Reply::Ok("Shutdown initiated".into())
        }
        Command::Config(request) => config(request, desk),
        Command::Healthcheck => healthcheck(desk),
        Command::LogLevel(level) => log_level(desk, level),
        Command::LogSwitch(switch, on) => {
            let level = on.map(|on| desk.log.level().switched(switch, on));
            log_level(desk, level)
        }
        Command::ListFiles => list_files(&desk.text().files),
        Command::ExportConfigGraph => Reply::Text(desk.text().graph.clone() + "\n"),
        Command::License => {
            Reply::Ok("You are using hognose, which is open source: Apache-2.0 or MIT.".into())
        }
        Command::Unavailable(name) => {
            Reply::Fail(format!("{name} is not available: hognose does not have it"))
        }
    }
}

fn restart(name: String, desk: &Desk) -> Reply {
    let (asker, answer) = sync_channel(1);
    let fail = |why: &str| Reply::Fail(why.to_owned());
    if desk.events.send(Event::Restart(name.clone(), asker)).is_err() {
        return fail("the daemon stops");
    }
    match answer.recv_timeout(PING_TIME_MAX) {
        Ok(ids) if ids.is_empty() => Reply::Fail(format!(
            "there is no Python driver `{name}`: name an id as in `stats`, a statement, or a class"
        )),
        Ok(ids) => Reply::Ok(format!("Restarting {}", ids.join(", "))),
        Err(_) => fail("the daemon is busy with a reload"),
    }
}

/// Has the daemon stop.
pub(crate) fn stop(desk: &Desk) {
    let _ = desk.events.send(Event::Stop);
}

fn reload(desk: &Desk) -> Reply {
    let (asker, answer) = sync_channel(1);
    let _ = desk.events.send(Event::Reload(Some(asker)));
    answer.recv().unwrap_or_else(|_| Reply::Fail("The daemon is shutting down".into()))
}

fn config(request: ConfigRequest, desk: &Desk) -> Reply {
    let text = desk.text();
    match request {
        ConfigRequest::Original => Reply::Text(text.original.clone()),
        ConfigRequest::Preprocessed => Reply::Text(text.preprocessed.clone()),
        ConfigRequest::Id => Reply::Text(text.id() + "\n"),
        ConfigRequest::Verify => {
            let now = configuration::read(&text.path, desk.python.as_deref()).0;
            let matches = if now.preprocessed == text.preprocessed { "matches" } else { "does not match" };
            Reply::Text(format!("Configuration file {matches} active configuration\n"))
        }
    }
}

/// Says how much is logged, once `level` holds if there is one.
fn log_level(desk: &Desk, level: Option<LogLevel>) -> Reply {
    if let Some(level) = level.filter(|level| *level != desk.log.level()) {
        desk.log.set_level(level);
        tracing::info!(log_level = level as u8, "Verbosity changed");
    }
    Reply::Ok(format!("syslog-ng log level set to {}", desk.log.level() as u8))
}

fn list_files(files: &[String]) -> Reply {
    let lines = files.iter().map(|file| format!("path_check: {file}\n"));
    let text: String = lines.collect();
    Reply::Text(if text.is_empty() { "No files available\n".to_owned() } else { text })
}

fn healthcheck(desk: &Desk) -> Reply {
    let asked = Instant::now();
    let (asker, answer) = sync_channel(1);
    let _ = desk.events.send(Event::Ping(asker));
    if answer.recv_timeout(PING_TIME_MAX).is_err() {
        return Reply::Fail("The main loop does not answer".into());
    }
    let round_trip = asked.elapsed();
    // What work waits for here is a thread of its own.
    let asked = Instant::now();
    let started = thread::Builder::new().spawn(move || asked.elapsed());
    let Some(worker) = started.ok().and_then(|thread| thread.join().ok()) else {
        return Reply::Fail("No thread can be started".into());
    };
    let used = internal::log().waiting() as f64 / internal::INTERNAL_MESSAGES_MAX as f64;
    let mut out = String::new();
    for (name, value) in [
        ("syslogng_io_worker_latency_seconds", worker.as_secs_f64()),
        ("syslogng_mainloop_io_worker_roundtrip_latency_seconds", round_trip.as_secs_f64()),
        ("syslogng_internal_events_queue_usage_ratio", used),
    ] {
        let _ = writeln!(out, "{name} {value}");
    }
    Reply::Ok(out)
}
