//! What waits for an ack: bookmarks and receipts, by the position of their record.
//!
//! Everything here is used with the GIL. Python objects that are done with are handed out and not dropped here: dropping
//! one may run code that comes back.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    ops::Range,
    time::{Duration, Instant},
};

use channel::{
    Prefix,
    protocol::{Acked, Verdict},
};
use pyo3::{prelude::*, types::PyList};

use crate::tracker::Policy;

/// See the module's text.
#[derive(Default)]
pub(crate) struct Pending(RefCell<State>);

#[derive(Default)]
struct State {
    bookmarks: Waiting,
    receipts: Waiting,
    tracking: Option<Tracking>,
}

/// By the position of the record they came with.
type Waiting = BTreeMap<u64, Py<PyAny>>;

struct Tracking {
    policy: Policy,
    prefix: Prefix,
    /// The first position that was given up: no consecutive tracker moves past it, so what follows is not kept.
    stuck_at: u64,
    /// Of a batched tracker: bookmarks, the acks they came with, and when they are to be told at the latest.
    collected: Vec<Py<PyAny>>,
    acks: u32,
    due: Option<Instant>,
}

/// What there is to do, in Python, after acks.
#[derive(Default)]
pub(crate) struct Told {
    /// What the tracker's callback is to be called with, one after the other.
    pub(crate) calls: Vec<Py<PyAny>>,
    /// Receipts that are settled, each with why its message was not delivered, if so.
    pub(crate) receipts: Vec<(Py<PyAny>, Option<String>)>,
    /// Bookmarks that nobody is told of.
    skipped: Vec<Py<PyAny>>,
}

impl Pending {
    /// Gives bookmarks back as `policy` says.
    pub(crate) fn track(&self, policy: Policy) {
        let tracking = Tracking {
            policy,
            prefix: Prefix::default(),
            stuck_at: u64::MAX,
            collected: Vec::new(),
            acks: 0,
            due: None,
        };
        self.0.borrow_mut().tracking = Some(tracking);
    }

    /// Whether there is a tracker to give a bookmark back to.
    pub(crate) fn tracks(&self) -> bool {
        self.0.borrow().tracking.is_some()
    }

    /// The record at `position` has just been published, with these.
    pub(crate) fn add(&self, position: u64, bookmark: Option<Py<PyAny>>, receipt: Option<Py<PyAny>>) {
        let mut state = self.0.borrow_mut();
        if let Some(receipt) = receipt {
            state.receipts.insert(position, receipt);
        }
        let wanted = state.tracking.as_ref().is_some_and(|tracking| position < tracking.stuck_at);
        if let Some(bookmark) = bookmark
            && wanted
        {
            state.bookmarks.insert(position, bookmark);
        }
    }

    /// Bookmarks and receipts whose records are on their way.
    pub(crate) fn len(&self) -> usize {
        let state = self.0.borrow();
        state.bookmarks.len() + state.receipts.len()
    }

    /// Takes what the daemon says became of records.
    pub(crate) fn settle(&self, py: Python<'_>, ranges: Vec<Acked>) -> PyResult<Told> {
        let mut told = Told::default();
        let mut state = self.0.borrow_mut();
        for range in ranges {
            state.settle(py, range, &mut told)?;
        }
        Ok(told)
    }

    /// When a batched tracker is to be told of what it has, though its batch is not complete.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.0.borrow().tracking.as_ref()?.due
    }

    /// What a batched tracker has collected.
    pub(crate) fn collected(&self, py: Python<'_>) -> PyResult<Told> {
        let mut told = Told::default();
        if let Some(tracking) = &mut self.0.borrow_mut().tracking {
            tracking.tell_batch(py, &mut told)?;
        }
        Ok(told)
    }

    /// Nothing more will be told: what a batched tracker has collected, and every receipt, which nobody can answer.
    pub(crate) fn end(&self, py: Python<'_>, reason: &str) -> PyResult<Told> {
        let mut told = self.collected(py)?;
        let mut state = self.0.borrow_mut();
        let receipts = std::mem::take(&mut state.receipts).into_values();
        told.receipts.extend(receipts.map(|receipt| (receipt, Some(reason.to_owned()))));
        told.skipped.extend(std::mem::take(&mut state.bookmarks).into_values());
        Ok(told)
    }
}

impl State {
    fn settle(&mut self, py: Python<'_>, range: Acked, told: &mut Told) -> PyResult<()> {
        let positions = range.first..range.first.saturating_add(u64::from(range.count));
        let reason = match &range.verdict {
            Verdict::Delivered => None,
            Verdict::Dropped(reason) => Some(reason.as_str()),
            Verdict::Aborted => Some("aborted"),
        };
        let receipts = take(&mut self.receipts, positions.clone());
        told.receipts.extend(receipts.into_iter().map(|receipt| (receipt, reason.map(str::to_owned))));
        let aborted = range.verdict == Verdict::Aborted;
        match self.tracking.as_mut().map(|tracking| (tracking.policy, tracking)) {
            None => {}
            Some((Policy::Instant, _)) => told.calls.extend(take(&mut self.bookmarks, positions)),
            Some((Policy::Batched { .. }, _)) if aborted => {
                told.skipped.extend(take(&mut self.bookmarks, positions));
            }
            Some((Policy::Batched { timeout_ms, batch_size }, tracking)) => {
                let mut from = positions.start;
                while from < positions.end {
                    let to = positions.end.min(from + u64::from(batch_size - tracking.acks));
                    tracking.collect(take(&mut self.bookmarks, from..to), (to - from) as u32, timeout_ms);
                    if tracking.acks == batch_size {
                        tracking.tell_batch(py, told)?;
                    }
                    from = to;
                }
            }
            Some((Policy::Consecutive, tracking)) if aborted => {
                tracking.stuck_at = tracking.stuck_at.min(range.first);
                told.skipped.extend(take(&mut self.bookmarks, tracking.stuck_at..u64::MAX));
            }
            Some((Policy::Consecutive, tracking)) => {
                let before = tracking.prefix.end();
                let end = tracking.prefix.settle(range.first, range.count);
                let mut run = take(&mut self.bookmarks, before + 1..end + 1);
                told.calls.extend(run.pop());
                told.skipped.extend(run);
            }
        }
        Ok(())
    }
}

/// Takes what waits for these positions.
fn take(waiting: &mut Waiting, positions: Range<u64>) -> Vec<Py<PyAny>> {
    let found: Vec<u64> = waiting.range(positions).map(|(position, _)| *position).collect();
    found.into_iter().filter_map(|position| waiting.remove(&position)).collect()
}

impl Tracking {
    fn collect(&mut self, bookmarks: Vec<Py<PyAny>>, acks: u32, timeout_ms: u32) {
        if self.acks == 0 && timeout_ms > 0 {
            self.due = Some(Instant::now() + Duration::from_millis(u64::from(timeout_ms)));
        }
        self.acks += acks;
        self.collected.extend(bookmarks);
    }

    fn tell_batch(&mut self, py: Python<'_>, told: &mut Told) -> PyResult<()> {
        self.acks = 0;
        self.due = None;
        let bookmarks = std::mem::take(&mut self.collected);
        if !bookmarks.is_empty() {
            told.calls.push(PyList::new(py, bookmarks)?.into_any().unbind());
        }
        Ok(())
    }
}
