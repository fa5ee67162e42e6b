use super::*;
use message::record::{self, Entry, Head};
use message::{Builtin, Name, Origin, ValueType};

fn batch(texts: &[&str]) -> Flow {
    let mut bytes = Vec::new();
    for text in texts {
        let entry =
            Entry { name: Name::Builtin(Builtin::Message), value: text.as_bytes(), kind: ValueType::String };
        record::encode(&mut bytes, &Head::default(), &[entry]);
    }
    Flow::all(Arc::new(Records::new(bytes, texts.len() as u32, Arc::new(Origin::new(&[])))))
}

#[track_caller]
fn check(flow: &Flow, expected: &[&str]) {
    let texts: Vec<String> = flow
        .messages()
        .map(|message| String::from_utf8_lossy(message.builtin(Builtin::Message)).into_owned())
        .collect();
    assert_eq!(texts, expected);
    assert_eq!(flow.len(), expected.len());
}

fn only(flow: &Flow, wanted: &str) -> Flow {
    flow.filtered(|_, message| wanted.as_bytes().contains(&message.builtin(Builtin::Message)[0]))
}

#[test]
fn a_filter_shortens_the_selection() {
    check(&only(&batch(&["a", "b", "c"]), "ac"), &["a", "c"]);
}

#[test]
fn branches_come_back_in_the_order_of_the_source() {
    let flow = batch(&["a", "b", "c", "d"]);
    check(&Flow::merged(vec![only(&flow, "bd"), only(&flow, "ac")]).unwrap(), &["a", "b", "c", "d"]);
}

#[test]
fn branches_with_records_of_their_own_come_back_in_order_too() {
    let flow = batch(&["a", "b", "c"]);
    let other = only(&batch(&["x", "y", "z"]), "y");
    check(&Flow::merged(vec![only(&flow, "ac"), other]).unwrap(), &["a", "y", "c"]);
}

#[test]
fn a_split_keeps_all() {
    let (head, tail) = batch(&["a", "b", "c"]).split_at(1);
    check(&head, &["a"]);
    check(&tail, &["b", "c"]);
}

#[test]
fn a_sparse_selection_lets_the_batch_go() {
    let flow = only(&batch(&["a", "b", "c", "d", "e"]), "e").compacted();
    check(&flow, &["e"]);
    assert_eq!(flow.records().len(), 1);
}
