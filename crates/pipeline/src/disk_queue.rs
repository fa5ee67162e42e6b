//! The queue on disk in front of a destination: `disk-buffer()`.
//!
//! Log paths push here instead of into the memory queue. A thread of the queue's own writes what came to the disk
//! buffer, answers the sources once it is there, and feeds the memory queue, from which the destination's workers
//! take: with what it has just written as long as they keep up, with what it reads from the disk when they do not.
//! A record leaves the disk once the destination has answered for it.
//!
//! With `reliable(yes)` a source is answered when its messages are durable; else when the system has them, which is
//! enough for the death of the daemon, and not for that of the machine.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use store::{Directory, DiskBuffer};

use crate::ack::{Ack, Answer, Position};
use crate::destination::wait_until;
use crate::flow::Flow;
use crate::inlet::Inlet;
use crate::queue::Delivery;
use crate::source::StartError;

mod keeper;
mod options;

pub use options::{DiskBufferOptions, DiskSettings, Sync};

use keeper::Keeper;

/// Times that a disk which fails is asked for the buffer's files at a start.
const OPEN_TRIES: u32 = 3;

/// See the module's text. Lives on over a reload, in the [`Carry`](crate::Carry); dropped, it writes what it can and
/// closes the buffer.
pub(crate) struct DiskQueue {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    /// What the memory queue held when the configuration before ended.
    held: Vec<Delivery>,
}

/// What log paths, the thread of the queue, and the destination's workers share.
pub(crate) struct Shared {
    name: String,
    state: Mutex<State>,
    wake: Condvar,
}

struct State {
    settings: DiskSettings,
    /// The mouth of the destination; none between two configurations.
    inlet: Option<Arc<Inlet>>,
    /// What log paths pushed and nobody has taken up yet.
    incoming: Vec<Delivery>,
    /// Bytes of what came and is not on the disk, under flow-control or not.
    waiting_bytes: u64,
    fed: Fed,
    ending: bool,
}

/// What the memory queue was given, oldest first.
#[derive(Default)]
struct Fed {
    /// Place of the oldest in the order of feeding.
    first: u64,
    batches: VecDeque<FedBatch>,
    /// Messages in them that are not answered for.
    messages: usize,
    /// Number behind the last record up to which all are answered for.
    answered: u64,
}

struct FedBatch {
    /// Number behind its last record.
    end: u64,
    answered: bool,
}

impl DiskQueue {
    /// Opens the buffer of a destination, in a directory of its own, and starts its thread.
    pub(crate) fn open(name: &str, settings: DiskSettings) -> Result<DiskQueue, StartError> {
        let path = settings.dir.join(directory_name(name));
        let (buffer, recovered) = open(&path, &settings)?;
        if recovered.records > 0 || recovered.torn_bytes > 0 {
            let (messages, torn_bytes) = (recovered.records, recovered.torn_bytes);
            tracing::info!(persist_name = name, path = %path.display(), messages, torn_bytes, "Disk buffer recovered");
        }
        let state = State {
            settings,
            inlet: None,
            incoming: Vec::new(),
            waiting_bytes: 0,
            fed: Fed { answered: buffer.answered(), ..Fed::default() },
            ending: false,
        };
        let shared =
            Arc::new(Shared { name: name.to_owned(), state: Mutex::new(state), wake: Condvar::new() });
        let keeper = Keeper::new(shared.clone(), buffer);
        let thread = std::thread::Builder::new().name(format!("disk:{name}")).spawn(move || keeper.run());
        let thread =
            thread.map_err(|error| StartError::new(format!("cannot start a thread for {name}: {error}")))?;
        Ok(DiskQueue { shared, thread: Some(thread), held: Vec::new() })
    }

    /// Whether its files are where `settings` say.
    pub(crate) fn is_in(&self, settings: &DiskSettings) -> bool {
        self.shared.state.lock().settings.dir == settings.dir
    }

    /// A new configuration takes it over: what the memory queue held goes into that of `inlet`.
    pub(crate) fn attach(&mut self, inlet: &Arc<Inlet>, settings: DiskSettings) {
        for delivery in self.held.drain(..) {
            inlet.queue().push_carried(delivery);
        }
        let mut state = self.shared.state.lock();
        state.settings = settings;
        state.inlet = Some(inlet.clone());
        drop(state);
        self.shared.wake.notify_one();
    }

    /// Feeds the memory queue no more.
    pub(crate) fn detach(&self) {
        self.shared.state.lock().inlet = None;
    }

    /// Keeps what was in the memory queue for the next configuration.
    pub(crate) fn hold(&mut self, deliveries: Vec<Delivery>) {
        self.held = deliveries;
    }

    /// Where log paths push.
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Writes what came, and closes the buffer, by `deadline`; returns how many messages without flow-control could
    /// not be written, and are lost.
    pub(crate) fn close(mut self, deadline: Instant) -> usize {
        self.end(deadline);
        let incoming = std::mem::take(&mut self.shared.state.lock().incoming);
        let lost =
            incoming.iter().filter(|delivery| !delivery.flow_control).map(|delivery| delivery.flow.len());
        let lost = lost.sum();
        incoming.into_iter().for_each(|delivery| delivery.ack.abort());
        lost
    }

