use super::*;
use proptest::prelude::*;

/// What a stream is cut into when it arrives in pieces of `piece` bytes.
fn cut(
    framing: Framing,
    limit: usize,
    trim: bool,
    stream: &[u8],
    piece: usize,
) -> (Vec<Vec<u8>>, Option<FramingError>) {
    let mut cutter = Cutter::new(framing, limit, trim);
    let mut records = Vec::new();
    for bytes in stream.chunks(piece.max(1)) {
        let mut bytes = bytes;
        while !bytes.is_empty() {
            let room = cutter.room();
            let fits = bytes.len().min(room.len());
            assert!(fits > 0, "no room");
            room[..fits].copy_from_slice(&bytes[..fits]);
            cutter.filled(fits);
            bytes = &bytes[fits..];
            loop {
                match cutter.next() {
                    Ok(Some(record)) => records.push(record.to_vec()),
                    Ok(None) => break,
                    Err(error) => return (records, Some(error)),
                }
            }
        }
    }
    records.extend(cutter.rest().map(<[u8]>::to_vec));
    (records, None)
}

#[track_caller]
fn check(framing: Framing, stream: &[u8], expected: &[&str]) {
    for piece in [1, 3, stream.len()] {
        let (records, error) = cut(framing, 20, false, stream, piece);
        assert_eq!(error, None);
        let texts: Vec<_> = records.iter().map(|record| String::from_utf8_lossy(record)).collect();
        assert_eq!(texts, expected, "in pieces of {piece}");
    }
}

#[test]
fn text_ends_at_line_break_or_nul() {
    check(Framing::Text, b"a\nb\r\nc\0d\n\n  e  \nlast", &["a", "b\r", "c", "d", "", "  e  ", "last"]);
}

#[test]
fn nuls_may_belong_to_the_text() {
    check(Framing::TextWithNuls, b"a\0b\nc", &["a\0b", "c"]);
}

#[test]
fn nuls_may_be_the_only_end() {
    check(Framing::NulTerminated, b"a\nb\0c\0", &["a\nb", "c"]);
}

#[test]
fn a_long_line_is_split_at_the_limit() {
    check(Framing::Text, b"01234567890123456789rest\nx\n", &["01234567890123456789", "rest", "x"]);
    check(Framing::Text, b"01234567890123456789\nx\n", &["01234567890123456789", "x"]);
}

#[test]
fn counted_records_hold_anything() {
    check(Framing::Counted, b"5 hello3 abc6 with\nn0 1 x", &["hello", "abc", "with\nn", "", "x"]);
}

#[test]
fn an_incomplete_counted_record_is_none() {
    check(Framing::Counted, b"5 hello9 abc", &["hello"]);
}

#[test]
fn auto_looks_at_the_first_byte() {
    check(Framing::Auto, b"5 hello3 abc", &["hello", "abc"]);
    check(Framing::Auto, b"<13>x\n5 y\n", &["<13>x", "5 y"]);
}

#[test]
fn a_counted_record_beyond_the_limit_is_refused_or_cut() {
    let stream = b"3 abc25 0123456789012345678901234 2 xy".as_slice();
    let (records, error) = cut(Framing::Counted, 20, false, stream, 4);
    assert_eq!(records, [b"abc"]);
    assert_eq!(error, Some(FramingError::Length { limit: 20, length: 25 }));
    let stream = b"3 abc25 01234567890123456789012342 xy".as_slice();
    for piece in [1, 7, 100] {
        let (records, error) = cut(Framing::Counted, 20, true, stream, piece);
        assert_eq!(records, [&b"abc"[..], b"01234567890123456789", b"xy"]);
        assert_eq!(error, None);
    }
}

#[test]
fn a_bad_header_is_shown() {
    let (_, error) = cut(Framing::Counted, 20, false, b"<13>no frame", 100);
    assert_eq!(error.unwrap().to_string(), "Invalid frame header; header='<13>no fra'");
}

// CVE-2022-24903: counts of any number of digits, and what a count may overflow.
#[test]
fn a_count_never_has_more_than_ten_digits() {
    for digits in 1..1000 {
        let count = "9".repeat(digits);
        let (records, error) = cut(Framing::Counted, 20, false, format!("{count} x").as_bytes(), 64);
        assert!(records.len() <= 1);
        match digits {
            1 => assert_eq!(error, None),
            2..=10 => assert!(matches!(error, Some(FramingError::Length { .. })), "{digits} digits"),
            _ => assert!(matches!(error, Some(FramingError::Header(_))), "{digits} digits"),
        }
    }
    for bad in ["-1 x", "+5 hello", " 5 x", "0x10 x", "5\thello", "4294967297 x", "18446744073709551617 x"] {
        let (records, error) = cut(Framing::Counted, 20, false, bad.as_bytes(), 64);
        assert!(records.is_empty() && error.is_some(), "{bad}");
    }
    let (records, _) = cut(Framing::Counted, 20, false, b"0000000005 hello", 64);
    assert_eq!(records, [b"hello"]);
}

#[test]
fn a_line_without_end_takes_no_more_than_the_buffer() {
    let mut cutter = Cutter::new(Framing::Text, 1 << 20, false);
    let mut bytes = 0;
    for _ in 0..1000 {
        let room = cutter.room();
        room.fill(b'x');
        let filled = room.len();
        cutter.filled(filled);
        while let Some(record) = cutter.next().unwrap() {
            bytes += record.len();
        }
        if bytes > 100 << 20 {
            break;
        }
    }
    assert!(bytes > 100 << 20 && cutter.buffer.len() <= (1 << 20) + 16);
}

proptest! {
    #[test]
    fn pieces_do_not_matter(
        stream in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(0), Just(b' '), Just(b'1'), any::<u8>()], 0..400),
        piece in 1usize..50,
        framing in prop_oneof![
            Just(Framing::Text), Just(Framing::TextWithNuls), Just(Framing::NulTerminated),
            Just(Framing::Counted), Just(Framing::Auto)
        ],
        limit in 1usize..40,
        trim: bool,
    ) {
        let whole = cut(framing, limit, trim, &stream, stream.len());
        let pieces = cut(framing, limit, trim, &stream, piece);
        prop_assert_eq!(&whole.0, &pieces.0);
        prop_assert_eq!(whole.1.is_some(), pieces.1.is_some());
        prop_assert!(whole.0.iter().all(|record| record.len() <= limit));
    }

    #[test]
    fn what_was_framed_comes_back(records in proptest::collection::vec("[^\n\0]{0,40}", 0..50), piece in 1usize..100) {
        let counted: String = records.iter().map(|record| format!("{} {record}", record.len())).collect();
        let (back, error) = cut(Framing::Counted, 200, false, counted.as_bytes(), piece);
        prop_assert_eq!(error, None);
        prop_assert!(back.iter().zip(&records).all(|(back, record)| back == record.as_bytes()));
        prop_assert_eq!(back.len(), records.len());
        let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
        let (back, _) = cut(Framing::Text, 200, false, lines.as_bytes(), piece);
        prop_assert!(back.iter().zip(&records).all(|(back, record)| back == record.as_bytes()));
        prop_assert_eq!(back.len(), records.len());
    }
}
