use super::*;
use crate::record::Record;
use crate::records::Origin;

fn origin() -> Origin {
    Origin::new(&[(Builtin::Source, b"s_net"), (Builtin::Host, b"peer"), (Builtin::Tags, b".source.s_net")])
}

/// A record of what `write` puts into a draft without a message.
fn record(write: impl FnOnce(&mut Draft<'_>)) -> Vec<u8> {
    let mut draft = Draft::new(Head::default());
    write(&mut draft);
    let mut record = Vec::new();
    draft.encode(&mut record);
    record
}

/// What becomes of a message when `change` is made to it.
fn changed(bytes: &[u8], change: impl FnOnce(&mut Draft<'_>)) -> Vec<u8> {
    let origin = origin();
    let mut draft = Draft::of(Message::new(Record::check(bytes).unwrap(), Some(origin.record())));
    change(&mut draft);
    let mut record = Vec::new();
    draft.encode(&mut record);
    record
}

fn tags(bytes: &[u8]) -> String {
    let origin = origin();
    let message = Message::new(Record::check(bytes).unwrap(), Some(origin.record()));
    message.tags().map(|tag| String::from_utf8_lossy(tag).into_owned()).collect::<Vec<_>>().join(" ")
}

#[test]
fn tags_of_a_source_come_on_top_of_its_origins() {
    assert_eq!(tags(&record(|_| {})), ".source.s_net");
    let tagged = record(|draft| draft.set_tag("t1"));
    assert_eq!(tags(&tagged), ".source.s_net t1");
    // Once a message is changed, its tags stand for themselves.
    let more = changed(&tagged, |draft| draft.set_tag("t2"));
    assert_eq!(tags(&more), ".source.s_net t1 t2");
    assert_eq!(tags(&changed(&more, |draft| draft.set_tag("t1"))), ".source.s_net t1 t2");
    assert_eq!(tags(&changed(&more, |draft| draft.clear_tag(".source.s_net"))), "t1 t2");
    assert_eq!(tags(&changed(&tagged, |draft| draft.clear_tag("t1"))), ".source.s_net");
    let none = changed(&record(|_| {}), |draft| draft.clear_tag(".source.s_net"));
    assert_eq!(tags(&none), "");
}

#[test]
fn the_format_may_be_set_and_unset() {
    let plain = record(|draft| draft.head.flags = RecordFlags::RFC5424);
    let format = |bytes: &[u8]| Record::check(bytes).unwrap().builtin(Builtin::Msgformat).map(<[u8]>::to_vec);
    assert_eq!(format(&plain), Some(b"syslog:rfc5424".to_vec()));
    let name = Name::Builtin(Builtin::Msgformat);
    assert_eq!(
        format(&changed(&plain, |draft| draft.set(name, &b"mine"[..], ValueType::String))),
        Some(b"mine".to_vec())
    );
    assert_eq!(format(&changed(&plain, |draft| draft.unset(name))), None);
    changed(&plain, |draft| assert_eq!(draft.get(name), Some((&b"syslog:rfc5424"[..], ValueType::String))));
}

#[test]
fn what_is_unset_is_not_seen() {
    let bytes = changed(&record(|_| {}), |draft| draft.unset(Name::Builtin(Builtin::Host)));
    let origin = origin();
    let message = Message::new(Record::check(&bytes).unwrap(), Some(origin.record()));
    assert_eq!(message.builtin(Builtin::Host), b"");
    let names: Vec<_> = message.pairs().map(|pair| pair.name).collect();
    assert_eq!(names, [Name::Builtin(Builtin::Source), Name::Builtin(Builtin::Tags)]);
}

#[test]
fn setting_the_program_drops_the_header() {
    let bytes = record(|draft| {
        draft.put(Name::new(b"PROGRAM"), &b"a"[..], ValueType::String);
        draft.put(Name::new(b"LEGACY_MSGHDR"), &b"a: "[..], ValueType::String);
    });
    assert!(Record::check(&bytes).unwrap().has(Builtin::LegacyMsghdr));
    let bytes = changed(&bytes, |draft| draft.set(Name::new(b"PROGRAM"), &b"b"[..], ValueType::String));
    let record = Record::check(&bytes).unwrap();
    assert_eq!(
        (record.has(Builtin::LegacyMsghdr), record.builtin(Builtin::Program)),
        (false, Some(&b"b"[..]))
    );
}

#[test]
fn names_that_cannot_be_stored_are_not() {
    let long = vec![b'n'; 256];
    let bytes = record(|draft| {
        for name in [&b""[..], &long, &long[..255]] {
            draft.set(Name::new(name), &b"v"[..], ValueType::String);
        }
    });
    assert_eq!(Record::check(&bytes).unwrap().pair_count(), 1);
    // Nor when they do not come through a draft.
    let entry = |name| Entry { name: Name::new(name), value: b"v", kind: ValueType::String };
    let entries = [entry(&b""[..]), entry(b"x"), entry(&long), entry(b"HOST")];
    let mut bytes = Vec::new();
    record::encode(&mut bytes, &Head::default(), &entries);
    let names: Vec<_> = Record::check(&bytes).unwrap().pairs().map(|pair| pair.name).collect();
    assert_eq!(names, [Name::new(b"x"), Name::new(b"HOST")]);
}
