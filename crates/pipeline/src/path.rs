//! A log path is the configuration, as a tree.
//!
//! No wiring phase, no next-pointers: a [`Step`] nests as the statement nests, and *matched* is what a run returns.
//! A whole batch runs at once; each row keeps its number, so a branch says which rows matched, and what several
//! branches let through is put back in the order of the source.

use std::sync::Arc;

use message::{Draft, Records};

use crate::ack::Ack;
use crate::flow::{Flow, Row};
use crate::inlet::Inlet;
use crate::metrics::Counter;
use crate::steps::{Filter, Matched, Parser, Rewrite};

/// One element of a log path.
#[derive(Clone)]
pub enum Step {
    /// Lets through what it accepts; counts both.
    Filter(Arc<dyn Filter>, FilterCounters),
    /// Changes what passes.
    Rewrite(Arc<dyn Rewrite>),
    /// Changes what passes, and may drop it.
    Parser(Arc<dyn Parser>, ParserCounters),
    /// Hands on to a destination; passes everything.
    Destination {
        /// Its mouth.
        inlet: Arc<Inlet>,
        /// Whether the source waits for delivery.
        flow_control: bool,
    },
    /// Each branch gets the messages; what comes out of any goes on.
    Junction(Arc<[Branch]>),
    /// The first branch that takes a message has it alone.
    If(Arc<[Case]>),
    /// Branches whose outcome does not matter: the body of a destination.
    Aside(Arc<[Branch]>),
}

/// A branch of a junction, or a log path of a source.
#[derive(Clone)]
pub struct Branch {
    /// What it does.
    pub steps: Arc<[Step]>,
    /// What matched here is not offered to the branches behind.
    pub is_final: bool,
    /// Considered only for what no other branch matched.
    pub fallback: bool,
}

/// One arm of a conditional; `else` is one that accepts everything.
#[derive(Clone)]
pub struct Case {
    /// `if (filter)`; without, what its steps let through decides.
    pub condition: Option<Arc<dyn Filter>>,
    /// What it does.
    pub steps: Arc<[Step]>,
}

/// `filter;NAME;;a;matched` and `not_matched`.
#[derive(Clone, Default)]
pub struct FilterCounters {
    /// Accepted.
    pub matched: Counter,
    /// Dropped from the branch.
    pub not_matched: Counter,
}

/// `parser;NAME;;a;processed` and `discarded`.
#[derive(Clone, Default)]
pub struct ParserCounters {
    /// Parsed.
    pub processed: Counter,
    /// Dropped from the branch.
    pub discarded: Counter,
}

/// Runs one batch through the log paths of its source, then hands every destination its share.
pub fn run(branches: &[Branch], flow: Flow, ack: &Ack) {
    let mut outbox = Outbox::default();
    let mut matched = Rows::none(flow.len());
    junction(branches, flow, &mut matched, &mut Vec::new(), &mut outbox);
    outbox.send(ack);
}

/// Runs `flow` through `steps`. Rows that reach the end are marked in `matched` and pushed to `emerged`.
fn run_steps(
    steps: &[Step],
    mut flow: Flow,
    matched: &mut Rows,
    emerged: &mut Vec<Flow>,
    outbox: &mut Outbox,
) {
    for step in steps {
        if flow.is_empty() {
            return;
        }
        flow = match step {
            Step::Filter(filter, counters) => {
                let before = flow.len();
                let kept = filtered(&flow, &**filter);
                counters.matched.add(kept.len() as u64);
                counters.not_matched.add((before - kept.len()) as u64);
                kept
            }
            Step::Rewrite(rewrite) => rewritten(&flow, |message, draft| {
                rewrite.apply(message, draft);
                Matched::Yes
            }),
            Step::Parser(parser, counters) => {
                let before = flow.len();
                let parsed = parser
                    .parse_all(&flow)
                    .unwrap_or_else(|| rewritten(&flow, |message, draft| parser.parse(message, draft)));
                counters.processed.add(parsed.len() as u64);
                counters.discarded.add((before - parsed.len()) as u64);
                parsed
            }
            Step::Destination { inlet, flow_control } => {
                outbox.put(inlet, *flow_control, flow.clone());
                flow
            }
            Step::Junction(branches) => {
                let mut survivors = Vec::new();
                junction(branches, flow, &mut Rows::default(), &mut survivors, outbox);
                match Flow::merged(survivors) {
                    Some(flow) => flow,
                    None => return,
                }
            }
            Step::If(cases) => match conditional(cases, flow, outbox) {
                Some(flow) => flow,
                None => return,
            },
            Step::Aside(branches) => {
                junction(branches, flow.clone(), &mut Rows::default(), &mut Vec::new(), outbox);
                flow
            }
        };
    }
    if !flow.is_empty() {
        matched.mark(&flow);
        emerged.push(flow);
    }
}

