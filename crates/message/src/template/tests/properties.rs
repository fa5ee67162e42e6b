//! No text breaks the template parser, and no record a template.

use proptest::prelude::*;

use super::*;
use crate::layout;

/// Texts that are nearly templates.
fn texts() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "$",
        "{",
        "}",
        "(",
        ")",
        "${",
        "$(",
        "$(echo ",
        "$(args ",
        ":-",
        ":",
        "@1",
        "@",
        "\\",
        "'",
        "\"",
        " ",
        "HOST",
        "R_ISODATE",
        "SDATA",
        "MSGHDR",
        "1",
        "*",
        "_",
        "\u{e9}",
        ".SDATA.ex@1.a",
        "x",
    ];
    let piece = prop_oneof![
        8 => proptest::sample::select(PIECES).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

/// Any head, and any names and values.
fn records() -> impl Strategy<Value = Vec<u8>> {
    const NAMES: &[&str] = &[
        "HOST",
        "PROGRAM",
        "PID",
        "MESSAGE",
        "TAGS",
        "LEGACY_MSGHDR",
        "RAWMSG_SIZE",
        "PROTO",
        ".SDATA.ex@1.a",
        ".SDATA.ex@1",
        ".SDATA.",
        ".SDATA..",
        "1",
        "RCPTID",
    ];
    let pair = (proptest::sample::select(NAMES), proptest::collection::vec(any::<u8>(), 0..8));
    let head = (any::<u16>(), any::<u16>(), any::<i64>(), any::<i32>(), any::<i64>(), any::<i32>());
    (head, proptest::collection::vec(pair, 0..8)).prop_map(|(head, pairs)| {
        let mut draft = Draft::new(Head {
            pri: head.0,
            flags: RecordFlags(head.1),
            stamp: head.2,
            stamp_zone: head.3,
            received: head.4,
            received_zone: head.5,
        });
        for (name, value) in pairs {
            draft.put(Name::new(name.as_bytes()), value, ValueType::String);
        }
        let mut record = Vec::new();
        draft.encode(&mut record);
        record
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_text_any_record(text in texts(), record in records(), escape in any::<bool>(), digits in any::<u8>()) {
        let options = TemplateOptions { escape, frac_digits: digits, ..options() };
        let message = Message::new(Record::check(&record).unwrap(), None);
        let mut scope = RenderScope::new(&options, ZoneUse::Send);
        scope.seqnum = u64::from(digits);
        let mut out = Vec::new();
        if let Ok(template) = Template::parse(&text, &functions::Two) {
            template.render(message, &mut scope, &mut out);
            let _ = render_path(&template, message, &mut scope, &mut out);
        }
        layout::file(message, &mut scope, &mut out);
        layout::rfc3164(message, &mut scope, &mut out);
        layout::rfc5424(message, &mut scope, None, &mut out);
    }

    #[test]
    fn every_macro_any_record(record in records(), zone in any::<i32>()) {
        let options = TemplateOptions { send_zone: Some(Zone::fixed(zone)), ..options() };
        let message = Message::new(Record::check(&record).unwrap(), None);
        let mut scope = RenderScope::new(&options, ZoneUse::Send);
        let mut out = Vec::new();
        for name in macros::names() {
            Macro::find(&name).unwrap().render(message, &mut scope, &mut out);
        }
    }
}
