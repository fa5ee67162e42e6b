//! No line breaks a parser, whatever it says.

use proptest::prelude::*;

use super::*;

/// Lines that are nearly right: pieces of real ones in any order.
fn lines() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: &[&str] = &[
        "<13>",
        "<165>1 ",
        "<",
        ">",
        "999999999999999999999",
        "Oct 11 22:14:15",
        "Oct 11 2020 22:14:15",
        ".123456789",
        "2003-10-11T22:14:15",
        "+02:00",
        "Z",
        "-",
        " ",
        "  ",
        ": ",
        ":",
        "[",
        "]",
        "host",
        "fe80::1",
        "prog[12]:",
        "29: *",
        "Message forwarded from ",
        "last message repeated",
        "[ex@1 a=\"b\" c=\"d\\\"e\"]",
        "=\"",
        "\\",
        "\u{feff}",
        "\0",
        "\n",
        "\u{e9}",
        "text",
    ];
    let piece = prop_oneof![
        6 => proptest::sample::select(PIECES).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..4),
    ];
    proptest::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

fn all_options() -> impl Strategy<Value = ParseOptions> {
    let words: Vec<_> = ParseFlags::names().collect();
    let count = words.len();
    (proptest::sample::subsequence(words, 0..count), any::<[bool; 3]>(), 0usize..260).prop_map(
        |(words, [host, size, local], prefix)| ParseOptions {
            store_host: host,
            store_raw_size: size,
            local,
            sdata_prefix: (prefix % 3 == 0).then(|| "p".repeat(prefix).into()),
            ..options(&words)
        },
    )
}

/// Every line gives one sound record behind what the arena held, or leaves the arena alone.
fn holds(line: &[u8], options: &ParseOptions) -> Result<(), TestCaseError> {
    let mut arena = b"before".to_vec();
    let parsed = parse_into(line, NOW, options, &mut arena);
    prop_assert!(arena.starts_with(b"before"));
    let record = &arena[6..];
    if parsed == Parsed::Empty {
        prop_assert!(record.is_empty());
        return Ok(());
    }
    let record = Record::check(record).map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert!(record.has(Builtin::Message));
    let names: Vec<_> = record.pairs().map(|pair| pair.name).collect();
    for (i, name) in names.iter().enumerate() {
        prop_assert!(!names[..i].contains(name), "{:?} twice", name);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_bytes(line in proptest::collection::vec(any::<u8>(), 0..200), options in all_options()) {
        holds(&line, &options)?;
    }

    #[test]
    fn nearly_right_lines(line in lines(), options in all_options()) {
        holds(&line, &options)?;
    }
}

#[test]
fn every_prefix_of_a_right_line() {
    let lines = [
        "<189>29: *Oct 11 22:14:15.123: %SYS-5-CONFIG_I: Configured",
        "<13>Oct 11 22:14:15 2020 host prog[12]: msg",
        "<13>Oct 11 2020 22:14:15: %ASA-6-302013: Built",
        "<13>Oct 11 22:14:15 Message forwarded from aixhost: prog[1]: m",
        "<165>1 2003-10-11T22:14:15.003+02:00 h app 8710 ID47 [ex@1 a=\"b\" c=\"d\\\"e\"][x] \u{feff}m",
    ];
    for words in
        [&[][..], &["syslog-protocol"], &["syslog-protocol", "no-piggyback-errors"], &["store-raw-message"]]
    {
        let options = ParseOptions { store_raw_size: true, ..options(words) };
        for line in lines {
            for end in 0..=line.len() {
                holds(&line.as_bytes()[..end], &options).unwrap();
            }
        }
    }
}
