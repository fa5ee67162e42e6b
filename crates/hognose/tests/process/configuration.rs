//! Configurations that are wrong, and how the process ends.

use std::fs;
use std::net::TcpListener;

use crate::daemon::{Daemon, run, text, wait};

/// Two mistakes of reading and one of starting.
const WRONG: &str = "@version: 4.2\n\
    options { stop-timeuot(1); };\n\
    log { source { nosuchdriver(); }; };\n\
    log { source(nosuchsource); };\n";

/// How the daemon ends, and what it says.
#[track_caller]
fn fails(config: &str) -> (i32, String) {
    let mut daemon = Daemon::new(config);
    daemon.spawn(&[]);
    let status = daemon.end();
    assert!(!daemon.log().contains("panicked"), "{}", daemon.log());
    (status.code().unwrap(), daemon.log())
}

#[test]
fn all_mistakes_are_said_at_once() {
    let (code, said) = fails(WRONG);
    assert_eq!(code, 1);
    for mistake in ["stop-timeuot", "did you mean `stop-timeout`", "nosuchdriver", "name='nosuchsource'"] {
        assert!(said.contains(mistake), "no {mistake} in\n{said}");
    }
    assert!(said.contains("daemon.conf:2:"), "{said}");
}

#[test]
fn what_can_be_read_but_not_started_exits_with_2() {
    let (code, said) = fails("log { source(nosuchsource); };");
    assert_eq!(code, 2);
    assert!(said.contains("Error resolving reference; content='source', name='nosuchsource'"), "{said}");
    assert!(said.contains("Error initializing message pipeline"), "{said}");
}

#[test]
fn a_port_that_is_taken_exits_with_2() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let config = format!("log {{ source {{ network(ip(\"127.0.0.1\") port({port})); }}; }};");
    let (code, said) = fails(&config);
    assert_eq!(code, 2);
    assert!(said.contains("Error binding socket"), "{said}");
    assert!(said.contains("Address already in use (98)"), "{said}");
    // Its syntax is fine, its start is not.
    let daemon = Daemon::new(&config);
    let end =
        |option| run(daemon.directory(), &["-F", option, "-f", "daemon.conf", "-c", "ctl"]).status.code();
    assert_eq!(end("--syntax-only"), Some(0));
    assert_eq!(end("--check-startup"), Some(2));
    drop(taken);
    // Other tests fork, and a fork holds the port until it executes its program.
    wait("the free port", || (end("--check-startup") == Some(0)).then_some(()));
}

#[test]
fn check_says_everything_and_starts_nothing() {
    let daemon = Daemon::new(WRONG);
    let output = run(daemon.directory(), &["check", "daemon.conf"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    for mistake in ["stop-timeuot", "nosuchdriver", "nosuchsource"] {
        assert!(said.contains(mistake), "no {mistake} in\n{said}");
    }
    daemon.configure("@version: 4.2\nlog { source { internal(); }; destination { file(\"@DIR@/out\"); }; };");
    let output = run(daemon.directory(), &["check", "daemon.conf"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("nothing is wrong"));
    assert!(!daemon.path("out").exists());
    // A mistake of starting is a mistake.
    daemon.configure("log { source(nosuchsource); };");
    assert_eq!(run(daemon.directory(), &["check", "daemon.conf"]).status.code(), Some(1));
    assert_eq!(run(daemon.directory(), &["check", "nosuch.conf"]).status.code(), Some(1));
}

#[test]
fn random_bytes_are_a_mistake_and_no_crash() {
    let daemon = Daemon::new("");
    // A xorshift: the same bytes in every run.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for length in [1, 10, 100, 1_000, 10_000, 100_000, 1 << 20] {
        let bytes: Vec<u8> = (0..length)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state as u8
            })
            .collect();
        fs::write(daemon.path("daemon.conf"), &bytes).unwrap();
        let output = run(daemon.directory(), &["-F", "-f", "daemon.conf", "-c", "ctl"]);
        let said = text(&output.stderr);
        assert!(matches!(output.status.code(), Some(1 | 2)), "{length}: {:?}\n{said}", output.status);
        assert!(said.contains("daemon.conf") && !said.contains("panicked"), "{length}: {said}");
    }
}

#[test]
fn a_directory_is_no_configuration() {
    let directory = tempfile::tempdir().unwrap();
    let output = run(directory.path(), &["-F", "-f", ".", "-c", "ctl"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
}
