//! Start, reload, reopen, stop.

use std::fs;
use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::Signal;

use crate::daemon::{Daemon, EVENT, generator, wait};

const OLD_AND_NEW: [&str; 2] = ["old", "new"];

fn writing(text: &str) -> String {
    generator(text, std::path::Path::new("@DIR@/out"))
}

/// Messages for a reader who does not read: `queue` in front of a pipe.
fn stuck(daemon: &Daemon, stop_timeout: u32) -> String {
    mknodat(CWD, daemon.path("fifo"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    format!(
        "@version: 4.2\n\
         options {{ stop-timeout({stop_timeout}); }};\n\
         log {{\n\
           source {{ example-msg-generator(freq(0.001) template(\"{}\")); }};\n\
           destination {{ pipe(\"@DIR@/fifo\" template(\"$MSG\\n\")); }};\n\
         }};\n",
        "x".repeat(8000)
    )
}

/// Waits until more messages wait than a pipe takes.
fn wait_stuck(daemon: &Daemon) {
    wait("messages that wait", || {
        let queued = daemon.ask("QUERY GET_SUM dst.*.queued");
        (queued.trim().parse::<u64>().unwrap() > 50).then_some(())
    });
}

#[test]
fn it_starts_and_stops_in_syslog_ngs_words() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut daemon = Daemon::start(&writing("old"));
        daemon.wait_fresh_line("out", "old");
        daemon.signal(signal);
        assert_eq!(daemon.end().code(), Some(0));
        let log = daemon.log();
        let places = ["syslog-ng starting up; version='", "syslog-ng shutting down; version='"];
        let places = places.map(|line| log.find(line).unwrap_or_else(|| panic!("no {line} in\n{log}")));
        assert!(places.is_sorted(), "{log}");
        assert!(!daemon.path("ctl").exists() && !daemon.path("pid").exists());
    }
}

#[test]
fn internal_sources_have_the_log_unless_stderr_has() {
    let config = "log { source { internal(); }; destination { file(\"@DIR@/out\" template(\"$PROGRAM $PRI $MSG\\n\")); }; };";
    let daemon = Daemon::start_with(config, &[]);
    let log = || fs::read_to_string(daemon.path("out")).unwrap_or_default();
    // Notices have priority 45: facility syslog.
    wait("the start in the file", || {
        log().contains("syslog-ng 45 syslog-ng starting up; version='").then_some(())
    });
    // In the foreground, trouble is shown anyhow.
    assert!(!daemon.log().contains("starting up"), "{}", daemon.log());
    assert_eq!(daemon.ask("CONFIG VERIFY"), "Configuration file matches active configuration\n");
    daemon.configure("nonsense");
    daemon.signal(Signal::HUP);
    daemon.wait_log("Error reloading configuration; reason='Syntax error parsing configuration file'", 1);
    wait("the error in the file", || {
        log().contains("syslog-ng 43 Error reloading configuration").then_some(())
    });
    // So is where the mistake is.
    wait("the place", || log().contains("Error in configuration; location='").then_some(()));
    daemon.stop();
}

#[test]
fn a_reload_brings_the_new_configuration() {
    let daemon = Daemon::start_with(&writing("old"), &["-ev"]);
    for (i, text) in OLD_AND_NEW.into_iter().cycle().skip(1).take(4).enumerate() {
        daemon.configure(&writing(text));
        if i % 2 == 0 {
            daemon.signal(Signal::HUP);
            daemon.wait_log("Configuration reload finished", i + 1);
        } else {
            assert_eq!(daemon.ask("RELOAD"), "OK Config reload successful\n");
        }
        daemon.wait_fresh_line("out", text);
    }
    let log = daemon.log();
    let lines = [
        "Configuration reload request received, reloading configuration;",
        "New configuration initialized;",
        "Configuration reload finished;",
    ];
    assert!(lines.map(|line| log.find(line).expect(line)).is_sorted(), "{log}");
    daemon.stop();
}

