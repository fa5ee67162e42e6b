//! Flags, texts and names (reference D.7, J.7, G.1).

use super::*;

#[test]
fn ends_of_lines_are_cut_and_empty_ones_dropped() {
    let raw = options(&["no-parse"]);
    for (line, text) in
        [("a\n", "a"), ("b\r\n", "b"), ("c\0d\n", "c\0d"), ("  e  \n", "  e  "), ("x\0\0\n\r", "x")]
    {
        let read = parse(line.as_bytes(), &raw);
        assert_eq!((read.text("MESSAGE").as_str(), read.text("MSGFORMAT").as_str()), (text, "raw"));
    }
    for line in ["", "\n", "\r\n\0"] {
        let mut arena = Vec::new();
        assert_eq!(parse_into(line.as_bytes(), NOW, &raw, &mut arena), Parsed::Empty);
        assert!(arena.is_empty());
        assert_eq!(parse(line.as_bytes(), &options(&["no-parse", "empty-lines"])).text("MESSAGE"), "");
        parse(line.as_bytes(), &options(&["empty-lines"]));
        parse(line.as_bytes(), &options(&["empty-lines", "syslog-protocol"]));
    }
}

#[test]
fn no_parse_takes_the_line_as_it_is() {
    let line = parse(b"<34>Oct 11 22:14:15 mymachine su: x\n", &options(&["no-parse"]));
    assert_eq!(line.text("MESSAGE"), "<34>Oct 11 22:14:15 mymachine su: x");
    assert_eq!((line.pri(), line.message().record().stamp(), line.tags()), (13, NOW, String::new()));
    assert!(!line.has("HOST") && !line.has("PROGRAM"));
    assert_eq!(parse(b"x", &ParseOptions { default_pri: Some(30), ..options(&["no-parse"]) }).pri(), 30);
}

#[test]
fn no_header_takes_the_priority_only() {
    let line = parse(b"<34>Oct 11 22:14:15 mymachine su: x", &options(&["no-header"]));
    assert_eq!(line.text("MESSAGE"), "Oct 11 22:14:15 mymachine su: x");
    assert_eq!(
        (line.pri(), line.text("MSGFORMAT"), line.tags()),
        (34, "syslog:rfc3164".into(), String::new())
    );
}

#[test]
fn the_line_and_its_size_are_kept_where_asked_for() {
    let raw = "<34>Oct 11 22:14:15 mymachine su[1]: x";
    let options = ParseOptions { store_raw_size: true, ..options(&["store-raw-message"]) };
    for line in [raw.to_owned(), format!("{raw}\r\n")] {
        let read = parse(line.as_bytes(), &options);
        assert_eq!((read.text("RAWMSG").as_str(), read.text("RAWMSG_SIZE").as_str()), (raw, "38"));
        assert_eq!(read.text("MESSAGE"), "x");
        assert_eq!(read.message().get(Name::new(b"RAWMSG_SIZE")).unwrap().1, ValueType::Integer);
    }
}

#[test]
fn texts_are_made_utf8() {
    let bytes: &[u8] = b"a\tb\x01\xff c";
    let check = |flag: &str, text: &[u8], expected: &[u8], utf8: bool, tags: &str| {
        let line = parse(text, &options(&["no-parse", flag]));
        assert_eq!(line.message().builtin(Builtin::Message), expected);
        assert_eq!(line.message().record().flags().has(RecordFlags::UTF8), utf8, "{flag}");
        assert_eq!(line.tags(), tags);
    };
    check("sanitize-utf8", bytes, br"a\tb\x01\xff c", true, "message.utf8_sanitized");
    check("sanitize-utf8", "h\u{f6}\t".as_bytes(), "h\u{f6}\t".as_bytes(), true, "");
    check("sanitize-utf8", b"\xc3\xb6\xc3", b"\xc3\xb6\\xc3", true, "message.utf8_sanitized");
    check("sanitize-utf8", b"\xff\r\nx\x7f", br"\xff\r\nx\x7f", true, "message.utf8_sanitized");
    check("validate-utf8", bytes, bytes, false, "");
    check("validate-utf8", b"ok", b"ok", true, "");
    check("assume-utf8", bytes, bytes, true, "");
    check("no-multi-line", b"a\r\nb\0c", b"a  b c", false, "");
    check("threaded", bytes, bytes, false, "");
}

#[test]
fn line_breaks_within_a_message_become_blanks() {
    let line = parse(b"<13>Oct 11 22:14:15 h p: a\nb\n", &options(&["no-multi-line"]));
    assert_eq!((line.text("MESSAGE").as_str(), line.text("LEGACY_MSGHDR").as_str()), ("a b", "p: "));
    let line =
        parse(b"<165>1 - h app 1 ID [a b=\"c\"] a\nb", &options(&["no-multi-line", "syslog-protocol"]));
    assert_eq!(line.text("MESSAGE"), "a b");
}

#[test]
fn a_line_longer_than_any_is_cut() {
    let line = vec![b'x'; LINE_BYTES_MAX + 10];
    assert_eq!(parse(&line, &options(&["no-parse"])).text("MESSAGE").len(), LINE_BYTES_MAX);
}

#[test]
fn words_of_flags() {
    assert_eq!(ParseFlags::from_name("no_parse"), ParseFlags::from_name("no-parse"));
    assert_eq!(ParseFlags::from_name("nö-parse"), Err(UnknownFlag("nö-parse".to_owned())));
    assert_eq!(ParseFlags::from_name("").unwrap_err().to_string(), "unknown flag ``");
    let mut flags = ParseFlags::default();
    for word in ["no-hostname", "dont-store-legacy-msghdr", "no-piggyback-errors"] {
        flags.apply(word).unwrap();
    }
    assert_eq!(flags, ParseFlags::NONE);
    assert_eq!(ParseFlags::names().count(), 23);
    for name in ParseFlags::names() {
        ParseFlags::from_name(name).unwrap();
    }
}

#[test]
fn what_python_sees_of_flags() {
    let keys: Vec<_> =
        ParseFlags::PYTHON.python().into_iter().filter(|(_, on)| *on).map(|(key, _)| key).collect();
    let on = [
        "parse",
        "syslog-protocol",
        "multi-line",
        "store-legacy-msghdr",
        "expect-hostname",
        "header",
        "rfc3164-fallback",
    ];
    assert_eq!(keys, on);
    let mut flags = ParseFlags::PYTHON;
    flags.apply("no-parse").unwrap();
    flags.apply("check-hostname").unwrap();
    assert_eq!(flags.python()[..2], [("parse", false), ("check-hostname", true)]);
}

#[test]
fn names_of_facilities_and_severities() {
    use priority::*;
    for (number, name) in facilities().iter().enumerate() {
        assert_eq!(facility_number(name), Some(number as u16));
        assert_eq!(facility_name(number as u16), Some(*name));
    }
    for (number, name) in severities().iter().enumerate() {
        assert_eq!(severity_number(name), Some(number as u16));
        assert_eq!(severity_name(number as u16), *name);
    }
    let aliases = ["emergency", "panic", "critical", "error", "warn", "informational", "Notice"];
    assert_eq!(aliases.map(severity_number), [0, 0, 2, 3, 4, 6, 5].map(Some));
    assert_eq!(
        [facility_number("megasafe"), facility_number("LOCAL7"), facility_number("local8")],
        [Some(10), Some(23), None]
    );
    assert_eq!((facility_name(24), severity_number("")), (None, None));
}
