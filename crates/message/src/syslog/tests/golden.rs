//! RFC 3164 as it was measured (reference J.1).

use super::*;

/// What a line says: HOST, PROGRAM, PID, MESSAGE, tags.
type Said<'a> = [&'a str; 5];

#[track_caller]
fn check(line: &str, said: Said<'_>) -> Line {
    check_with(line, &options(&[]), said)
}

#[track_caller]
fn check_with(line: &str, options: &ParseOptions, said: Said<'_>) -> Line {
    let read = parse(line.as_bytes(), options);
    let [host, program, pid, message] = ["HOST", "PROGRAM", "PID", "MESSAGE"].map(|name| read.text(name));
    assert_eq!([&host, &program, &pid, &message, &read.tags()], said, "{line}");
    // What is nothing is not stored; a message always is.
    for name in ["HOST", "PROGRAM", "PID", "LEGACY_MSGHDR"] {
        assert!(read.has(name) != read.text(name).is_empty(), "{name} of {line}");
    }
    assert!(read.has("MESSAGE"));
    read
}

const HEADERLESS: &str = "missing_timestamp rfc3164_missing_header";

#[test]
fn host_program_pid_message() {
    let line = check(
        "<34>Oct 11 22:14:15 mymachine su: 'su root' failed",
        ["mymachine", "su", "", "'su root' failed", ""],
    );
    assert_eq!(line.text("LEGACY_MSGHDR"), "su: ");
    assert_eq!((line.pri(), line.stamp().as_str()), (34, "2026-10-11T22:14:15.000000+00:00"));
    assert_eq!(line.text("MSGFORMAT"), "syslog:rfc3164");
    let line = check(
        "<34>Oct  1 22:14:15 mymachine prog/sub[1]:nospace",
        ["mymachine", "prog/sub", "1", "nospace", ""],
    );
    assert_eq!(line.text("LEGACY_MSGHDR"), "prog/sub[1]:");
    let line = check("<13>Oct 11 22:14:15 host prog hello world", ["host", "prog", "", "hello world", ""]);
    assert_eq!(line.text("LEGACY_MSGHDR"), "prog ");
}

#[test]
fn a_host_must_be_followed_by_a_blank() {
    check("<13>Oct 11 22:14:15 host: prog hello", ["", "host", "", "prog hello", "invalid_hostname"]);
    check("<13>Oct 11 22:14:15 prog[12]: msg", ["", "prog", "12", "msg", "invalid_hostname"]);
    check("<13>Oct 11 22:14:15 host", ["", "host", "", "", "invalid_hostname"]);
    check("<13>Oct 11 22:14:15 ::1 prog: msg", ["::1", "prog", "", "msg", ""]);
    check("<13>Oct 11 22:14:15 fe80::1%eth0 prog: msg", ["fe80::1%eth0", "prog", "", "msg", ""]);
    check("<13>Oct 11 22:14:15 fe80:: prog: msg", ["fe80::", "prog", "", "msg", ""]);
    check("<13>Oct 11 22:14:15 ::ffff:10.0.0.1 prog: msg", ["::ffff:10.0.0.1", "prog", "", "msg", ""]);
    check("<13>Oct 11 22:14:15 cafe: msg", ["", "cafe", "", "msg", "invalid_hostname"]);
}

