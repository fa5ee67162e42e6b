//! `python()` in a destination: the driver hands each batch to its worker and does as the worker says.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use channel::AREA_BYTES;
use channel::protocol::{DestinationTerms, Driver as WorkerDriver, DriverKind, Mode};
use channel::request::{AnswerHead, RequestHead, Verb};
use conf::ast::Call;
use conf::diagnostic::Diagnostic;
use conf::options::{FreeForm, Options, Seconds, Spanned};
use function::ValuePairs;
use message::{Entry, Message, Name, RenderScope, TemplateOptions, ZoneUse, name::hash, record};
use pipeline::destination::{RETRIES, Settled, Then};
use pipeline::options::{DestinationOptions, NoEffect, TemplateOptionGroup};
use pipeline::{Compile, Counter, Destination, DestinationPlan, DestinationSpec, Flow, Outcome, SendError};
use serde::Deserialize;
use serde_json::json;

use crate::binding::BindingOptions;
use crate::report::Known;
use crate::sequence::Sequence;
use crate::spec;
use crate::staff::{Failure, Line, Member};
use crate::value_pairs;

/// Every destination of this crate.
pub const DESTINATIONS: &[DestinationSpec] =
    &[DestinationSpec { names: &["python"], options: PythonDestinationOptions::DOCS, compile }];

conf::options! {
    /// Run a destination written in Python.
    ///
    /// A class derived from `syslogng.LogDestination`, in a process of its own. `send()` is called for each message;
    /// a message stays in the queue until the class says that it is delivered.
    pub struct PythonDestinationOptions {
        /// Which class, and in which Python.
        binding: BindingOptions = flatten,
        /// Times in a row that messages may fail before they are dropped.
        retries: u32 = RETRIES,
        /// Messages that are queued in the class before `flush()` is called; below 2, after each one.
        batch_lines: i64 = -1,
        /// Milliseconds that a batch which is not full waits for more.
        batch_timeout: i64 = -1,
        /// Milliseconds without a message after which a batch that is not full is flushed.
        batch_idle_timeout: i64 = 0,
        /// Processes that send side by side, each with a connection of its own. With more than one, the order of
        /// messages is not kept.
        workers: u32 = 1,
        /// Destinations of the same name share a process, and with it module globals and one interpreter lock.
        worker: String = inherit,
        /// Seconds that one message may take before the process is killed; 0 for any time.
        stall_timeout: Seconds = STALL_TIMEOUT,
        /// `seqnum`, `no-seqnum`, `seqnum-all`, `no-seqnum-all`: which messages are numbered.
        flags: Vec<Spanned<String>> = repeated,
        /// What `send()` gets instead of the message: a dict of these of its values.
        value_pairs: Vec<FreeForm> = repeated,
        /// What becomes of a value that is not of its type; a dict keeps it as text.
        on_error: NoEffect = inherit,
        /// The options of every destination.
        destination: DestinationOptions = flatten,
        /// What `self.template_options` is.
        dates: TemplateOptionGroup = flatten,
    }
}

/// `stall-timeout()` when it is not given: a slow peer is not a fault yet.
const STALL_TIMEOUT: Seconds = Seconds::new(300);
/// Wait before a lost connection is opened again when no `time-reopen()` is written, as scripts are used to.
const TIME_REOPEN: Duration = Duration::from_secs(1);
/// Flags that are known.
const FLAGS: [&str; 4] = ["seqnum", "no-seqnum", "seqnum-all", "no-seqnum-all"];

