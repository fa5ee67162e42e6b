use super::*;
use crate::record::Record;

/// Pairs of every kind, into a builder that expects `room` of them.
fn build(room: usize) -> Vec<u8> {
    let mut arena = b"before".to_vec();
    let mut record = Builder::begin(&mut arena, room);
    let line = record.append(b"host prog[1]: text");
    record.set(Builtin::Host, line.part(0, 4), ValueType::String);
    record.set(Builtin::LegacyMsghdr, line.part(5, 14), ValueType::String);
    for i in 0..7 {
        let (name, value) = (format!("n{}", i % 6), format!("v{i}"));
        let entry =
            Entry { name: Name::new(name.as_bytes()), value: value.as_bytes(), kind: ValueType::Integer };
        record.put(entry);
    }
    let (message, length) = record.append_with(|out| {
        out.extend_from_slice(b"written");
        out.len()
    });
    assert!(length > message.len() && message.len() == 7 && !message.is_empty());
    record.set(Builtin::Message, message, ValueType::String);
    record.finish(&Head { pri: 13, ..Head::default() });
    arena.drain(..6);
    arena
}

#[test]
fn a_wrong_guess_of_the_pairs_makes_no_difference() {
    let right = build(9);
    let record = Record::check(&right).unwrap();
    assert_eq!(record.pair_count(), 9);
    assert_eq!(record.builtin(Builtin::Host), Some(&b"host"[..]));
    assert_eq!(record.builtin(Builtin::LegacyMsghdr), Some(&b"prog[1]: "[..]));
    assert_eq!(record.builtin(Builtin::Message), Some(&b"written"[..]));
    // The last value of a name counts.
    assert_eq!(record.get(Name::new(b"n0")), Some((&b"v6"[..], ValueType::Integer)));
    for room in (0..20).filter(|room| *room != 9) {
        assert_eq!(build(room), right, "room for {room}");
    }
}

#[test]
fn an_unfinished_record_leaves_nothing() {
    let mut arena = b"before".to_vec();
    let mut record = Builder::begin(&mut arena, 3);
    record.append(b"something");
    drop(record);
    assert_eq!(arena, b"before");
}

#[test]
fn names_that_cannot_be_stored_are_refused() {
    let mut arena = Vec::new();
    let mut record = Builder::begin(&mut arena, 0);
    let long = [b'n'; NAME_BYTES_MAX + 1];
    let span = record.append(&long);
    assert!(!record.set_custom(span, long.len(), ValueType::String));
    assert!(!record.set_custom(span, 0, ValueType::String));
    record.finish(&Head::default());
    assert_eq!(Record::check(&arena).unwrap().pair_count(), 0);
}
