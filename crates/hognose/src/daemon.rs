//! The daemon from its command line to its exit code.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Instant;

use control::LogLevel;
use pipeline::{Carry, Metrics, Prepared, Running, Stop};
use store::Persist;

use crate::background::{self, Starting};
use crate::cli::{CONTROL_SOCKET, Goal, Options, ProcessMode, Role};
use crate::configuration::{self, Configuration, Means, Purpose, Verdict};
use crate::desk::{Belongings, Desk, style};
use crate::exit_code::ExitCode;
use crate::keeper;
use crate::log::{Log, NOTICE, Shown};
use crate::notify::{self, Moment};
use crate::persist;
use crate::pidfile::PidFile;
use crate::process;
use crate::server;
use crate::supervisor::{self, EVENTS_MAX, Event, Supervisor};
use crate::version::VERSION;

/// Does what `options` ask for, to the end.
pub(crate) fn run(options: &Options) -> ExitCode {
    match (&options.goal, options.role) {
        (Goal::Run, Role::Caller) if options.mode != ProcessMode::Foreground => {
            background::start(options.mode)
        }
        (Goal::Run, Role::Keeper) => keeper::run(),
        (Goal::Run | Goal::CheckStartup, _) => Daemon::start(options),
        _ => read_only(options),
    }
}

/// What only reads the configuration. Messages have no time in front of them.
fn read_only(options: &Options) -> ExitCode {
    let log = start_log(options, false);
    let code = read_only_code(options, &log);
    log.flush();
    code
}

fn read_only_code(options: &Options, log: &Log) -> ExitCode {
    let path = &options.config_file;
    if !configuration::is_there(path) {
        return ExitCode::Wrong;
    }
    let remarks = log.level() > LogLevel::Default;
    if options.goal == Goal::SyntaxOnly {
        let (_, findings) =
            configuration::prepare(path, options.python.as_deref(), &Means::to_look(), Purpose::Look);
        let verdict = findings.verdict();
        log.print(findings.render(style(), remarks));
        return if verdict == Verdict::Unreadable { ExitCode::Wrong } else { ExitCode::Fine };
    }
    let (text, findings) = configuration::read(path, options.python.as_deref());
    log.print(findings.render(style(), remarks));
    if findings.verdict() == Verdict::Unreadable {
        return ExitCode::Wrong;
    }
    let written = match &options.goal {
        Goal::Preprocess(output) if output != Path::new("-") => fs::write(output, &text.preprocessed),
        Goal::Preprocess(_) => io::stdout().lock().write_all(text.preprocessed.as_bytes()),
        _ => writeln!(io::stdout().lock(), "{}", text.id()),
    };
    match written {
        Ok(()) => ExitCode::Fine,
        Err(error) => {
            tracing::error!(error = configuration::system_words(&error), "Error writing the output");
            ExitCode::Wrong
        }
    }
}

/// A daemon on its way up.
struct Daemon<'a> {
    options: &'a Options,
    log: Log,
    belongings: Belongings,
    starting: Starting,
}

