//! One worker process that is asked, over all its lives.
//!
//! A thread of its own attends to the process: starts it, listens to it, starts it again when it has died, ends it.
//! Whoever wants to ask gets a [`Line`] to the life at present, and waits for the next one where there is none.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use channel::protocol::{Finding, FromWorker, Hello, Severity, ToWorker};
use parking_lot::{Condvar, Mutex};
use pipeline::StartError;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd};
use store::Persist;

use super::line::Line;
use crate::backoff::Backoff;
use crate::counters::Counters;
use crate::ending::{Ending, Step};
use crate::persist::answer;
use crate::report::{self, Known};
use crate::worker::{Launch, Worker, describe};

/// See the module's text.
pub(crate) struct Member(Arc<Shared>);

struct Shared {
    known: Known,
    launch: Launch,
    persist: Persist,
    state: Mutex<State>,
    changed: Condvar,
    /// Wakes the attendant.
    bell: OwnedFd,
}

#[derive(Default)]
struct State {
    /// What the look at the Python has found.
    findings: Option<Vec<Finding>>,
    /// `init()` may be called: the configuration before is gone.
    may_init: bool,
    /// Why it does not start.
    refused: Option<String>,
    /// To the life at present.
    line: Option<Arc<Line>>,
    /// Nobody gets a line any more.
    closed: bool,
    /// It shall end, and has until then.
    end_by: Option<Instant>,
    /// It shall start over: the code of its drivers has changed.
    restart: bool,
    /// By then it is killed, if it has not been asked to end.
    kill_at: Option<Instant>,
    attendant: Option<JoinHandle<()>>,
}

/// How long the blocks and imports of a configuration, and then `init()`, may take before the start is given up.
const START_TIME_MAX: Duration = Duration::from_secs(60);
/// How long a process that starts over may take for its present call and `deinit()`.
const RESTART_TIME_MAX: Duration = Duration::from_secs(10);
/// How often the attendant looks at its process when nothing happens.
const LOOK_EVERY: Duration = Duration::from_secs(60);

impl Member {
    /// A member without a process. Fails when this process has no descriptor left.
    pub(crate) fn new(known: Known, launch: Launch, persist: Persist) -> std::io::Result<Member> {
        let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let (state, changed) = (Mutex::default(), Condvar::new());
        Ok(Member(Arc::new(Shared { known, launch, persist, state, changed, bell })))
    }

    /// Starts a process; does not wait for it.
    pub(crate) fn prepare(&self, hello: Hello, counters: Counters) -> Result<(), StartError> {
        let shared = self.0.clone();
        let mut state = self.0.state.lock();
        *state = State::default();
        let (worker, line) = shared.spawn(&hello, true).map_err(StartError::new)?;
        let attend = move || Attendant::new(shared, hello, counters).run(worker, line);
        let thread =
            std::thread::Builder::new().name(format!("py:{}", self.0.known.id)).spawn(attend).map_err(
                |error| StartError::new(format!("cannot start a thread for {}: {error}", self.0.known.id)),
            )?;
        state.attendant = Some(thread);
        Ok(())
    }

    /// Waits for what the look at the Python finds.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let found = self.0.wait_for("loaded the Python of the configuration", |state| state.findings.take());
        found.unwrap_or_else(|error| vec![broken(&self.0.known, error.to_string())])
    }

    /// Lets `init()` be called.
    pub(crate) fn begin(&self) {
        self.0.change(|state| state.may_init = true);
    }

    /// Waits until `init()` has succeeded.
    pub(crate) fn await_ready(&self) -> Result<(), StartError> {
        let doing = format!("initialised {}", self.0.known.class);
        self.0.wait_for(&doing, |state| state.line.is_some().then_some(()))
    }

    /// A line to the process, which is waited for while it is being started again; `None` once there is no time left.
    pub(crate) fn line(&self) -> Option<Arc<Line>> {
        let mut state = self.0.state.lock();
        loop {
            match (&state.line, state.kill_at) {
                _ if state.closed => return None,
                (Some(line), _) => return Some(line.clone()),
                (None, Some(at)) if Instant::now() >= at => return None,
                (None, Some(at)) => {
                    self.0.changed.wait_until(&mut state, at);
                }
                (None, None) => self.0.changed.wait(&mut state),
            }
        }
    }

    /// A line to the process, if it lives.
    pub(crate) fn line_now(&self) -> Option<Arc<Line>> {
        self.0.state.lock().line.clone()
    }

    /// The line turned out to be dead: nobody else gets it.
    pub(crate) fn hang_up(&self, dead: &Arc<Line>) {
        self.0.change(|state| {
            if state.line.as_ref().is_some_and(|line| Arc::ptr_eq(line, dead)) {
                state.line = None;
            }
        });
    }

    /// Ends the process after its present call, and starts another one.
    pub(crate) fn restart(&self) {
        self.0.change(|state| state.restart = true);
    }

    /// What still asks it by `deadline` is to be given up.
    pub(crate) fn stopping(&self, deadline: Instant) {
        self.0.change(|state| state.kill_at = Some(deadline));
    }

    /// Ends the process, by `deadline` at the latest.
    pub(crate) fn end(&self, deadline: Instant) {
        self.0.change(|state| {
            state.closed = true;
            state.end_by = Some(deadline);
        });
        let attendant = self.0.state.lock().attendant.take();
        if attendant.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!(driver = %self.0.known.id, "Thread of a Python worker panicked");
        }
    }

    pub(crate) fn known(&self) -> &Known {
        &self.0.known
    }
}