fn compile(call: &Call, cx: &mut Compile<'_>) -> Option<DestinationPlan> {
    let options = PythonDestinationOptions::read(call, cx.diagnostics)?;
    let class = options.binding.class(call, cx)?;
    let templates = options.dates.resolve(cx)?;
    let pairs = match options.value_pairs.as_slice() {
        [] => None,
        given => Some(Arc::new(value_pairs::read(given.iter().map(|given| &given.0), cx)?)),
    };
    let workers = spec::workers(options.workers, call, cx)?;
    let given = &options.destination.persist_name;
    let driver = WorkerDriver {
        persist_name: given.clone(),
        destination: terms(&options, cx),
        ..options.binding.driver(call, DriverKind::Destination, &class, cx)
    };
    let launch = options.binding.launch(call, cx)?;
    let known = Known { id: cx.id.clone(), class: class.clone(), location: cx.location(call) };
    let hello = spec::hello(Mode::Run, cx.config, cx.sources, cx.globals);
    let staff = spec::staff(options.worker.as_deref(), "dst.python", known.clone(), launch, hello, call, cx)?;
    let object = staff.employ(driver);
    let members = spec::members(&staff, workers, call, cx)?;
    cx.tell(staff);
    let persist_name = match given {
        Some(given) => format!("python.{given}"),
        // Two destinations of one class have nothing in common but what they would overwrite.
        None => format!("python({class})#{}", cx.id),
    };
    let stall = options.stall_timeout.duration();
    let terms = Terms {
        object,
        pairs,
        templates,
        batch_timeout: millis(options.batch_timeout).filter(|_| options.batch_lines >= 2),
        batch_idle_timeout: millis(options.batch_idle_timeout),
        stall: (!stall.is_zero()).then_some(stall),
        written_bytes: cx.metrics.counter("dst.python", &cx.id, &class, "written_bytes"),
    };
    let next = AtomicUsize::new(0);
    let (persist, queue_name) = (cx.persist.clone(), persist_name.clone());
    Some(DestinationPlan {
        driver: "python",
        instance: given.as_ref().map_or_else(|| format!("python,{class}"), |given| format!("python,{given}")),
        persist_name,
        fifo_size: options.destination.fifo_size(cx),
        time_reopen: options.destination.time_reopen_or(TIME_REOPEN, cx),
        workers: workers as usize,
        retries: options.retries.max(1),
        make: Box::new(move |_exit, _carry| {
            // Called once for each worker, in every start.
            let worker = next.fetch_add(1, Ordering::Relaxed) % members.len();
            let sequence = Sequence::new(&persist, &queue_name, worker);
            Box::new(PythonDestination::new(members[worker].clone(), terms.clone(), sequence))
        }),
    })
}

fn millis(given: i64) -> Option<Duration> {
    u64::try_from(given).ok().filter(|given| *given > 0).map(Duration::from_millis)
}

fn terms(options: &PythonDestinationOptions, cx: &mut Compile<'_>) -> DestinationTerms {
    let mut terms = DestinationTerms {
        batch_lines: u32::try_from(options.batch_lines).unwrap_or(0),
        value_pairs: !options.value_pairs.is_empty(),
        seqnum: true,
        ..DestinationTerms::default()
    };
    for word in &options.flags {
        match word.value.replace('_', "-").as_str() {
            "seqnum" => terms.seqnum = true,
            "no-seqnum" => terms.seqnum = false,
            "seqnum-all" => (terms.seqnum, terms.seqnum_all) = (true, true),
            "no-seqnum-all" => terms.seqnum_all = false,
            unknown => {
                let message = format!("Unknown flag \"{unknown}\"");
                cx.diagnostics.push(Diagnostic::error(message, word.span).suggest(unknown, FLAGS));
            }
        }
    }
    terms
}

#[derive(Clone)]
struct Terms {
    object: u32,
    /// `value-pairs()`
    pairs: Option<Arc<ValuePairs>>,
    templates: TemplateOptions,
    batch_timeout: Option<Duration>,
    batch_idle_timeout: Option<Duration>,
    stall: Option<Duration>,
    written_bytes: Counter,
}

/// The driver.
struct PythonDestination {
    member: Arc<Member>,
    terms: Terms,
    /// To the worker that was opened.
    line: Option<Arc<Line>>,
    sequence: Sequence,
    /// The sequence number of the next message that gets one.
    number: u64,
    /// Messages that the worker has and that are not settled.
    kept: usize,
    /// When the oldest of them was sent, and the youngest.
    batch: Option<(Instant, Instant)>,
    /// Something was sent since the last flush.
    dirty: bool,
}

/// What a worker says after `send()` and `flush()`.
#[derive(Deserialize)]
struct Said {
    delivered: u64,
    dropped: u64,
    then: Word,
    messages: u64,
    #[serde(default)]
    why: String,
    #[serde(default)]
    written_bytes: u64,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Word {
    KeepOpen,
    Again,
    Reopen,
    Failed,
}

impl PythonDestination {
    fn new(member: Arc<Member>, terms: Terms, sequence: Sequence) -> PythonDestination {
        let number = sequence.next();
        PythonDestination { member, terms, line: None, sequence, number, kept: 0, batch: None, dirty: false }
    }

