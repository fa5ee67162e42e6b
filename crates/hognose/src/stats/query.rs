//! `QUERY`: some counters, by a pattern over their names.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use control::{Query, QueryVerb};
use pipeline::metrics::{Key, Metrics};

use super::Row;

/// Answers a query; `rows` are those of `metrics`.
pub(crate) fn query(query: &Query, rows: &[Row], metrics: &Metrics) -> String {
    let found: Vec<(&Row, String)> = rows
        .iter()
        .map(|row| (row, name(&row.key)))
        .filter(|(_, name)| matches(query.pattern.as_bytes(), name.as_bytes()))
        .collect();
    let mut out = String::new();
    match query.verb {
        QueryVerb::List => found.iter().for_each(|(_, name)| out.extend([name.as_str(), "\n"])),
        QueryVerb::Get => {
            for (row, name) in &found {
                let _ = writeln!(out, "{name}={}", row.value);
            }
        }
        QueryVerb::GetSum if found.is_empty() => {}
        QueryVerb::GetSum => {
            let sum = found.iter().fold(0u64, |sum, (row, _)| sum.saturating_add(row.value));
            let _ = writeln!(out, "{sum}");
        }
    }
    // Nothing found is an empty line, and so is the one before the sentence below.
    out.push('\n');
    if query.reset {
        let found: BTreeSet<&Key> = found.iter().map(|(row, _)| &row.key).collect();
        metrics.reset_some(|key| found.contains(key));
        out.push_str("The selected counters of syslog-ng have been reset to 0.\n");
    }
    out
}

/// `component.id.instance.type`, parts without text left out.
fn name(key: &Key) -> String {
    let parts = [key.component.as_str(), &key.id, &key.instance, key.kind];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(".").replace('\n', " ")
}

/// Whether `text` is what `pattern` describes: `*` is anything, `?` one byte.
///
/// Takes time in proportion to both lengths, whatever the pattern.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where to go on when the last `*` takes one byte more.
    let mut back: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                back = Some((p + 1, t));
                p += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match back {
                Some((after, from)) => {
                    (p, t) = (after, from + 1);
                    back = Some((after, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::super::tests::row;
    use super::*;

    fn ask(verb: QueryVerb, pattern: &str) -> String {
        let rows = [
            row("center", "", "received", "processed", 3),
            row("src.file", "s#0", "/in.log", "processed", 4),
            row("src.file", "s#0", "/in.log", "stamp", 9),
        ];
        let asked = Query { verb, reset: false, pattern: pattern.into() };
        query(&asked, &rows, &Metrics::new())
    }

    #[test]
    fn names_leave_out_empty_parts() {
        assert_eq!(ask(QueryVerb::List, "center*"), "center.received.processed\n\n");
        assert_eq!(
            ask(QueryVerb::Get, "*processed"),
            "center.received.processed=3\nsrc.file.s#0./in.log.processed=4\n\n"
        );
    }

    #[test]
    fn sums() {
        assert_eq!(ask(QueryVerb::GetSum, "*processed"), "7\n\n");
    }

    #[test]
    fn nothing_found_is_an_empty_line() {
        for verb in [QueryVerb::List, QueryVerb::Get, QueryVerb::GetSum] {
            assert_eq!(ask(verb, "nix"), "\n");
            assert_eq!(ask(verb, ""), "\n");
        }
    }

    #[test]
    fn a_reset_takes_what_was_found_and_nothing_else() {
        let metrics = Metrics::new();
        metrics.counter("center", "", "received", "processed").add(3);
        metrics.counter("center", "", "queued", "processed").add(4);
        let asked = Query { verb: QueryVerb::Get, reset: true, pattern: "*received*".into() };
        let said = query(&asked, &super::super::rows(&metrics, None), &metrics);
        assert_eq!(
            said,
            "center.received.processed=3\n\nThe selected counters of syslog-ng have been reset to 0.\n"
        );
        let values: Vec<u64> = metrics.rows().into_iter().map(|(_, value, _)| value).collect();
        assert_eq!(values, [4, 0]);
    }

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("*", "abc", true),
            ("a*c", "abbc", true),
            ("a*c", "abcd", false),
            ("*b*b*", "abab", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("abc", "abc", true),
            ("**", "x", true),
            ("[a]", "a", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn no_pattern_takes_for_ever() {
        let pattern = "*a".repeat(500);
        assert!(!matches(pattern.as_bytes(), "a".repeat(499).as_bytes()));
        assert!(!matches(format!("{pattern}b").as_bytes(), "a".repeat(4000).as_bytes()));
    }
}