#[test]
fn stamps_of_every_dialect() {
    let stamps = [
        ("<13>Oct 11 22:14:15.123456 host prog: msg", "2026-10-11T22:14:15.123456+00:00"),
        ("<13>2003-10-11T22:14:15.003Z host prog: msg", "2003-10-11T22:14:15.003000+00:00"),
        ("<13>2003-10-11T22:14:15.003+02:00 host prog: msg", "2003-10-11T22:14:15.003000+02:00"),
        ("<13>2003-10-11 22:14:15 host prog: msg", "2003-10-11T22:14:15.000000+00:00"),
        ("<13>Oct 11 22:14:15 2020 host prog: msg", "2020-10-11T22:14:15.000000+00:00"),
        ("<13>Oct 11 2020 22:14:15 host prog: msg", "2020-10-11T22:14:15.000000+00:00"),
        ("<13>Oct 32 22:14:15 host prog: msg", "2026-11-01T22:14:15.000000+00:00"),
        ("<13>Oct 11 22:14:15  host prog: msg", "2026-10-11T22:14:15.000000+00:00"),
    ];
    for (line, stamp) in stamps {
        assert_eq!(check(line, ["host", "prog", "", "msg", ""]).stamp(), stamp, "{line}");
    }
    check("<13>Oct 11 22:14:15  twospace p: m", ["twospace", "p", "", "m", ""]);
    check("<13>Oct 11 22:14:15Z host p: m", ["Z", "host", "", "p: m", ""]);
    check("<13>Oct 11 22:14:15 UTC host p: m", ["UTC", "host", "", "p: m", ""]);
    check("<13>oct 11 22:14:15 host p: m", ["", "oct", "", "11 22:14:15 host p: m", HEADERLESS]);
    check("<13>OCT 11 22:14:15 host p: m", ["host", "p", "", "m", ""]);
}

#[test]
fn cisco_counts_and_marks() {
    let line = check(
        "<189>29: *Oct 11 22:14:15.123: %SYS-5-CONFIG_I: Configured",
        ["", "%SYS-5-CONFIG_I", "", "Configured", "invalid_hostname"],
    );
    assert_eq!(line.text(".SDATA.meta.sequenceId"), "29");
    assert_eq!(line.text(".SDATA.timeQuality.isSynced"), "0");
    assert_eq!(line.stamp(), "2026-10-11T22:14:15.123000+00:00");
    let line = check(
        "<189>29: .Oct 11 22:14:15.123: %SYS-5-CONFIG_I: Configured",
        ["", "%SYS-5-CONFIG_I", "", "Configured", "invalid_hostname"],
    );
    assert_eq!(line.text(".SDATA.timeQuality.isSynced"), "1");
    let line = check(
        "<189>29: host: .Oct 11 22:14:15: x",
        ["", "host", "", ".Oct 11 22:14:15: x", "missing_timestamp"],
    );
    assert_eq!(line.text(".SDATA.meta.sequenceId"), "29");
    assert!(!line.has(".SDATA.timeQuality.isSynced"));
    let line = check(
        "<13>Oct 11 2020 22:14:15: %ASA-6-302013: Built",
        ["", "%ASA-6-302013", "", "Built", "invalid_hostname"],
    );
    assert_eq!(line.stamp(), "2020-10-11T22:14:15.000000+00:00");
    let other = ParseOptions { sdata_prefix: Some("sd.".into()), ..options(&[]) };
    assert_eq!(parse(b"<189>29: x: y", &other).text("sd.meta.sequenceId"), "29");
}

#[test]
fn lines_without_a_header() {
    let line = check(
        "foo bar baz",
        ["", "foo", "", "bar baz", "missing_pri missing_timestamp rfc3164_missing_header"],
    );
    assert_eq!((line.pri(), line.message().record().stamp()), (13, NOW));
    check("foo: bar", ["", "foo", "", "bar", "missing_pri missing_timestamp rfc3164_missing_header"]);
    check("<13>foo[12]: bar", ["", "foo", "12", "bar", HEADERLESS]);
    check("<13>", ["", "", "", "", HEADERLESS]);
    check(
        "33 <13>Oct 11 22:14:15 host p: msg",
        [
            "",
            "<13>Oct",
            "",
            "11 22:14:15 host p: msg",
            "missing_pri missing_timestamp rfc3164_missing_header unexpected_framing",
        ],
    );
    check(
        "12345678901 x",
        ["", "12345678901", "", "x", "missing_pri missing_timestamp rfc3164_missing_header"],
    );
}

