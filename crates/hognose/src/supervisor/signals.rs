//! Signals become events.
//!
//! SIGHUP reloads, SIGUSR1 reopens, SIGTERM and SIGINT stop. A second stop signal while the daemon stops ends it at
//! once. SIGPIPE is ignored, as in every Rust program; SIGCHLD is nobody's business, since workers are waited for
//! through descriptors of their own.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals as Incoming;

use super::Event;
use crate::desk::Belongings;
use crate::exit_code::ExitCode;
use crate::log::Log;

/// Two stop signals within this time are one request: terminals and service managers like to send both.
const IMPATIENCE_MIN: Duration = Duration::from_millis(500);

/// What signals ask for that must not be lost when the supervisor's queue is full. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signals(Arc<Flags>);

#[derive(Debug, Default)]
struct Flags {
    stop: AtomicBool,
    /// A reload is on its way to the supervisor; another one would find nothing new.
    reload: AtomicBool,
}

impl Signals {
    /// Whether the daemon is to end.
    pub(crate) fn stop_wanted(&self) -> bool {
        self.0.stop.load(Ordering::Acquire)
    }

    /// A reload that is asked for from now on is another one.
    pub(super) fn reload_taken_up(&self) {
        self.0.reload.store(false, Ordering::Release);
    }
}

/// Takes up the signals of this process, on a thread of their own. `belongings` are put away when it ends at once.
pub(crate) fn watch(events: SyncSender<Event>, log: Log, belongings: Belongings) -> io::Result<Signals> {
    let mut incoming = Incoming::new([SIGHUP, SIGTERM, SIGINT, SIGUSR1])?;
    let signals = Signals::default();
    let flags = signals.0.clone();
    thread::Builder::new().name("signals".into()).spawn(move || {
        let mut stop_since: Option<Instant> = None;
        for signal in incoming.forever() {
            match signal {
                SIGHUP => {
                    if !flags.reload.swap(true, Ordering::AcqRel)
                        && events.try_send(Event::Reload(None)).is_err()
                    {
                        flags.reload.store(false, Ordering::Release);
                    }
                }
                SIGUSR1 => {
                    let _ = events.try_send(Event::Reopen);
                }
                _ => match stop_since {
                    None => {
                        stop_since = Some(Instant::now());
                        flags.stop.store(true, Ordering::Release);
                        // Wakes the supervisor; if its queue is full it is awake, and looks at the flag.
                        let _ = events.try_send(Event::Stop);
                    }
                    Some(since) if since.elapsed() < IMPATIENCE_MIN => {}
                    Some(_) => stop_now(&log, &belongings),
                },
            }
        }
    })?;
    Ok(signals)
}

/// Ends the process without waiting for anything that it has begun.
fn stop_now(log: &Log, belongings: &Belongings) -> ! {
    tracing::error!("Asked again to stop, ending at once; messages on their way may be lost");
    children().into_iter().for_each(|child| {
        let _ = kill_process(child, Signal::KILL);
    });
    belongings.put_away();
    log.flush();
    std::process::exit(ExitCode::Wrong as i32)
}

/// The processes that this one has started and not waited for.
fn children() -> Vec<Pid> {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    let numbers: Vec<i32> = lists.flat_map(|list| pids(&list)).collect();
    numbers.into_iter().filter_map(Pid::from_raw).collect()
}

fn pids(list: &str) -> Vec<i32> {
    list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}
