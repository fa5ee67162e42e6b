//! The control socket and the operator's tool.

use std::fs;
use std::io::{BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::daemon::{Daemon, EVENT, generator, reply, run, text, wait};

fn writing(text: &str) -> String {
    generator(text, Path::new("@DIR@/out"))
}

fn connect(daemon: &Daemon) -> UnixStream {
    let stream = UnixStream::connect(daemon.path("ctl")).unwrap();
    stream.set_read_timeout(Some(EVENT)).unwrap();
    stream
}

#[test]
fn only_the_user_may_connect() {
    let daemon = Daemon::start("");
    let mode = fs::metadata(daemon.path("ctl")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    daemon.stop();
}

#[test]
fn counters_and_health() {
    let daemon = Daemon::start(&writing("old"));
    daemon.wait_fresh_line("out", "old");
    let stats = daemon.ask("STATS CSV");
    assert!(stats.starts_with("SourceName;SourceId;SourceInstance;State;Type;Number\n"), "{stats}");
    assert!(stats.contains("\nsrc.none;#anon-source0#0;;a;processed;"), "{stats}");
    let health = daemon.ask("HEALTHCHECK");
    let (first, rest) = health.split_once('\n').unwrap();
    assert!(first.starts_with("OK syslogng_io_worker_latency_seconds "), "{health}");
    let names: Vec<&str> = rest.lines().map(|line| line.split_once(' ').unwrap().0).collect();
    assert_eq!(
        names,
        [
            "syslogng_mainloop_io_worker_roundtrip_latency_seconds",
            "syslogng_internal_events_queue_usage_ratio"
        ]
    );
    let prometheus = daemon.ask("STATS PROMETHEUS");
    assert!(
        prometheus.contains("syslogng_input_events_total{id=\"#anon-source0#0\",driver=\"none\""),
        "{prometheus}"
    );
    assert_eq!(daemon.ask("RESET_STATS"), "OK The statistics of syslog-ng have been reset to 0.\n");
    daemon.stop();
}

#[test]
fn several_commands_on_one_connection() {
    let daemon = Daemon::start("");
    let mut stream = connect(&daemon);
    stream.write_all(b"LICENSE\nREOPEN\n").unwrap();
    let mut stream = BufReader::new(stream);
    assert!(reply(&mut stream).unwrap().starts_with("OK "));
    assert_eq!(reply(&mut stream).unwrap(), "OK Re-open of log destination files initiated\n");
    daemon.stop();
}

#[test]
fn what_the_configuration_is_made_of() {
    let daemon = Daemon::start(
        "source s { internal(); };\nlog { source(s); destination { file(\"/dev/null\"); }; };\n",
    );
    let config = format!("path_check: {}/", daemon.directory().display());
    let files = daemon.ask("LISTFILES");
    assert!(files.contains(&config) && files.contains("path_check: /dev/null\n"), "{files}");
    let (code, graph) = daemon.ctl(&["export-config-graph"]);
    assert_eq!(code, 0);
    assert!(graph.contains(r#"{"from":"source(s)","to":"log(#anon-log0)","type":"next-hop"}"#), "{graph}");
    daemon.stop();
}

#[test]
fn what_is_no_command_closes_the_connection() {
    let daemon = Daemon::start("");
    for request in ["nonsense", "", "stats", " STATS"] {
        daemon.ask_in_vain(request);
    }
    daemon
        .wait_log("Unknown command read on control channel, closing control channel; command='nonsense'", 1);
    // Neither does one that never ends, nor one that is no text.
    let mut stream = connect(&daemon);
    let _ = stream.write_all(&vec![b'S'; 1 << 20]);
    let mut rest = Vec::new();
    assert!(stream.read_to_end(&mut rest).is_err() || rest.is_empty());
    let mut stream = connect(&daemon);
    stream.write_all(b"\xff\0\xfe\n").unwrap();
    assert!(stream.read_to_end(&mut rest).is_err() || rest.is_empty());
    assert_eq!(daemon.ask("QUERY"), "FAIL Invalid arguments received\n");
    assert_eq!(daemon.ask("PWD status"), "FAIL PWD is not available: hognose does not have it\n");
    daemon.stop();
}

#[test]
fn idle_connections_are_limited_and_harmless() {
    let daemon = Daemon::start("");
    let idle: Vec<UnixStream> = (0..100).map(|_| connect(&daemon)).collect();
    daemon.wait_log("Too many connections to the control socket, closing this one", 1);
    drop(idle);
    wait("an answer", || daemon.ctl(&["healthcheck"]).0.eq(&0).then_some(()));
    daemon.stop();
}

#[test]
fn the_log_level_changes_while_it_runs() {
    let daemon = Daemon::start("");
    assert_eq!(daemon.ask("LOG LEVEL"), "OK syslog-ng log level set to 0\n");
    assert_eq!(daemon.ask("LOG LEVEL DEBUG"), "OK syslog-ng log level set to 2\n");
    daemon.wait_log("Verbosity changed; log_level='2'", 1);
    assert_eq!(daemon.ask("LOG VERBOSE OFF"), "OK syslog-ng log level set to 0\n");
    assert_eq!(daemon.ask("LOG LOUD"), "FAIL Invalid arguments received\n");
    daemon.stop();
}

#[test]
fn the_configuration_as_it_runs() {
    // A line that is a lone dot would end the reply early; a blank keeps it from that.
    let text = "@version: 4.2\n@define name d\ntemplate t \"\n.\n\";\ndestination `name` { file(\"/dev/null\"); };\n";
    let daemon = Daemon::start(text);
    assert_eq!(daemon.ask("CONFIG GET ORIGINAL"), text.replace("\n.\n", "\n. \n"));
    assert!(daemon.ask("CONFIG GET PREPROCESSED").contains("destination d {"));
    assert_eq!(daemon.ask("CONFIG ID").len(), 65);
    assert_eq!(
        daemon.ctl(&["config", "-v"]),
        (0, "Configuration file matches active configuration\n".into())
    );
    daemon.stop();
}

#[test]
fn counters_are_answered_while_a_reload_waits() {
    let daemon = Daemon::start(&writing("old"));
    // Whoever opens a pipe for reading waits for somebody who writes.
    fs::remove_file(daemon.path("daemon.conf")).unwrap();
    mknodat(CWD, daemon.path("daemon.conf"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let mut reloading = connect(&daemon);
    reloading.write_all(b"RELOAD\n").unwrap();
    daemon.wait_log("reload request received", 1);
    assert!(daemon.ask("STATS").contains("center;;received"));
    daemon.wait_fresh_line("out", "old");
    let path = daemon.path("daemon.conf");
    let (stop, stopped) = std::sync::mpsc::sync_channel::<()>(1);
    // Each time that it is opened it turns out to be empty.
    let feeder = thread::spawn(move || {
        while stopped.try_recv().is_err() {
            let _ = fs::File::options().read(true).write(true).open(&path);
        }
    });
    assert_eq!(reply(&mut BufReader::new(reloading)).as_deref(), Some("OK Config reload successful\n"));
    stop.send(()).unwrap();
    feeder.join().unwrap();
    daemon.stop();
}

#[test]
fn a_reload_that_hangs_does_not_keep_the_daemon_from_ending() {
    let mut daemon = Daemon::start(&writing("old"));
    fs::remove_file(daemon.path("daemon.conf")).unwrap();
    mknodat(CWD, daemon.path("daemon.conf"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let mut reloading = connect(&daemon);
    reloading.write_all(b"RELOAD\n").unwrap();
    daemon.wait_log("reload request received", 1);
    assert!(daemon.ask("HEALTHCHECK").starts_with("OK "));
    assert_eq!(daemon.ask("STOP"), "OK Shutdown initiated\n");
    assert_eq!(daemon.end().code(), Some(0), "{}", daemon.log());
}

#[test]
fn two_daemons_with_one_socket() {
    let first = Daemon::start(&writing("first"));
    let mut second = Daemon::new("");
    second.spawn(&["-e", "-c", &first.path("ctl").display().to_string()]);
    second.wait_log("starting up", 1);
    second.wait_log("Error opening control socket, external controls will not be available", 1);
    second.wait_log("another daemon answers on it", 1);
    assert!(first.ask("STATS").contains("#anon-source0#0"));
    second.stop();
    assert!(first.ask("HEALTHCHECK").starts_with("OK "));
    first.stop();
}

#[test]
fn leftovers_are_replaced_and_files_are_not() {
    let mut daemon = Daemon::new("");
    drop(UnixListener::bind(daemon.path("ctl")).unwrap());
    daemon.spawn(&["-e"]);
    daemon.wait_log("starting up", 1);
    assert!(daemon.ask("HEALTHCHECK").starts_with("OK "));
    daemon.stop();
    let mut daemon = Daemon::new("");
    fs::write(daemon.path("ctl"), "precious").unwrap();
    daemon.spawn(&["-e"]);
    daemon.wait_log("starting up", 1);
    daemon.wait_log("there is a file of this name that is no socket", 1);
    let path = daemon.path("ctl");
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    daemon.stop();
}

#[test]
fn the_tool_says_how_it_went() {
    let daemon = Daemon::start(&writing("old"));
    assert_eq!(daemon.ctl(&["reload"]), (0, "Config reload successful\n".into()));
    daemon.configure("nonsense");
    let failed = "Syntax error parsing configuration file, previous config remained intact\n";
    assert_eq!(daemon.ctl(&["reload"]), (1, failed.into()));
    assert_eq!(daemon.ctl(&["healthcheck"]).0, 0);
    assert_eq!(daemon.ctl(&["query", "get", "nosuch"]), (0, "\n".into()));
    assert!(daemon.ctl(&["stats"]).1.starts_with("SourceName;"));
    assert_eq!(daemon.ctl(&["credentials", "status"]).0, 1);
    assert_eq!(daemon.ctl(&["stop"]), (0, "Shutdown initiated\n".into()));
}

#[test]
fn the_tool_without_a_daemon() {
    let directory = tempfile::tempdir().unwrap();
    let ctl = |arguments: &[&str]| {
        let output = run(directory.path(), &[&["ctl"], arguments].concat());
        (output.status.code().unwrap(), text(&output.stderr))
    };
    let (code, said) = ctl(&["reload", "-c", "/no/such"]);
    assert_eq!(code, 1);
    assert_eq!(
        said,
        "Error connecting control socket, socket='/no/such', error='No such file or directory'\n"
    );
    assert_eq!(ctl(&[]).0, 1);
    let (code, said) = ctl(&["nonsense"]);
    assert_eq!(code, 1);
    assert!(said.starts_with("Unknown command\nSyntax: "), "{said}");
    let (code, said) = ctl(&["stats", "--foo"]);
    assert_eq!((code, said.as_str()), (1, "Error parsing command line arguments: Unknown option --foo\n"));
    // One that is there and does not answer.
    let _silent = UnixListener::bind(directory.path().join("silent")).unwrap();
    assert_eq!(ctl(&["healthcheck", "-t", "1", "-c", "silent"]).0, 2);
}
