use super::*;
use crate::draft::Draft;
use crate::record::{Head, Record, RecordFlags};
use crate::records::Origin;
use crate::time::{Stamp, TsFormat, Zone};

mod functions;
mod properties;

/// What templates are tried on.
pub(super) struct Sample {
    record: Vec<u8>,
    origin: Origin,
}

/// 2023-10-11T22:14:15.123456+02:00 from PROGRAM prg, PID 7 on host vm; local4.notice.
pub(super) fn sample() -> Sample {
    sample_with(|_| {})
}

pub(super) fn sample_with(change: impl FnOnce(&mut Draft<'_>)) -> Sample {
    let head = Head {
        pri: 165,
        flags: RecordFlags::RFC3164,
        stamp: 1_697_055_255_123_456,
        stamp_zone: 7200,
        received: 1_697_055_256_000_001,
        received_zone: 0,
    };
    let mut draft = Draft::new(head);
    let pairs = [
        ("HOST", "vm"),
        ("PROGRAM", "prg"),
        ("PID", "7"),
        ("MESSAGE", "hello w\u{f6}rld"),
        ("f1", "v1"),
        (".dot.name", "dotted"),
        ("a name", "spaced"),
        (".SDATA.ex@1.a", "b\"]c"),
        ("empty", ""),
    ];
    for (name, value) in pairs {
        draft.put(Name::new(name.as_bytes()), value.as_bytes(), ValueType::String);
    }
    draft.put(Name::new(b"f3"), &b"3"[..], ValueType::Integer);
    draft.put(Name::new(b"nothing"), &b""[..], ValueType::Null);
    draft.put(Name::new(b"1"), &b"one"[..], ValueType::String);
    draft.put(Name::new(b"2"), &b"t w,o"[..], ValueType::String);
    change(&mut draft);
    let mut record = Vec::new();
    draft.encode(&mut record);
    let origin = Origin::new(&[
        (Builtin::Source, b"s_net"),
        (Builtin::HostFrom, b"vm.example.org"),
        (Builtin::Tags, b".source.s_net"),
    ]);
    Sample { record, origin }
}

impl Sample {
    pub(super) fn message(&self) -> Message<'_> {
        Message::new(Record::check(&self.record).unwrap(), Some(self.origin.record()))
    }

    pub(super) fn render(&self, template: &str, options: &TemplateOptions) -> (String, ValueType) {
        let template = Template::parse(template, &functions::Two).unwrap();
        let mut scope = RenderScope::new(options, ZoneUse::Send);
        let mut out = b"before ".to_vec();
        let kind = template.render_typed(self.message(), &mut scope, &mut out);
        (String::from_utf8(out[7..].to_vec()).unwrap(), kind)
    }
}

pub(super) fn options() -> TemplateOptions {
    TemplateOptions { own_host: "me".into(), host_id: 0xabcd, run_id: 5, ..TemplateOptions::default() }
}

#[track_caller]
fn check(template: &str, expected: &str) {
    assert_eq!(sample().render(template, &options()).0, expected, "{template}");
}

#[track_caller]
fn check_kind(template: &str, expected: &str, kind: ValueType) {
    let (sample, options) = (sample(), options());
    assert_eq!(sample.render(template, &options), (expected.to_owned(), kind), "{template}");
    let mut untyped = Vec::new();
    let mut scope = RenderScope::new(&options, ZoneUse::Send);
    Template::parse(template, &functions::Two).unwrap().render(sample.message(), &mut scope, &mut untyped);
    assert_eq!(untyped, expected.as_bytes());
}

#[track_caller]
fn refused(template: &str, message: &str, position: usize) {
    let error = Template::parse(template, &functions::Two).unwrap_err();
    assert_eq!((error.to_string().as_str(), error.position), (message, position), "{template}");
}

