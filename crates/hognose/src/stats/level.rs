//! `stats(level())`: which counters are shown.

use pipeline::metrics::Key;

/// Drivers whose counters belong to level 1: there may be as many of them as files.
const OF_FILES: [&str; 6] = ["file", "pipe", "stdin", "unix-dgram", "unix-stream", "wildcard-file"];
/// Sources that are counted for each who connects.
const OF_PEERS: [&str; 6] = ["network", "syslog", "tcp", "tcp6", "udp", "udp6"];

/// The least level at which a counter is shown.
pub(super) fn of(key: &Key) -> u32 {
    let is_in = |names: &[&str], driver: &str| names.contains(&driver);
    match key.component.as_str() {
        "filter" | "parser" => 1,
        component => match (component.strip_prefix("src."), component.strip_prefix("dst.")) {
            (Some(_), _) if key.kind == "connections" => 0,
            (Some(driver), _) => u32::from(is_in(&OF_FILES, driver) || is_in(&OF_PEERS, driver)),
            (_, Some(driver)) => u32::from(matches!(driver, "file" | "pipe")),
            _ => 0,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::row;
    use super::*;

    #[test]
    fn files_filters_and_peers_are_of_level_one() {
        for (component, kind, expected) in [
            ("center", "processed", 0),
            ("destination", "processed", 0),
            ("src.internal", "processed", 0),
            ("src.python", "processed", 0),
            ("src.file", "processed", 1),
            ("src.network", "processed", 1),
            ("src.network", "connections", 0),
            ("dst.network", "written", 0),
            ("dst.file", "written", 1),
            ("filter", "matched", 1),
            ("parser", "discarded", 1),
        ] {
            assert_eq!(of(&row(component, "x", "", kind, 0).key), expected, "{component} {kind}");
        }
    }
}
