//! One worker process as the daemon sees it: started, listened to, ended.
//!
//! Nothing here blocks on the worker. It may be stuck, lie, or be dead at any time.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use channel::protocol::{FrameError, FrameReader, FromWorker, Hello, Outbox, ToWorker, Unread};
use channel::{Exchange, ServerFds, Uplink, UplinkOptions, WorkerFds};
use command_fds::{CommandFdExt, FdMapping};
use rustix::process::{Pid, PidfdFlags, Resource, Rlimit, Signal, kill_process_group, pidfd_open, prlimit};

use crate::acks::Acks;
use crate::home::Home;
use crate::output::Output;
use crate::spawner;
pub(crate) use crate::user::User;

/// The program a worker starts with: puts the package and the extension in place and goes on in them.
const BOOT: &str = include_str!("../../../python/syslogng/_boot.py");
/// The descriptors that a worker inherits are numbered from here: the control socket, then those of its link.
const FIRST_FD: i32 = 3;

/// What a worker is started with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Launch {
    pub(crate) interpreter: PathBuf,
    pub(crate) home: Home,
    /// `environment()`: on top of the daemon's own.
    pub(crate) environment: BTreeMap<String, String>,
    /// `memory-limit()`
    pub(crate) memory_bytes: Option<u64>,
    /// `user()`
    pub(crate) user: Option<User>,
}

impl Launch {
    /// A worker of this interpreter, with nothing of its own.
    pub(crate) fn new(interpreter: PathBuf, home: Home) -> Launch {
        Launch { interpreter, home, environment: BTreeMap::new(), memory_bytes: None, user: None }
    }
}

/// A worker that could not be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot start {interpreter}: {cause}")]
pub(crate) struct SpawnError {
    interpreter: String,
    cause: io::Error,
}

/// A living worker, or one that has just died. `L` is how its messages go: a ring, or an exchange.
pub(crate) struct Worker<L = Uplink> {
    child: Child,
    pidfd: OwnedFd,
    socket: UnixStream,
    socket_open: bool,
    reader: FrameReader<FromWorker>,
    outbox: Outbox,
    pub(crate) link: L,
    pub(crate) output: Output,
    pub(crate) started: Instant,
    /// It broke the protocol and was killed: nothing it says counts any more.
    pub(crate) distrusted: bool,
    /// Posts it says it has dropped, as far as that was believed.
    pub(crate) dropped: u64,
    /// What became of its records, for one that posts.
    pub(crate) acks: Option<Arc<Acks>>,
}

impl Worker {
    /// Starts a worker that posts, and queues its `hello`; does not wait for anything.
    pub(crate) fn spawn(launch: &Launch, hello: Hello, ring: &UplinkOptions) -> Result<Worker, SpawnError> {
        let link = || {
            let (uplink, WorkerFds { memfd, doorbell }) = Uplink::create(ring)?;
            Ok((uplink, vec![memfd, doorbell]))
        };
        Self::spawn_with(launch, hello, link)
    }

    /// Posts that the worker has dropped since the last call. `Err`: it claims more than any program could have made.
    pub(crate) fn newly_dropped(&mut self) -> Result<u64, String> {
        let claimed = self.link.credits().dropped_suspended();
        let possible = POSTS_PER_SECOND_MAX * (self.started.elapsed().as_secs() + 1);
        if claimed < self.dropped || claimed > possible {
            return Err(format!("it claims to have dropped {claimed} messages"));
        }
        Ok(claimed - std::mem::replace(&mut self.dropped, claimed))
    }
}

impl Worker<()> {
    /// Starts a worker that is asked, and queues its `hello`; does not wait for anything.
    pub(crate) fn spawn_asked(launch: &Launch, hello: Hello) -> Result<(Worker<()>, Exchange), SpawnError> {
        let mut made = None;
        let link = || {
            let (exchange, ServerFds { memfd, asked, answered }) = Exchange::create()?;
            made = Some(exchange);
            Ok(((), vec![memfd, answered, asked]))
        };
        let worker = Self::spawn_with(launch, hello, link)?;
        let cause = || SpawnError {
            interpreter: launch.interpreter.display().to_string(),
            cause: io::ErrorKind::Other.into(),
        };
        Ok((worker, made.ok_or_else(cause)?))
    }
}

