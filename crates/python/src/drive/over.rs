//! Starting a source over because an operator says so: its code has changed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use channel::Credits;
use channel::protocol::ToWorker;
use parking_lot::Mutex;
use pipeline::{About, Metrics, Resident, StartError};

use super::{Driver, Ending, Life, Made, Then};

/// The wish to start over, and what wakes the thread that sees to it.
#[derive(Default)]
pub(crate) struct StartOver {
    wanted: AtomicBool,
    /// Of the worker at present.
    credits: Mutex<Option<Credits>>,
}

impl StartOver {
    /// From now on this worker's thread is woken.
    pub(super) fn watch(&self, credits: &Credits) {
        *self.credits.lock() = Some(credits.clone());
    }

    fn ask(&self) {
        self.wanted.store(true, Ordering::Relaxed);
        if let Some(credits) = &*self.credits.lock() {
            credits.ring();
        }
    }
}

impl Driver {
    /// Ends the worker to start another one, if that was asked for. What it has posted is taken before.
    pub(super) fn start_over(&mut self, now: Instant) {
        if !self.made.over.wanted.swap(false, Ordering::Relaxed) {
            return;
        }
        let at_once = Then::Restart(Duration::ZERO);
        self.life = match std::mem::replace(&mut self.life, Life::Gone) {
            Life::Starting(mut worker) | Life::Alive(mut worker) => {
                worker.link.credits().request_exit();
                worker.send(&ToWorker::RequestExit);
                Life::Ending(worker, Ending::new(now, self.made.stop_timeout), at_once)
            }
            Life::Ending(worker, ending, Then::Restart(_)) => Life::Ending(worker, ending, at_once),
            Life::Down(_) | Life::Gone => Life::Down(now),
            other => other,
        };
    }
}

/// A source has a thread of its own, which does the rest: here is only what an operator can ask of it.
impl Resident for Made {
    fn id(&self) -> String {
        self.known.id.clone()
    }

    fn prepare(&self, _metrics: &Arc<Metrics>) -> Result<(), StartError> {
        Ok(())
    }

    fn examine(&self) -> Vec<About> {
        Vec::new()
    }

    fn begin(&self) {}

    fn init(&self) -> Result<(), StartError> {
        Ok(())
    }

    fn restart(&self, name: &str) -> Vec<String> {
        let is_it = self.hello.driver.as_ref().is_some_and(|driver| driver.is_called(name));
        if is_it {
            self.over.ask();
        }
        Vec::from_iter(is_it.then(|| self.known.id.clone()))
    }

    fn stopping(&self, _deadline: Instant) {}

    fn deinit(&self, _deadline: Instant) {}
}
