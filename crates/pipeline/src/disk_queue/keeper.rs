//! The thread of a queue on disk: the only one that touches the buffer.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use message::{Origin, Record, Records};
use store::{AppendError, DiskBuffer, Entry};

use super::options::Sync;
use super::{DiskSettings, HandedOver, Shared, bytes};
use crate::ack::Ack;
use crate::flow::Flow;
use crate::queue::Delivery;

/// Bytes read from the disk at once.
const READ_BYTES: usize = 64 << 10;
/// What the destination has answered for is written down after this time: how much it gets twice after a crash.
const SAVE_EVERY: Duration = Duration::from_millis(10);
/// A disk that failed or is full is tried again after this time.
const RETRY: Duration = Duration::from_millis(500);
/// Times that reading is tried before a part of the file is given up.
const READ_TRIES: u32 = 3;

/// See the module's text.
pub(super) struct Keeper {
    shared: Arc<Shared>,
    buffer: DiskBuffer,
    settings: DiskSettings,
    /// What was read and found no room yet.
    read_ahead: VecDeque<Entry>,
    /// What came and is not durable yet, in order.
    pending: VecDeque<Pending>,
    /// How many of them, from the first on, are in the buffer.
    appended: usize,
    /// When the oldest of these must be durable.
    sync_due: Option<Instant>,
    save_due: Option<Instant>,
    retry_due: Option<Instant>,
    /// The capacity is used up, and the disk is fine.
    full: bool,
    read_failures: u32,
    told_of_failure: bool,
}

struct Pending {
    delivery: Delivery,
    bytes: u64,
}

/// What the thread wakes up for.
struct Work {
    incoming: Vec<Delivery>,
    answered: u64,
    ending: bool,
}

impl Keeper {
    pub(super) fn new(shared: Arc<Shared>, buffer: DiskBuffer) -> Keeper {
        let settings = shared.state.lock().settings.clone();
        Keeper {
            shared,
            buffer,
            settings,
            read_ahead: VecDeque::new(),
            pending: VecDeque::new(),
            appended: 0,
            sync_due: None,
            save_due: None,
            retry_due: None,
            full: false,
            read_failures: 0,
            told_of_failure: false,
        }
    }

    pub(super) fn run(mut self) {
        loop {
            let Work { incoming, answered, ending } = self.wait();
            self.answered(answered);
            let came = incoming.into_iter().map(|delivery| Pending { bytes: bytes(&delivery), delivery });
            self.pending.extend(came);
            if ending {
                return self.end();
            }
            self.append();
            self.feed();
            self.sync(false);
            self.save();
            self.show();
        }
    }

    /// Waits for something to do.
    fn wait(&mut self) -> Work {
        let due = [self.sync_due, self.save_due, self.retry_due].into_iter().flatten().min();
        let unread = !self.read_ahead.is_empty() || self.buffer.position() < self.buffer.next();
        let can_read = unread && self.read_failures == 0;
        let mut state = self.shared.state.lock();
        while !state.ending
            && state.incoming.is_empty()
            && state.fed.answered <= self.buffer.answered()
            && state.settings == self.settings
            && !(can_read && state.room() > 0)
        {
            match due {
                Some(due) if self.shared.wake.wait_until(&mut state, due).timed_out() => break,
                Some(_) => {}
                None => self.shared.wake.wait(&mut state),
            }
        }
        if state.settings != self.settings {
            self.settings = state.settings.clone();
            self.buffer.set_options(self.settings.buffer());
        }
        Work {
            incoming: std::mem::take(&mut state.incoming),
            answered: state.fed.answered,
            ending: state.ending,
        }
    }

    fn answered(&mut self, answered: u64) {
        if answered > self.buffer.answered() {
            self.buffer.answer(answered);
            if self.full {
                self.retry_due = None;
            }
            self.save_due.get_or_insert_with(|| Instant::now() + SAVE_EVERY);
        }
    }

    /// Hands what is pending to the disk, in order, until it refuses.
    fn append(&mut self) {
        if self.retry_due.is_some_and(|due| due > Instant::now()) {
            return;
        }
        (self.retry_due, self.full) = (None, false);
        while let Some(pending) = self.pending.get(self.appended) {
            let flow = &pending.delivery.flow;
            let records: Vec<&[u8]> = flow.messages().map(|message| message.record().as_bytes()).collect();
            match self.buffer.append(flow.records().origin().record().as_bytes(), &records) {
                Ok(first) => self.took(first),
                Err(AppendError::Full) => {
                    let inlet = self.shared.state.lock().inlet.clone();
                    let Some(inlet) = inlet.filter(|_| !pending.delivery.flow_control) else {
                        // It waits, and what is behind it: answers make room.
                        self.full = true;
                        self.retry_due = Some(Instant::now() + RETRY);
                        return;
                    };
                    if let Some(Pending { delivery, bytes }) = self.pending.remove(self.appended) {
                        self.release(bytes);
                        inlet.dropped_full(delivery.flow.len());
                    }
                }
                Err(AppendError::Io(error)) => return self.failed(&error),
            }
        }
    }

