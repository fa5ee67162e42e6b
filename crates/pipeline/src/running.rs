//! A plan alive: the threads of its sources and destinations, and how they end.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use message::Arenas;

use crate::carry::Carry;
use crate::destination::{Worker, wait_until};
use crate::disk_queue::{DiskQueue, DiskSettings};
use crate::exit::Exit;
use crate::inlet::Inlet;
use crate::plan::{About, DestinationNode, Plan, SourceNode};
use crate::resident::Resident;
use crate::source::{Early, Entry, Post, Setup, Source, StartError};

/// A started plan.
pub struct Running {
    plan: Arc<Plan>,
    /// Those that were begun, in that order.
    residents: Vec<Arc<dyn Resident>>,
    sources: Vec<RunningSource>,
    destinations: Vec<RunningDestination>,
}

struct RunningSource {
    id: String,
    exit: Exit,
    thread: JoinHandle<Box<dyn Source>>,
}

struct RunningDestination {
    inlet: Arc<Inlet>,
    persist_name: String,
    disk: Option<DiskQueue>,
    exit: Exit,
    threads: Vec<JoinHandle<()>>,
}

/// A plan on the way to life: its source drivers exist, and those that need time to start are at it, while the
/// configuration before still runs. Dropped, it comes to nothing.
pub struct Prepared {
    plan: Arc<Plan>,
    sources: Vec<(Box<dyn Source>, Exit)>,
    /// A start has taken it over.
    begun: bool,
}

impl Prepared {
    /// Makes the drivers of `plan`.
    pub fn of(plan: Arc<Plan>) -> Result<Prepared, StartError> {
        let mut prepared = Prepared { plan: plan.clone(), sources: Vec::new(), begun: false };
        for resident in &plan.residents {
            resident.prepare(&plan.metrics)?;
        }
        for node in &plan.sources {
            let exit =
                Exit::new().map_err(|error| StartError::new(format!("no descriptor left: {error}")))?;
            let mut source = (node.plan.make)();
            source.prepare(&Early {
                id: &node.id,
                metrics: &plan.metrics,
                persist: &plan.persist,
                flow_control: node.flow_control,
            })?;
            prepared.sources.push((source, exit));
        }
        Ok(prepared)
    }

    /// Waits until every driver can say whether it will start; what they say is for their own crates to read.
    pub fn examine(&mut self) -> Vec<About> {
        let mut said: Vec<About> =
            self.plan.residents.iter().flat_map(|resident| resident.examine()).collect();
        said.extend(self.sources.iter_mut().flat_map(|(source, _)| source.examine()));
        said
    }
}

impl Drop for Prepared {
    /// It came to nothing: what was set going for it ends.
    fn drop(&mut self) {
        if !self.begun {
            let deadline = Instant::now() + REFUSED_GRACE;
            self.plan.residents.iter().for_each(|resident| resident.deinit(deadline));
        }
    }
}

/// A start that failed, with what is to be handed to the next one.
#[derive(Debug, thiserror::Error)]
#[error("{source_id} does not start: {error}")]
pub struct StartFailed {
    /// The driver that refused.
    pub source_id: String,
    /// Why.
    pub error: StartError,
    /// What the plan before left, and what this one took up meanwhile.
    pub carry: CarryBack,
}

/// A [`Carry`] on its way back through an error.
#[derive(Default)]
pub struct CarryBack(pub Carry);

/// Whether a stop is followed by a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Queues are handed on as they are.
    ForReload,
    /// Queues are emptied into their destinations as far as the deadline allows.
    ForGood,
}

/// Part of the time to stop that destinations get at least, however long the sources took.
const DRAIN_MIN: Duration = Duration::from_millis(200);
/// How long a destination's worker that was told to end may take for it.
const WORKER_GRACE: Duration = Duration::from_millis(500);

impl Running {
    /// Brings `plan` to life. Destinations start first: a source may post as soon as its thread exists.
    ///
    /// Sources begin one after the other and are then initialised one after the other, so that what takes time takes
    /// it side by side. If one refuses, everything is stopped again.
    pub fn start(mut prepared: Prepared, mut carry: Carry) -> Result<Running, Box<StartFailed>> {
        prepared.begun = true;
        let plan = prepared.plan.clone();
        let mut ready: Vec<(&SourceNode, Box<dyn Source>, Exit)> = plan
            .sources
            .iter()
            .zip(std::mem::take(&mut prepared.sources))
            .map(|(node, (source, exit))| (node, source, exit))
            .collect();
        let residents = plan.residents.clone();
        let mut running =
            Running { plan: plan.clone(), residents, sources: Vec::new(), destinations: Vec::new() };
        running.residents.iter().for_each(|resident| resident.begin());
        if let Err((id, error)) = each_source(<dyn Source>::begin, &mut ready, &plan, &mut carry) {
            return Err(running.refused(&id, error, carry, ready));
        }
        for resident in &plan.residents {
            if let Err(error) = resident.init() {
                return Err(running.refused(&resident.id(), error, carry, ready));
            }
        }
        for node in &plan.destinations {
            match RunningDestination::start(node, &mut carry) {
                Ok(destination) => running.destinations.push(destination),
                Err(error) => return Err(running.refused(node.inlet.id(), error, carry, ready)),
            }
        }
        if let Err((id, error)) = each_source(<dyn Source>::init, &mut ready, &plan, &mut carry) {
            return Err(running.refused(&id, error, carry, ready));
        }
        for (node, source, exit) in ready {
            match RunningSource::start(node, &plan, source, exit) {
                Ok(source) => running.sources.push(source),
                Err(error) => return Err(running.refused(&node.id, error, carry, Vec::new())),
            }
        }
        for (name, messages) in carry.abandon_deliveries() {
            tracing::warn!(persist_name = %name, messages, reason = "destination is no longer configured", "Messages dropped at reload");
        }
        Ok(running)
    }