#[test]
fn priorities() {
    assert_eq!(check("<>x y", ["", "x", "", "y", HEADERLESS]).pri(), 0);
    assert_eq!(check("<9999>Oct 11 22:14:15 h p: m", ["h", "p", "", "m", ""]).pri(), 9999);
    assert_eq!(check("<65535>Oct 11 22:14:15 h p: m", ["h", "p", "", "m", ""]).pri(), 65_535);
    assert_eq!(check("<0013>Oct 11 22:14:15 h p: m", ["h", "p", "", "m", ""]).pri(), 13);
    for line in [
        "<a>b",
        "<",
        "<13",
        "<-1>b",
        "< 13>b",
        "<13 >b",
        "<65536>b",
        "<4294967309>b",
        "<18446744073709551629>b",
        "<99999999999999999999999999999999999999999>b",
    ] {
        assert_eq!(check(line, ["", "", "", line, "invalid_pri"]).pri(), 13);
    }
}

#[test]
fn odd_headers() {
    check(
        "<13>Oct 11 22:14:15 last message repeated 3 times",
        ["", "", "", "last message repeated 3 times", ""],
    );
    check(
        "<13>Oct 11 22:14:15 host last message repeated 3 times",
        ["host", "last", "", "message repeated 3 times", ""],
    );
    let line = check(
        "<13>Oct 11 22:14:15 Message forwarded from aixhost: prog[1]: m",
        ["aixhost", "prog", "1", "m", ""],
    );
    assert_eq!(line.text("LEGACY_MSGHDR"), "prog[1]: ");
    check(
        "<13>Oct 11 22:14:15 Message forwarded from aixhost: last message repeated 2 times",
        ["aixhost", "", "", "last message repeated 2 times", ""],
    );
    check("<13>Oct 11 22:14:15 Message forwarded from", ["Message", "forwarded", "", "from", ""]);
    let line = check("<13>Oct 11 22:14:15 host p[x y]: x", ["host", "p", "x", "y]: x", ""]);
    assert_eq!(line.text("LEGACY_MSGHDR"), "p[x ");
    check("<13>Oct 11 22:14:15 host p [1]: x", ["host", "p", "", "[1]: x", ""]);
    check("<13>Oct 11 22:14:15 host [1]: x", ["host", "", "1", "x", ""]);
    check("<13>Oct 11 22:14:15 host --- MARK ---", ["host", "---", "", "MARK ---", ""]);
    check("<13>Oct 11 22:14:15 host p:  two", ["host", "p", "", " two", ""]);
    check("<13>Oct 11 22:14:15 host p[", ["host", "p", "", "", ""]);
    check("<13>Oct 11 22:14:15 host p[1", ["host", "p", "1", "", ""]);
    check("<13>Oct 11 22:14:15", ["", "", "", "", "invalid_hostname"]);
}

#[test]
fn flags_of_the_header() {
    check_with(
        "<13>Oct 11 22:14:15 host prog: msg",
        &options(&["no-hostname"]),
        ["", "host", "", "prog: msg", ""],
    );
    check_with(
        "<13>Oct 11 22:14:15 ho!st prog: msg",
        &options(&["check-hostname"]),
        ["", "ho!st", "", "prog: msg", "invalid_hostname"],
    );
    check_with(
        "<13>Oct 11 22:14:15 a.b_c@d/e-f:1 prog: msg",
        &options(&["check_hostname"]),
        ["", "a.b_c@d/e-f", "", "1 prog: msg", "invalid_hostname"],
    );
    check_with(
        "<13>Oct 11 22:14:15 host pr%og: msg",
        &options(&["check-program"]),
        ["host", "", "", "pr%og: msg", "rfc3164_invalid_program"],
    );
    check_with(
        "<13>Oct 11 22:14:15 host 12[3]: msg",
        &options(&["check-program"]),
        ["host", "", "", "12[3]: msg", "rfc3164_invalid_program"],
    );
    check_with(
        "<13>Oct 11 22:14:15 host (a.b/c_d-1)[3]: msg",
        &options(&["check-program"]),
        ["host", "(a.b/c_d-1)", "3", "msg", ""],
    );
    let bare = parse(b"<13>Oct 11 22:14:15 host prog[1]: msg", &options(&["dont-store-legacy-msghdr"]));
    assert!(!bare.has("LEGACY_MSGHDR"));
    assert_eq!(
        (bare.text("PROGRAM"), bare.text("PID"), bare.text("MESSAGE")),
        ("prog".into(), "1".into(), "msg".into())
    );
}

