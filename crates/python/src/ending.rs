//! How a worker is made to end: `request_exit()`, then SIGTERM, then SIGKILL, within its time.

use std::time::{Duration, Instant};

/// The steps still to come for one worker.
#[derive(Debug, Clone)]
pub(crate) struct Ending {
    terminate_at: Instant,
    kill_at: Instant,
    terminated: bool,
    killed: bool,
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Wait,
    Terminate,
    Kill,
}

impl Ending {
    /// The worker was asked to end at `now` and has `time` for it: most of it for the asking, the rest to be pressed
    /// and to be buried.
    pub(crate) fn new(now: Instant, time: Duration) -> Ending {
        let terminate_at = now + time.mul_f64(0.8);
        Ending { terminate_at, kill_at: now + time.mul_f64(0.9), terminated: false, killed: false }
    }

    /// The step that is due now; each one once.
    pub(crate) fn due(&mut self, now: Instant) -> Step {
        if now >= self.kill_at && !self.killed {
            (self.terminated, self.killed) = (true, true);
            return Step::Kill;
        }
        if now >= self.terminate_at && !self.terminated {
            self.terminated = true;
            return Step::Terminate;
        }
        Step::Wait
    }

    /// When the next step is due.
    pub(crate) fn next(&self) -> Instant {
        match (self.terminated, self.killed) {
            (false, _) => self.terminate_at,
            (true, false) => self.kill_at,
            (true, true) => self.kill_at + Duration::from_secs(3600),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_comes_once_and_in_time() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut ending = Ending::new(start, Duration::from_secs(10));
        let steps = [at(1), at(8), at(8), at(9), at(10)].map(|now| ending.due(now));
        assert_eq!(steps, [Step::Wait, Step::Terminate, Step::Wait, Step::Kill, Step::Wait]);
    }
}