#[test]
fn a_configuration_that_is_wrong_leaves_the_old_one_running() {
    let daemon = Daemon::start(&writing("old"));
    daemon.configure("@version: 4.2\nlog { nonsense");
    assert_eq!(
        daemon.ask("RELOAD"),
        "FAIL Syntax error parsing configuration file, previous config remained intact\n"
    );
    daemon.wait_fresh_line("out", "old");
    daemon.signal(Signal::HUP);
    daemon.wait_log("Error reloading configuration; reason='Syntax error parsing configuration file'", 2);
    assert_eq!(daemon.ask("CONFIG VERIFY"), "Configuration file does not match active configuration\n");
    fs::remove_file(daemon.path("daemon.conf")).unwrap();
    assert!(daemon.ask("RELOAD").starts_with("FAIL Syntax error"));
    daemon.wait_log("Error opening configuration file; filename='", 1);
    daemon.wait_fresh_line("out", "old");
    let orphans: Vec<String> =
        daemon.ask("STATS").lines().filter(|line| line.contains(";o;")).map(String::from).collect();
    assert_eq!(orphans, Vec::<String>::new());
    daemon.stop();
}

#[test]
fn one_that_does_not_start_is_followed_by_the_old_one() {
    let daemon = Daemon::start(&writing("old"));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let new = format!("{}log {{ source {{ network(ip(\"127.0.0.1\") port({port})); }}; }};", writing("new"));
    daemon.configure(&new);
    assert_eq!(daemon.ask("RELOAD"), "FAIL Config reload failed, reverted to previous config\n");
    daemon.wait_log("Error initializing message pipeline; ", 1);
    daemon.wait_log("Error initializing new configuration, reverting to old config;", 1);
    daemon.wait_log("Configuration reload finished;", 1);
    daemon.wait_fresh_line("out", "old");
    let stats = daemon.ask("STATS");
    assert!(stats.contains("dst.file;#anon-destination0#0;") && !stats.contains(";o;processed"), "{stats}");
    drop(taken);
    // Other tests fork, and a fork holds the port until it executes its program.
    wait("the free port", || (daemon.ask("RELOAD") == "OK Config reload successful\n").then_some(()));
    daemon.wait_fresh_line("out", "new");
    daemon.stop();
}

#[test]
fn counters_go_on_over_a_reload_and_those_of_what_is_gone_are_orphans() {
    let daemon = Daemon::start(&writing("old"));
    daemon.wait_fresh_line("out", "old");
    let received = || {
        let text = daemon.ask("QUERY GET center.received.processed");
        text.trim().split_once('=').unwrap().1.parse::<u64>().unwrap()
    };
    let before = received();
    assert!(before > 0);
    daemon.configure("@version: 4.2\n");
    assert_eq!(daemon.ask("RELOAD"), "OK Config reload successful\n");
    assert!(received() >= before);
    assert!(daemon.ask("STATS").contains("src.none;#anon-source0#0;;o;processed;"));
    assert_eq!(daemon.ask("REMOVE_ORPHANED_STATS"), "OK Orphaned statistics have been removed.\n");
    assert!(!daemon.ask("STATS").contains("src.none"));
    daemon.stop();
}

#[test]
fn reopening_follows_a_renamed_file() {
    let daemon = Daemon::start(&writing("old"));
    for reopen in ["signal", "command"] {
        daemon.wait_fresh_line("out", "old");
        fs::rename(daemon.path("out"), daemon.path("out.1")).unwrap();
        if reopen == "signal" {
            daemon.signal(Signal::USR1);
        } else {
            assert_eq!(daemon.ask("REOPEN"), "OK Re-open of log destination files initiated\n");
        }
        daemon.wait_fresh_line("out", "old");
    }
    daemon.stop();
}

