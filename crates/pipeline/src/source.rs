//! Sources: what a driver is, and how it hands messages to the machine.

use std::sync::Arc;
use std::time::Instant;

use message::record::patch;
use message::{Arenas, Builtin, Draft, Message, Name, Origin, Record, Records, ValueType};
use store::Persist;

use crate::ack::Ack;
use crate::carry::Carry;
use crate::exit::Exit;
use crate::flow::Flow;
use crate::metrics::{Counter, Metrics};
use crate::path::{self, Branch};
use crate::plan::About;

/// A source driver, made from its plan. `run` has a thread of the source's own; the other methods are called on
/// threads of the supervisor, one after the other.
pub trait Source: Send {
    /// Sets going what takes time (a worker, say) while the configuration before still runs, and does not wait for
    /// it. Nothing that the one before holds may be touched. May be followed by nothing, if that one goes on.
    fn prepare(&mut self, early: &Early<'_>) -> Result<(), StartError> {
        let _ = early;
        Ok(())
    }

    /// Waits until what [`Source::prepare`] set going can say whether it will start, and returns what there is to be
    /// said: things that only the driver's crate can read.
    fn examine(&mut self) -> Vec<About> {
        Vec::new()
    }

    /// First half of the start: sets going what needs the one before to be gone, and does not wait for it.
    fn begin(&mut self, setup: &mut Setup<'_>) -> Result<(), StartError> {
        let _ = setup;
        Ok(())
    }

    /// Second half: ready to run, or a reason why the configuration cannot start.
    ///
    /// When another driver refuses, `deinit` follows without a `run`.
    fn init(&mut self, setup: &mut Setup<'_>) -> Result<(), StartError> {
        let _ = setup;
        Ok(())
    }

    /// Posts messages until exit is requested. Returning earlier ends the source until the next reload.
    fn run(&mut self, post: Post, exit: &Exit);

    /// Everything ended; what shall outlive a reload goes into the carry. Called by `deadline` at the latest, also
    /// when `run` has not been called.
    fn deinit(&mut self, carry: &mut Carry, deadline: Instant) {
        let _ = (carry, deadline);
    }
}

/// Why a source or destination did not start.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct StartError {
    /// In the administrator's words: `cannot listen on 0.0.0.0:514: address already in use`.
    pub what: String,
}

impl StartError {
    /// An error in these words.
    pub fn new(what: impl Into<String>) -> StartError {
        StartError { what: what.into() }
    }
}

/// What a source gets before its start.
pub struct Early<'a> {
    /// `s_net#0`.
    pub id: &'a str,
    /// The daemon's counters.
    pub metrics: &'a Arc<Metrics>,
    /// What outlives the daemon.
    pub persist: &'a Persist,
    /// Whether any log path makes this source wait for delivery.
    pub flow_control: bool,
}

/// What a source gets while it starts.
pub struct Setup<'a> {
    /// `s_net#0`.
    pub id: &'a str,
    /// What the configuration before left behind.
    pub carry: &'a mut Carry,
    /// The daemon's counters.
    pub metrics: &'a Arc<Metrics>,
    /// What outlives the daemon.
    pub persist: &'a Persist,
    /// The request to end that `run` will be given.
    pub exit: &'a Exit,
    /// Whether any log path makes this source wait for delivery. If none does, a window never fills.
    pub flow_control: bool,
}

/// A source's handle to the machine. Clones post to the same log paths; each connection of a source has its own.
#[derive(Clone)]
pub struct Post(Arc<Entry>);

/// Where a source enters its log paths.
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) branches: Arc<[Branch]>,
    pub(crate) stamping: Stamping,
    pub(crate) flow_control: bool,
    pub(crate) processed: Counter,
    pub(crate) statement: Counter,
    pub(crate) stamp: Counter,
    pub(crate) received: Counter,
    pub(crate) arenas: Arc<Arenas>,
}

/// What a source does to each message before anybody sees it.
#[derive(Debug, Clone, Default)]
pub struct Stamping {
    /// `keep-hostname(yes)`: HOST of the message stays; otherwise the origin's shows through.
    pub keep_hostname: bool,
    /// `chain-hostnames(yes)`: a HOST that would not stay is extended instead, by who handed us the message.
    pub chain_hostnames: bool,
    /// `host-override()`: the origin's HOST always shows.
    pub override_host: bool,
    /// `program-override()`: the origin's PROGRAM always shows.
    pub override_program: bool,
    /// `use-syslogng-pid(yes)`: the origin's PID always shows.
    pub override_pid: bool,
    /// `keep-timestamp(no)`: the time of receipt is the message's.
    pub stamp_received: bool,
    /// `default-level()`, `default-facility()` of Python drivers: every message gets this priority.
    pub pri: Option<u16>,
}

