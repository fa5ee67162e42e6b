//! `python()` in a parser: each batch is one request to a worker, or one to each of several.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use channel::AREA_BYTES;
use channel::protocol::{DriverKind, Mode};
use channel::request::{AnswerHead, RequestHead, Verb, Verdict};
use conf::ast::{Call, Value};
use conf::options::{Options, Seconds};
use message::{Draft, Message, Name, Origin, Record, Records};
use pipeline::flow::Row;
use pipeline::{Compile, Flow, Matched, Parser, ParserSpec};

use crate::binding::BindingOptions;
use crate::report::{self, Known};
use crate::spec;
use crate::staff::{Asked, Failure, Line, Member};

/// Every parser of this crate.
pub const PARSERS: &[ParserSpec] =
    &[ParserSpec { names: &["python"], options: PythonParserOptions::DOCS, compile }];

conf::options! {
    /// Run a parser written in Python.
    ///
    /// A class derived from `syslogng.LogParser`, in a process of its own. `parse()` looks at a message and sets its
    /// values; a message for which it returns anything false, or raises, is dropped from its log path.
    pub struct PythonParserOptions {
        /// Which class, and in which Python.
        binding: BindingOptions = flatten,
        /// Processes that parse side by side. Messages of one source keep their order.
        workers: u32 = 1,
        /// Parsers of the same name share a process, and with it module globals and one interpreter lock.
        worker: String = inherit,
        /// Seconds that one message may take before the process is killed and the message dropped; 0 for any time.
        stall_timeout: Seconds = STALL_TIMEOUT,
        /// A text that is evaluated for its mistakes; `parse()` gets the whole message.
        template: Value = inherit,
        /// Hide the parser from statistics.
        internal: pipeline::options::NoEffect = inherit,
    }
}

/// `stall-timeout()` when it is not given.
const STALL_TIMEOUT: Seconds = Seconds::new(60);
/// Messages that are worth a second process.
const SPLIT_MIN: usize = 16;
/// Requests in a row that a worker may die of without having begun with any message, before they are dropped.
const FRUITLESS_MAX: u32 = 3;

fn compile(call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Parser>> {
    let options = PythonParserOptions::read(call, cx.diagnostics)?;
    let class = options.binding.class(call, cx)?;
    if let Some(template) = &options.template {
        cx.template(template)?;
    }
    let driver = options.binding.driver(call, DriverKind::Parser, &class, cx);
    let launch = options.binding.launch(call, cx)?;
    let workers = spec::workers(options.workers, call, cx)?;
    let known = Known { id: cx.id.clone(), class, location: cx.location(call) };
    let hello = spec::hello(Mode::Run, cx.config, cx.sources, cx.globals);
    let staff = spec::staff(options.worker.as_deref(), "parser.python", known, launch, hello, call, cx)?;
    let object = staff.employ(driver);
    let members = spec::members(&staff, workers, call, cx)?;
    cx.tell(staff);
    let stall = options.stall_timeout.duration();
    Some(Arc::new(PythonParser {
        members,
        object,
        stall: (!stall.is_zero()).then_some(stall),
        turn: AtomicUsize::new(0),
    }))
}

struct PythonParser {
    members: Vec<Arc<Member>>,
    object: u32,
    stall: Option<Duration>,
    /// Whose turn it is, among those that are equally free.
    turn: AtomicUsize,
}

/// What became of one message.
enum Parsed {
    Rejected,
    Same,
    Changed(Vec<u8>),
}

impl Parser for PythonParser {
    fn parse<'a>(&self, message: Message<'a>, draft: &mut Draft<'a>) -> Matched {
        let mut bytes = Vec::new();
        let pairs: Vec<_> = message.pairs().collect();
        message::record::encode(&mut bytes, &draft.head, &pairs);
        let records = Records::new(bytes, 1, Arc::new(Origin::new(&[])));
        let Some(parsed) = self.parse_all(&Flow::all(Arc::new(records))) else { return Matched::No };
        let Some(found) = parsed.messages().next() else { return Matched::No };
        draft.head = found.record().head();
        for entry in found.record().pairs() {
            draft.put(entry.name, entry.value.to_vec(), entry.kind);
        }
        let gone = pairs.iter().filter(|entry| found.record().get(entry.name).is_none());
        let gone: Vec<Name<'_>> = gone.map(|entry| entry.name).collect();
        gone.into_iter().for_each(|name| draft.unset(name));
        Matched::Yes
    }

    fn parse_all(&self, flow: &Flow) -> Option<Flow> {
        let rows: Vec<Row> = flow.rows().collect();
        let mut parsed = Vec::with_capacity(rows.len());
        if self.members.len() > 1 && rows.len() >= SPLIT_MIN {
            let share = rows.len().div_ceil(self.members.len());
            // A thread would cost more than the round trip: all are asked first, and answers awaited then.
            let mut shares: Vec<Share<'_>> = rows
                .chunks(share)
                .zip(&self.members)
                .map(|(rows, member)| Share::new(member, rows))
                .collect();
            let lines: Vec<Option<Arc<Line>>> = shares.iter().map(|share| share.member.line()).collect();
            let asked: Vec<_> = shares
                .iter_mut()
                .zip(&lines)
                .map(|(share, line)| line.as_ref().map(|line| (line, self.ask(line, flow, share))))
                .collect();
            let answers: Vec<_> = asked
                .into_iter()
                .map(|asked| {
                    asked.map(|(line, asked)| (line, asked.and_then(|asked| asked.answer(self.stall))))
                })
                .collect();
            for (share, answer) in shares.iter_mut().zip(answers) {
                if let Some((line, answer)) = answer {
                    share.hear(line, answer);
                }
                self.finish(flow, share);
                parsed.append(&mut share.parsed);
            }
        } else {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.members.len();
            let mut share = Share::new(&self.members[turn], &rows);
            self.finish(flow, &mut share);
            parsed = share.parsed;
        }
        Some(assembled(flow, &rows, parsed))
    }
}

