//! A Python source or fetcher as the machine sees it: a [`Source`] whose `run` drains the worker's ring.
//!
//! One thread, one loop, every wait bounded: for records, for frames, for output, for the worker's end, for the
//! request to exit, for the time to start a worker again or to stop waiting for one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use channel::protocol::{FromWorker, Hello, ToWorker};
use channel::{Next, Pace, UplinkOptions};
use message::{Builtin, Origin, Record};
use pipeline::{About, Ack, Carry, Early, Exit, OriginBase, Position, Post, Setup, Source, StartError};
use store::{Key, Persist};

use crate::acks::Acks;
use crate::backoff::Backoff;
use crate::counters::Counters;
use crate::credit::{Credit, Limit};
use crate::ending::Ending;
use crate::persist::{answer_driver, checkpoint_key};
use crate::report::{self, Known};
use crate::spec::Restart;
use crate::worker::{Launch, Worker, describe};

mod checkpoint;
mod endings;
mod life;
mod over;
mod sleep;
mod start;

use life::{Life, Then};
pub(crate) use over::StartOver;

/// What a Python driver is made of; inert.
pub(crate) struct Made {
    pub(crate) known: Known,
    pub(crate) launch: Launch,
    pub(crate) hello: Hello,
    pub(crate) restart: Restart,
    pub(crate) window: Option<u32>,
    pub(crate) stop_timeout: Duration,
    pub(crate) origin: OriginBase,
    pub(crate) over: StartOver,
    /// Where the driver and its Python code keep what must survive.
    pub(crate) persist: Persist,
    /// What the driver is called there, unless its class names it.
    pub(crate) persist_name: String,
}

/// See the module's text.
pub(crate) struct Driver {
    made: Arc<Made>,
    life: Life,
    backoff: Backoff,
    pace: Pace,
    origin: Arc<Origin>,
    credit: Arc<Credit>,
    counters: Counters,
    /// Of the present worker, or of the last one.
    acks: Option<Arc<Acks>>,
    /// Where the checkpoint is kept.
    checkpoint: Key,
    posted: u64,
    suspended_report_at: Instant,
    /// `run()` has ended for good: the worker waits for its `deinit()`, and is not started again if it dies.
    done: bool,
    /// When frames, output and the process are looked at next, however busy the ring is.
    look_at: Instant,
}

/// Bytes taken from a ring at once: small enough to stay in a core's cache on its way to the destinations.
const TAKE_BYTES: usize = 64 * 1024;
/// How long a busy ring may keep the thread from everything else the worker says.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// Times the socket of a worker that has ended is read: more than its buffer can fill, and an end to what a process
/// that escaped with the socket may go on to say.
const LAST_LOOKS_MAX: u32 = 64;
/// Dropped posts are reported at once, and then together, no more often than this.
const SUSPENDED_REPORT_EVERY: Duration = Duration::from_secs(1);

impl Driver {
    pub(crate) fn new(made: Arc<Made>) -> Driver {
        Driver {
            origin: Arc::new(Origin::new(&[])),
            credit: Credit::new(Limit::None),
            counters: Counters::default(),
            acks: None,
            checkpoint: checkpoint_key(&made.persist_name),
            life: Life::Unborn,
            backoff: Backoff::default(),
            pace: Pace::default(),
            posted: 0,
            suspended_report_at: Instant::now(),
            done: false,
            look_at: Instant::now(),
            made,
        }
    }

    /// Starts a worker; `await_init`: it waits for leave to call `init()`.
    fn spawn(&mut self, await_init: bool) -> Result<Worker, String> {
        let made = &self.made;
        self.done = false;
        if let Some(acks) = self.acks.take() {
            acks.close();
        }
        let spawned = self.credit.for_worker(|window| {
            let ring = UplinkOptions { window, ..UplinkOptions::default() };
            let hello = Hello { await_init, ..made.hello.clone() };
            let mut worker = Worker::spawn(&made.launch, hello, &ring)?;
            let credits = worker.link.credits().clone();
            made.over.watch(&credits);
            worker.acks = Some(Acks::new(self.credit.clone(), credits.clone()));
            Ok::<_, crate::worker::SpawnError>((credits, worker))
        });
        let worker = spawned.map_err(|error| error.to_string())?;
        self.acks.clone_from(&worker.acks);
        Ok(worker)
    }

    /// Takes a batch from the ring, and looks at the rest when that is due. Returns how many records there were.
    fn serve(&mut self, post: &Post) -> u32 {
        let taken = self.drain(post, 1);
        let now = Instant::now();
        if taken == 0 || now >= self.look_at {
            self.look(post, now);
            self.look_at = now + LOOK_EVERY;
        }
        taken
    }

