//! What is counted for each Python driver without being asked.

use std::sync::Arc;

use pipeline::{Counter, Metrics};

/// The counters of one driver.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counters {
    /// Workers started again.
    pub(crate) restarts: Counter,
    /// Exceptions out of `run()` and deaths of workers.
    pub(crate) failures: Counter,
    /// Messages dropped because they were posted while suspended.
    pub(crate) suspended: Counter,
    /// Messages dropped because their records were malformed.
    pub(crate) malformed: Counter,
}

impl Counters {
    /// `component`: the part of `stats` that they are in, as `src.python`.
    pub(crate) fn new(metrics: &Arc<Metrics>, component: &str, id: &str, class: &str) -> Counters {
        let counter = |kind| metrics.counter(component, id, class, kind);
        Counters {
            restarts: counter("restarts"),
            failures: counter("failures"),
            suspended: counter("dropped.suspended"),
            malformed: counter("dropped.malformed"),
        }
    }
}