    /// Sends as many messages as one request takes; what the worker says, and how many it was asked to send.
    fn send_some(&mut self, line: &Arc<Line>, flow: &Flow, from: usize) -> Result<(Said, usize), Outcome> {
        let records = flow.records();
        let origin = records.origin().record().as_bytes();
        let limit = AREA_BYTES - RequestHead::BYTES - origin.len();
        let (mut bytes, mut count) = (Vec::new(), 0);
        let mut scope = RenderScope::new(&self.terms.templates, ZoneUse::Send);
        for message in flow.messages().skip(from) {
            let before = bytes.len();
            match &self.terms.pairs {
                Some(pairs) => encode_pairs(pairs, message, &mut scope, &mut bytes),
                None => bytes.extend_from_slice(message.record().as_bytes()),
            }
            if bytes.len() > limit {
                bytes.truncate(before);
                break;
            }
            count += 1;
        }
        if count == 0 {
            // It comes after what was sent before it in this batch, which is kept open.
            let delivered = 0;
            return Err(settled(delivered, 0, Then::Failed { messages: 1, error: too_large() }));
        }
        let head = RequestHead {
            verb: Verb::Send,
            object: self.terms.object,
            count: count as u32,
            origin_bytes: origin.len() as u32,
            number: self.number,
        };
        let asked = line.ask(&[&head.encode(), origin, &bytes]);
        let answer = asked.and_then(|asked| asked.answer(self.terms.stall));
        let answer = answer.map_err(|failure| self.lost(line, failure))?;
        let said = AnswerHead::decode(&answer)
            .and_then(|(head, said)| Some((head, serde_json::from_slice::<Said>(said).ok()?)));
        match said {
            Some((head, said)) if self.is_possible(&said, count) => {
                self.number = head.number;
                self.sequence.keep(self.number);
                Ok((said, count))
            }
            _ => {
                line.kill();
                Err(self.lost(line, Failure::Died(channel::Progress::default())))
            }
        }
    }

    /// A worker can only speak of messages that it has.
    fn is_possible(&self, said: &Said, sent: usize) -> bool {
        let all = (self.kept + sent) as u64;
        said.delivered.checked_add(said.dropped).is_some_and(|settled| settled <= all)
    }

    /// The worker is gone, and what it had with it; what it had settled before is settled.
    fn lost(&mut self, line: &Arc<Line>, failure: Failure) -> Outcome {
        self.member.hang_up(line);
        self.forget();
        let (progress, why) = match failure {
            Failure::Died(progress) => (progress, "its worker died in the middle of send()"),
            Failure::Stalled(progress) => {
                (progress, "send() took longer than stall-timeout(), its worker was killed")
            }
            Failure::TooLarge(_) => return Outcome::Error(too_large()),
        };
        let error = SendError::new(why);
        let delivered = usize::try_from(progress.settled).unwrap_or(usize::MAX);
        match progress.begun {
            0 => settled(delivered, 0, Then::Reopen(error)),
            // It may have died of this one, which is not to be tried for ever.
            _ => settled(delivered, 0, Then::Failed { messages: 1, error }),
        }
    }

    fn forget(&mut self) {
        self.line = None;
        self.kept = 0;
        self.batch = None;
        self.dirty = false;
    }

    /// Does as the worker says, which has `had` messages by now.
    fn obey(&mut self, said: &Said, had: usize) -> Outcome {
        self.terms.written_bytes.add(said.written_bytes);
        let (delivered, dropped) = (said.delivered as usize, said.dropped as usize);
        let left = had - delivered - dropped;
        let why = || SendError::new(said.why.clone());
        let then = match said.then {
            Word::KeepOpen => {
                let now = Instant::now();
                self.kept = left;
                self.batch = (left > 0).then(|| (self.batch.map_or(now, |(first, _)| first), now));
                return match (left, delivered, dropped) {
                    (0, _, 0) => Outcome::Success,
                    (_, 0, 0) => Outcome::Queued,
                    _ => settled(delivered, dropped, Then::KeepOpen),
                };
            }
            Word::Again => Then::Again,
            Word::Reopen => Then::Reopen(why()),
            Word::Failed => Then::Failed { messages: said.messages as usize, error: why() },
        };
        self.kept = 0;
        self.batch = None;
        settled(delivered, dropped, then)
    }