    /// One look at everything the worker has to say besides its records.
    fn look(&mut self, post: &Post, now: Instant) {
        let made = self.made.clone();
        if let Some(worker) = self.life.worker() {
            worker.output.read(now, |stream, line| report::output(&made.known, stream, line));
        }
        self.listen();
        if let Some(worker) = self.life.worker()
            && let Some(status) = worker.ended()
        {
            // All it posted before its end is in the ring, and all it said is in the socket.
            self.drain(post, u32::MAX);
            for _ in 0..LAST_LOOKS_MAX {
                if !self.listen() {
                    break;
                }
            }
            self.report_suspended(now);
            self.bury(&describe(status));
        }
        self.save_checkpoint();
    }

    /// Takes from the ring and runs the log paths, `batches` times at most. Returns the last number of records.
    fn drain(&mut self, post: &Post, batches: u32) -> u32 {
        let mut last = 0;
        for _ in 0..batches {
            let Some(worker) = self.life.worker().filter(|worker| !worker.distrusted) else { return last };
            let mut bytes = post.arena();
            match worker.link.take(&mut bytes, TAKE_BYTES) {
                Ok(taken) if taken.bytes == 0 => return 0,
                Ok(taken) => {
                    last = taken.records;
                    if !self.take_notes(&mut bytes, taken) {
                        return 0;
                    }
                    if taken.records > 0 {
                        self.post(post, bytes, taken.records);
                    }
                }
                Err(corrupt) => {
                    self.distrust(&corrupt.to_string());
                    return 0;
                }
            }
        }
        last
    }

    /// Posts what is sound of the records just taken; the worker is not believed.
    fn post(&mut self, post: &Post, mut bytes: Vec<u8>, records: u32) {
        self.credit.take(records);
        let (sound, sound_bytes, bad) = sound_prefix(&bytes);
        if let Some(bad) = bad {
            let lost = records - sound;
            bytes.truncate(sound_bytes);
            self.counters.malformed.add(u64::from(lost));
            // Their credits: nobody else will answer for them.
            pipeline::Answer::answered(&*self.credit, lost, Position(self.posted), true);
            self.distrust(&bad);
        }
        self.posted += u64::from(sound);
        // What is unsound ends the worker, so its positions are of no use any more.
        let uplink = self.life.worker().filter(|worker| !worker.distrusted).map(|worker| &worker.link);
        let ack = match (&self.acks, uplink) {
            (Some(acks), Some(uplink)) => acks.ack(sound, uplink.records_taken(), uplink.acks_wanted()),
            _ => Ack::new(self.credit.clone(), sound, Position(self.posted)),
        };
        post.post(bytes, sound, &self.origin, ack);
    }

    /// Reads the worker's frames, as many as come at once, and reacts. Returns whether there were any.
    fn listen(&mut self) -> bool {
        let Some(worker) = self.life.worker().filter(|worker| !worker.distrusted) else { return false };
        let frames = match worker.read() {
            Ok(frames) => frames,
            Err(why) => {
                self.distrust(&why);
                return false;
            }
        };
        let any = !frames.is_empty();
        for frame in frames {
            self.hear(frame);
        }
        let Some(worker) = self.life.worker() else { return any };
        if worker.link.credits().take_wakeup() {
            worker.send(&ToWorker::Wakeup);
        }
        if let Err(unread) = worker.tell_acks() {
            self.distrust(&unread.to_string());
            return any;
        }
        let now = Instant::now();
        if now >= self.suspended_report_at {
            self.report_suspended(now);
        }
        any
    }

    /// Counts and reports the posts that the worker has dropped since the last time.
    fn report_suspended(&mut self, now: Instant) {
        let Some(worker) = self.life.worker().filter(|worker| !worker.distrusted) else { return };
        match worker.newly_dropped() {
            Ok(0) => {}
            Ok(dropped) => {
                self.suspended_report_at = now + SUSPENDED_REPORT_EVERY;
                self.counters.suspended.add(dropped);
                report::incorrectly_suspended(&self.made.known, dropped);
            }
            Err(why) => self.distrust(&why),
        }
    }

