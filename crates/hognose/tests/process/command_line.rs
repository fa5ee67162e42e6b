//! Options, and what is wrong with them.

use std::fs;
use std::os::unix::process::CommandExt;

use crate::daemon::{Daemon, hognose, run, text};

#[track_caller]
fn refused(arguments: &[&str], message: &str) {
    let directory = tempfile::tempdir().unwrap();
    let output = run(directory.path(), arguments);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stderr), format!("{message}\n"));
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn mistakes_exit_with_1() {
    refused(&["--x"], "Error parsing command line arguments: Unknown option --x");
    refused(&["-F", "-f"], "Error parsing command line arguments: Missing argument for -f");
    refused(&["stray"], "Excess number of arguments");
    refused(
        &["-i"],
        "Error parsing command line arguments: --interactive is not available: \
         hognose does not have the console debugger",
    );
}

#[test]
fn a_missing_configuration_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let output = run(directory.path(), &["-F", "-f", "/no/such.conf", "-c", "ctl"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    let line =
        "Error opening configuration file; filename='/no/such.conf', error='No such file or directory (2)'\n";
    // In front of it stands the time, in brackets.
    let (time, rest) = said.split_at(said.find("] ").unwrap() + 2);
    assert_eq!((time.len(), rest), ("[2026-11-23T01:32:30.102003] ".len(), line));
    let output = run(directory.path(), &["-s", "-f", "/no/such.conf"]);
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(1), line));
}

#[test]
fn version_and_help() {
    let directory = tempfile::tempdir().unwrap();
    let version = run(directory.path(), &["-V"]);
    assert_eq!(version.status.code(), Some(0));
    let version = text(&version.stdout);
    assert!(version.starts_with("hognose "), "{version}");
    for line in ["Config version: 4.", "Include-Path: ", "Available-Modules: ", "Enable-IPv6: on"] {
        assert!(version.contains(line), "{version}");
    }
    let help = text(&run(directory.path(), &["--help"]).stdout);
    assert!(help.contains("--syntax-only"), "{help}");
    let drivers = text(&run(directory.path(), &["--module-registry"]).stdout);
    assert!(drivers.contains("internal") && drivers.contains("python-fetcher"), "{drivers}");
}

#[test]
fn the_name_of_syslog_ng_ctl_makes_it_the_tool() {
    let directory = tempfile::tempdir().unwrap();
    let output = hognose(directory.path(), &["nonsense"]).arg0("/usr/sbin/syslog-ng-ctl").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).starts_with("Unknown command\nSyntax: "));
}

#[test]
fn options_without_effect_are_mentioned() {
    let daemon = Daemon::start_with("", &["-e", "-d", "--worker-threads=4", "--module-path", "/x"]);
    daemon.wait_log("Option accepted, it has no effect; option='--worker-threads'", 1);
    daemon.wait_log("Option accepted, it has no effect; option='--module-path'", 1);
    daemon.stop();
}

#[test]
fn what_only_reads_starts_nothing() {
    let daemon =
        Daemon::new("@version: 4.2\n@define port 514\nlog { source { network(port(`port`)); }; };\n");
    let run = |arguments: &[&str]| {
        let output = run(daemon.directory(), &[arguments, &["-f", "daemon.conf"]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    assert_eq!(run(&["-s"]), "");
    let preprocessed = run(&["--preprocess-into=-"]);
    assert!(preprocessed.contains("port(514)"), "{preprocessed}");
    run(&["--preprocess-into", "out.conf"]);
    assert_eq!(fs::read_to_string(daemon.path("out.conf")).unwrap(), preprocessed);
    let id = run(&["--config-id"]);
    assert_eq!(id.len(), 65, "{id}");
}

#[test]
fn another_user_is_looked_up_first() {
    let daemon = Daemon::new("");
    let output = run(daemon.directory(), &["-F", "-u", "no-such-user", "-f", "daemon.conf", "-c", "ctl"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("Error resolving user; user='no-such-user'"));
}
