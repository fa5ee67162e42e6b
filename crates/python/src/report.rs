//! What a driver's worker does, in the words that go to the log.

use std::time::Duration;

use channel::protocol::{FromWorker, Level};

use crate::spec::Restart;

/// What a driver is called in the log.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// `s_app#0`.
    pub(crate) id: String,
    /// Its class, or the names of what is in the worker.
    pub(crate) class: String,
    /// `FILE:LINE:COLUMN` of it in the configuration.
    pub(crate) location: String,
}

/// A line the worker printed.
pub(crate) fn output(known: &Known, stream: &'static str, line: &str) {
    match stream {
        "stdout" => {
            tracing::info!(target: "python::output", driver = %known.id, class = %known.class, "{line}")
        }
        _ => tracing::warn!(target: "python::output", driver = %known.id, class = %known.class, "{line}"),
    }
}

/// `init()` has succeeded.
pub(crate) fn ready(known: &Known) {
    tracing::debug!(driver = %known.id, class = %known.class, "Python driver initialized");
}

/// Why a worker refused, in one line: `init() of MyFetcher returned False`.
pub(crate) fn refusal(known: &Known, frame: &FromWorker) -> String {
    match frame {
        FromWorker::Refused { message, .. } => message.clone(),
        _ => format!("{} was refused", known.class),
    }
}

/// A worker that cannot go on before it has begun.
pub(crate) fn refused(known: &Known, frame: &FromWorker) {
    let FromWorker::Refused { stage, message, traceback, file, line } = frame else { return };
    let place = match (file, line) {
        (Some(file), Some(line)) => format!("{file}:{line}"),
        (Some(file), None) => file.clone(),
        _ => known.location.clone(),
    };
    tracing::error!(
        driver = %known.id, class = %known.class, stage = ?stage, location = %place, error = %message,
        traceback = traceback.as_deref().unwrap_or_default(),
        "Error initializing Python driver"
    );
}

/// `run()` has returned.
pub(crate) fn finished(known: &Known, restart: Restart) {
    let next = if restart == Restart::Always { "it is started again" } else { "the source has finished" };
    tracing::info!(driver = %known.id, class = %known.class, "run() returned, {next}");
}

/// `run()` has raised.
pub(crate) fn failed(
    known: &Known,
    method: &str,
    message: &str,
    traceback: &str,
    restart_in: Option<Duration>,
) {
    tracing::error!(
        driver = %known.id, class = %known.class, function = %method, exception = %message,
        restart_in = %in_words(restart_in), traceback = %traceback,
        "Exception while calling a Python function"
    );
}

/// The worker is dead, and nobody asked for it.
pub(crate) fn died(known: &Known, pid: u32, how: &str, restart_in: Option<Duration>) {
    tracing::error!(
        driver = %known.id, class = %known.class, pid, reason = %how, restart_in = %in_words(restart_in),
        "Python worker died"
    );
}

/// A worker could not be started again.
pub(crate) fn not_started(known: &Known, why: &str, restart_in: Duration) {
    tracing::error!(
        driver = %known.id, class = %known.class, error = %why, restart_in = %in_words(Some(restart_in)),
        "Python worker does not start"
    );
}

/// A worker that breaks the protocol.
pub(crate) fn distrusted(known: &Known, why: &str) {
    tracing::error!(driver = %known.id, class = %known.class, error = %why, "Python worker broke the protocol, killing it");
}

/// A message is lost in a worker.
pub(crate) fn lost(known: &Known, method: &str, why: &str) {
    tracing::error!(driver = %known.id, class = %known.class, function = %method, reason = %why, "Message dropped in Python");
}

/// A worker that does not end when asked.
pub(crate) fn pressed(known: &Known, what: &str) {
    tracing::warn!(driver = %known.id, class = %known.class, "Python worker does not stop: {what}");
}

/// Posts against the suspend rule.
pub(crate) fn incorrectly_suspended(known: &Known, dropped: u64) {
    tracing::error!(driver = %known.id, class = %known.class, dropped, "Incorrectly suspended source, dropping message");
}

/// What a worker says while it goes on.
pub(crate) fn said(known: &Known, frame: &FromWorker) {
    let (driver, class) = (&known.id, &known.class);
    match frame {
        FromWorker::Exception { method, message, traceback } => tracing::error!(
            %driver, %class, function = %method, exception = %message, traceback = %traceback,
            "Exception while calling a Python function"
        ),
        FromWorker::Event { kind, message } => {
            use channel::protocol::EventKind::{
                BadResult, FetchError, IncorrectlySuspended, LoaderFailed, NotConnected, OpenFailed, TooLarge,
            };
            match kind {
                FetchError | BadResult | IncorrectlySuspended | TooLarge | LoaderFailed => {
                    tracing::error!(%driver, %class, "{message}");
                }
                NotConnected => tracing::info!(%driver, %class, "{message}"),
                OpenFailed => tracing::debug!(%driver, %class, "{message}"),
            }
        }
        FromWorker::Log { level, message, .. } => logged(*level, message),
        other => tracing::debug!(%driver, %class, frame = ?other, "Unexpected frame of a worker"),
    }
}

/// A line that user code has logged.
pub(crate) fn logged(level: Level, message: &str) {
    match level {
        Level::Critical | Level::Error => tracing::error!(target: "python::log", "{message}"),
        Level::Warning | Level::Notice => tracing::warn!(target: "python::log", "{message}"),
        Level::Info => tracing::info!(target: "python::log", "{message}"),
        Level::Debug => tracing::debug!(target: "python::log", "{message}"),
        Level::Trace => tracing::trace!(target: "python::log", "{message}"),
    }
}

fn in_words(restart_in: Option<Duration>) -> String {
    match restart_in {
        Some(wait) => format!("{} s", wait.as_secs_f64()),
        None => "never".to_owned(),
    }
}
