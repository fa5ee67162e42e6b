//! Waiting for a worker that starts.

use std::time::{Duration, Instant};

use channel::protocol::{Finding, FromWorker, Severity, ToWorker};
use pipeline::StartError;

use super::{Driver, Life};
use crate::persist::answer_driver;
use crate::report;
use crate::worker::describe;

/// How long the blocks and imports of a configuration, and then `init()`, may take before the start is given up.
const START_TIME_MAX: Duration = Duration::from_secs(60);

impl Driver {
    /// Waits until the worker has looked at the Python of the configuration, and returns what is wrong with it.
    pub(super) fn await_findings(&mut self) -> Vec<Finding> {
        let wanted = |frame: &FromWorker| match frame {
            FromWorker::Inspected { findings } => Some(findings.clone()),
            _ => None,
        };
        self.await_frame("loaded the Python of the configuration", wanted).unwrap_or_else(|error| {
            vec![Finding {
                driver: Some(self.made.known.id.clone()),
                severity: Severity::Error,
                kind: "worker".to_owned(),
                message: error.to_string(),
                hint: None,
                traceback: None,
                file: None,
                line: None,
            }]
        })
    }

    /// Waits until `init()` has succeeded. The start itself is given in `run()`: every driver is to be initialised
    /// before any runs.
    pub(super) fn await_ready(&mut self) -> Result<(), StartError> {
        let wanted = |frame: &FromWorker| matches!(frame, FromWorker::Ready { .. }).then_some(());
        let doing = format!("initialised {}", self.made.known.class);
        self.await_frame(&doing, wanted)
    }

    /// Waits for the frame that `wanted` knows what to do with; reports the others.
    fn await_frame<T>(
        &mut self,
        doing: &str,
        wanted: impl Fn(&FromWorker) -> Option<T>,
    ) -> Result<T, StartError> {
        let deadline = Instant::now() + START_TIME_MAX;
        loop {
            let Life::Starting(worker) = &mut self.life else {
                return Err(StartError::new(format!("there is no worker that has {doing}")));
            };
            let made = self.made.clone();
            worker.output.read(Instant::now(), |stream, line| report::output(&made.known, stream, line));
            let ended = worker.ended();
            for frame in worker.read().map_err(StartError::new)? {
                if let FromWorker::Persist { id, request } = frame {
                    let answer = answer_driver(&made.persist, &mut self.checkpoint, request);
                    worker.send(&ToWorker::Persisted { id, answer });
                    continue;
                }
                if let Some(found) = wanted(&frame) {
                    return Ok(found);
                }
                if let FromWorker::Refused { .. } = frame {
                    report::refused(&made.known, &frame);
                    return Err(StartError::new(report::refusal(&made.known, &frame)));
                }
                report::said(&made.known, &frame);
            }
            if let Some(status) = ended {
                worker.output.finish(|stream, line| report::output(&made.known, stream, line));
                return Err(StartError::new(format!(
                    "its worker {} before it had {doing}",
                    describe(status)
                )));
            }
            if Instant::now() >= deadline {
                let seconds = START_TIME_MAX.as_secs();
                return Err(StartError::new(format!("its worker has not {doing} within {seconds} seconds")));
            }
            self.sleep(None, Some(Duration::from_secs(1)), false);
        }
    }
}
