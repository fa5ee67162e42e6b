//! Where a driver's thread spends its time: one poll for everything its worker may do.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use pipeline::Exit;
use rustix::event::{PollFd, PollFlags, Timespec};

use super::{Driver, Life};

/// How often the checkpoint of a worker that is down is looked at.
const SAVE_EVERY: Duration = Duration::from_millis(50);

impl Driver {
    /// Sleeps until something happens, `limit` at most. In a `nap` the worker rings only when it can
    /// post no more.
    pub(super) fn sleep(&mut self, exit: Option<&Exit>, limit: Option<Duration>, nap: bool) {
        let now = Instant::now();
        let mut until = limit.map(|limit| now + limit);
        let mut sooner = |at: Instant| until = Some(until.map_or(at, |until| until.min(at)));
        match &self.life {
            Life::Down(at) => {
                sooner(*at);
                // The alarm is gone with the worker.
                if self.acks.as_ref().is_some_and(|acks| acks.is_open()) {
                    sooner(now + SAVE_EVERY);
                }
            }
            Life::Ending(_, ending, _) => sooner(ending.next()),
            _ => {}
        }
        if let Some(at) = self.life.worker().and_then(|worker| worker.output.wake_at()) {
            sooner(at);
        }
        if let Some(worker) = self.life.worker().filter(|worker| !worker.distrusted) {
            let quiet = if nap { worker.link.prepare_nap() } else { worker.link.prepare_sleep() };
            if !quiet {
                worker.link.awake();
                return;
            }
        }
        self.poll(exit, until.map(|until| until.saturating_duration_since(now)));
        if let Some(worker) = self.life.worker() {
            worker.link.awake();
            worker.write();
        }
    }

    fn poll(&mut self, exit: Option<&Exit>, timeout: Option<Duration>) {
        let mut fds: Vec<PollFd<'_>> = Vec::with_capacity(8);
        if let Some(exit) = exit {
            fds.push(PollFd::from_borrowed_fd(exit.as_fd(), PollFlags::IN));
        }
        if let Some(worker) = self.life.worker_ref() {
            fds.push(PollFd::from_borrowed_fd(worker.pidfd(), PollFlags::IN));
        }
        // Whoever has broken the protocol is only waited for.
        if let Some(worker) = self.life.worker_ref().filter(|worker| !worker.distrusted) {
            fds.push(PollFd::from_borrowed_fd(worker.link.alarm(), PollFlags::IN));
            fds.push(PollFd::from_borrowed_fd(worker.link.doorbell(), PollFlags::IN));
            if let Some((socket, writes)) = worker.socket() {
                let wanted = if writes { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
                fds.push(PollFd::from_borrowed_fd(socket, wanted));
            }
            fds.extend(worker.output.pipes().map(|pipe| PollFd::from_borrowed_fd(pipe, PollFlags::IN)));
        }
        let timeout = timeout.map(|timeout| Timespec {
            tv_sec: timeout.as_secs() as i64,
            tv_nsec: i64::from(timeout.subsec_nanos()),
        });
        // An interrupted or failed poll is a short one: the loop looks at everything anyhow.
        let _ = rustix::event::poll(&mut fds, timeout.as_ref());
    }
}