#[test]
fn bad_hostnames_are_programs() {
    let bad: BadHostname = Arc::new(|host| host.starts_with(b"nohost"));
    let options = ParseOptions { bad_hostname: Some(bad), ..options(&[]) };
    check_with("<13>Oct 11 22:14:15 nohost1 prog: msg", &options, ["", "nohost1", "", "prog: msg", ""]);
    check_with("<13>Oct 11 22:14:15 host prog: msg", &options, ["host", "prog", "", "msg", ""]);
}

#[test]
fn what_a_source_overwrites_it_need_not_store() {
    let options = ParseOptions { store_host: false, ..options(&[]) };
    check_with("<13>Oct 11 22:14:15 host prog[1]: msg", &options, ["", "prog", "1", "msg", ""]);
    let line = parse(
        b"<165>1 - host app - - - m",
        &ParseOptions { flags: ParseFlags::default().with(ParseFlags::SYSLOG_PROTOCOL), ..options },
    );
    assert_eq!((line.has("HOST"), line.text("PROGRAM")), (false, "app".into()));
}

#[test]
fn tags_and_parts_are_cut_at_no_length_but_their_own() {
    // Tag lengths around every limit a parser may have had (CVE-2011-3200).
    for len in 0..300 {
        let program = "p".repeat(len);
        let line = parse(format!("<13>Oct 11 22:14:15 h {program}[1]: m").as_bytes(), &options(&[]));
        assert_eq!(
            (line.text("PROGRAM"), line.text("PID"), line.text("MESSAGE")),
            (program, "1".into(), "m".into())
        );
    }
    let host = "h".repeat(300);
    let line = parse(format!("<13>Oct 11 22:14:15 {host} p: m").as_bytes(), &options(&[]));
    assert_eq!((line.text("HOST").len(), line.text("PROGRAM")), (255, "p".into()));
}

#[test]
fn the_kernel_needs_no_header() {
    let local = ParseOptions { local: true, ..options(&["kernel"]) };
    let line =
        check_with("<4>usb 1-1: new device", &local, ["", "kernel", "", "usb 1-1: new device", HEADERLESS]);
    assert!(line.message().record().flags().has(RecordFlags::LOCAL));
    check_with("<13>usb 1-1: new device", &local, ["", "usb", "", "1-1: new device", HEADERLESS]);
    check_with(
        "<4>usb 1-1: new device",
        &options(&["kernel"]),
        ["", "usb", "", "1-1: new device", HEADERLESS],
    );
    assert_eq!(parse(b"usb", &options(&["kernel"])).pri(), 5);
    assert_eq!(parse(b"usb", &ParseOptions { default_pri: Some(86), ..options(&["kernel"]) }).pri(), 86);
    assert_eq!(parse(b"<3>usb", &ParseOptions { default_pri: Some(86), ..options(&[]) }).pri(), 3);
}

#[test]
fn a_zone_is_guessed_only_where_none_is_told() {
    let guess = options(&["guess-timezone"]);
    let line = |text: &str| parse(text.as_bytes(), &guess).stamp();
    assert_eq!(line("<13>Nov 22 13:43:20 h p: m"), "2026-11-22T13:43:20.000000+02:00");
    assert_eq!(line("<13>Nov 22 13:33:20 h p: m"), "2026-11-22T13:33:20.000000+00:00");
    assert_eq!(line("<13>2026-11-22T13:43:20Z h p: m"), "2026-11-22T13:43:20.000000+00:00");
}