    fn flush_now(&mut self) -> Outcome {
        let Some(line) = self.line.clone() else { return Outcome::Queued };
        self.dirty = false;
        let answer = line.call(self.terms.object, &json!({"do": "flush"}), self.terms.stall);
        match answer.map(serde_json::from_value::<Said>) {
            Ok(Ok(said)) if self.is_possible(&said, 0) => self.obey(&said, self.kept),
            Ok(_) => {
                line.kill();
                self.lost(&line, Failure::Died(channel::Progress::default()))
            }
            Err(failure) => self.lost(&line, failure),
        }
    }

    /// How long the batch in the worker may still wait for more.
    fn patience(&self) -> Option<Duration> {
        let (first, last) = self.batch?;
        let now = Instant::now();
        let until = |since: Instant, time: Option<Duration>| {
            time.map(|time| (since + time).saturating_duration_since(now))
        };
        let (full, idle) = (self.terms.batch_timeout, self.terms.batch_idle_timeout);
        match (until(first, full), until(last, idle)) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }
}

impl Destination for PythonDestination {
    fn open(&mut self) -> Result<(), SendError> {
        self.forget();
        let starting = || SendError::new("its worker is being started again");
        let line = self.member.line_now().ok_or_else(starting)?;
        let said = line.call(self.terms.object, &json!({"do": "open"}), self.terms.stall);
        let said = said.map_err(|_| {
            self.member.hang_up(&line);
            SendError::new("its worker died in open()")
        })?;
        match said["why"].as_str() {
            Some(why) => Err(SendError::new(why)),
            None => {
                self.line = Some(line);
                Ok(())
            }
        }
    }

    fn send(&mut self, batch: &Flow) -> Outcome {
        let Some(line) = self.line.clone() else {
            return Outcome::NotConnected(SendError::new("its worker is being started again"));
        };
        self.dirty = true;
        let all = batch.len();
        let (mut sent, mut delivered, mut dropped) = (0, 0, 0);
        // Of a batch that takes several requests, what is settled by one is not there for the next.
        loop {
            let (said, count) = match self.send_some(&line, batch, sent) {
                Ok(answered) => answered,
                Err(outcome) => return after(delivered, dropped, outcome),
            };
            sent += count;
            let had = self.kept + count;
            let outcome = self.obey(&said, had);
            if sent >= all || said.then != Word::KeepOpen {
                return after(delivered, dropped, outcome);
            }
            delivered += said.delivered as usize;
            dropped += said.dropped as usize;
        }
    }

    fn flush(&mut self) -> Outcome {
        if self.kept == 0 && !self.dirty {
            return Outcome::Queued;
        }
        match self.patience() {
            Some(left) if !left.is_zero() => Outcome::Queued,
            _ => self.flush_now(),
        }
    }

    fn finish(&mut self) -> Outcome {
        self.flush_now()
    }

    fn idle_max(&self) -> Option<Duration> {
        self.patience()
    }

    fn close(&mut self) {
        if let Some(line) = self.line.take() {
            // Whether it fails or not: nothing is expected of it any more.
            let _ = line.call(self.terms.object, &json!({"do": "close"}), self.terms.stall);
        }
        self.forget();
    }
}

/// Appends the pairs of a message as a record that has nothing else.
fn encode_pairs(pairs: &ValuePairs, message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) {
    let found = pairs.find(message, scope);
    // Not as a built-in: a key is spelled as the configuration spells it, MSG and not MESSAGE.
    let entries: Vec<Entry<'_>> = found
        .iter()
        .map(|(name, (value, kind))| Entry { name: Name::Custom(name, hash(name)), value, kind: *kind })
        .collect();
    record::encode(out, &message.record().head(), &entries);
}

fn settled(delivered: usize, dropped: usize, then: Then) -> Outcome {
    Outcome::Settled(Settled { delivered, dropped, reason: "rejected", then })
}

/// `outcome`, with what was settled before it.
fn after(delivered: usize, dropped: usize, outcome: Outcome) -> Outcome {
    match outcome {
        outcome if delivered + dropped == 0 => outcome,
        Outcome::Settled(last) => settled(delivered + last.delivered, dropped + last.dropped, last.then),
        Outcome::Queued => settled(delivered, dropped, Then::KeepOpen),
        Outcome::NotConnected(error) => settled(delivered, dropped, Then::Reopen(error)),
        other => other,
    }
}

fn too_large() -> SendError {
    SendError::new(format!("the message is too large for a worker, which takes {AREA_BYTES} bytes"))
}