fn broken(known: &Known, message: String) -> Finding {
    Finding {
        driver: Some(known.id.clone()),
        severity: Severity::Error,
        kind: "worker".to_owned(),
        message,
        hint: None,
        traceback: None,
        file: None,
        line: None,
    }
}

impl Shared {
    fn spawn(&self, hello: &Hello, await_init: bool) -> Result<(Worker<()>, Arc<Line>), String> {
        let hello = Hello { await_init, ..hello.clone() };
        let (worker, exchange) =
            Worker::spawn_asked(&self.launch, hello).map_err(|error| error.to_string())?;
        let pidfd = worker.clone_pidfd().map_err(|error| error.to_string())?;
        Ok((worker, Arc::new(Line::new(exchange, pidfd))))
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock());
        self.changed.notify_all();
        // The counter can only be full when nobody has looked for 2^64 rings.
        let _ = rustix::io::write(&self.bell, &1_u64.to_ne_bytes());
    }

    fn wait_for<T>(
        &self,
        doing: &str,
        mut wanted: impl FnMut(&mut State) -> Option<T>,
    ) -> Result<T, StartError> {
        let deadline = Instant::now() + START_TIME_MAX;
        let mut state = self.state.lock();
        loop {
            if let Some(found) = wanted(&mut state) {
                return Ok(found);
            }
            if let Some(why) = &state.refused {
                return Err(StartError::new(why.clone()));
            }
            if self.changed.wait_until(&mut state, deadline).timed_out() {
                let seconds = START_TIME_MAX.as_secs();
                return Err(StartError::new(format!("its worker has not {doing} within {seconds} seconds")));
            }
        }
    }
}

/// What the thread of a member is at.
struct Attendant {
    shared: Arc<Shared>,
    hello: Hello,
    counters: Counters,
    backoff: Backoff,
    /// It has been ready once: from now on it is started again when it dies.
    proven: bool,
    init_sent: bool,
}

enum Life {
    Alive(Worker<()>, Arc<Line>),
    Ending(Worker<()>, Ending),
    Down(Instant),
    Gone,
}

impl Attendant {
    fn new(shared: Arc<Shared>, hello: Hello, counters: Counters) -> Attendant {
        Attendant { shared, hello, counters, backoff: Backoff::default(), proven: false, init_sent: false }
    }

    fn run(mut self, worker: Worker<()>, line: Arc<Line>) {
        let mut life = Life::Alive(worker, line);
        loop {
            life = self.step(life);
            if matches!(life, Life::Gone) {
                break;
            }
            self.sleep(&life);
        }
        self.shared.change(|state| {
            state.line = None;
            state.closed = true;
        });
    }

    fn step(&mut self, life: Life) -> Life {
        let now = Instant::now();
        let (end_by, kill_at, may_init, restart) = {
            let mut state = self.shared.state.lock();
            let restart = self.proven && std::mem::take(&mut state.restart);
            (state.end_by, state.kill_at, state.may_init, restart)
        };
        match life {
            Life::Alive(mut worker, line) => {
                if may_init && !std::mem::replace(&mut self.init_sent, true) {
                    worker.send(&ToWorker::Init);
                }
                self.attend(&mut worker, Some(&line));
                if let Some(status) = worker.ended() {
                    return self.bury(worker, Some(&line), &describe(status));
                }
                if let Some(deadline) = end_by {
                    self.shared.state.lock().line = None;
                    worker.send(&ToWorker::RequestExit);
                    let time = deadline.saturating_duration_since(now);
                    return Life::Ending(worker, Ending::new(now, time));
                }
                if restart {
                    self.shared.state.lock().line = None;
                    worker.send(&ToWorker::RequestExit);
                    return Life::Ending(worker, Ending::new(now, RESTART_TIME_MAX));
                }
                if kill_at.is_some_and(|at| now >= at) {
                    report::pressed(&self.shared.known, "it still works at the deadline, sending SIGKILL");
                    worker.signal(rustix::process::Signal::KILL);
                }
                Life::Alive(worker, line)
            }
            Life::Ending(mut worker, mut ending) => {
                self.attend(&mut worker, None);
                if worker.ended().is_some() {
                    worker.output.finish(|stream, line| report::output(&self.shared.known, stream, line));
                    // Ended to start over, unless the daemon stops meanwhile.
                    return if end_by.is_some() { Life::Gone } else { Life::Down(now) };
                }
                match ending.due(now) {
                    Step::Wait => {}
                    Step::Terminate => {
                        report::pressed(&self.shared.known, "deinit() takes too long, sending SIGTERM");
                        worker.signal(rustix::process::Signal::TERM);
                    }
                    Step::Kill => {
                        report::pressed(&self.shared.known, "SIGTERM did not end it, sending SIGKILL");
                        worker.signal(rustix::process::Signal::KILL);
                    }
                }
                Life::Ending(worker, ending)
            }
            Life::Down(_) if end_by.is_some() => Life::Gone,
            // It would be killed at once.
            Life::Down(_) if kill_at.is_some_and(|at| now >= at) => Life::Down(now + LOOK_EVERY),
            Life::Down(at) if now < at => Life::Down(at),
            Life::Down(_) => {
                self.counters.restarts.add(1);
                match self.shared.spawn(&self.hello, false) {
                    Ok((worker, line)) => Life::Alive(worker, line),
                    Err(why) => {
                        let wait = self.backoff.after(Duration::ZERO);
                        report::not_started(&self.shared.known, &why, wait);
                        Life::Down(now + wait)
                    }
                }
            }
            Life::Gone => Life::Gone,
        }
    }