    /// Ends everything, by `deadline` at the latest, and returns what may outlive it.
    pub fn stop(self, stop: Stop, deadline: Instant) -> Carry {
        let mut carry = Carry::default();
        self.end(stop, deadline, &mut carry);
        carry
    }

    /// Starts over the drivers of this name, if they are such that can be: the ids of those that are.
    pub fn restart(&self, name: &str) -> Vec<String> {
        self.residents.iter().flat_map(|resident| resident.restart(name)).collect()
    }

    /// Asks every destination to reopen its files.
    pub fn reopen(&self) {
        self.destinations.iter().for_each(|destination| destination.inlet.ask_reopen());
    }

    /// The plan that runs.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Whether every source has ended by itself.
    pub fn sources_ended(&self) -> bool {
        !self.sources.is_empty() && self.sources.iter().all(|source| source.thread.is_finished())
    }

    fn end(self, stop: Stop, deadline: Instant, carry: &mut Carry) {
        self.residents.iter().for_each(|resident| resident.stopping(deadline));
        self.sources.iter().for_each(|source| source.exit.request());
        for source in self.sources {
            source.end(deadline, carry);
        }
        let deadline = deadline.max(Instant::now() + DRAIN_MIN);
        for destination in &self.destinations {
            // A peer that is gone is not waited for at a stop.
            if stop == Stop::ForReload || destination.inlet.is_unreachable() {
                destination.exit.request();
            }
            // What is on the disk is safe there.
            destination.disk.iter().for_each(DiskQueue::detach);
            // Wakes a worker that waits for messages; a reload opens the queue again.
            destination.inlet.queue().close();
        }
        for destination in self.destinations {
            destination.end(stop, deadline, carry);
        }
        for resident in &self.residents {
            resident.deinit(deadline);
        }
    }

    fn refused(
        self,
        id: &str,
        error: StartError,
        mut carry: Carry,
        ready: Vec<(&SourceNode, Box<dyn Source>, Exit)>,
    ) -> Box<StartFailed> {
        let deadline = Instant::now() + REFUSED_GRACE;
        ready.iter().for_each(|(_, _, exit)| exit.request());
        for (_, mut source, _) in ready {
            source.deinit(&mut carry, deadline);
        }
        self.end(Stop::ForReload, deadline, &mut carry);
        Box::new(StartFailed { source_id: id.to_owned(), error, carry: CarryBack(carry) })
    }
}

