//! RFC 5424 as it was measured (reference J.2).

use super::*;
use crate::layout;

fn protocol(line: &str) -> Line {
    parse(line.as_bytes(), &options(&["syslog-protocol"]))
}

fn sdata(line: &Line) -> String {
    let mut out = Vec::new();
    layout::sdata(line.message(), 0, &mut out);
    String::from_utf8(out).unwrap()
}

#[track_caller]
fn fields(line: &Line, expected: [&str; 5]) {
    let names = ["HOST", "PROGRAM", "PID", "MSGID", "MESSAGE"];
    assert_eq!(names.map(|name| line.text(name)), expected.map(str::to_owned));
}

#[test]
fn the_example() {
    let line = protocol(r#"<165>1 2003-10-11T22:14:15.003Z h app 8710 ID47 [ex@1 a="b" c="d\"e"] m"#);
    fields(&line, ["h", "app", "8710", "ID47", "m"]);
    assert_eq!(sdata(&line), r#"[ex@1 a="b" c="d\"e"]"#);
    assert_eq!(line.text(".SDATA.ex@1.c"), "d\"e");
    assert_eq!((line.pri(), line.stamp().as_str()), (165, "2003-10-11T22:14:15.003000+00:00"));
    assert_eq!((line.tags(), line.has("LEGACY_MSGHDR")), (String::new(), false));
    assert_eq!(line.text("MSGFORMAT"), "syslog:rfc5424");
}

#[test]
fn everything_may_be_nil() {
    for (text, message) in [("<165>1 - - - - - -", ""), ("<165>1 - - - - - - m", "m")] {
        let line = protocol(text);
        fields(&line, ["", "", "", "", message]);
        assert_eq!((line.tags().as_str(), line.message().record().stamp()), ("missing_timestamp", NOW));
        assert!(!line.has("HOST") && !line.has("PROGRAM") && !line.has("PID") && !line.has("MSGID"));
    }
}

#[test]
fn what_is_malformed_becomes_a_message_about_it() {
    for (before, after, tag) in [
        ("<165>1 2003-10-11T22:14:15Z h app 1 ID ", "text", "rfc5424_missing_sdata"),
        ("<165>1 2003-10-11T22:14:15Z h app 1 ID", "", "rfc5424_missing_sdata"),
        ("<165>1 2003-10-11T22:14:15Z h app 1 ID -", "m", "rfc5424_missing_message"),
        ("<165>1 2003-10-11T22:14:15Z h app 1", "", "rfc5424_missing_msgid"),
        ("<165>1 2003-10-11T22:14:15Z h app", "", "rfc5424_missing_procid"),
        ("<165>1 2003-10-11T22:14:15Z h", "", "rfc5424_missing_app_name"),
        ("<165>1 2003-10-11T22:14:15Z ", "", "rfc5424_missing_hostname"),
        ("<165>1 2003-10-11T22:14:15Z", "", ""),
        ("<165>1 ", "", ""),
        ("<165>1 ", "Oct 11 22:14:15 h app 1 ID - m", ""),
        ("<165>1 2003-10-11T22:14:15Z ", " h app 1 ID - m", "rfc5424_missing_hostname"),
        ("<165>1 2003-10-11T22:14:15Z h ", " app 1 ID - m", "rfc5424_missing_app_name"),
        ("<165>1 2003-10-11T22:14:15Z h app 1 ID ", " - m", "rfc5424_missing_sdata"),
        ("<165>1 2003-10-11T22:14:15Z h app 1 ID [ex@1 a=\"b\" ba", "d", "rfc5424_invalid_sdata"),
        ("<165>1 2003-10-11T22:14:15Z h app 1 ID [ex@1 a=\"", "b", "rfc5424_invalid_sdata"),
        ("<165>1 2003-10-11T22:14:15Z h app 1 ID [ex@1 a=\"b", "\\", "rfc5424_invalid_sdata"),
        ("<165>1 2003-10-11T22:14:15Z h app 1 ID ", "[", "rfc5424_invalid_sdata"),
        ("<165>1 2003-10-11T22:14:15Z h app 1 ID [", "] m", "rfc5424_invalid_sdata"),
        ("<165>1 2003-10-11T22:14:15Z h app 1 ID [a b", "] m", "rfc5424_invalid_sdata"),
        ("<165>1 2003-10-11T22:14:15Z h app 1 ID [a b=\"c\"", "d] m", "rfc5424_invalid_sdata"),
    ] {
        // A blank at the end of a line is a byte like any other.
        let line = protocol(&format!("{before}{after}"));
        let pid = std::process::id().to_string();
        let text = format!("Error processing log message: {before}>@<{after}");
        fields(&line, [host::short(), "syslog-ng", &pid, "", &text]);
        assert_eq!((line.pri(), line.tags().as_str()), (43, tag), "{before}");
        assert_eq!((sdata(&line).as_str(), line.text("MSGFORMAT").as_str()), ("", "syslog:error"));
        assert!(line.message().record().flags().has(RecordFlags::LOCAL), "destinations number it");
    }
}

#[test]
fn or_stays_as_it_is() {
    let text = "<165>1 2003-10-11T22:14:15Z h app";
    let line = parse(text.as_bytes(), &options(&["syslog-protocol", "no-piggyback-errors"]));
    fields(&line, ["", "", "", "", text]);
    assert_eq!(
        (line.tags().as_str(), line.text("MSGFORMAT").as_str()),
        ("rfc5424_missing_procid", "syslog:error")
    );
}

#[test]
fn times() {
    let stamp = |text: &str| protocol(&format!("<165>1 {text} h app 1 ID - m")).stamp();
    assert_eq!(stamp("2003-10-12T22:14:15"), "2003-10-12T22:14:15.000000+00:00");
    assert_eq!(stamp("2003-10-12T22:14:15.123456789Z"), "2003-10-12T22:14:15.123456+00:00");
    assert_eq!(stamp("2003-10-12T24:61:61Z"), "2003-10-13T01:02:01.000000+00:00");
    assert_eq!(stamp("2003-10-12T22:14:15.1-03:30"), "2003-10-12T22:14:15.100000-03:30");
}

#[test]
fn structured_data_is_read_leniently() {
    let check = |given: &str, shown: &str, message: &str| {
        let line = protocol(&format!("<165>1 - h app 1 ID {given}"));
        assert_eq!((sdata(&line).as_str(), line.text("MESSAGE").as_str()), (shown, message), "{given}");
        assert_eq!(line.tags(), "missing_timestamp");
    };
    check("[ex@1] m", "[ex@1]", "m");
    check("[ex@1 ] m", "[ex@1]", "m");
    check(r#"[a x="1"][b y="2"] m"#, r#"[a x="1"][b y="2"]"#, "m");
    check(r#"[a x="1"] [b y="2"] m"#, r#"[a x="1"]"#, r#"[b y="2"] m"#);
    check("[a x=y] m", r#"[a x="y"]"#, "m");
    check("[a x= z=\"\"] m", r#"[a x="" z=""]"#, "m");
    check(r#"[a x="\]\\\n\""] m"#, r#"[a x="\]\\\\n\""]"#, "m");
    check(r#"[ex@1 a.b="c"] m"#, r#"[ex@1.a b="c"]"#, "m");
    check(r#"[meta sequenceId="29" sysUpTime="5"] m"#, r#"[meta sequenceId="29" sysUpTime="5"]"#, "m");
    check(r#"[a x="1" x="2"] m"#, r#"[a x="2"]"#, "m");
    // The parameters of one element are kept together.
    check(r#"[a x="1"][b y="2"][a z="3"] m"#, r#"[a x="1" z="3"][b y="2"]"#, "m");
    check(r#"[a x="]"] m"#, r#"[a x="\]"]"#, "m");
}

#[test]
fn structured_data_has_an_end() {
    let many: String = (0..5000).map(|i| format!(" p{i}=\"v\"")).collect();
    let line = protocol(&format!("<165>1 - h app 1 ID [a{many}] m"));
    assert_eq!((line.text("MESSAGE").as_str(), line.text(".SDATA.a.p1023").as_str()), ("m", "v"));
    assert!(!line.has(".SDATA.a.p1024"));
    let many: String = (0..5000).map(|i| format!("[e{i} p=\"v\"]")).collect();
    let line = protocol(&format!("<165>1 - h app 1 ID {many} m"));
    assert!(line.has(".SDATA.e254.p") && !line.has(".SDATA.e255.p") && line.text("MESSAGE") == "m");
    // A name that a record cannot hold is left out.
    let long = "n".repeat(300);
    let line = protocol(&format!("<165>1 - h app 1 ID [{long} a=\"b\"][a {long}=\"b\" c=\"d\"][{long}] m"));
    assert_eq!((sdata(&line).as_str(), line.text("MESSAGE").as_str()), (r#"[a c="d"]"#, "m"));
}

#[test]
fn fields_are_cut_and_the_byte_order_mark_taken_off() {
    let line = protocol(&format!(
        "<1>1 - {} {} {} {} - \u{feff}m",
        "h".repeat(300),
        "a".repeat(300),
        "p".repeat(300),
        "i".repeat(300)
    ));
    let lengths = ["HOST", "PROGRAM", "PID", "MSGID"].map(|name| line.text(name).len());
    assert_eq!((lengths, line.text("MESSAGE").as_str()), ([255, 48, 128, 32], "m"));
    assert!(line.message().record().flags().has(RecordFlags::UTF8));
    assert!(!protocol("<1>1 - h a p i - m").message().record().flags().has(RecordFlags::UTF8));
}

#[test]
fn anything_else_is_rfc3164() {
    let line = protocol("<165>2 2003-10-11T22:14:15Z h app 1 ID - m");
    assert_eq!((line.text("PROGRAM").as_str(), line.text("MSGFORMAT").as_str()), ("2", "syslog:rfc3164"));
    let line = protocol("<34>Oct 11 22:14:15 mymachine su: x");
    fields(&line, ["mymachine", "su", "", "", "x"]);
    assert_eq!(
        protocol("1 - h app 1 ID - m").tags(),
        "missing_pri missing_timestamp rfc3164_missing_header unexpected_framing"
    );
    let strict = options(&["syslog-protocol", "no-rfc3164-fallback"]);
    let line = parse(b"<34>Oct 11 22:14:15 mymachine su: x", &strict);
    assert_eq!(line.text("MESSAGE"), "Error processing log message: <34>>@<Oct 11 22:14:15 mymachine su: x");
    let line = parse(b"<34>x", &options(&[]));
    assert_eq!(line.text("PROGRAM"), "x");
}

#[test]
fn another_prefix() {
    let options = ParseOptions { sdata_prefix: Some(".my.".into()), ..options(&["syslog-protocol"]) };
    let line = parse(br#"<165>1 - h app 1 ID [ex@1 a="b"][e] m"#, &options);
    assert_eq!((line.text(".my.ex@1.a").as_str(), line.has(".my.e"), sdata(&line).as_str()), ("b", true, ""));
}