impl PythonParser {
    /// Asks until every message of the share is answered for.
    fn finish(&self, flow: &Flow, share: &mut Share<'_>) {
        loop {
            share.end();
            if share.parsed.len() >= share.rows.len() {
                return;
            }
            let Some(line) = share.member.line() else {
                // The daemon stops, and the worker had all the time there was.
                share.reject_rest("the daemon stops");
                return;
            };
            let answer = self.ask(&line, flow, share).and_then(|asked| asked.answer(self.stall));
            share.hear(&line, answer);
        }
    }

    /// Sends as many of the messages that are not answered for as one request takes.
    fn ask<'a>(&self, line: &'a Line, flow: &Flow, share: &mut Share<'_>) -> Result<Asked<'a>, Failure> {
        let records = flow.records();
        let origin = records.origin().record().as_bytes();
        let limit = AREA_BYTES - RequestHead::BYTES - origin.len();
        let mut bytes = Vec::new();
        let mut count = 0;
        let end = share.end();
        for row in &share.rows[share.parsed.len()..end] {
            let record = records.message(row.offset).record().as_bytes();
            if bytes.len() + record.len() > limit {
                if count == 0 {
                    return Err(Failure::TooLarge(record.len()));
                }
                break;
            }
            bytes.extend_from_slice(record);
            count += 1;
        }
        share.asked = count;
        let head = RequestHead {
            verb: Verb::Parse,
            object: self.object,
            count: count as u32,
            origin_bytes: origin.len() as u32,
            number: 0,
        };
        line.ask(&[&head.encode(), origin, &bytes])
    }
}

/// The messages of a batch that one worker is asked about.
struct Share<'a> {
    member: &'a Arc<Member>,
    rows: &'a [Row],
    /// Of the first so many.
    parsed: Vec<Parsed>,
    /// Messages in the last request.
    asked: usize,
    /// The message that is not tried again: a worker died of it.
    skip: Option<usize>,
    fruitless: u32,
}