    /// The first pending delivery that was not in the buffer is now, from the number `first` on.
    fn took(&mut self, first: u64) {
        let Some(pending) = self.pending.get_mut(self.appended) else { return };
        let flow = pending.delivery.flow.clone();
        if !self.settings.reliable {
            pending.delivery.ack = Ack::none();
        }
        self.appended += 1;
        match self.settings.sync {
            Sync::Never => {
                self.buffer.trust();
                self.durable();
            }
            Sync::Batch => self.sync_due = Some(Instant::now()),
            Sync::Interval(interval) => {
                self.sync_due.get_or_insert_with(|| Instant::now() + interval);
            }
        }
        // The destination keeps up: it gets what was written just now without reading it again.
        let end = first + flow.len() as u64;
        if self.buffer.position() == first
            && self.read_ahead.is_empty()
            && self.shared.hand_over(flow, end) == HandedOver::Yes
        {
            self.buffer.skip_to(end);
        }
    }

    /// Fills the memory queue from the disk, as far as it has room.
    fn feed(&mut self) {
        loop {
            let room = self.shared.state.lock().room();
            if room == 0 {
                return;
            }
            if let Some(first) = self.read_ahead.front() {
                let alike =
                    self.read_ahead.iter().take(room).take_while(|entry| entry.origin == first.origin);
                let count = alike.count();
                let (flow, end) = flow_of(&self.read_ahead.make_contiguous()[..count]);
                if self.shared.hand_over(flow, end) == HandedOver::No {
                    return;
                }
                self.read_ahead.drain(..count);
                continue;
            }
            if self.buffer.position() >= self.buffer.next() {
                return;
            }
            match self.buffer.read(READ_BYTES) {
                Ok(entries) => {
                    self.read_failures = 0;
                    self.read_ahead.extend(entries);
                }
                Err(error) => return self.failed_to_read(&error),
            }
        }
    }

    fn failed_to_read(&mut self, error: &std::io::Error) {
        self.read_failures += 1;
        if self.read_failures > READ_TRIES {
            tracing::error!(
                persist_name = %self.shared.name, %error,
                "Disk buffer cannot be read, passing over a part of it"
            );
            self.buffer.give_up_reading();
            self.read_failures = 1;
        }
        self.retry_due.get_or_insert_with(|| Instant::now() + RETRY);
    }

    /// Makes durable what is due, or everything `now`, and answers for it.
    fn sync(&mut self, now: bool) {
        if self.appended == 0 || !(now || self.sync_due.is_some_and(|due| due <= Instant::now())) {
            return;
        }
        match self.buffer.sync() {
            Ok(_) => self.durable(),
            Err(error) => self.failed(&error),
        }
    }

    /// Everything in the buffer is as durable as was asked for.
    fn durable(&mut self) {
        self.sync_due = None;
        self.told_of_failure = false;
        let bytes = self.pending.drain(..self.appended).map(|pending| pending.bytes).sum();
        self.appended = 0;
        self.release(bytes);
    }

    fn failed(&mut self, error: &std::io::Error) {
        // The buffer has gone back to what is durable, so the rest is appended again, and gets the numbers it had.
        self.appended = 0;
        self.sync_due = None;
        self.retry_due = Some(Instant::now() + RETRY);
        if !std::mem::replace(&mut self.told_of_failure, true) {
            tracing::error!(persist_name = %self.shared.name, %error, "Disk buffer cannot be written, trying again");
        }
    }

    fn save(&mut self) {
        if self.save_due.is_some_and(|due| due <= Instant::now()) {
            self.save_due = None;
            if let Err(error) = self.buffer.save() {
                tracing::warn!(persist_name = %self.shared.name, %error, "Disk buffer cannot note what was delivered");
            }
        }
    }

    fn release(&self, bytes: u64) {
        let mut state = self.shared.state.lock();
        state.waiting_bytes = state.waiting_bytes.saturating_sub(bytes);
    }

    fn show(&self) {
        let inlet = self.shared.state.lock().inlet.clone();
        if let Some(inlet) = inlet {
            let waiting: usize =
                self.pending.iter().skip(self.appended).map(|it| it.delivery.flow.len()).sum();
            inlet.show_queued(self.buffer.holdings().records + waiting as u64);
        }
    }

    /// The last of it: what can be written is, and what cannot goes back to whoever closes the queue.
    fn end(mut self) {
        self.retry_due = None;
        self.append();
        self.sync(self.settings.sync != Sync::Never);
        let holdings = self.buffer.holdings();
        if let Err(error) = self.buffer.close() {
            tracing::error!(persist_name = %self.shared.name, %error, "Error closing the disk buffer");
        }
        if holdings.missing > 0 {
            let (messages, bytes) = (holdings.missing, holdings.skipped_bytes);
            tracing::error!(persist_name = %self.shared.name, messages, bytes, "Damaged messages of the disk buffer were passed over");
        }
        if holdings.records > 0 {
            tracing::info!(persist_name = %self.shared.name, messages = holdings.records, "Messages stay in the disk buffer");
        }
        let left = self.pending.drain(..).map(|pending| pending.delivery);
        self.shared.state.lock().incoming = left.collect();
    }
}

/// Entries of one origin as messages, and the number behind them.
fn flow_of(entries: &[Entry]) -> (Flow, u64) {
    let mut bytes = Vec::with_capacity(entries.iter().map(|entry| entry.record.len()).sum());
    let mut count = 0;
    for entry in entries {
        // Its checksum was right, so only another version of this program can have written anything else.
        if Record::check(&entry.record).is_ok() {
            bytes.extend_from_slice(&entry.record);
            count += 1;
        }
    }
    let origin = entries.first().and_then(|entry| entry.origin.as_deref()).and_then(Origin::of_record);
    let origin = Arc::new(origin.unwrap_or_else(|| Origin::new(&[])));
    let end = entries.last().map_or(0, |entry| entry.number + 1);
    (Flow::all(Arc::new(Records::new(bytes, count, origin))), end)
}
