use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use message::record::{self, Head};
use message::{Origin, Records};
use parking_lot::Mutex;

use super::*;
use crate::ack::{Ack, Answer, Dropped, Position};
use crate::exit::Exit;
use crate::inlet::{Inlet, InletOptions};
use crate::metrics::Metrics;

/// Answers what it was told to, call by call.
struct Scripted {
    said: Arc<Mutex<Vec<String>>>,
    sends: Vec<Outcome>,
    flushes: Vec<Outcome>,
    exit: Exit,
    inlet: Arc<Inlet>,
}

impl Scripted {
    /// Ends the worker once the script is at its end.
    fn after(&self) {
        if self.sends.is_empty() && self.flushes.is_empty() {
            self.exit.request();
            self.inlet.queue().close();
        }
    }
}

impl Destination for Scripted {
    fn open(&mut self) -> Result<(), SendError> {
        self.said.lock().push("open".to_owned());
        Ok(())
    }

    fn send(&mut self, batch: &Flow) -> Outcome {
        self.said.lock().push(format!("send {}", batch.len()));
        let outcome = self.sends.remove(0);
        self.after();
        outcome
    }

    fn flush(&mut self) -> Outcome {
        if self.flushes.is_empty() {
            return Outcome::Queued;
        }
        self.said.lock().push("flush".to_owned());
        let outcome = self.flushes.remove(0);
        self.after();
        outcome
    }

    fn finish(&mut self) -> Outcome {
        Outcome::Queued
    }

    fn close(&mut self) {
        self.said.lock().push("close".to_owned());
    }
}

#[derive(Default)]
struct Acked {
    messages: AtomicU32,
    notes: Mutex<Vec<(u32, &'static str)>>,
}

impl Answer for Acked {
    fn answered(&self, messages: u32, _position: Position, _aborted: bool) {
        self.messages.fetch_add(messages, Ordering::Relaxed);
    }

    fn noted(&self, messages: u32, position: Position, aborted: bool, dropped: Vec<Dropped>) {
        self.answered(messages, position, aborted);
        self.notes.lock().extend(dropped.iter().map(|dropped| (dropped.number, dropped.reason)));
    }
}

struct Run {
    said: Vec<String>,
    written: u64,
    dropped: u64,
    left: usize,
    acked: u32,
    notes: Vec<(u32, &'static str)>,
}

/// Pushes deliveries of these sizes, and lets a worker work until the script is done.
fn run(deliveries: &[u32], sends: Vec<Outcome>, flushes: Vec<Outcome>) -> Run {
    let metrics = Arc::new(Metrics::default());
    let inlet = Arc::new(Inlet::new(
        InletOptions {
            id: "d#0".to_owned(),
            statement: "d".to_owned(),
            driver: "scripted",
            instance: String::new(),
            fifo_size: 1000,
            time_reopen: Duration::from_millis(1),
            disk: false,
        },
        &metrics,
    ));
    let acked = Arc::new(Acked::default());
    for messages in deliveries {
        let mut bytes = Vec::new();
        (0..*messages).for_each(|_| record::encode(&mut bytes, &Head::default(), &[]));
        let records = Records::new(bytes, *messages, Arc::new(Origin::new(&[])));
        let ack = Ack::noted(acked.clone(), *messages, Position(0));
        inlet.push(Flow::all(Arc::new(records)), &ack, true);
    }
    let (exit, said) = (Exit::new().unwrap(), Arc::new(Mutex::new(Vec::new())));
    let driver = Scripted { said: said.clone(), sends, flushes, exit: exit.clone(), inlet: inlet.clone() };
    Worker::new(inlet.clone(), Box::new(driver), RETRIES, exit).run();
    let counter = |kind| metrics.counter("dst.scripted", "d#0", "", kind).get();
    Run {
        said: std::mem::take(&mut said.lock()),
        written: counter("written"),
        dropped: counter("dropped"),
        left: inlet.queue().len(),
        acked: acked.messages.load(Ordering::Relaxed),
        notes: std::mem::take(&mut acked.notes.lock()),
    }
}

fn settled(delivered: usize, dropped: usize, then: Then) -> Outcome {
    Outcome::Settled(Settled { delivered, dropped, reason: "rejected", then })
}

fn broken() -> SendError {
    SendError::new("broken")
}

#[test]
fn queued_messages_are_settled_by_a_flush() {
    let run = run(&[3, 2], vec![Outcome::Queued, Outcome::Queued], vec![Outcome::Success]);
    assert_eq!(run.said[..4], ["open", "send 3", "send 2", "flush"]);
    assert_eq!((run.written, run.dropped, run.left, run.acked), (5, 0, 0, 5));
}

#[test]
fn a_flush_that_fails_sends_all_that_was_open_again() {
    let outcomes = vec![Outcome::Queued, Outcome::Queued, Outcome::Queued, Outcome::Queued];
    let run = run(&[3, 2], outcomes, vec![Outcome::NotConnected(broken()), Outcome::Success]);
    let expected = ["open", "send 3", "send 2", "flush", "close", "open", "send 3", "send 2", "flush"];
    assert_eq!(run.said[..9], expected);
    assert_eq!((run.written, run.left, run.acked), (5, 0, 5));
}

#[test]
fn what_is_still_open_at_the_end_goes_back_to_the_queue() {
    let run = run(&[3, 2], vec![Outcome::Queued, settled(1, 0, Then::KeepOpen)], vec![]);
    assert_eq!((run.written, run.left, run.acked), (1, 4, 0));
}

#[test]
fn messages_are_settled_across_deliveries() {
    let run = run(&[3, 3], vec![Outcome::Queued, settled(4, 1, Then::KeepOpen)], vec![Outcome::Success]);
    assert_eq!((run.written, run.dropped, run.left, run.acked), (5, 1, 0, 6));
}

#[test]
fn a_failure_drops_what_failed_after_so_many_tries_and_goes_on_with_the_rest() {
    let failed = || settled(0, 0, Then::Failed { messages: 1, error: broken() });
    let run = run(&[3], vec![failed(), failed(), failed(), Outcome::Success], vec![]);
    let sends: Vec<&String> = run.said.iter().filter(|said| said.starts_with("send")).collect();
    assert_eq!(sends, ["send 3", "send 3", "send 3", "send 2"]);
    assert_eq!((run.written, run.dropped, run.acked), (2, 1, 3));
}

#[test]
fn a_success_in_between_forgives_failures() {
    let failed = || settled(0, 0, Then::Failed { messages: 1, error: broken() });
    let ok = || settled(1, 0, Then::Again);
    let run = run(&[3], vec![failed(), failed(), ok(), failed(), failed(), Outcome::Success], vec![]);
    assert_eq!((run.written, run.dropped), (3, 0));
}

#[test]
fn a_source_that_asks_hears_which_messages_were_dropped() {
    let run = run(&[3, 3], vec![Outcome::Queued, settled(1, 3, Then::KeepOpen)], vec![Outcome::Success]);
    assert_eq!(run.notes, [(1, "rejected"), (2, "rejected"), (0, "rejected")]);
    assert_eq!((run.written, run.dropped, run.acked), (3, 3, 6));
}