impl<'a> Share<'a> {
    fn new(member: &'a Arc<Member>, rows: &'a [Row]) -> Share<'a> {
        Share { member, rows, parsed: Vec::with_capacity(rows.len()), asked: 0, skip: None, fruitless: 0 }
    }

    /// Takes an answer, or learns what the worker died of.
    fn hear(&mut self, line: &Arc<Line>, answer: Result<Vec<u8>, Failure>) {
        let known = self.member.known();
        match answer {
            Ok(answer) => match read(&answer, self.asked) {
                Some(mut parsed) if !parsed.is_empty() => {
                    self.fruitless = 0;
                    self.parsed.append(&mut parsed);
                }
                _ => {
                    report::distrusted(known, "it gave an answer that cannot be read");
                    line.kill();
                    self.member.hang_up(line);
                    self.give_up_one();
                }
            },
            Err(Failure::TooLarge(bytes)) => {
                report::lost(
                    known,
                    "parse",
                    &format!("a message of {bytes} bytes is too large for a worker"),
                );
                self.parsed.push(Parsed::Rejected);
            }
            Err(Failure::Died(progress) | Failure::Stalled(progress)) => {
                self.member.hang_up(line);
                let begun = usize::try_from(progress.begun).unwrap_or(usize::MAX).min(self.asked);
                if begun == 0 {
                    self.give_up_one();
                    return;
                }
                let why = match answer {
                    Err(Failure::Stalled(_)) => "its worker was at it for longer than stall-timeout()",
                    _ => "its worker died while it parsed it",
                };
                report::lost(known, "parse", why);
                // What was parsed before it is asked for again: the answer is lost with the worker.
                self.fruitless = 0;
                self.skip = Some(self.parsed.len() + begun - 1);
            }
        }
    }

    /// Where the next request ends; passes over the message that is not tried again.
    fn end(&mut self) -> usize {
        if self.skip == Some(self.parsed.len()) {
            self.parsed.push(Parsed::Rejected);
            self.skip = None;
        }
        self.skip.unwrap_or(self.rows.len())
    }

    /// A request came to nothing, and nobody knows which message it was.
    fn give_up_one(&mut self) {
        self.fruitless += 1;
        if self.fruitless >= FRUITLESS_MAX {
            self.fruitless = 0;
            report::lost(self.member.known(), "parse", "its worker died of it again and again");
            self.parsed.push(Parsed::Rejected);
        }
    }

    fn reject_rest(&mut self, why: &str) {
        report::lost(self.member.known(), "parse", why);
        self.parsed.resize_with(self.rows.len(), || Parsed::Rejected);
    }
}

/// What an answer says of the first messages that were asked about; `None`: nothing an honest worker says.
fn read(answer: &[u8], asked: usize) -> Option<Vec<Parsed>> {
    let (head, rest) = AnswerHead::decode(answer)?;
    let count = usize::try_from(head.count).ok().filter(|count| *count <= asked)?;
    let (verdicts, _) = rest.split_at_checked(count)?;
    // The records start at a multiple of 8, and the head is one.
    let mut records = rest.get(count.next_multiple_of(8)..)?;
    let mut parsed = Vec::with_capacity(count);
    for verdict in verdicts {
        parsed.push(match Verdict::from_byte(*verdict)? {
            Verdict::Rejected => Parsed::Rejected,
            Verdict::Same => Parsed::Same,
            Verdict::Changed => {
                let size = u32::from_le_bytes(*records.first_chunk()?) as usize;
                let (record, others) = records.split_at_checked(size)?;
                Record::check(record).ok()?;
                records = others;
                Parsed::Changed(record.to_vec())
            }
        });
    }
    Some(parsed)
}

/// The messages that go on, as they are now.
fn assembled(flow: &Flow, rows: &[Row], parsed: Vec<Parsed>) -> Flow {
    if parsed.iter().all(|parsed| matches!(parsed, Parsed::Same)) {
        return flow.clone();
    }
    let records = flow.records();
    if !parsed.iter().any(|parsed| matches!(parsed, Parsed::Changed(_))) {
        let same = rows.iter().zip(&parsed).filter(|(_, parsed)| matches!(parsed, Parsed::Same));
        return Flow::some(records.clone(), same.map(|(row, _)| *row).collect());
    }
    let mut bytes = Vec::with_capacity(records.bytes().len());
    let mut kept = Vec::with_capacity(rows.len());
    for (row, parsed) in rows.iter().zip(&parsed) {
        let record = match parsed {
            Parsed::Rejected => continue,
            Parsed::Same => records.message(row.offset).record().as_bytes(),
            Parsed::Changed(record) => record,
        };
        kept.push(Row { offset: bytes.len() as u32, number: row.number });
        bytes.extend_from_slice(record);
    }
    let records = Records::new(bytes, kept.len() as u32, records.origin().clone());
    Flow::some(Arc::new(records), kept)
}
