use super::*;
use crate::draft::Draft;
use crate::name::Name;
use crate::record::{Head, Record};
use crate::template::{NoFunctions, TemplateOptions, ZoneUse};
use crate::value::ValueType;

/// The message of reference J.3: 2026-11-22T11:43:23.979Z on host vm, user.notice.
fn sample(pairs: &[(&str, &str)]) -> Vec<u8> {
    let head = Head { pri: 13, stamp: 1_795_347_803_979_000, ..Head::default() };
    let mut draft = Draft::new(head);
    for (name, value) in pairs {
        draft.put(Name::new(name.as_bytes()), value.as_bytes(), ValueType::String);
    }
    let mut record = Vec::new();
    draft.encode(&mut record);
    record
}

const GOLDEN: [(&str, &str); 6] = [
    ("HOST", "vm"),
    ("PROGRAM", "prg"),
    ("PID", "7"),
    ("MSGID", "mid"),
    (".SDATA.ex@1.a", "b\"]c"),
    ("MESSAGE", "hello w\u{f6}rld"),
];

fn show(
    record: &[u8],
    options: &TemplateOptions,
    write: impl Fn(Message<'_>, &mut RenderScope<'_>, &mut Vec<u8>),
) -> String {
    let mut scope = RenderScope::new(options, ZoneUse::Send);
    let mut out = Vec::new();
    write(Message::new(Record::check(record).unwrap(), None), &mut scope, &mut out);
    String::from_utf8(out).unwrap()
}

fn millis(ts_format: TsFormat) -> TemplateOptions {
    TemplateOptions { frac_digits: 3, ts_format, ..TemplateOptions::default() }
}

#[test]
fn lines_of_a_file() {
    let record = sample(&GOLDEN);
    let line = |format| show(&record, &millis(format), file);
    assert_eq!(line(TsFormat::Iso), "2026-11-22T11:43:23.979+00:00 vm prg[7]: hello w\u{f6}rld\n");
    assert_eq!(line(TsFormat::Full), "2026 Nov 22 11:43:23.979 vm prg[7]: hello w\u{f6}rld\n");
    assert_eq!(line(TsFormat::Unix), "1795347803.979 vm prg[7]: hello w\u{f6}rld\n");
    assert_eq!(
        show(&record, &TemplateOptions::default(), file),
        "Nov 22 11:43:23 vm prg[7]: hello w\u{f6}rld\n"
    );
}

#[test]
fn the_header_as_it_came() {
    let pairs = [("HOST", "vm"), ("PROGRAM", "prg"), ("LEGACY_MSGHDR", "prg/x[7]:"), ("MESSAGE", "m")];
    assert_eq!(show(&sample(&pairs), &TemplateOptions::default(), file), "Nov 22 11:43:23 vm prg/x[7]:m\n");
    let pairs = [("HOST", "vm"), ("PROGRAM", "prg"), ("MESSAGE", "m")];
    assert_eq!(show(&sample(&pairs), &TemplateOptions::default(), file), "Nov 22 11:43:23 vm prg: m\n");
    let pairs = [("HOST", "vm"), ("PID", "7"), ("MESSAGE", "m")];
    assert_eq!(show(&sample(&pairs), &TemplateOptions::default(), file), "Nov 22 11:43:23 vm m\n");
}

#[test]
fn lines_of_the_network() {
    let line = show(&sample(&GOLDEN), &millis(TsFormat::Iso), rfc3164);
    assert_eq!(line, "<13>Nov 22 11:43:23.979 vm prg[7]: hello w\u{f6}rld\n");
}

