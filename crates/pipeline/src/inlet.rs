//! The mouth of a destination driver: where log paths push.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::RwLock;

use crate::ack::Ack;
use crate::disk_queue;
use crate::flow::Flow;
use crate::metrics::{Counter, Metrics};
use crate::queue::{Delivery, MemoryQueue};

/// The queue of one destination driver, with its counters. Shared by the log paths that feed it and its worker.
pub struct Inlet {
    id: String,
    driver: &'static str,
    instance: String,
    queue: MemoryQueue,
    /// The queue on disk that feeds the one in memory, while there is one.
    disk: RwLock<Option<Arc<disk_queue::Shared>>>,
    queued: Counter,
    time_reopen: Duration,
    reopens: AtomicU64,
    unreachable: AtomicBool,
    processed: Counter,
    written: Counter,
    dropped: Counter,
    statement: Counter,
    dropped_full: Counter,
    metrics: std::sync::Arc<Metrics>,
}

/// What an inlet needs to know of its driver.
pub struct InletOptions {
    /// `d_local#0`.
    pub id: String,
    /// `d_local`.
    pub statement: String,
    /// `file`, `network` …
    pub driver: &'static str,
    /// File name, address …, for the counters.
    pub instance: String,
    /// `log-fifo-size()`, messages.
    pub fifo_size: usize,
    /// `time-reopen()`.
    pub time_reopen: Duration,
    /// `disk-buffer()`: the queue in memory holds only part of what is queued.
    pub disk: bool,
}

impl Inlet {
    /// An inlet with an empty queue.
    pub fn new(options: InletOptions, metrics: &std::sync::Arc<Metrics>) -> Inlet {
        let InletOptions { id, statement, driver, instance, fifo_size, time_reopen, disk } = options;
        let component = format!("dst.{driver}");
        let counter = |kind| metrics.counter(&component, &id, &instance, kind);
        Inlet {
            queue: MemoryQueue::new(fifo_size, if disk { Counter::default() } else { counter("queued") }),
            disk: RwLock::new(None),
            queued: counter("queued"),
            processed: counter("processed"),
            written: counter("written"),
            dropped: counter("dropped"),
            dropped_full: counter("dropped.queue-full"),
            statement: metrics.counter("destination", &statement, "", "processed"),
            reopens: AtomicU64::new(0),
            unreachable: AtomicBool::new(false),
            metrics: metrics.clone(),
            id,
            driver,
            instance,
            time_reopen,
        }
    }

    /// Takes messages from a log path. Never blocks: under flow-control `ack` is kept until they are delivered;
    /// without, they are queued or dropped and counted, and `ack` is answered here.
    pub fn push(&self, flow: Flow, ack: &Ack, flow_control: bool) {
        let messages = flow.len() as u64;
        self.processed.add(messages);
        self.statement.add(messages);
        let noted = ack.wants_notes().then(|| flow.clone());
        let kept = if flow_control { ack.clone() } else { Ack::none() };
        let delivery = Delivery { flow, ack: kept, flow_control };
        let disk = self.disk.read().clone();
        let dropped = match disk {
            Some(disk) => disk.push(delivery),
            None => self.queue.push(delivery),
        };
        if dropped > 0 {
            if let Some(flow) = noted {
                // The newest are those that do not fit.
                ack.note_dropped(&flow.split_at(flow.len() - dropped).1, "queue-full");
            }
            self.dropped_full(dropped);
        }
    }

    /// So many messages did not fit the queue.
    pub(crate) fn dropped_full(&self, messages: usize) {
        self.dropped.add(messages as u64);
        self.dropped_full.add(messages as u64);
        tracing::debug!(destination = %self.id, messages, "Destination queue full, dropping message");
    }

    /// `d_local#0`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The queue behind the mouth.
    pub fn queue(&self) -> &MemoryQueue {
        &self.queue
    }

    /// From now on log paths push to the disk, or no more.
    pub(crate) fn set_disk(&self, disk: Option<Arc<disk_queue::Shared>>) {
        *self.disk.write() = disk;
    }

    /// So many messages are queued, on disk or not.
    pub(crate) fn show_queued(&self, messages: u64) {
        self.queued.set(messages);
    }

    /// `time-reopen()` of the driver.
    pub fn time_reopen(&self) -> Duration {
        self.time_reopen
    }

    /// Asks the worker to reopen its files before the next batch.
    pub fn ask_reopen(&self) {
        self.reopens.fetch_add(1, Ordering::Relaxed);
    }

    /// How often reopening was asked for.
    pub(crate) fn reopens(&self) -> u64 {
        self.reopens.load(Ordering::Relaxed)
    }

    /// Whether the worker waits before it tries its peer again.
    pub fn is_unreachable(&self) -> bool {
        self.unreachable.load(Ordering::Relaxed)
    }

    pub(crate) fn set_unreachable(&self, unreachable: bool) {
        self.unreachable.store(unreachable, Ordering::Relaxed);
    }

    pub(crate) fn written(&self, messages: u64) {
        self.written.add(messages);
    }

    pub(crate) fn dropped(&self, messages: u64, reason: &'static str) {
        self.dropped.add(messages);
        let kind = drop_kind(reason);
        self.metrics.counter(&format!("dst.{}", self.driver), &self.id, &self.instance, kind).add(messages);
    }
}

fn drop_kind(reason: &'static str) -> &'static str {
    match reason {
        "retries" => "dropped.retries",
        "stopped" => "dropped.stopped",
        "path" => "dropped.path",
        "queue-full" => "dropped.queue-full",
        "too-large" => "dropped.too-large",
        _ => "dropped.rejected",
    }
}
