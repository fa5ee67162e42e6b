//! What a driver's worker does, in the words that go to the log.

use std::time::Duration;

use channel::protocol::{FromWorker, Level};

use crate::drive::Made;
use crate::spec::Restart;

/// A line the worker printed.
pub(crate) fn output(made: &Made, stream: &'static str, line: &str) {
    match stream {
        "stdout" => {
            tracing::info!(target: "python::output", driver = %made.id, class = %made.class, "{line}")
        }
        _ => tracing::warn!(target: "python::output", driver = %made.id, class = %made.class, "{line}"),
    }
}

/// `init()` has succeeded.
pub(crate) fn ready(made: &Made) {
    tracing::debug!(driver = %made.id, class = %made.class, "Python driver initialized");
}

/// Why a worker refused, in one line: `init() of MyFetcher returned False`.
pub(crate) fn refusal(made: &Made, frame: &FromWorker) -> String {
    match frame {
        FromWorker::Refused { message, .. } => message.clone(),
        _ => format!("{} was refused", made.class),
    }
}

/// A worker that cannot go on before it has begun.
pub(crate) fn refused(made: &Made, frame: &FromWorker) {
    let FromWorker::Refused { stage, message, traceback, file, line } = frame else { return };
    let place = match (file, line) {
        (Some(file), Some(line)) => format!("{file}:{line}"),
        (Some(file), None) => file.clone(),
        _ => location(made),
    };
    tracing::error!(
        driver = %made.id, class = %made.class, stage = ?stage, location = %place, error = %message,
        traceback = traceback.as_deref().unwrap_or_default(),
        "Error initializing Python driver"
    );
}

/// `run()` has returned.
pub(crate) fn finished(made: &Made, restart: Restart) {
    let next = if restart == Restart::Always { "it is started again" } else { "the source has finished" };
    tracing::info!(driver = %made.id, class = %made.class, "run() returned, {next}");
}

/// `run()` has raised.
pub(crate) fn failed(
    made: &Made,
    method: &str,
    message: &str,
    traceback: &str,
    restart_in: Option<Duration>,
) {
    tracing::error!(
        driver = %made.id, class = %made.class, function = %method, exception = %message,
        restart_in = %in_words(restart_in), traceback = %traceback,
        "Exception while calling a Python function"
    );
}

/// The worker is dead, and nobody asked for it.
pub(crate) fn died(made: &Made, pid: u32, how: &str, restart_in: Option<Duration>) {
    tracing::error!(
        driver = %made.id, class = %made.class, pid, reason = %how, restart_in = %in_words(restart_in),
        "Python worker died"
    );
}

/// A worker could not be started again.
pub(crate) fn not_started(made: &Made, why: &str, restart_in: Duration) {
    tracing::error!(
        driver = %made.id, class = %made.class, error = %why, restart_in = %in_words(Some(restart_in)),
        "Python worker does not start"
    );
}

/// A worker that breaks the protocol.
pub(crate) fn distrusted(made: &Made, why: &str) {
    tracing::error!(driver = %made.id, class = %made.class, error = %why, "Python worker broke the protocol, killing it");
}

/// A worker that does not end when asked.
pub(crate) fn pressed(made: &Made, what: &str) {
    tracing::warn!(driver = %made.id, class = %made.class, "Python worker does not stop: {what}");
}

/// Posts against the suspend rule.
pub(crate) fn incorrectly_suspended(made: &Made, dropped: u64) {
    tracing::error!(driver = %made.id, class = %made.class, dropped, "Incorrectly suspended source, dropping message");
}

/// What a worker says while it goes on.
pub(crate) fn said(made: &Made, frame: &FromWorker) {
    let (driver, class) = (&made.id, &made.class);
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

fn location(made: &Made) -> String {
    match &made.hello.driver {
        Some(driver) => {
            let at = &driver.location;
            format!("{}:{}:{}", at.file, at.line, at.column)
        }
        None => String::new(),
    }
}