    /// Reads what the process prints and says, and writes what it is told. `line`: to be had once it is ready.
    fn attend(&mut self, worker: &mut Worker<()>, line: Option<&Arc<Line>>) {
        let known = &self.shared.known;
        worker.output.read(Instant::now(), |stream, line| report::output(known, stream, line));
        worker.write();
        if worker.distrusted {
            return;
        }
        let frames = match worker.read() {
            Ok(frames) => frames,
            Err(why) => {
                worker.distrusted = true;
                report::distrusted(known, &why);
                worker.signal(rustix::process::Signal::KILL);
                return;
            }
        };
        for frame in frames {
            match frame {
                FromWorker::Inspected { findings } => {
                    self.shared.change(|state| state.findings = Some(findings));
                }
                FromWorker::Ready { .. } => {
                    self.proven = true;
                    report::ready(known);
                    self.shared.change(|state| state.line = line.cloned());
                }
                FromWorker::Refused { .. } => {
                    report::refused(known, &frame);
                    let why = report::refusal(known, &frame);
                    self.shared.change(|state| state.refused = Some(why));
                }
                FromWorker::Persist { id, request } => {
                    let answer = answer(&self.shared.persist, request);
                    worker.send(&ToWorker::Persisted { id, answer });
                }
                FromWorker::Deinitialised => {}
                other => report::said(known, &other),
            }
        }
    }

    /// The process has ended, and nobody asked for it.
    fn bury(&mut self, mut worker: Worker<()>, line: Option<&Arc<Line>>, how: &str) -> Life {
        // What it said last.
        self.attend(&mut worker, line);
        let known = &self.shared.known;
        worker.output.finish(|stream, line| report::output(known, stream, line));
        self.shared.change(|state| state.line = None);
        let ending = self.shared.state.lock().end_by.is_some();
        if !self.proven || ending {
            let why = format!("its worker {how} before it was ready");
            self.shared.change(|state| {
                state.refused.get_or_insert(why);
            });
            return Life::Gone;
        }
        self.counters.failures.add(1);
        let wait = self.backoff.after(worker.started.elapsed());
        report::died(known, worker.pid(), how, Some(wait));
        Life::Down(Instant::now() + wait)
    }

    /// Sleeps until the process says something or ends, somebody rings, or something is due.
    fn sleep(&self, life: &Life) {
        let now = Instant::now();
        let mut fds = vec![PollFd::from_borrowed_fd(self.shared.bell.as_fd(), PollFlags::IN)];
        let mut due = now + LOOK_EVERY;
        match life {
            Life::Alive(worker, _) | Life::Ending(worker, _) => {
                fds.push(PollFd::from_borrowed_fd(worker.pidfd(), PollFlags::IN));
                if let Some((socket, writes)) = worker.socket().filter(|_| !worker.distrusted) {
                    let wanted = if writes { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
                    fds.push(PollFd::from_borrowed_fd(socket, wanted));
                }
                fds.extend(worker.output.pipes().map(|pipe| PollFd::from_borrowed_fd(pipe, PollFlags::IN)));
                due = worker.output.wake_at().map_or(due, |at| due.min(at));
            }
            Life::Down(at) => due = due.min(*at),
            Life::Gone => return,
        }
        if let Life::Ending(_, ending) = life {
            due = due.min(ending.next());
        } else if let Some(at) = self.shared.state.lock().kill_at {
            // Once it has passed, the process is dead and its end will be seen.
            due = if at > now { due.min(at) } else { due };
        }
        let wait = due.saturating_duration_since(now);
        let wait = Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: i64::from(wait.subsec_nanos()) };
        // An interrupted poll is a short one: the loop looks at everything anyhow.
        let _ = rustix::event::poll(&mut fds, Some(&wait));
        let _ = rustix::io::read(&self.shared.bell, &mut [0; 8]);
    }
}
