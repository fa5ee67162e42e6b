//! How a driver's worker ends, and what follows.

use std::time::{Duration, Instant};

use channel::protocol::ToWorker;

use super::{Driver, Life, Then};
use crate::ending::{Ending, Step};
use crate::report;
use crate::spec::Restart;

/// How long a worker whose `run()` has raised may take for `deinit()`.
const FAILED_GRACE: Duration = Duration::from_secs(2);

impl Driver {
    /// Asks the worker to end, with less patience than at a stop: it has failed.
    pub(super) fn end_worker(&mut self, then: Then) {
        self.life = match std::mem::replace(&mut self.life, Life::Gone) {
            Life::Starting(mut worker) | Life::Alive(mut worker) => {
                worker.link.credits().request_exit();
                worker.send(&ToWorker::RequestExit);
                Life::Ending(worker, Ending::new(Instant::now(), FAILED_GRACE), then)
            }
            Life::Ending(worker, ending, Then::Stop) => Life::Ending(worker, ending, Then::Stop),
            Life::Ending(worker, ending, _) => Life::Ending(worker, ending, then),
            other => other,
        };
    }

    /// A worker that breaks the rules of the ring or of the socket is ended at once.
    pub(super) fn distrust(&mut self, why: &str) {
        if let Some(worker) = self.life.worker() {
            if std::mem::replace(&mut worker.distrusted, true) {
                return;
            }
            report::distrusted(&self.made.known, why);
            worker.signal(rustix::process::Signal::KILL);
        }
    }

    /// The worker has ended: decides what follows.
    pub(super) fn bury(&mut self, how: &str) {
        let (mut worker, then) = match std::mem::replace(&mut self.life, Life::Gone) {
            Life::Ending(worker, _, then) => (worker, then),
            Life::Alive(worker) if self.done => (worker, Then::Stop),
            Life::Starting(worker) | Life::Alive(worker) => {
                self.counters.failures.add(1);
                let then = match self.made.restart {
                    Restart::Never => Then::Stop,
                    _ => Then::Restart(self.backoff.after(worker.started.elapsed())),
                };
                report::died(&self.made.known, worker.pid(), how, then.wait());
                (worker, then)
            }
            other => {
                self.life = other;
                return;
            }
        };
        let made = self.made.clone();
        worker.output.finish(|stream, line| report::output(&made.known, stream, line));
        if let Then::Restart(wait) = then {
            self.life = Life::Down(Instant::now() + wait);
        }
    }

    pub(super) fn after_failure(&mut self) -> Then {
        let lived = self.life.worker().map_or(Duration::ZERO, |worker| worker.started.elapsed());
        match self.made.restart {
            Restart::Never => Then::Stop,
            Restart::OnFailure | Restart::Always => Then::Restart(self.backoff.after(lived)),
        }
    }

    /// Starts the worker again when its time has come.
    pub(super) fn revive(&mut self, now: Instant) {
        let Life::Down(at) = self.life else { return };
        if now < at {
            return;
        }
        self.counters.restarts.add(1);
        self.life = match self.spawn(false) {
            Ok(worker) => Life::Starting(worker),
            Err(why) => {
                let wait = self.backoff.after(Duration::ZERO);
                report::not_started(&self.made.known, &why, wait);
                Life::Down(now + wait)
            }
        };
    }

    /// The request to exit has come: everything that is not ending yet shall end for good.
    pub(super) fn stop(&mut self) {
        let timeout = self.made.stop_timeout;
        self.life = match std::mem::replace(&mut self.life, Life::Gone) {
            Life::Starting(mut worker) | Life::Alive(mut worker) => {
                worker.link.credits().request_exit();
                worker.send(&ToWorker::RequestExit);
                Life::Ending(worker, Ending::new(Instant::now(), timeout), Then::Stop)
            }
            Life::Ending(worker, ending, _) => Life::Ending(worker, ending, Then::Stop),
            Life::Unborn | Life::Down(_) | Life::Gone => Life::Gone,
        };
    }

    /// Presses on a worker that was asked to end.
    pub(super) fn press(&mut self, now: Instant) {
        let Life::Ending(worker, ending, _) = &mut self.life else { return };
        match ending.due(now) {
            Step::Wait => {}
            Step::Terminate => {
                report::pressed(&self.made.known, "request_exit() did not end it, sending SIGTERM");
                worker.signal(rustix::process::Signal::TERM);
            }
            Step::Kill => {
                report::pressed(&self.made.known, "SIGTERM did not end it, sending SIGKILL");
                worker.signal(rustix::process::Signal::KILL);
            }
        }
    }
}