impl Daemon<'_> {
    fn start(options: &Options) -> ExitCode {
        // The order matters: see `process`.
        let starting = Starting::of(options.role);
        let pid_file = options.pid_file.as_deref().map(PidFile::open);
        let notes = process::apply(&options.process);
        let log = start_log(options, true);
        let mut daemon = Daemon { options, log, belongings: Belongings::default(), starting };
        daemon.take_pid_file(pid_file);
        let code = match notes {
            Ok(notes) => {
                notes.iter().for_each(|note| tracing::warn!("{note}"));
                daemon.run()
            }
            Err(error) => {
                tracing::error!("{error}");
                ExitCode::Wrong
            }
        };
        daemon.belongings.put_away();
        daemon.log.flush();
        code
    }

    fn take_pid_file(&self, opened: Option<io::Result<PidFile>>) {
        match opened {
            Some(Ok(file)) => self.belongings.add_pid_file(file),
            Some(Err(error)) => self.no_pid_file(&error),
            None => {}
        }
    }

    fn no_pid_file(&self, error: &io::Error) {
        let file = self.options.pid_file.as_deref().unwrap_or(Path::new("")).display();
        tracing::error!(%file, %error, "Error creating pid file");
    }

    fn run(&mut self) -> ExitCode {
        let options = self.options;
        for option in &options.without_effect {
            tracing::debug!(option, "Option accepted, it has no effect");
        }
        if !configuration::is_there(&options.config_file) {
            return ExitCode::Wrong;
        }
        let persist = match persist::open(options) {
            Ok(persist) => persist,
            Err(error) => {
                tracing::error!("{error}");
                return ExitCode::CannotStart;
            }
        };
        let code = self.run_with(persist.clone());
        // A thread that was left behind may hold on to it, so its end is not waited for.
        if let Err(error) = persist.sync() {
            tracing::error!(%error, "Error writing the persist file, its latest changes are lost");
        }
        code
    }

    fn run_with(&mut self, persist: Persist) -> ExitCode {
        let options = self.options;
        let (events, incoming) = sync_channel(EVENTS_MAX);
        let means = Means { metrics: Metrics::new(), persist: persist.clone() };
        let fixed = options.log_level.is_some();
        let desk = Desk::new(events.clone(), means, self.log.clone(), options.python.clone(), fixed);
        let desk = Arc::new(desk);
        let signals = match supervisor::watch(events, self.log.clone(), self.belongings.clone()) {
            Ok(signals) => signals,
            Err(error) => {
                tracing::error!(%error, "Error taking up signals");
                return ExitCode::CannotStart;
            }
        };
        let (configuration, prepared) = match self.read(&desk, &incoming) {
            Ok(both) => both,
            Err(code) => return code,
        };
        if !options.startup_debug {
            desk.configured_level(configuration.log_level);
        }
        if let Err(error) = persist.begin_run() {
            tracing::error!("{error}");
            return ExitCode::CannotStart;
        }
        let running = match Running::start(prepared, Carry::default()) {
            Ok(running) => running,
            Err(failed) => {
                supervisor::log_start_failed(&failed);
                return ExitCode::CannotStart;
            }
        };
        if options.goal == Goal::CheckStartup {
            drop(running.stop(Stop::ForGood, Instant::now() + configuration.stop_timeout));
            return ExitCode::Fine;
        }
        persist::reap(&persist);
        let supervisor = Supervisor::new(desk.clone(), incoming, signals, configuration.clone());
        self.open_control_socket(&desk);
        if let Err(error) = self.belongings.write_pid_file() {
            self.no_pid_file(&error);
        }
        tracing::info!(target: NOTICE, version = VERSION, "syslog-ng starting up");
        if options.startup_debug {
            self.log.set_level(options.log_level.unwrap_or(configuration.log_level));
        }
        self.up();
        supervisor.run(running)
    }

    /// The configuration, or how the process is to end.
    fn read(
        &self,
        desk: &Arc<Desk>,
        events: &Receiver<Event>,
    ) -> Result<(Configuration, Prepared), ExitCode> {
        if let Err(error) = supervisor::read(self.options.config_file.clone(), desk) {
            tracing::error!(%error, "Error starting a thread that reads the configuration");
            return Err(ExitCode::CannotStart);
        }
        let Some(reading) = supervisor::first_reading(events) else { return Err(ExitCode::Fine) };
        reading.show(desk);
        reading.outcome().map_err(|verdict| match verdict {
            Verdict::Unreadable => ExitCode::Wrong,
            Verdict::Unstartable | Verdict::Good => {
                tracing::error!(
                    config = %self.options.config_file.display(),
                    hint = "the reasons are above; `hognose check FILE` shows them without starting anything",
                    "Error initializing message pipeline"
                );
                ExitCode::CannotStart
            }
        })
    }

    /// A daemon that operators cannot reach still does its work, as syslog-ng's does.
    fn open_control_socket(&self, desk: &Arc<Desk>) {
        let path = &self.options.control;
        match server::open(path, desk) {
            Ok(socket) => self.belongings.add_socket(socket),
            Err(error) => {
                let socket = path.display();
                let hint =
                    if path == Path::new(CONTROL_SOCKET) { "name another one with --control" } else { "" };
                tracing::warn!(
                    %socket, %error, hint, "Error opening control socket, external controls will not be available"
                );
            }
        }
    }

    /// Tells who waits for it that the daemon is up. In the background nobody looks at stderr from now on.
    fn up(&mut self) {
        if self.options.role == Role::Daemon {
            self.log.flush();
            self.log.set_shown(Shown::Nothing);
        }
        self.starting.done();
        notify::tell(Moment::Ready);
    }
}

fn start_log(options: &Options, timed: bool) -> Log {
    let level = if options.startup_debug { LogLevel::Debug } else { LogLevel::Default };
    let level = level.max(options.log_level.unwrap_or_default());
    let shown = if options.stderr || !timed { Shown::Everything } else { Shown::Trouble };
    Log::start(level, shown, timed)
}