#[test]
fn a_stop_ends_at_its_deadline() {
    let mut daemon = Daemon::new("");
    daemon.configure(&stuck(&daemon, 1));
    let _reader = fs::File::options().read(true).write(true).open(daemon.path("fifo")).unwrap();
    daemon.spawn(&["-e"]);
    daemon.wait_log("starting up", 1);
    wait_stuck(&daemon);
    assert_eq!(daemon.ask("STOP"), "OK Shutdown initiated\n");
    let asked = Instant::now();
    assert_eq!(daemon.end().code(), Some(0), "{}", daemon.log());
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    daemon.wait_log("Messages dropped: the daemon stops", 1);
}

#[test]
fn a_second_request_to_stop_is_the_last() {
    let mut daemon = Daemon::new("");
    daemon.configure(&stuck(&daemon, 3600));
    let _reader = fs::File::options().read(true).write(true).open(daemon.path("fifo")).unwrap();
    daemon.spawn(&["-e"]);
    daemon.wait_log("starting up", 1);
    wait_stuck(&daemon);
    daemon.signal(Signal::TERM);
    daemon.wait_log("shutting down", 1);
    // Two at once are one request, so it takes one that comes later.
    let status = wait("the end", || {
        daemon.signal(Signal::TERM);
        daemon.try_end()
    });
    assert_eq!(status.code(), Some(1));
    daemon.wait_log("Asked again to stop, ending at once", 1);
    assert!(!daemon.path("ctl").exists() && !daemon.path("pid").exists());
}

#[test]
fn standard_input_that_ends_may_end_the_daemon() {
    let mut daemon = Daemon::new(
        "@version: 4.2\nlog { source { stdin(flags(no-parse, exit-on-eof)); }; \
         destination { file(\"@DIR@/out\" template(\"$MSG\\n\")); }; };",
    );
    daemon.spawn(&["-e"]);
    assert_eq!(daemon.end().code(), Some(0), "{}", daemon.log());
    daemon.wait_log("syslog-ng shutting down", 1);
}

#[test]
fn a_stderr_that_nobody_reads_does_not_hold_the_daemon() {
    let daemon = Daemon::start_with_stderr_pipe(&writing("old"));
    // Much more than a pipe takes.
    for n in 0..2000 {
        daemon.ask_in_vain(&format!("NOSUCHCOMMAND{n}{}", "x".repeat(100)));
    }
    assert!(daemon.ask("HEALTHCHECK").starts_with("OK "));
    daemon.wait_fresh_line("out", "old");
    daemon.stop();
}

#[test]
fn statistics_are_logged_as_often_as_wanted() {
    let daemon = Daemon::start(&format!(
        "options {{ stats(freq(1)); }};\n{}",
        writing("old").replace("@version: 4.2\n", "")
    ));
    daemon.wait_log("Log statistics; processed='center(received)=", 2);
    daemon.stop();
}

#[test]
fn the_service_manager_is_told() {
    let mut daemon = Daemon::new("");
    let manager = UnixDatagram::bind(daemon.path("notify")).unwrap();
    manager.set_read_timeout(Some(EVENT)).unwrap();
    let told = |what: &str| {
        let mut text = [0; 256];
        let length = manager.recv(&mut text).unwrap();
        assert!(text[..length].starts_with(what.as_bytes()), "{what}");
    };
    daemon.spawn_under_manager();
    told("READY=1\n");
    daemon.signal(Signal::HUP);
    told("RELOADING=1\nMONOTONIC_USEC=");
    told("READY=1\n");
    daemon.signal(Signal::TERM);
    told("STOPPING=1\n");
    assert_eq!(daemon.end().code(), Some(0));
}

#[test]
fn a_daemon_that_does_not_come_up_leaves_the_pid_file_of_another() {
    let first = Daemon::start("");
    let pid = fs::read_to_string(first.path("pid")).unwrap();
    let mut second = Daemon::new("nonsense");
    second.spawn(&["-e", "-p", &first.path("pid").display().to_string()]);
    assert_eq!(second.end().code(), Some(1));
    assert_eq!(fs::read_to_string(first.path("pid")).unwrap(), pid);
    first.stop();
}