impl Post {
    pub(crate) fn new(entry: Arc<Entry>) -> Post {
        Post(entry)
    }

    /// Runs `count` records, back to back in `bytes`, through the log paths of this source, on this thread.
    ///
    /// The records must have been encoded here or checked. `ack` is answered when every branch is done with them;
    /// under flow-control that is when they are delivered. Never blocks on a destination: who posts more than its
    /// window allows waits afterwards.
    pub fn post(&self, mut bytes: Vec<u8>, count: u32, origin: &Arc<Origin>, ack: Ack) {
        if count == 0 {
            return;
        }
        let entry = &*self.0;
        if entry.stamping.chain_hostnames && !entry.stamping.override_host {
            bytes = entry.stamping.chained(&bytes, origin);
        }
        entry.stamping.apply(&mut bytes);
        entry.processed.add(u64::from(count));
        entry.statement.add(u64::from(count));
        entry.received.add(u64::from(count));
        let records = Arc::new(Records::in_arena(bytes, count, origin.clone(), &entry.arenas));
        if let Some(message) = records.messages().next() {
            entry.stamp.set((message.record().head().received / 1_000_000).max(0) as u64);
        }
        path::run(&entry.branches, Flow::all(records), &ack);
    }

    /// An empty arena for the next batch, with the capacity of one that was posted before.
    pub fn arena(&self) -> Vec<u8> {
        self.0.arenas.take()
    }

    /// `s_net#0`.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Whether any log path makes this source wait for delivery.
    pub fn flow_control(&self) -> bool {
        self.0.flow_control
    }
}

impl Stamping {
    fn apply(&self, bytes: &mut [u8]) {
        let hide = self.hidden();
        if hide == 0 && !self.stamp_received && self.pri.is_none() {
            return;
        }
        let mut at = 0;
        while at < bytes.len() {
            let size = Record::at(bytes, at).as_bytes().len();
            let record = &mut bytes[at..at + size];
            if hide != 0 && Record::trusted(record).has_any(hide) {
                for builtin in [Builtin::Host, Builtin::Program, Builtin::Pid] {
                    if hide & builtin.bit() != 0 {
                        patch::hide(record, builtin);
                    }
                }
            }
            if self.stamp_received {
                patch::stamp_from_received(record);
            }
            if let Some(pri) = self.pri {
                patch::set_pri(record, pri);
            }
            at += size;
        }
    }

    /// The same records with chains of hosts: `SOURCE@from` for what was made here, `host/from` for what was not.
    fn chained(&self, bytes: &[u8], origin: &Arc<Origin>) -> Vec<u8> {
        let from = origin.record().builtin(Builtin::HostFrom).unwrap_or_default();
        let statement = origin.record().builtin(Builtin::Source).unwrap_or_default();
        let remote = origin.record().has(Builtin::PeerIp);
        let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 8);
        let mut at = 0;
        while at < bytes.len() {
            let record = Record::at(bytes, at);
            at += record.as_bytes().len();
            let host = record.builtin(Builtin::Host).unwrap_or_default();
            if self.keep_hostname && !host.is_empty() {
                out.extend_from_slice(record.as_bytes());
                continue;
            }
            let chain = match host {
                _ if !remote => [statement, b"@", from].concat(),
                b"" => [from, b"/", from].concat(),
                host => [host, b"/", from].concat(),
            };
            let mut draft = Draft::of(Message::new(record, None));
            draft.put(Name::Builtin(Builtin::Host), chain, ValueType::String);
            // The tags of the record come on top of the origin's, which the draft has not seen.
            draft.head.flags = record.flags();
            draft.encode(&mut out);
        }
        out
    }

    /// Presence bits of the built-ins whose stored value must not show.
    fn hidden(&self) -> u32 {
        let kept = self.keep_hostname || self.chain_hostnames;
        let host = if self.override_host || !kept { Builtin::Host.bit() } else { 0 };
        let program = if self.override_program { Builtin::Program.bit() } else { 0 };
        let pid = if self.override_pid { Builtin::Pid.bit() } else { 0 };
        host | program | pid
    }
}