    fn hear(&mut self, frame: FromWorker) {
        match frame {
            FromWorker::Ready { .. } => {
                if let Life::Starting(mut worker) = std::mem::replace(&mut self.life, Life::Gone) {
                    worker.send(&ToWorker::Start);
                    report::ready(&self.made.known);
                    self.life = Life::Alive(worker);
                }
            }
            FromWorker::Refused { .. } => {
                report::refused(&self.made.known, &frame);
                let then = self.after_failure();
                self.end_worker(then);
            }
            // Asked to end, it has ended: nothing to tell.
            FromWorker::Finished if matches!(self.life, Life::Ending(..)) => {}
            FromWorker::Finished => {
                report::finished(&self.made.known, self.made.restart);
                self.done = true;
                if self.made.restart == Restart::Always {
                    let lived = self.life.worker().map_or(Duration::ZERO, |worker| worker.started.elapsed());
                    let wait = self.backoff.after(lived);
                    self.end_worker(Then::Restart(wait));
                }
            }
            FromWorker::Failed { method, message, traceback } => {
                let then = self.after_failure();
                report::failed(&self.made.known, &method, &message, &traceback, then.wait());
                self.counters.failures.add(1);
                match then {
                    Then::Restart(_) => self.end_worker(then),
                    Then::Stop => self.done = true,
                }
            }
            FromWorker::Deinitialised => {}
            FromWorker::Persist { id, request } => {
                let answer = answer_driver(&self.made.persist, &mut self.checkpoint, request);
                if let Some(worker) = self.life.worker() {
                    worker.send(&ToWorker::Persisted { id, answer });
                }
            }
            FromWorker::Log { .. }
            | FromWorker::Exception { .. }
            | FromWorker::Event { .. }
            | FromWorker::Inspected { .. }
            | FromWorker::Registered { .. }
            | FromWorker::Generated { .. } => report::said(&self.made.known, &frame),
        }
    }
}

impl Source for Driver {
    fn prepare(&mut self, early: &Early<'_>) -> Result<(), StartError> {
        let host = message::host::short();
        self.origin = self.made.origin.origin(host, &[(Builtin::Msgformat, b"raw")]);
        self.credit = Credit::new(match self.made.window {
            _ if !early.flow_control => Limit::None,
            Some(window) => Limit::Fixed(window),
            None => Limit::Adaptive,
        });
        self.counters = Counters::new(early.metrics, "src.python", early.id, &self.made.known.class);
        // The interpreter starts and the blocks are executed while the configuration before still runs.
        self.life = Life::Starting(self.spawn(true).map_err(StartError::new)?);
        Ok(())
    }

    fn begin(&mut self, _setup: &mut Setup<'_>) -> Result<(), StartError> {
        if let Life::Starting(worker) = &mut self.life {
            worker.send(&ToWorker::Init);
        }
        Ok(())
    }

    fn examine(&mut self) -> Vec<About> {
        let findings = self.await_findings();
        findings.into_iter().map(|finding| Arc::new(finding) as About).collect()
    }

    fn init(&mut self, _setup: &mut Setup<'_>) -> Result<(), StartError> {
        self.await_ready()
    }

    fn run(&mut self, post: Post, exit: &Exit) {
        if let Life::Starting(mut worker) = std::mem::replace(&mut self.life, Life::Gone) {
            worker.send(&ToWorker::Start);
            report::ready(&self.made.known);
            self.life = Life::Alive(worker);
        }
        let mut stopping = false;
        loop {
            if !stopping && exit.requested() {
                stopping = true;
                self.stop();
            }
            let records = self.serve(&post);
            let now = Instant::now();
            self.start_over(now);
            self.press(now);
            self.revive(now);
            if stopping && self.life.worker_ref().is_none() {
                self.save_the_last();
                return;
            }
            let trusted = self.life.worker_ref().filter(|worker| !worker.distrusted);
            let waiting = trusted.map_or(0, |worker| worker.link.waiting());
            match self.pace.after(records, waiting, now) {
                Next::Again => {}
                Next::Nap(nap) => self.sleep((!stopping).then_some(exit), Some(nap), true),
                Next::Sleep => self.sleep((!stopping).then_some(exit), None, false),
            }
        }
    }

    fn deinit(&mut self, _carry: &mut Carry, deadline: Instant) {
        // Only a start that was given up comes here with a worker: its init() may have succeeded, so deinit() is due.
        self.stop();
        if let Life::Ending(_, ending, _) = &mut self.life {
            *ending = Ending::new(Instant::now(), deadline.saturating_duration_since(Instant::now()));
        }
        while let Some(worker) = self.life.worker() {
            if worker.ended().is_some() {
                self.life = Life::Gone;
                return;
            }
            self.press(Instant::now());
            if Instant::now() >= deadline {
                self.life = Life::Gone;
                return;
            }
            self.sleep(None, Some(Duration::from_millis(10)), true);
        }
    }
}

/// How many records at the start are sound, their bytes, and what is wrong with the next one.
fn sound_prefix(bytes: &[u8]) -> (u32, usize, Option<String>) {
    let (mut records, mut at) = (0, 0);
    while at < bytes.len() {
        // The ring has checked the framing, so the size is there and fits.
        let size = u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize;
        if let Err(bad) = Record::check(&bytes[at..at + size]) {
            return (records, at, Some(bad.to_string()));
        }
        records += 1;
        at += size;
    }
    (records, at, None)
}
