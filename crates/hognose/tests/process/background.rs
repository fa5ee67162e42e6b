//! The daemon in the background.

use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tempfile::TempDir;

use crate::daemon::{generator, run, text, wait};

/// A daemon in the background, found by its pid file. Ended when dropped.
struct Background {
    directory: TempDir,
}

impl Background {
    fn new(config: &str) -> Background {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("daemon.conf"), config).unwrap();
        Background { directory }
    }

    /// What the process says that was called, and how it ends.
    fn start(&self, mode: &str) -> (i32, String) {
        let mode = format!("--process-mode={mode}");
        let output = run(
            self.path(),
            &[&mode, "--no-caps", "-f", "daemon.conf", "-R", "persist", "-p", "pid", "-c", "ctl"],
        );
        (output.status.code().unwrap(), text(&output.stderr))
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn pid(&self) -> Option<Pid> {
        let text = fs::read_to_string(self.path().join("pid")).ok()?;
        Pid::from_raw(text.trim().parse().ok()?)
    }

    #[track_caller]
    fn stop(&self) {
        let pid = self.pid().unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        // Where nobody reaps it, a dead process is still there for kill(); its files are not.
        wait("the end", || (!self.path().join("pid").exists()).then_some(()));
        wait("the end", || is_gone(pid).then_some(()));
    }
}

fn is_gone(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    test_kill_process(pid).is_err() || stat.contains(") Z ")
}

fn parent(pid: Pid) -> Option<Pid> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    Pid::from_raw(stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?)
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(pid) = self.pid().filter(|pid| !is_gone(*pid)) {
            let keeper = parent(pid).filter(|keeper| keeper.as_raw_nonzero().get() != 1);
            for pid in keeper.into_iter().chain([pid]) {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }
}

#[test]
fn the_caller_returns_when_the_daemon_runs() {
    for mode in ["background", "safe-background"] {
        let daemon = Background::new("");
        let out = daemon.path().join("out");
        fs::write(daemon.path().join("daemon.conf"), generator("old", &out)).unwrap();
        assert_eq!(daemon.start(mode), (0, String::new()), "{mode}");
        let pid = daemon.pid().expect("a pid file");
        assert_eq!(run(daemon.path(), &["ctl", "healthcheck", "-c", "ctl"]).status.code(), Some(0));
        wait("output", || fs::read_to_string(&out).is_ok_and(|text| text.contains("old\n")).then_some(()));
        let keeper = parent(pid).unwrap();
        daemon.stop();
        if mode == "safe-background" {
            wait("the end of the keeper", || is_gone(keeper).then_some(()));
        }
    }
}

#[test]
fn the_caller_says_what_is_wrong() {
    let daemon = Background::new("log { nonsense");
    let (code, said) = daemon.start("safe-background");
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("daemon.conf:1:"), "{said}");
    fs::write(daemon.path().join("daemon.conf"), "log { source(nosuch); };").unwrap();
    for mode in ["background", "safe-background"] {
        let (code, said) = daemon.start(mode);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains("name='nosuch'"), "{said}");
    }
    assert!(!daemon.path().join("pid").exists());
}

#[test]
fn a_daemon_that_crashes_is_started_again() {
    let daemon = Background::new("");
    assert_eq!(daemon.start("safe-background"), (0, String::new()));
    let first = daemon.pid().unwrap();
    let keeper = parent(first).unwrap();
    kill_process(first, Signal::ABORT).unwrap();
    wait("another daemon", || daemon.pid().filter(|pid| *pid != first));
    wait("its answer", || {
        run(daemon.path(), &["ctl", "healthcheck", "-c", "ctl"]).status.success().then_some(())
    });
    // The keeper hands on what it is told.
    kill_process(keeper, Signal::TERM).unwrap();
    wait("the end", || (!daemon.path().join("pid").exists()).then_some(()));
    wait("the end of the keeper", || is_gone(keeper).then_some(()));
}
