//! Reading a configuration, on a thread of its own.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use pipeline::Prepared;

use super::Event;
use crate::configuration::{self, Configuration, Findings, Purpose, Verdict};
use crate::desk::Desk;

/// What came of reading a configuration.
pub(crate) struct Reading {
    configuration: Option<(Configuration, Prepared)>,
    /// `None` where the file could not be opened, which was logged.
    findings: Option<Findings>,
}

impl Reading {
    /// Shows what was found.
    pub(crate) fn show(&self, desk: &Desk) {
        if let Some(findings) = &self.findings {
            desk.show(findings);
        }
    }

    /// The configuration and its drivers, ready to be started, or how bad it is.
    pub(crate) fn outcome(self) -> Result<(Configuration, Prepared), Verdict> {
        let verdict = self.findings.as_ref().map_or(Verdict::Unreadable, Findings::verdict);
        self.configuration.ok_or(verdict)
    }
}

/// Reads the configuration at `path`; the supervisor gets [`Event::Read`], whatever happens.
pub(crate) fn read(path: PathBuf, desk: &Arc<Desk>) -> io::Result<()> {
    let desk = desk.clone();
    thread::Builder::new().name("configuration".into()).stack_size(STACK_BYTES).spawn(move || {
        // A mistake of ours in the face of an odd text must not leave the operator without an answer.
        let reading = catch_unwind(AssertUnwindSafe(|| {
            if !configuration::is_there(&path) {
                return Reading { configuration: None, findings: None };
            }
            let (configuration, findings) =
                configuration::prepare(&path, desk.python.as_deref(), &desk.means(), Purpose::Start);
            let configuration = configuration.and_then(|(read, prepared)| Some((read, prepared?)));
            Reading { configuration, findings: Some(findings) }
        }));
        let reading = reading.unwrap_or(Reading { configuration: None, findings: None });
        let _ = desk.events.send(Event::Read(Box::new(reading)));
    })?;
    Ok(())
}

/// Stack of the thread, in bytes, as much as the main thread has: configurations nest.
const STACK_BYTES: usize = 8 << 20;
