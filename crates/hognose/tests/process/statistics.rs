//! `stats(…)`: which counters are shown, for how long, and to whom.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::daemon::{Daemon, run, text, wait};

const PATH: &str =
    "log { source { example-msg-generator(num(1)); }; filter { program(\"x\") or not program(\"x\") };
    destination { file(\"@DIR@/out\"); }; };";

fn config(stats: &str) -> String {
    format!("@version: 4.2\noptions {{ stats({stats}); }};\n{PATH}\n")
}

/// The address that the daemon has logged.
fn endpoint(daemon: &Daemon) -> String {
    wait("the endpoint", || {
        let log = daemon.log();
        let line = log.lines().rev().find(|line| line.contains("Prometheus endpoint opened"))?;
        Some(line.split('\'').nth(1)?.to_owned())
    })
}

fn get(address: &str, target: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {target} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn prometheus_finds_the_counters_over_http() {
    let daemon = Daemon::start_with(&config("prometheus(\"127.0.0.1:0\")"), &["-e", "-v"]);
    let address = endpoint(&daemon);
    wait("the message", || get(&address, "/metrics").contains("result=\"delivered\"} 1").then_some(()));
    let answer = get(&address, "/metrics");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("syslogng_input_events_total{"), "{answer}");
    assert!(get(&address, "/").starts_with("HTTP/1.1 404 "));
    // A reload that wants none closes it.
    daemon.configure(&config("freq(0)"));
    assert!(daemon.ask("RELOAD").starts_with("OK "));
    assert!(TcpStream::connect(&address).is_err());
}

#[test]
fn an_address_that_is_none_is_a_mistake() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("t.conf"), config("prometheus(\"localhost\")")).unwrap();
    let ran = run(directory.path(), &["-f", "t.conf", "-s"]);
    assert_eq!(ran.status.code(), Some(1));
    assert!(text(&ran.stderr).contains("`localhost` is no address to listen on"), "{}", text(&ran.stderr));
}

#[test]
fn a_level_says_which_counters_are_shown() {
    for (stats, files) in [("freq(0)", true), ("level(1)", true), ("level(0)", false)] {
        let daemon = Daemon::start(&config(stats));
        let said = daemon.ask("STATS CSV");
        assert!(said.contains("\ncenter;;received;a;processed;"), "{said}");
        assert_eq!(said.contains("\ndst.file;"), files, "{stats}\n{said}");
        assert_eq!(said.contains("\nfilter;"), files, "{stats}\n{said}");
    }
}

#[test]
fn counters_without_an_owner_are_forgotten_after_their_lifetime() {
    let daemon = Daemon::start(&config("lifetime(1)"));
    assert!(daemon.ask("STATS CSV").contains("\nfilter;"));
    daemon.configure(&config("lifetime(1)").replace("filter {", "parser { channel { }; }; rewrite { };#"));
    assert!(daemon.ask("RELOAD").starts_with("OK "));
    wait("the end of the counter", || (!daemon.ask("STATS CSV").contains("\nfilter;")).then_some(()));
}
