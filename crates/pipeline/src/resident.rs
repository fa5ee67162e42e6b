//! Residents: what lives as long as a configuration runs and has no thread in a log path of its own.
//!
//! The worker process behind a Python parser, destination or template function is one: the parser stands in the log
//! paths, the resident is what it talks to. Residents start before everything else and end after it.

use std::any::Any;
use std::sync::Arc;
use std::time::Instant;

use crate::metrics::Metrics;
use crate::plan::About;
use crate::source::StartError;

/// See the module's text. The methods are called on threads of the supervisor, one after the other, and the same
/// resident may be started again after `deinit`: a reload that fails goes back to the old configuration.
pub trait Resident: Send + Sync {
    /// What it is called in messages of the daemon.
    fn id(&self) -> String;

    /// Sets going what takes time while the configuration before still runs, and does not wait for it. May be
    /// followed by nothing but `deinit`, if that one goes on.
    fn prepare(&self, metrics: &Arc<Metrics>) -> Result<(), StartError>;

    /// Waits until what `prepare` set going can say whether it will start, and returns what there is to be said.
    fn examine(&self) -> Vec<About>;

    /// The configuration before is gone: sets going the rest, and does not wait for it.
    fn begin(&self);

    /// Ready to be used, or a reason why the configuration cannot start.
    fn init(&self) -> Result<(), StartError>;

    /// Starts over what is called `name`, if that is one of its own, while everything else runs on: its code is read
    /// again, what it has to do waits. The ids of what is started over.
    fn restart(&self, name: &str) -> Vec<String> {
        let _ = name;
        Vec::new()
    }

    /// Everything ends by `deadline`: what is still at work for a log path by then is to be given up.
    fn stopping(&self, deadline: Instant);

    /// Nobody uses it any more. Ends it, by `deadline` at the latest.
    fn deinit(&self, deadline: Instant);
}

/// A resident on its way into a plan, under the key by which others of the configuration share it.
pub(crate) struct Housed {
    pub(crate) key: String,
    pub(crate) resident: Arc<dyn Resident>,
    pub(crate) any: Arc<dyn Any + Send + Sync>,
}
