//! A look at the Python of a configuration before anything of it runs.
//!
//! A short-lived worker for each Python of the configuration executes the `python { }` blocks, looks up the classes of
//! the drivers that are to run in it, and reports all that is wrong: a missing module, class or method, a wrong base
//! class, a syntax error. Nothing is instantiated.

use std::time::{Duration, Instant};

use channel::UplinkOptions;
use channel::protocol::{Driver as WorkerDriver, FromWorker, Hello, Mode};
use conf::Loaded;
use conf::globals::GlobalOptions;
use pipeline::About;

pub use channel::protocol::{Finding, Severity};

use crate::drive::Made;
use crate::spec;
use crate::staff::Staff;
use crate::worker::{Launch, Worker, describe};

/// How long the blocks and imports of a configuration may take.
const INSPECTION_TIME_MAX: Duration = Duration::from_secs(60);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// No worker could be started.
    #[error("{0}")]
    Start(String),
    /// The worker ended without an answer.
    #[error("the worker that looks at the Python of the configuration {0}")]
    Died(String),
    /// It did not answer in time.
    #[error("the Python of the configuration did not load within {} seconds", INSPECTION_TIME_MAX.as_secs())]
    Late,
}

/// Looks at the Python in `loaded`; `about` is what compiling it has collected.
///
/// Returns what was found, at once if there is no Python in it. Takes [`INSPECTION_TIME_MAX`] at most.
pub fn inspect(
    loaded: &Loaded,
    globals: &GlobalOptions,
    about: &[About],
) -> Result<Vec<Finding>, InspectError> {
    let mut looks: Vec<(Launch, Vec<WorkerDriver>)> = Vec::new();
    let mut add = |launch: &Launch, drivers: Vec<WorkerDriver>| match looks
        .iter_mut()
        .find(|(known, _)| known == launch)
    {
        Some((_, known)) => known.extend(drivers),
        None => looks.push((launch.clone(), drivers)),
    };
    for about in about {
        if let Some(made) = about.downcast_ref::<Made>() {
            add(&made.launch, made.hello.driver.iter().cloned().collect());
        } else if let Some(staff) = about.downcast_ref::<Staff>() {
            add(staff.launch(), staff.drivers());
        }
    }
    if looks.is_empty() {
        if loaded.config.python.is_empty() {
            return Ok(Vec::new());
        }
        looks.push((spec::find_launch(globals).map_err(InspectError::Start)?, Vec::new()));
    }
    let ring = UplinkOptions { ring_bytes: channel::RING_BYTES_MIN, ..UplinkOptions::default() };
    let mut workers = Vec::new();
    for (launch, drivers) in looks {
        let hello = Hello { drivers, ..spec::hello(Mode::Inspect, &loaded.config, &loaded.sources, globals) };
        let worker = Worker::spawn(&launch, hello, &ring);
        workers.push(worker.map_err(|error| InspectError::Start(error.to_string()))?);
    }
    let mut found = Vec::new();
    for mut worker in workers {
        found.extend(answer(&mut worker)?);
    }
    Ok(found)
}

fn answer(worker: &mut Worker) -> Result<Vec<Finding>, InspectError> {
    let deadline = Instant::now() + INSPECTION_TIME_MAX;
    let mut printed = Vec::new();
    loop {
        let ended = worker.ended();
        worker.write();
        worker.output.read(Instant::now(), |_, line| printed.push(line.to_owned()));
        let frames = worker.read().map_err(InspectError::Died)?;
        for frame in frames {
            match frame {
                FromWorker::Inspected { findings } => return Ok(findings),
                FromWorker::Refused { message, .. } => return Err(InspectError::Start(message)),
                _ => {}
            }
        }
        if let Some(status) = ended {
            worker.output.finish(|_, line| printed.push(line.to_owned()));
            let last = printed.last().map(|line| format!(": {line}")).unwrap_or_default();
            return Err(InspectError::Died(format!("{}{last}", describe(status))));
        }
        if Instant::now() >= deadline {
            return Err(InspectError::Late);
        }
        worker.wait(Duration::from_millis(100));
    }
}