impl<L> Worker<L> {
    fn spawn_with(
        launch: &Launch,
        hello: Hello,
        link: impl FnOnce() -> io::Result<(L, Vec<OwnedFd>)>,
    ) -> Result<Worker<L>, SpawnError> {
        Self::try_spawn(launch, hello, link)
            .map_err(|cause| SpawnError { interpreter: launch.interpreter.display().to_string(), cause })
    }

    fn try_spawn(
        launch: &Launch,
        hello: Hello,
        link: impl FnOnce() -> io::Result<(L, Vec<OwnedFd>)>,
    ) -> io::Result<Worker<L>> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let (link, fds) = link()?;
        let inherited: Vec<FdMapping> = std::iter::once(theirs.into())
            .chain(fds)
            .zip(FIRST_FD..)
            .map(|(parent_fd, child_fd)| FdMapping { parent_fd, child_fd })
            .collect();
        let numbers: Vec<String> = inherited.iter().map(|fd| fd.child_fd.to_string()).collect();
        let mut command = Command::new(&launch.interpreter);
        command
            // No user site directory, as in syslog-ng; the boot text needs no file of its own.
            .args(["-s", "-c", BOOT])
            .arg(numbers.join(","))
            .arg(&launch.home.package)
            .arg(&launch.home.bridge)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.envs(&launch.environment);
        if let Some(user) = &launch.user {
            use std::os::unix::process::CommandExt;
            // Set together with the group list, so that nothing of the daemon's rights is left.
            command.uid(user.uid).gid(user.gid);
        }
        // A group of its own: a terminal's ^C is the daemon's business, and whatever the worker leaves behind can be
        // ended with it.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.fd_mappings(inherited).map_err(|error| io::Error::other(error.to_string()))?;
        let mut child = spawner::spawn(command)?;
        if let (Some(bytes), Some(pid)) = (launch.memory_bytes, pid_of(&child)) {
            // Before its first frame, so that nothing of the user's runs without.
            let limit = Rlimit { current: Some(bytes), maximum: Some(bytes) };
            if let Err(errno) = prlimit(Some(pid), Resource::As, limit) {
                let _ = child.kill();
                let _ = child.wait();
                return Err(errno.into());
            }
        }
        let pidfd = match pid_of(&child).map(|pid| pidfd_open(pid, PidfdFlags::empty())) {
            Some(Ok(pidfd)) => pidfd,
            failed => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(failed.map_or(io::ErrorKind::NotFound.into(), |failed| match failed {
                    Err(errno) => errno.into(),
                    Ok(_) => io::ErrorKind::NotFound.into(),
                }));
            }
        };
        let output = Output::of(&mut child)?;
        let mut worker = Worker {
            child,
            pidfd,
            socket: ours,
            socket_open: true,
            reader: FrameReader::new(),
            outbox: Outbox::new(),
            acks: None,
            link,
            output,
            started: Instant::now(),
            distrusted: false,
            dropped: 0,
        };
        worker.send(&ToWorker::Hello(Box::new(hello)));
        Ok(worker)
    }

    /// Queues a frame and writes what the socket takes. A worker that does not read its frames loses them; it will
    /// miss its deadline and be ended.
    pub(crate) fn send(&mut self, frame: &ToWorker) {
        if let Err(error) = self.offer(frame) {
            tracing::debug!(pid = self.child.id(), %error, "Worker does not read its frames");
        }
    }

    /// As [`Worker::send`], for a frame that may not get lost.
    pub(crate) fn offer(&mut self, frame: &ToWorker) -> Result<(), FrameError> {
        self.outbox.push(frame)?;
        self.write();
        Ok(())
    }

    /// Tells it what became of its records. While it does not read its frames that waits, and grows together.
    pub(crate) fn tell_acks(&mut self) -> Result<(), Unread> {
        while self.socket_open && self.outbox.is_empty() {
            let Some(ranges) = self.acks.as_ref().map_or(Ok(None), |acks| acks.unsaid())? else { break };
            self.send(&ToWorker::Acked { ranges });
        }
        Ok(())
    }

    /// Writes what the socket takes.
    pub(crate) fn write(&mut self) {
        if self.socket_open && self.outbox.flush(&mut self.socket).is_err() {
            self.socket_open = false;
        }
    }

    /// Reads what the socket has and returns the frames in it. `Err` names why the worker cannot be believed any
    /// more; the frames before are lost with it.
    pub(crate) fn read(&mut self) -> Result<Vec<FromWorker>, String> {
        let mut frames = Vec::new();
        let mut buffer = [0; 16 * 1024];
        while self.socket_open {
            match self.socket.read(&mut buffer) {
                Ok(0) => self.socket_open = false,
                Ok(bytes) => {
                    self.reader.feed(&buffer[..bytes]);
                    while let Some(frame) = self.reader.next().map_err(|error| error.to_string())? {
                        frames.push(frame);
                    }
                    if frames.len() >= FRAMES_MAX {
                        break;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => self.socket_open = false,
            }
        }
        Ok(frames)
    }

    /// Another handle to the process, for those who ask it.
    pub(crate) fn clone_pidfd(&self) -> io::Result<OwnedFd> {
        self.pidfd.try_clone()
    }

    /// Readable when the process has ended.
    pub(crate) fn pidfd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// The control socket, while it is open, and whether something waits to be written to it.
    pub(crate) fn socket(&self) -> Option<(BorrowedFd<'_>, bool)> {
        self.socket_open.then(|| (self.socket.as_fd(), !self.outbox.is_empty()))
    }

    /// Sleeps until it says something or ends, `limit` at most.
    pub(crate) fn wait(&self, limit: Duration) {
        use rustix::event::{PollFd, PollFlags, Timespec};
        let mut fds = vec![PollFd::new(&self.pidfd, PollFlags::IN)];
        if let Some((socket, writes)) = self.socket() {
            let wanted = if writes { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
            fds.push(PollFd::from_borrowed_fd(socket, wanted));
        }
        fds.extend(self.output.pipes().map(|pipe| PollFd::from_borrowed_fd(pipe, PollFlags::IN)));
        let limit = Timespec { tv_sec: limit.as_secs() as i64, tv_nsec: i64::from(limit.subsec_nanos()) };
        // An interrupted wait is a short one, and the caller looks at everything anyhow.
        let _ = rustix::event::poll(&mut fds, Some(&limit));
    }

    /// Process id, for the log.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal to the worker and to what it started.
    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(pid) = pid_of(&self.child) {
            // It may be gone already, which is what is wanted.
            let _ = kill_process_group(pid, signal);
        }
    }

    /// If the process has ended: ends what it left behind in its group, and says how it ended.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        let mut fds = [rustix::event::PollFd::new(&self.pidfd, rustix::event::PollFlags::IN)];
        let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        if !matches!(rustix::event::poll(&mut fds, Some(&now)), Ok(1..)) {
            return None;
        }
        // Before the process is reaped: until then nobody else can have its group's number.
        self.signal(Signal::KILL);
        self.child.wait().ok()
    }
}

/// Posts that no Python program can make in a second.
const POSTS_PER_SECOND_MAX: u64 = 100_000_000;
/// Frames handed on at once, so that a worker that floods its socket does not keep its thread from the ring.
const FRAMES_MAX: usize = 256;

impl<L> Drop for Worker<L> {
    /// No worker outlives the driver it was for.
    fn drop(&mut self) {
        if self.ended().is_none() && !matches!(self.child.try_wait(), Ok(Some(_))) {
            self.signal(Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

fn pid_of(child: &Child) -> Option<Pid> {
    Pid::from_raw(i32::try_from(child.id()).ok()?)
}

/// `killed by SIGSEGV`, `exited with code 3`.
pub(crate) fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with code {code}"),
        (None, Some(signal)) => format!("killed by {}", signal_name(signal)),
        (None, None) => format!("ended: {status}"),
    }
}

fn signal_name(number: i32) -> String {
    let name = match number {
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        31 => "SIGSYS",
        _ => return format!("signal {number}"),
    };
    format!("signal {number} ({name})")
}