#[test]
fn syntax() {
    check("", "");
    check("plain", "plain");
    check("$HOST", "vm");
    check("<$HOST>", "<vm>");
    check("$f1.x", "v1.x");
    check("${f1}x", "v1x");
    check("${.dot.name}", "dotted");
    check("${a name}", "spaced");
    check("$.dot", "$.dot");
    check("$$5", "$5");
    check("$$HOST", "$HOST");
    check("$", "$");
    check("a$", "a$");
    check("$ x$-$\u{e9}", "$ x$-$\u{e9}");
    check("${}x", "x");
    check("${:-d}", "d");
    check("$nope", "");
    check("${nope:-none}", "none");
    check("${empty:-none}", "none");
    check("${f1:-none}", "v1");
    check("${nope:-}", "");
    check("${nope:-a:-b $x}", "a:-b $x");
    check("me@1 $f1@1 ${f1}@ ${f1}@x ${f1}@@1", "me@1 v1@1 v1@ v1@x v1@@1");
    check("${f1}@0|${f1}@1|${f1}@99999999999999999999|${f1:-d}@1|$(echo x)@1|", "v1|||d||");
}

#[test]
fn mistakes() {
    refused("x${HOST", "Invalid macro, '}' is missing", 1);
    refused("${HOST:x}", "Unknown substitution function", 6);
    refused("ab $(nope x)", "Unknown template function \"nope\"", 3);
    refused("$(echo", "Invalid template function, imbalanced '('", 0);
    refused("$(echo (a)", "Invalid template function, imbalanced '('", 0);
    refused("$(echo 'a)", "Invalid template function, imbalanced '('", 0);
    refused(r#"$(echo a="x\"y")"#, "Invalid template function, imbalanced '('", 0);
    refused("$()", "Invalid template function, its name is missing", 0);
    refused("$( )", "Invalid template function, its name is missing", 0);
    refused("$(echo ${HOST)", "Invalid macro, '}' is missing", 0);
    refused("$(fail it)", "cannot fail it", 0);
    let deep = "$(echo ".repeat(100) + &")".repeat(100);
    refused(&deep, "Template functions are nested too deep", 0);
}

#[test]
fn arguments() {
    check(r#"$(args a "b c" 'd e' f)"#, "[a][b c][d e][f]");
    check("$(args  a \t\n b )", "[a][b]");
    check(r#"$(args "" '' a"b c"d)"#, "[][][ab cd]");
    check(r"$(args a\ b \) \\ \')", r"[a b][)][\][']");
    check(r#"$(args (a "b c" \( ) d)"#, r#"[(a "b c" \( )][d]"#);
    check(r#"$(args "a\b" 'it"s' "it's")"#, r#"[a\b][it"s][it's]"#);
    check("$(args $(echo a b) x)", "[$(echo a b)][x]");
    check("$(args)", "");
    check("$(args k=v --flag)", "[k=v][--flag]");
    check("$(echo a $f1 ${f1:-d} \"$HOST x\" $(echo b c))", "a v1 v1 vm x b c");
}

#[test]
fn types() {
    check_kind("$f3", "3", ValueType::Integer);
    check_kind("${f3}", "3", ValueType::Integer);
    check_kind("$f3$f3", "33", ValueType::String);
    check_kind("$f3 ", "3 ", ValueType::String);
    check_kind("$nope", "", ValueType::Null);
    check_kind("$nothing", "", ValueType::Null);
    check_kind("${nope:-5}", "5", ValueType::String);
    check_kind("${f3:-5}", "3", ValueType::Integer);
    check_kind("", "", ValueType::String);
    check_kind("$FACILITY_NUM", "20", ValueType::Integer);
    check_kind("$LEVEL_NUM", "5", ValueType::Integer);
    check_kind("$UNIXTIME", "1697055255", ValueType::Datetime);
    check_kind("$TAGS", ".source.s_net", ValueType::List);
    check_kind("$*", "one,\"t w,o\"", ValueType::List);
    check_kind("$ISODATE", "2023-10-11T22:14:15+02:00", ValueType::String);
    check_kind("$(count a b)", "2", ValueType::Integer);
    check_kind("$(count a b) ", "2 ", ValueType::String);
}

#[test]
fn macros_of_the_header() {
    check("$PRI $FACILITY $FACILITY_NUM $SEVERITY $PRIORITY $LEVEL", "165 local4 20 notice notice notice");
    check("$SEVERITY_NUM $LEVEL_NUM $TAG $BSDTAG", "5 5 a5 5U");
    check("$HOST $HOST_FROM $FULLHOST $FULLHOST_FROM $LOGHOST", "vm vm.example.org vm vm.example.org me");
    check("$PROGRAM $PID $MSG $MESSAGE $MSGONLY", "prg 7 hello w\u{f6}rld hello w\u{f6}rld hello w\u{f6}rld");
    check(
        "$MSGHDR|$MSGID|$SDATA|$SOURCE|$MSGFORMAT",
        "prg[7]: ||[ex@1 a=\"b\\\"\\]c\"]|s_net|syslog:rfc3164",
    );
    check("$SOURCEIP $SOURCEPORT $DESTIP $DESTPORT", "127.0.0.1 0 127.0.0.1 0");
    check("$IP_PROTO $PROTO $PROTO_NAME $RAWMSG_SIZE", "0 0 unknown 0");
    check("$SEQNUM|$RCPTID|$UNIQID|$HOSTID|$RUNID|$CONTEXT_ID|$_|$RAWMSG", "|||0000abcd|5|||");
    check("$0|$1|$2|$3|${1}", "|one|t w,o||one");
}

#[test]
fn macros_of_the_transport() {
    let sample = sample_with(|draft| {
        for (builtin, value) in [
            (Builtin::SourceIp, "10.0.0.1"),
            (Builtin::SourcePort, "4711"),
            (Builtin::DestIp, "10.0.0.2"),
            (Builtin::DestPort, "514"),
            (Builtin::IpProto, "4"),
            (Builtin::Proto, "17"),
            (Builtin::RawmsgSize, "99"),
            (Builtin::Host, "src@first/second/third"),
        ] {
            draft.put(Name::Builtin(builtin), value.as_bytes(), ValueType::String);
        }
        draft.put(Name::new(b"RCPTID"), &b"255"[..], ValueType::Integer);
        draft.set_tag("t1");
    });
    let check = |template: &str, expected: &str| assert_eq!(sample.render(template, &options()).0, expected);
    check("$SOURCEIP:$SOURCEPORT $DESTIP:$DESTPORT", "10.0.0.1:4711 10.0.0.2:514");
    check("$IP_PROTO $PROTO $PROTO_NAME $RAWMSG_SIZE", "4 17 udp 99");
    check("$HOST|$FULLHOST", "first|src@first/second/third");
    check("$RCPTID $UNIQID", "255 0000abcd@00000000000000ff");
    check("$TAGS", ".source.s_net,t1");
}

#[test]
fn all_matches_are_a_list() {
    let sample = sample_with(|draft| {
        for i in (1..=255).filter(|i| *i != 120) {
            draft.put(Name::new(i.to_string().as_bytes()), i.to_string().into_bytes(), ValueType::String);
        }
    });
    let expected = (1..120).map(|i| i.to_string()).collect::<Vec<_>>().join(",");
    assert_eq!(sample.render("$*", &options()), (expected, ValueType::List));
}

#[test]
fn an_unknown_facility_is_a_number() {
    let sample = sample_with(|draft| draft.head.pri = 9999);
    assert_eq!(sample.render("$FACILITY $SEVERITY $PRI $TAG", &options()).0, "4e1 debug 9999 270f");
}

#[test]
fn dates() {
    check(
        "$DATE|$FULLDATE|$ISODATE|$STAMP|$UNIXTIME",
        "Oct 11 22:14:15|2023 Oct 11 22:14:15|2023-10-11T22:14:15+02:00|Oct 11 22:14:15|1697055255",
    );
    check(
        "$S_DATE|$R_DATE|$R_ISODATE|$R_UNIXTIME",
        "Oct 11 22:14:15|Oct 11 20:14:16|2023-10-11T20:14:16+00:00|1697055256",
    );
    check("$YEAR-$MONTH-$DAY $HOUR:$MIN:$SEC $USEC $MSEC", "2023-10-11 22:14:15 123456 123");
    check("$HOUR12 $AMPM $YEAR_DAY $MONTH_ABBREV $MONTH_NAME $MONTH_WEEK", "10 PM 284 Oct October 2");
    check(
        "$WEEK_DAY $WEEK_DAY_ABBREV $WEEKDAY $WEEK_DAY_NAME $WEEK $ISOWEEK $TZ $TZOFFSET",
        "4 Wed Wed Wednesday 41 41 +02:00 +02:00",
    );
    check("$R_USEC $R_HOUR $S_HOUR $R_TZ", "000001 20 22 +00:00");
    let year = Stamp { ..crate::time::now() }.civil().year.to_string();
    check("$C_YEAR $P_YEAR", &format!("{year} {year}"));
    let options = TemplateOptions {
        ts_format: TsFormat::Iso,
        frac_digits: 3,
        send_zone: Some(Zone::parse("Asia/Tokyo").unwrap()),
        ..options()
    };
    let show = |template: &str| sample().render(template, &options).0;
    assert_eq!(show("$STAMP|$DATE"), "2023-10-12T05:14:15.123+09:00|Oct 12 05:14:15.123");
    assert_eq!(show("$DAY $HOUR $TZ $UNIXTIME"), "12 05 +09:00 1697055255.123");
}

#[test]
fn every_macro_has_a_name_a_type_and_shows_something() {
    let names: Vec<_> = macros::names().collect();
    assert_eq!(names.len(), 30 + 5 * 27);
    let mut sorted = names.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(sorted.len(), names.len());
    for name in &names {
        let what = Macro::find(name).unwrap();
        let (text, kind) = sample().render(&format!("${{{name}}}"), &options());
        assert_eq!(kind, what.kind(), "{name}");
        let nothing = ["SEQNUM", "CONTEXT_ID", "_", "RCPTID", "UNIQID"].contains(&name.as_str());
        assert_eq!(text.is_empty(), nothing, "{name}");
    }
    assert_eq!(Macro::find("X_DATE"), None);
    assert_eq!(Macro::find("R_HOST"), None);
    assert_eq!(Macro::find("R_R_DATE"), None);
}

#[test]
fn escaping() {
    let sample = sample_with(|draft| {
        draft.put(Name::new(b"x"), &b"it's \"1\" \\ \n\x1f\x7f"[..], ValueType::String);
    });
    let plain = "it's \"1\" \\ \n\x1f\x7f";
    assert_eq!(sample.render("'$x'", &options()).0, format!("'{plain}'"));
    let escaped = TemplateOptions { escape: true, ..options() };
    let shown = "it\\'s \\\"1\\\" \\\\ \\012\\037\x7f";
    assert_eq!(sample.render("'$x' $(echo $x)", &escaped).0, format!("'{shown}' {shown}"));
    assert_eq!(sample.render("$SDATA", &escaped).0, "[ex@1 a=\\\"b\\\\\\\"\\\\]c\\\"]");
    assert_eq!(sample.render("$HOST$f3", &escaped).0, "vm3");
}

#[test]
fn the_scope_lends_what_messages_do_not_have() {
    let (earlier, current) =
        (sample_with(|draft| draft.set(Name::new(b"f1"), &b"old"[..], ValueType::String)), sample());
    let context = [earlier.message(), current.message()];
    let options = options();
    let mut scope = RenderScope::new(&options, ZoneUse::Local);
    (scope.seqnum, scope.context, scope.context_id, scope.item) = (7, &context, b"key", b"it".to_vec());
    let mut show = |text: &str| {
        let template = Template::parse(text, &functions::Two).unwrap();
        let mut out = Vec::new();
        template.render(current.message(), &mut scope, &mut out);
        String::from_utf8(out).unwrap()
    };
    assert_eq!(show("$SEQNUM $CONTEXT_ID $_"), "7 key it");
    assert_eq!(show("$f1 ${f1}@0 ${f1}@1 ${f1}@2."), "v1 v1 old .");
    assert_eq!(show("$(echo $f1)@1 ${PROGRAM}@1"), "old prg");
    assert_eq!(show("$SDATA"), "[ex@1 a=\"b\\\"\\]c\"][meta sequenceId=\"7\"]");
}

#[test]
fn what_a_template_knows_of_itself() {
    let parse = |text: &str| Template::parse(text, &functions::Two).unwrap();
    assert_eq!(parse("a$$b").constant(), Some(&b"a$b"[..]));
    assert_eq!(parse("").constant(), Some(&b""[..]));
    assert!(
        parse("${}x").is_constant() && !parse("$HOST").is_constant() && !parse("$(echo a)").is_constant()
    );
    assert_eq!(
        parse("$HOST x $R_DATE ${f1:-d} $(echo $f3)").names().collect::<Vec<_>>(),
        [&b"HOST"[..], b"DATE", b"f1"]
    );
    assert!(parse("x $(echo $f3)").calls_functions() && !parse("$f3").calls_functions());
    assert_eq!(parse("a $HOST").to_string(), "a $HOST");
    let literal = Template::literal("$5 {x}");
    assert_eq!((literal.constant(), literal.as_str()), (Some(&b"$5 {x}"[..]), "$$5 {x}"));
}

#[test]
fn names_of_files() {
    let path = |template: &str, host: &str| {
        let sample = sample_with(|draft| {
            draft.put(Name::new(b"HOST"), host.as_bytes().to_vec(), ValueType::String);
            draft.put(Name::new(b"x"), host.as_bytes().to_vec(), ValueType::String);
        });
        let mut out = b"old".to_vec();
        let options = options();
        let mut scope = RenderScope::new(&options, ZoneUse::Local);
        let template = Template::parse(template, &functions::Two).unwrap();
        render_path(&template, sample.message(), &mut scope, &mut out)
            .map(|()| String::from_utf8(out).unwrap())
    };
    assert_eq!(path("/var/log/$x.log", "vm").unwrap(), "/var/log/vm.log");
    assert_eq!(path("/var/log/$x.log", "..").unwrap(), "/var/log/...log");
    assert_eq!(path("/var/log/$x/$YEAR.log", "..vm..").unwrap(), "/var/log/..vm../2023.log");
    assert_eq!(path("/var/log/$x", "../../etc/passwd"), Err(BadPath::Parent));
    assert_eq!(path("/var/log/$x/a", ".."), Err(BadPath::Parent));
    assert_eq!(path("$x", ".."), Err(BadPath::Parent));
    assert_eq!(path("/var/log/$x", "a/.."), Err(BadPath::Parent));
    assert_eq!(path("/var/../log/x", "").unwrap(), "/var/../log/x");
    assert_eq!(path("$x", ""), Err(BadPath::Empty));
    assert_eq!(path("/var/log/$x", ""), Err(BadPath::Empty));
    assert_eq!(path("/var/log/$x", "a\0b"), Err(BadPath::Nul));
    assert_eq!(path("/var/log/$x", &"a".repeat(255)).unwrap().len(), 264);
    assert_eq!(path("/var/log/$x", &"a".repeat(256)), Err(BadPath::TooLong));
    assert_eq!(path("/var/log/$x", &"a/b".repeat(2000)), Err(BadPath::TooLong));
}
