use super::*;
use crate::inlet::InletOptions;
use crate::metrics::Metrics;
use crate::queue::Popped;
use message::record::{self, Entry, Head};
use message::{Builtin, Message, Name, Origin, ValueType};
use std::time::Duration;

struct Has(&'static str);

impl Filter for Has {
    fn accepts(&self, message: Message<'_>) -> bool {
        message.builtin(Builtin::Message).iter().any(|byte| self.0.as_bytes().contains(byte))
    }
}

struct Upper;

impl Rewrite for Upper {
    fn apply<'a>(&self, message: Message<'a>, draft: &mut Draft<'a>) {
        let upper = message.builtin(Builtin::Message).to_ascii_uppercase();
        draft.set(Name::Builtin(Builtin::Message), upper, ValueType::String);
    }
}

fn filter(accepted: &'static str) -> Step {
    Step::Filter(Arc::new(Has(accepted)), FilterCounters::default())
}

fn branch(steps: Vec<Step>) -> Branch {
    Branch { steps: steps.into(), is_final: false, fallback: false }
}

struct Out(Arc<Inlet>);

impl Out {
    fn new() -> Out {
        let options = InletOptions {
            id: "d#0".into(),
            statement: "d".into(),
            driver: "test",
            instance: String::new(),
            fifo_size: 1000,
            time_reopen: Duration::ZERO,
            disk: false,
        };
        Out(Arc::new(Inlet::new(options, &Metrics::new())))
    }

    fn step(&self) -> Step {
        Step::Destination { inlet: self.0.clone(), flow_control: false }
    }

    #[track_caller]
    fn check(&self, expected: &str) {
        let mut got = String::new();
        while let Popped::Delivery(delivery) = self.0.queue().pop(Duration::ZERO) {
            for message in delivery.flow.messages() {
                got.push_str(&String::from_utf8_lossy(message.builtin(Builtin::Message)));
            }
        }
        assert_eq!(got, expected);
    }
}

/// Runs a batch of one-letter messages.
fn run_letters(branches: &[Branch], letters: &str) {
    let mut bytes = Vec::new();
    for letter in letters.split_inclusive(|_| true) {
        let value = letter.as_bytes();
        let entry = Entry { name: Name::Builtin(Builtin::Message), value, kind: ValueType::String };
        record::encode(&mut bytes, &Head::default(), &[entry]);
    }
    let records = Records::new(bytes, letters.len() as u32, Arc::new(Origin::new(&[])));
    run(branches, Flow::all(Arc::new(records)), &Ack::none());
}

#[test]
fn every_path_sees_every_message() {
    let (a, b) = (Out::new(), Out::new());
    run_letters(&[branch(vec![a.step()]), branch(vec![filter("x"), b.step()])], "xyx");
    a.check("xyx");
    b.check("xx");
}

#[test]
fn final_keeps_what_it_matched_from_the_paths_behind() {
    let (a, b) = (Out::new(), Out::new());
    let first = Branch { is_final: true, ..branch(vec![filter("x"), a.step()]) };
    run_letters(&[first, branch(vec![b.step()])], "xyz");
    a.check("x");
    b.check("yz");
}

#[test]
fn fallback_gets_what_no_other_path_matched_wherever_it_stands() {
    let (a, b) = (Out::new(), Out::new());
    let fallback = Branch { fallback: true, ..branch(vec![b.step()]) };
    run_letters(&[fallback, branch(vec![filter("x"), a.step()])], "xyx");
    a.check("xx");
    b.check("y");
}

#[test]
fn a_drop_behind_the_destination_still_means_unmatched() {
    let (a, b) = (Out::new(), Out::new());
    let fallback = Branch { fallback: true, ..branch(vec![b.step()]) };
    run_letters(&[branch(vec![a.step(), filter("x")]), fallback], "xy");
    a.check("xy");
    b.check("y");
}

#[test]
fn what_a_branch_changes_is_seen_behind_the_junction_for_its_copy_only() {
    let out = Out::new();
    let changed = branch(vec![filter("x"), Step::Rewrite(Arc::new(Upper))]);
    let junction = Step::Junction([changed, branch(vec![])].into());
    run_letters(&[branch(vec![junction, out.step()])], "xyx");
    out.check("XxyXx");
}

#[test]
fn a_condition_decides_alone() {
    let out = Out::new();
    let cases = [
        Case { condition: Some(Arc::new(Has("xy"))), steps: [filter("x")].into() },
        Case { condition: None, steps: [Step::Rewrite(Arc::new(Upper))].into() },
    ];
    run_letters(&[branch(vec![Step::If(cases.into()), out.step()])], "xyzx");
    out.check("xZx");
}

#[test]
fn a_drop_in_a_compound_condition_means_else() {
    let out = Out::new();
    let cases = [
        Case { condition: None, steps: [filter("x")].into() },
        Case { condition: None, steps: [Step::Rewrite(Arc::new(Upper))].into() },
    ];
    run_letters(&[branch(vec![Step::If(cases.into()), out.step()])], "xyzx");
    out.check("xYZx");
}

#[test]
fn without_else_the_rest_passes() {
    let out = Out::new();
    let cases =
        [Case { condition: Some(Arc::new(Has("x"))), steps: [Step::Rewrite(Arc::new(Upper))].into() }];
    run_letters(&[branch(vec![Step::If(cases.into()), out.step()])], "xyx");
    out.check("XyX");
}

#[test]
fn two_paths_into_one_destination_keep_the_order_of_the_source() {
    let out = Out::new();
    run_letters(&[branch(vec![filter("x"), out.step()]), branch(vec![filter("y"), out.step()])], "xyxy");
    out.check("xyxy");
}

#[test]
fn the_body_of_a_destination_changes_nothing_outside() {
    let (inner, out) = (Out::new(), Out::new());
    let aside = Step::Aside([branch(vec![filter("x"), Step::Rewrite(Arc::new(Upper)), inner.step()])].into());
    run_letters(&[branch(vec![aside, out.step()])], "xy");
    inner.check("X");
    out.check("xy");
}