type HalfOfStart = fn(&mut (dyn Source + 'static), &mut Setup<'_>) -> Result<(), StartError>;

/// Calls one half of the start of every source; the id of the one that refuses.
fn each_source(
    half: HalfOfStart,
    ready: &mut [(&SourceNode, Box<dyn Source>, Exit)],
    plan: &Plan,
    carry: &mut Carry,
) -> Result<(), (String, StartError)> {
    for (node, source, exit) in ready {
        let (id, metrics) = (node.id.as_str(), &plan.metrics);
        let mut setup =
            Setup { id, carry, metrics, persist: &plan.persist, exit, flow_control: node.flow_control };
        half(&mut **source, &mut setup).map_err(|error| (node.id.clone(), error))?;
    }
    Ok(())
}

/// How long the drivers that did initialise may take to end when another one refused.
const REFUSED_GRACE: Duration = Duration::from_secs(2);

impl RunningSource {
    fn start(
        node: &SourceNode,
        plan: &Plan,
        mut source: Box<dyn Source>,
        exit: Exit,
    ) -> Result<Self, StartError> {
        let metrics = &plan.metrics;
        let component = format!("src.{}", node.plan.driver);
        let post = Post::new(Arc::new(Entry {
            id: node.id.clone(),
            branches: node.branches.clone(),
            stamping: node.plan.stamping.clone(),
            flow_control: node.flow_control,
            processed: metrics.counter(&component, &node.id, &node.plan.instance, "processed"),
            stamp: metrics.counter(&component, &node.id, &node.plan.instance, "stamp"),
            statement: metrics.counter("source", &node.statement, "", "processed"),
            received: metrics.counter("center", "", "received", "processed"),
            arenas: Arenas::new(),
        }));
        let thread = {
            let exit = exit.clone();
            spawn("src", &node.id, move || {
                source.run(post, &exit);
                source
            })?
        };
        Ok(RunningSource { id: node.id.clone(), exit, thread })
    }

    fn end(self, deadline: Instant, carry: &mut Carry) {
        if !wait_until(deadline, || self.thread.is_finished()) {
            tracing::error!(source = %self.id, "Source did not stop in time, leaving it behind");
            return;
        }
        match self.thread.join() {
            Ok(mut source) => source.deinit(carry, deadline),
            Err(_) => tracing::error!(source = %self.id, "Source thread panicked"),
        }
    }
}

impl RunningDestination {
    fn start(node: &DestinationNode, carry: &mut Carry) -> Result<RunningDestination, StartError> {
        let inlet = node.inlet.clone();
        inlet.queue().open();
        let disk = match &node.disk {
            Some(settings) => Some(start_disk(node, settings, carry)?),
            None => None,
        };
        for delivery in carry.take_deliveries(&node.plan.persist_name) {
            match &disk {
                // It was in memory only until now.
                Some(disk) => drop(disk.shared().push(delivery)),
                None => inlet.queue().push_carried(delivery),
            }
        }
        let exit = Exit::new().map_err(|error| StartError::new(format!("no descriptor left: {error}")))?;
        let persist_name = node.plan.persist_name.clone();
        let mut running = RunningDestination { inlet, persist_name, disk, exit, threads: Vec::new() };
        for _ in 0..node.plan.workers.max(1) {
            let driver = (node.plan.make)(&running.exit, carry);
            let inlet = running.inlet.clone();
            let worker = Worker::new(inlet.clone(), driver, node.plan.retries, running.exit.clone());
            match spawn("dst", inlet.id(), move || worker.run()) {
                Ok(thread) => running.threads.push(thread),
                Err(error) => {
                    running.end(Stop::ForReload, Instant::now(), carry);
                    return Err(error);
                }
            }
        }
        Ok(running)
    }

    fn is_finished(&self) -> bool {
        self.threads.iter().all(JoinHandle::is_finished)
    }

    fn end(self, stop: Stop, deadline: Instant, carry: &mut Carry) {
        if stop == Stop::ForGood {
            wait_until(deadline, || self.is_finished());
        }
        self.exit.request();
        wait_until(Instant::now() + WORKER_GRACE, || self.is_finished());
        for thread in self.threads {
            if !thread.is_finished() {
                tracing::error!(destination = %self.inlet.id(), "Destination did not stop in time, leaving it behind");
            } else if thread.join().is_err() {
                tracing::error!(destination = %self.inlet.id(), "Destination thread panicked");
            }
        }
        let left = self.inlet.queue().drain();
        self.inlet.set_disk(None);
        if let Some(mut disk) = self.disk {
            disk.hold(left);
            if stop == Stop::ForReload {
                carry.put(disk_key(&self.persist_name), disk);
                return;
            }
            let lost = disk.close(deadline.max(Instant::now() + DRAIN_MIN));
            if lost > 0 {
                self.inlet.dropped(lost as u64, "stopped");
                tracing::warn!(
                    destination = %self.inlet.id(), messages = lost,
                    "Messages dropped: the daemon stops and the disk buffer could not take them"
                );
            }
            return;
        }
        if stop == Stop::ForReload {
            carry.put_deliveries(&self.persist_name, left);
            return;
        }
        let messages: usize = left.iter().map(|delivery| delivery.flow.len()).sum();
        if messages > 0 {
            self.inlet.dropped(messages as u64, "stopped");
            tracing::warn!(
                destination = %self.inlet.id(), messages,
                "Messages dropped: the daemon stops and they could not be delivered in time"
            );
        }
        left.into_iter().for_each(|delivery| delivery.ack.abort());
    }
}

/// The queue on disk of a destination: the one that the configuration before had, or the one that is there.
fn start_disk(
    node: &DestinationNode,
    settings: &DiskSettings,
    carry: &mut Carry,
) -> Result<DiskQueue, StartError> {
    let name = &node.plan.persist_name;
    let mut disk = match carry.take::<DiskQueue>(&disk_key(name)) {
        Some(disk) if disk.is_in(settings) => disk,
        other => {
            drop(other);
            DiskQueue::open(name, settings.clone())?
        }
    };
    disk.attach(&node.inlet, settings.clone());
    node.inlet.set_disk(Some(disk.shared().clone()));
    Ok(disk)
}

fn disk_key(persist_name: &str) -> String {
    format!("disk-buffer {persist_name}")
}

fn spawn<T: Send + 'static>(
    kind: &str,
    id: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, StartError> {
    thread::Builder::new()
        .name(format!("{kind}:{id}"))
        .spawn(work)
        .map_err(|error| StartError::new(format!("cannot start a thread for {id}: {error}")))
}

impl std::fmt::Debug for CarryBack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CarryBack")
    }
}