/// Offers `flow` to the branches: first to all but the fallbacks, then to the fallbacks what none of those matched.
/// A final branch keeps what it matched from its siblings behind.
fn junction(
    branches: &[Branch],
    flow: Flow,
    matched: &mut Rows,
    emerged: &mut Vec<Flow>,
    outbox: &mut Outbox,
) {
    let mut anywhere = Rows::default();
    let mut offered = flow.clone();
    for branch in branches.iter().filter(|branch| !branch.fallback) {
        offered = offer(branch, offered, &mut anywhere, emerged, outbox);
    }
    if branches.iter().any(|branch| branch.fallback) {
        let mut offered = flow.filtered(|row, _| !anywhere.has(row));
        for branch in branches.iter().filter(|branch| branch.fallback) {
            offered = offer(branch, offered, &mut anywhere, emerged, outbox);
        }
    }
    matched.add(&anywhere);
}

/// Runs one branch, and returns what is left for its siblings.
fn offer(
    branch: &Branch,
    offered: Flow,
    anywhere: &mut Rows,
    emerged: &mut Vec<Flow>,
    outbox: &mut Outbox,
) -> Flow {
    if offered.is_empty() {
        return offered;
    }
    let mut here = Rows::default();
    run_steps(&branch.steps, offered.clone(), &mut here, emerged, outbox);
    anywhere.add(&here);
    if branch.is_final { offered.filtered(|row, _| !here.has(row)) } else { offered }
}

/// Each message goes into the first case that takes it; what no case takes passes by.
fn conditional(cases: &[Case], flow: Flow, outbox: &mut Outbox) -> Option<Flow> {
    let mut rest = flow;
    let mut survivors = Vec::new();
    for case in cases {
        let mut here = Rows::default();
        match &case.condition {
            Some(condition) => {
                let taken = filtered(&rest, &**condition);
                let mut taken_rows = Rows::default();
                taken_rows.mark(&taken);
                run_steps(&case.steps, taken, &mut here, &mut survivors, outbox);
                rest = rest.filtered(|row, _| !taken_rows.has(row));
            }
            None => {
                run_steps(&case.steps, rest.clone(), &mut here, &mut survivors, outbox);
                rest = rest.filtered(|row, _| !here.has(row));
            }
        }
        if rest.is_empty() {
            break;
        }
    }
    survivors.push(rest);
    Flow::merged(survivors)
}

/// What `filter` lets through, with what it stores.
fn filtered(flow: &Flow, filter: &dyn Filter) -> Flow {
    if !filter.stores() {
        return flow.filtered(|_, message| filter.accepts(message));
    }
    rewritten(flow, |message, draft| match filter.accepts_and_stores(message, draft) {
        true => Matched::Yes,
        false => Matched::No,
    })
}

/// New records for what `change` lets through.
fn rewritten(
    flow: &Flow,
    mut change: impl for<'a> FnMut(message::Message<'a>, &mut Draft<'a>) -> Matched,
) -> Flow {
    let mut bytes = Vec::with_capacity(flow.records().bytes().len());
    let mut rows = Vec::with_capacity(flow.len());
    for row in flow.rows() {
        let message = flow.records().message(row.offset);
        let mut draft = Draft::of(message);
        if change(message, &mut draft) == Matched::Yes {
            rows.push(Row { offset: bytes.len() as u32, number: row.number });
            draft.encode(&mut bytes);
        }
    }
    let records = Records::new(bytes, rows.len() as u32, flow.records().origin().clone());
    Flow::some(Arc::new(records), rows)
}

/// A set of row numbers of one batch.
#[derive(Debug, Default)]
struct Rows(Vec<u64>);

impl Rows {
    fn none(rows: usize) -> Rows {
        Rows(Vec::with_capacity(rows.div_ceil(64)))
    }

    fn mark(&mut self, flow: &Flow) {
        for row in flow.rows() {
            let word = row.number as usize / 64;
            if self.0.len() <= word {
                self.0.resize(word + 1, 0);
            }
            self.0[word] |= 1 << (row.number % 64);
        }
    }

    fn has(&self, row: Row) -> bool {
        self.0.get(row.number as usize / 64).is_some_and(|word| word & (1 << (row.number % 64)) != 0)
    }

    fn add(&mut self, other: &Rows) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        self.0.iter_mut().zip(&other.0).for_each(|(mine, theirs)| *mine |= theirs);
    }
}

/// What a batch owes to each destination, collected while it runs: two branches that feed one destination must not
/// change the order in which it sees the source's messages.
#[derive(Default)]
struct Outbox(Vec<(Arc<Inlet>, bool, Vec<Flow>)>);

impl Outbox {
    fn put(&mut self, inlet: &Arc<Inlet>, flow_control: bool, flow: Flow) {
        let known = self.0.iter_mut().find(|(known, fc, _)| Arc::ptr_eq(known, inlet) && *fc == flow_control);
        match known {
            Some((_, _, flows)) => flows.push(flow),
            None => self.0.push((inlet.clone(), flow_control, vec![flow])),
        }
    }

    fn send(self, ack: &Ack) {
        for (inlet, flow_control, flows) in self.0 {
            if let Some(flow) = Flow::merged(flows) {
                inlet.push(flow, ack, flow_control);
            }
        }
    }
}

#[cfg(test)]
mod tests;
