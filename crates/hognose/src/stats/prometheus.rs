//! Counters for Prometheus, by the names that syslog-ng's have where it has them.

use std::fmt::Write as _;

use pipeline::internal;
use pipeline::metrics::Key;

use super::Row;

/// Moments in the life of the configuration, in seconds since the epoch; 0 for never.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Times {
    /// The last reload, however it ended; a start counts.
    pub(crate) last_reload: u64,
    /// The last one that brought a new configuration.
    pub(crate) last_successful_reload: u64,
    /// When the file of the running configuration was written.
    pub(crate) last_file_modification: u64,
}

/// A counter under its new name.
struct Sample {
    name: &'static str,
    labels: Vec<(&'static str, String)>,
    value: u64,
}

/// The counters as Prometheus scrapes them; `legacy`: those that have no name there, too.
pub(crate) fn write(rows: &[Row], times: Times, legacy: bool) -> String {
    let mut out = String::new();
    for row in rows {
        match sample(row) {
            Some(sample) => write_sample(&mut out, sample.name, &sample.labels, sample.value),
            None if legacy && row.key.kind != "stamp" => write_legacy(&mut out, &row.key, row.value),
            None => {}
        }
    }
    for (name, value) in [
        ("syslogng_internal_events_queue_capacity", internal::INTERNAL_MESSAGES_MAX as u64),
        ("syslogng_last_config_reload_timestamp_seconds", times.last_reload),
        ("syslogng_last_successful_config_reload_timestamp_seconds", times.last_successful_reload),
        ("syslogng_last_config_file_modification_timestamp_seconds", times.last_file_modification),
    ] {
        write_sample(&mut out, name, &[], value);
    }
    out
}

fn sample(row: &Row) -> Option<Sample> {
    let Key { component, id, instance, kind } = &row.key;
    let sample = |name, labels: &[(&'static str, &str)]| {
        let labels = labels.iter().map(|(label, value)| (*label, (*value).to_owned())).collect();
        Some(Sample { name, labels, value: row.value })
    };
    if let Some(driver) = component.strip_prefix("src.") {
        let labels = [("id", id.as_str()), ("driver", driver), ("stat_instance", instance)];
        return match *kind {
            "processed" => sample("syslogng_input_events_total", &labels),
            "connections" => sample("syslogng_socket_connections", &labels),
            _ => None,
        };
    }
    if let Some(driver) = component.strip_prefix("dst.") {
        let labels = |result| {
            [("driver", driver), ("id", id.as_str()), ("stat_instance", instance), ("result", result)]
        };
        return match *kind {
            "written" => sample("syslogng_output_events_total", &labels("delivered")),
            "dropped" => sample("syslogng_output_events_total", &labels("dropped")),
            "queued" => sample("syslogng_output_events_total", &labels("queued")),
            _ => {
                let reason = kind.strip_prefix("dropped.")?;
                let labels =
                    [("driver", driver), ("id", id), ("stat_instance", instance), ("reason", reason)];
                sample("syslogng_output_dropped_events_total", &labels)
            }
        };
    }
    match (component.as_str(), id.as_str(), *kind) {
        ("filter", id, result @ ("matched" | "not_matched")) => {
            sample("syslogng_filtered_events_total", &[("id", id), ("result", result)])
        }
        ("parser", id, result @ ("processed" | "discarded")) => {
            sample("syslogng_parsed_events_total", &[("id", id), ("result", result)])
        }
        ("global", "internal_source", result) => {
            sample("syslogng_internal_events_total", &[("result", result)])
        }
        _ => None,
    }
}

fn write_legacy(out: &mut String, key: &Key, value: u64) {
    let name = format!("syslogng_{}_{}", sanitized(&key.component), sanitized(key.kind));
    write_sample(out, &name, &[("id", key.id.clone()), ("stat_instance", key.instance.clone())], value);
}

fn write_sample(out: &mut String, name: &str, labels: &[(&str, String)], value: u64) {
    out.push_str(name);
    let mut labels = labels.iter().filter(|(_, value)| !value.is_empty()).peekable();
    if labels.peek().is_some() {
        let labels: Vec<String> =
            labels.map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let _ = write!(out, "{{{}}}", labels.join(","));
    }
    let _ = writeln!(out, " {value}");
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// `.` and `-` become `_`, what else is no letter, digit or `_` goes.
fn sanitized(name: &str) -> String {
    let name = name.chars().map(|c| if matches!(c, '.' | '-') { '_' } else { c });
    name.filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::row;
    use super::*;

    #[track_caller]
    fn check(row: Row, legacy: bool, expected: &str) {
        let written = write(&[row], Times::default(), legacy);
        let first = written.lines().next().unwrap();
        assert_eq!(
            first.strip_prefix("syslogng_internal_events_queue_capacity").map_or(first, |_| ""),
            expected
        );
    }

    #[test]
    fn counters_with_a_name_of_their_own() {
        check(
            row("src.file", "s#0", "/x", "processed", 5),
            false,
            "syslogng_input_events_total{id=\"s#0\",driver=\"file\",stat_instance=\"/x\"} 5",
        );
        check(
            row("dst.file", "d#0", "/y", "dropped", 2),
            false,
            "syslogng_output_events_total{driver=\"file\",id=\"d#0\",stat_instance=\"/y\",result=\"dropped\"} 2",
        );
        check(
            row("dst.file", "d#0", "", "dropped.queue-full", 2),
            false,
            "syslogng_output_dropped_events_total{driver=\"file\",id=\"d#0\",reason=\"queue-full\"} 2",
        );
        check(
            row("filter", "f", "", "not_matched", 1),
            false,
            "syslogng_filtered_events_total{id=\"f\",result=\"not_matched\"} 1",
        );
    }

    #[test]
    fn the_others_only_on_demand_and_stamps_never() {
        let center = row("center", "", "received", "processed", 7);
        check(center.clone(), false, "");
        check(center, true, "syslogng_center_processed{stat_instance=\"received\"} 7");
        check(row("src.file", "s#0", "/x", "stamp", 5), true, "");
    }

    #[test]
    fn labels_are_escaped() {
        check(
            row("src.file", "s#0", "a\"b\\c\n", "processed", 5),
            false,
            "syslogng_input_events_total{id=\"s#0\",driver=\"file\",stat_instance=\"a\\\"b\\\\c\\n\"} 5",
        );
    }
}
