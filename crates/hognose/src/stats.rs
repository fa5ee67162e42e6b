//! Counters as operators see them: CSV, queries, Prometheus.

use std::fmt::Write as _;

use pipeline::internal;
use pipeline::metrics::{Key, Metrics, State};

mod level;
mod prometheus;
mod query;

pub(crate) use prometheus::{Times, write as prometheus};
pub(crate) use query::query;

/// One counter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) key: Key,
    pub(crate) value: u64,
    pub(crate) state: State,
}

/// Every counter there is, by name; with a level, those it shows.
pub(crate) fn rows(metrics: &Metrics, level: Option<u32>) -> Vec<Row> {
    let mut rows: Vec<Row> =
        metrics.rows().into_iter().map(|(key, value, state)| Row { key, value, state }).collect();
    let log = internal::log();
    let own = [
        ("dropped", log.dropped.get()),
        ("processed", log.processed.get()),
        ("queued", log.waiting() as u64),
    ];
    rows.extend(own.map(|(kind, value)| Row {
        key: Key { component: "global".into(), id: "internal_source".into(), instance: String::new(), kind },
        value,
        state: State::Active,
    }));
    if let Some(level) = level {
        rows.retain(|row| level::of(&row.key) <= level);
    }
    rows.sort_by(|a, b| a.key.cmp(&b.key));
    rows
}

/// `SourceName;SourceId;SourceInstance;State;Type;Number`
pub(crate) fn csv(rows: &[Row]) -> String {
    let mut out = String::from("SourceName;SourceId;SourceInstance;State;Type;Number\n");
    for Row { key, value, state } in rows {
        for field in [&key.component, &key.id, &key.instance] {
            write_field(&mut out, field);
            out.push(';');
        }
        let state = match state {
            State::Active => 'a',
            State::Orphaned => 'o',
        };
        let _ = writeln!(out, "{state};{};{value}", key.kind);
    }
    out
}

/// `Log statistics; processed='center(received)=5', …`: all counters in one message.
pub(crate) fn sentence(rows: &[Row]) -> String {
    let one = |Row { key, value, .. }: &Row| {
        let parts: Vec<&str> = [&key.id, &key.instance]
            .into_iter()
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect();
        format!("{}='{}({})={value}'", key.kind, key.component, parts.join(","))
    };
    format!("Log statistics; {}", rows.iter().map(one).collect::<Vec<_>>().join(", "))
}

/// A field; one that would be mistaken for several, or for the end of the line, is quoted.
fn write_field(out: &mut String, field: &str) {
    // A line feed would be one inside the quotes too, and not every reader counts quotes.
    let field = field.replace('\n', " ");
    if field.contains([';', '"']) {
        let _ = write!(out, "\"{}\"", field.replace('"', "\"\""));
    } else {
        out.push_str(&field);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn row(component: &str, id: &str, instance: &str, kind: &'static str, value: u64) -> Row {
        let key = Key { component: component.into(), id: id.into(), instance: instance.into(), kind };
        Row { key, value, state: State::Active }
    }

    #[track_caller]
    fn check(row: Row, expected: &str) {
        assert_eq!(csv(&[row]).lines().nth(1), Some(expected));
    }

    #[test]
    fn one_line_a_counter() {
        check(row("src.file", "s#0", "/x", "processed", 5), "src.file;s#0;/x;a;processed;5");
        check(
            Row { state: State::Orphaned, ..row("center", "", "queued", "processed", 0) },
            "center;;queued;o;processed;0",
        );
    }

    #[test]
    fn fields_that_look_like_more_than_one_are_quoted() {
        check(row("dst.file", "d#0", "/a;b", "written", 1), "dst.file;d#0;\"/a;b\";a;written;1");
        check(row("dst.file", "d#0", "/a\"b", "written", 1), "dst.file;d#0;\"/a\"\"b\";a;written;1");
        check(row("dst.file", "d#0", "/a\n.\nb", "written", 1), "dst.file;d#0;/a . b;a;written;1");
    }

    #[test]
    fn all_in_one_message() {
        let rows = [row("center", "", "received", "processed", 5), row("src.file", "s#0", "/x", "stamp", 7)];
        assert_eq!(
            sentence(&rows),
            "Log statistics; processed='center(received)=5', stamp='src.file(s#0,/x)=7'"
        );
    }

    #[test]
    fn the_daemons_own_messages_are_counted_too() {
        let rows = rows(&Metrics::new(), None);
        assert!(rows.iter().any(|row| row.key.id == "internal_source" && row.key.kind == "dropped"));
    }
}
