use super::*;

fn sample() -> Vec<u8> {
    let mut out = Vec::new();
    let head = Head { pri: 13, stamp: 1_700_000_000_000_000, received: 5, ..Head::default() };
    let entries = [
        Entry { name: Name::new(b"MSG"), value: b"hello", kind: ValueType::String },
        Entry { name: Name::new(b"user.id"), value: b"1000", kind: ValueType::Integer },
        Entry { name: Name::new(b"HOST"), value: b"vm", kind: ValueType::String },
    ];
    encode(&mut out, &head, &entries);
    out
}

#[test]
fn what_is_encoded_is_read_back() {
    let bytes = sample();
    let record = Record::check(&bytes).unwrap();
    assert_eq!(record.head().pri, 13);
    assert_eq!(record.builtin(Builtin::Message), Some(&b"hello"[..]));
    assert_eq!(record.get(Name::new(b"user.id")), Some((&b"1000"[..], ValueType::Integer)));
    assert_eq!(record.get(Name::new(b"nope")), None);
    assert_eq!(record.pairs().count(), 3);
}

#[test]
fn a_hidden_built_in_is_gone() {
    let mut bytes = sample();
    patch::hide(&mut bytes, Builtin::Host);
    let record = Record::check(&bytes).unwrap();
    assert_eq!(record.builtin(Builtin::Host), None);
    assert_eq!(record.pairs().count(), 2);
}

#[test]
fn every_cut_and_every_flipped_byte_is_refused_or_harmless() {
    let bytes = sample();
    for end in 0..bytes.len() {
        assert!(Record::check(&bytes[..end]).is_err());
    }
    for i in 0..bytes.len() {
        for flip in [1u8, 0x80, 0xff] {
            let mut broken = bytes.clone();
            broken[i] ^= flip;
            if let Ok(record) = Record::check(&broken) {
                for pair in record.pairs() {
                    assert!(record.get(pair.name).is_some());
                }
            }
        }
    }
}