#[test]
fn lines_of_rfc5424() {
    let plain = |message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>| {
        rfc5424(message, scope, None, out)
    };
    let line = show(&sample(&GOLDEN), &millis(TsFormat::Bsd), plain);
    let expected =
        "<13>1 2026-11-22T11:43:23.979+00:00 vm prg 7 mid [ex@1 a=\"b\\\"\\]c\"] hello w\u{f6}rld\n";
    // The reference counts 80 bytes of this record on the wire.
    assert_eq!((line.as_str(), line.len()), (expected, 80));
    let template = Template::parse("T:$MSG\n", &NoFunctions).unwrap();
    let line = show(&sample(&GOLDEN), &millis(TsFormat::Bsd), |message, scope, out| {
        rfc5424(message, scope, Some(&template), out)
    });
    assert_eq!((line.ends_with("] T:hello w\u{f6}rld\n\n"), line.len()), (true, 83));
    assert_eq!(
        show(&sample(&[]), &TemplateOptions::default(), plain),
        "<13>1 2026-11-22T11:43:23+00:00 - - - - - \n"
    );
    let odd = sample(&[("HOST", "a b"), ("PROGRAM", "my\nprog"), ("MESSAGE", "m")]);
    assert_eq!(
        show(&odd, &TemplateOptions::default(), plain),
        "<13>1 2026-11-22T11:43:23+00:00 a_b my_prog - - - m\n"
    );
}

#[test]
fn the_mark_of_utf8_is_for_messages_known_to_be() {
    let mut record = sample(&[("MESSAGE", "m")]);
    crate::record::patch::set_flags(&mut record, RecordFlags::UTF8);
    let line =
        show(&record, &TemplateOptions::default(), |message, scope, out| rfc5424(message, scope, None, out));
    assert!(line.ends_with(" - \u{feff}m\n"));
}

#[test]
fn sequence_numbers() {
    let numbered = |pairs: &[(&str, &str)]| {
        show(&sample(pairs), &TemplateOptions::default(), |message, _, out| sdata(message, 5, out))
    };
    assert_eq!(numbered(&[]), "[meta sequenceId=\"5\"]");
    assert_eq!(numbered(&[(".SDATA.a.b", "c")]), "[a b=\"c\"][meta sequenceId=\"5\"]");
    assert_eq!(numbered(&[(".SDATA.meta.x", "y")]), "[meta sequenceId=\"5\" x=\"y\"]");
    assert_eq!(numbered(&[(".SDATA.meta.sequenceId", "29")]), "[meta sequenceId=\"29\"]");
    let many: Vec<_> = (0..3000).map(|i| (format!(".SDATA.e{}.p{i}", i % 2), "v")).collect();
    let many: Vec<_> = many.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    assert_eq!(numbered(&many).matches("=\"v\"").count(), 1024);
}

#[test]
fn a_line_as_it_came_is_the_line_written() {
    use crate::syslog::{ParseFlags, ParseOptions, parse_into};
    use crate::time::{Stamp, Zone};
    let now = Stamp { micros: 1_795_347_803_979_000, zone: 0 };
    let lines = [
        "host prog[1]: text",
        "host prog text",
        "host  two",
        "host [1]: x",
        "host p:x",
        "last message repeated 2 times",
    ];
    for rest in lines {
        for words in [&[][..], &["no-multi-line"], &["store-raw-message"], &["dont-store-legacy-msghdr"]] {
            let mut flags = ParseFlags::default();
            words.iter().for_each(|word| flags.apply(word).unwrap());
            let options = ParseOptions { flags, zone: Some(Zone::utc()), ..ParseOptions::default() };
            let mut record = Vec::new();
            parse_into(format!("<13>Nov 22 11:43:23 {rest}").as_bytes(), now, &options, &mut record);
            let message = Message::new(Record::check(&record).unwrap(), None);
            // What the fast way writes is what a template with the same parts writes.
            let template = Template::parse("$DATE $FULLHOST $MSGHDR$MSG\n", &NoFunctions).unwrap();
            let options = TemplateOptions::default();
            let parts = show(&record, &options, |message, scope, out| template.render(message, scope, out));
            assert_eq!(show(&record, &options, file), parts, "{rest} {words:?}");
            if !message.builtin(Builtin::Host).is_empty() && message.record().has(Builtin::LegacyMsghdr) {
                assert_eq!(parts, format!("Nov 22 11:43:23 {rest}\n"));
            }
        }
    }
}

#[test]
fn one_line_keeps_its_end() {
    for (text, expected) in
        [("multi\nline x\n", "multi line x\n"), ("a\r\nb", "a  b"), ("\n", "\n"), ("", "")]
    {
        let mut record = text.as_bytes().to_vec();
        one_line(&mut record);
        assert_eq!(record, expected.as_bytes());
    }
}