    fn end(&mut self, deadline: Instant) {
        // What was not delivered stays on the disk.
        self.held.drain(..).for_each(|delivery| delivery.ack.abort());
        let Some(thread) = self.thread.take() else { return };
        self.shared.state.lock().ending = true;
        self.shared.wake.notify_one();
        if !wait_until(deadline, || thread.is_finished()) {
            tracing::error!(persist_name = %self.shared.name, "Disk buffer did not close in time, leaving it behind");
        } else if thread.join().is_err() {
            tracing::error!(persist_name = %self.shared.name, "Disk buffer thread panicked");
        }
    }
}

/// How long a buffer that nobody takes over has to close.
const CLOSE_MAX: Duration = Duration::from_secs(2);

impl Drop for DiskQueue {
    fn drop(&mut self) {
        self.end(Instant::now() + CLOSE_MAX);
    }
}

impl Shared {
    /// Takes messages from a log path; never blocks. Returns how many did not fit and were dropped: those without
    /// flow-control once `flow-control-window-bytes()` wait for a disk that is slow or broken.
    pub(crate) fn push(&self, delivery: Delivery) -> usize {
        let bytes = bytes(&delivery);
        let mut state = self.state.lock();
        if !delivery.flow_control && state.waiting_bytes + bytes > state.settings.window_bytes {
            return delivery.flow.len();
        }
        state.waiting_bytes += bytes;
        state.incoming.push(delivery);
        drop(state);
        self.wake.notify_one();
        0
    }

    /// Gives messages up to `end` to the memory queue, unless it has no room, or nobody takes from it.
    fn hand_over(self: &Arc<Shared>, flow: Flow, end: u64) -> HandedOver {
        let mut state = self.state.lock();
        let inlet = state.inlet.clone().filter(|_| state.room() > 0);
        let Some(inlet) = inlet else { return HandedOver::No };
        let messages = flow.len();
        let place = state.fed.add(messages, end);
        if messages == 0 {
            state.fed.answer(place, 0);
            return HandedOver::Yes;
        }
        let ack = Ack::new(self.clone(), messages as u32, place);
        // Under the lock: once the queue is detached, nothing more goes into it.
        inlet.queue().push(Delivery { flow, ack, flow_control: true });
        HandedOver::Yes
    }
}

/// Whether the memory queue has taken something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HandedOver {
    Yes,
    No,
}

impl State {
    /// Messages that the memory queue may be given.
    fn room(&self) -> usize {
        if self.inlet.is_some() { self.settings.front.saturating_sub(self.fed.messages) } else { 0 }
    }
}

/// Bytes of the records of a delivery.
fn bytes(delivery: &Delivery) -> u64 {
    delivery.flow.messages().map(|message| message.record().as_bytes().len() as u64).sum()
}

impl Fed {
    /// The memory queue gets messages up to `end`; the place of the batch.
    fn add(&mut self, messages: usize, end: u64) -> Position {
        let place = self.first + self.batches.len() as u64;
        self.batches.push_back(FedBatch { end, answered: false });
        self.messages += messages;
        Position(place)
    }

    fn answer(&mut self, Position(place): Position, messages: usize) {
        let at = place.checked_sub(self.first).map(|at| at as usize);
        let Some(batch) = at.and_then(|at| self.batches.get_mut(at)) else { return };
        batch.answered = true;
        self.messages = self.messages.saturating_sub(messages);
        while self.batches.front().is_some_and(|batch| batch.answered) {
            self.first += 1;
            if let Some(batch) = self.batches.pop_front() {
                self.answered = self.answered.max(batch.end);
            }
        }
    }
}

/// Told when the destination is done with a batch.
impl Answer for Shared {
    fn answered(&self, messages: u32, position: Position, aborted: bool) {
        // What was given up stays on the disk, and with it all behind it.
        if !aborted {
            self.state.lock().fed.answer(position, messages as usize);
            self.wake.notify_one();
        }
    }
}

fn open(path: &Path, settings: &DiskSettings) -> Result<(DiskBuffer, store::Recovered), StartError> {
    let refuse =
        |what: &dyn std::fmt::Display| StartError::new(format!("disk buffer {}: {what}", path.display()));
    let mut tries = 0;
    loop {
        let opened =
            Directory::make(path).and_then(|disk| DiskBuffer::open(Arc::new(disk), settings.buffer()));
        tries += 1;
        match opened {
            Ok(opened) => return Ok(opened),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                return Err(refuse(&"in use by another daemon, or by hognose queue"));
            }
            Err(error) if tries == OPEN_TRIES => return Err(refuse(&error)),
            Err(_) => {}
        }
    }
}

/// What a directory of a disk buffer ends in.
pub const DIRECTORY_SUFFIX: &str = ".queue";
/// Bytes of a persist-name that its directory shows.
const NAME_BYTES_MAX: usize = 100;

/// The directory of a buffer: its persist-name, as far as it can be the name of a file, and a checksum of all of it.
fn directory_name(name: &str) -> PathBuf {
    let kept = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let shown: String = name.chars().map(kept).take(NAME_BYTES_MAX).collect();
    format!("{shown}-{:08x}{DIRECTORY_SUFFIX}", store::checksum(name.as_bytes())).into()
}

#[cfg(test)]
mod tests;
