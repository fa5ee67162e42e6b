//! A daemon under test, in a directory of its own. Every wait is for an event, and has a deadline.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How long anything may take.
pub(crate) const EVENT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(5);

/// The binary with these arguments, in this directory.
pub(crate) fn hognose(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hognose"));
    command.args(arguments).current_dir(directory).env("TZ", "UTC").stdin(Stdio::null());
    command
}

/// Runs the binary to its end.
pub(crate) fn run(directory: &Path, arguments: &[&str]) -> Output {
    hognose(directory, arguments).output().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Waits until `condition` gives something.
#[track_caller]
pub(crate) fn wait<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + EVENT;
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        thread::sleep(POLL);
    }
}

/// A configuration that writes `text` to `out` every 10 ms.
pub(crate) fn generator(text: &str, out: &Path) -> String {
    format!(
        "@version: 4.2\n\
         log {{\n\
           source {{ example-msg-generator(freq(0.01) template(\"{text}\")); }};\n\
           destination {{ file(\"{}\" template(\"$MSG\\n\")); }};\n\
         }};\n",
        out.display()
    )
}

/// A daemon in the foreground. Killed when dropped.
pub(crate) struct Daemon {
    directory: TempDir,
    child: Option<Child>,
}

impl Daemon {
    /// A directory with this configuration; nothing runs yet. `@DIR@` in it is the directory.
    pub(crate) fn new(config: &str) -> Daemon {
        let daemon = Daemon { directory: tempfile::tempdir().unwrap(), child: None };
        daemon.configure(config);
        daemon
    }

    /// Starts with `-e` and waits until it is up.
    #[track_caller]
    pub(crate) fn start(config: &str) -> Daemon {
        Daemon::start_with(config, &["-e"])
    }

    /// Starts with these options and waits until it answers.
    #[track_caller]
    pub(crate) fn start_with(config: &str, options: &[&str]) -> Daemon {
        let mut daemon = Daemon::new(config);
        daemon.spawn(options);
        daemon.wait_answer();
        daemon
    }

    /// Starts with `-e` and a pipe for stderr that nobody reads, and waits until it answers.
    #[track_caller]
    pub(crate) fn start_with_stderr_pipe(config: &str) -> Daemon {
        let mut daemon = Daemon::new(config);
        daemon.spawn_with(&["-e"], Stdio::piped());
        daemon.wait_answer();
        daemon
    }

    #[track_caller]
    fn wait_answer(&mut self) {
        wait("an answer", || {
            let ended = self.try_end();
            assert!(ended.is_none(), "ended with {ended:?}\n{}", self.log());
            self.try_ask("HEALTHCHECK")
        });
    }

    /// Starts and does not wait.
    pub(crate) fn spawn(&mut self, options: &[&str]) {
        let stderr = File::create(self.path("stderr")).unwrap();
        self.spawn_with(options, stderr.into());
    }

    /// Starts as a service whose manager listens on `notify`.
    pub(crate) fn spawn_under_manager(&mut self) {
        let mut command = self.command(&[]);
        self.child = Some(command.env("NOTIFY_SOCKET", self.path("notify")).spawn().unwrap());
    }

    fn spawn_with(&mut self, options: &[&str], stderr: Stdio) {
        self.child = Some(self.command(options).stderr(stderr).spawn().unwrap());
    }

    fn command(&self, options: &[&str]) -> Command {
        let mine = ["-F", "--no-caps", "-f", "daemon.conf", "-R", "persist", "-p", "pid", "-c", "ctl"];
        // The last of two counts, so a test may name others.
        hognose(self.directory.path(), &[&mine, options].concat())
    }

    pub(crate) fn configure(&self, config: &str) {
        let config = config.replace("@DIR@", &self.directory.path().display().to_string());
        fs::write(self.path("daemon.conf"), config).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn log(&self) -> String {
        fs::read(self.path("stderr")).map(|bytes| text(&bytes)).unwrap_or_default()
    }

    /// Waits until the log has `what`, `count` times.
    #[track_caller]
    pub(crate) fn wait_log(&self, what: &str, count: usize) {
        wait(&format!("{count} × {what} in\n{}", self.log()), || {
            (self.log().matches(what).count() >= count).then_some(())
        });
    }

    /// Waits until a file has a line more than now that is `line`.
    #[track_caller]
    pub(crate) fn wait_fresh_line(&self, name: &str, line: &str) {
        let count = || {
            let lines = fs::read_to_string(self.path(name)).unwrap_or_default();
            lines.lines().filter(|other| *other == line).count()
        };
        let before = count();
        wait(&format!("{line} in {name}"), || (count() > before).then_some(()));
    }

    /// One command, one reply; without its closing dot.
    #[track_caller]
    pub(crate) fn ask(&self, request: &str) -> String {
        self.try_ask(request).unwrap_or_else(|| panic!("no answer to {request}\n{}", self.log()))
    }

    fn try_ask(&self, request: &str) -> Option<String> {
        let mut stream = UnixStream::connect(self.path("ctl")).ok()?;
        stream.set_read_timeout(Some(EVENT)).unwrap();
        stream.write_all(format!("{request}\n").as_bytes()).ok()?;
        reply(&mut BufReader::new(stream))
    }

    /// One command that is not answered: the connection is closed.
    #[track_caller]
    pub(crate) fn ask_in_vain(&self, request: &str) {
        assert_eq!(self.try_ask(request), None);
    }

    /// What the operator's tool says and how it ends.
    pub(crate) fn ctl(&self, arguments: &[&str]) -> (i32, String) {
        let arguments: Vec<&str> = ["ctl"].iter().chain(arguments).chain(&["-c", "ctl"]).copied().collect();
        let output = run(self.directory.path(), &arguments);
        (output.status.code().unwrap(), text(&output.stdout) + &text(&output.stderr))
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(self.child.as_ref().unwrap());
        kill_process(pid, signal).unwrap();
    }

    /// Waits until it has ended.
    #[track_caller]
    pub(crate) fn end(&mut self) -> ExitStatus {
        let child = self.child.as_mut().unwrap();
        wait("the end", || child.try_wait().unwrap())
    }

    /// How it ended, if it has.
    pub(crate) fn try_end(&mut self) -> Option<ExitStatus> {
        self.child.as_mut().unwrap().try_wait().unwrap()
    }

    /// Asks it to stop, and checks that it does, well.
    #[track_caller]
    pub(crate) fn stop(mut self) {
        self.signal(Signal::TERM);
        let status = self.end();
        assert_eq!(status.code(), Some(0), "{}", self.log());
        assert!(!self.log().contains("panicked"), "{}", self.log());
    }
}

/// Reads a reply; `None` when the connection ends before it does.
pub(crate) fn reply(stream: &mut impl BufRead) -> Option<String> {
    let mut wire = Vec::new();
    loop {
        let before = wire.len();
        match stream.read_until(b'\n', &mut wire) {
            Ok(1..) if &wire[before..] == b".\n" => break,
            Ok(1..) => {}
            Ok(0) | Err(_) => return None,
        }
    }
    wire.truncate(wire.len() - 2);
    Some(text(&wire))
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
