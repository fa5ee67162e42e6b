//! Waiting for a file to change, or to appear.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use pipeline::Exit;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify;

/// Tells of changes to a file and of new files beside it, as far as the system tells.
///
/// Where it does not (no watches left, a file system of another machine) the waiting ends after its time.
pub(super) struct Watch {
    fd: Option<OwnedFd>,
    sees_file: bool,
}

/// Bytes of news read at once.
const NEWS_BYTES: usize = 4096;

impl Watch {
    /// Watches the file, if there is one, and its directory, in which another one may take its place.
    pub(super) fn new(path: &Path) -> Watch {
        let watched = || {
            let fd = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK).ok()?;
            let growth =
                inotify::WatchFlags::MODIFY | inotify::WatchFlags::ATTRIB | inotify::WatchFlags::MOVE_SELF;
            let sees_file = inotify::add_watch(&fd, path, growth).is_ok();
            let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
            inotify::add_watch(&fd, dir, inotify::WatchFlags::CREATE | inotify::WatchFlags::MOVED_TO).ok()?;
            Some((fd, sees_file))
        };
        let (fd, sees_file) = watched().unzip();
        Watch { fd, sees_file: sees_file.unwrap_or(false) }
    }

    /// Whether the file was there to be watched.
    pub(super) fn sees_file(&self) -> bool {
        self.sees_file
    }

    /// Waits for news, for exit or until `timeout` has passed. False: exit is requested.
    pub(super) fn wait(&self, timeout: Option<Duration>, exit: &Exit) -> bool {
        // Without news to wait for, and without a time, nothing would ever be seen.
        let timeout = if self.fd.is_none() { Some(timeout.unwrap_or(FALLBACK)) } else { timeout };
        let timeout = timeout.map(|timeout| Timespec {
            tv_sec: timeout.as_secs() as i64,
            tv_nsec: i64::from(timeout.subsec_nanos()),
        });
        let mut fds = vec![PollFd::from_borrowed_fd(exit.as_fd(), PollFlags::IN)];
        fds.extend(self.fd.as_ref().map(|fd| PollFd::new(fd, PollFlags::IN)));
        // Interrupted or not: the file is looked at.
        let _ = poll(&mut fds, timeout.as_ref());
        if let Some(fd) = &self.fd {
            let mut space = [MaybeUninit::uninit(); NEWS_BYTES];
            let mut news = inotify::Reader::new(fd, &mut space);
            // What they say does not matter: the file itself is looked at.
            while news.next().is_ok() {}
        }
        !exit.requested()
    }
}

/// How often a file is looked at that nothing else tells of.
const FALLBACK: Duration = Duration::from_secs(1);
