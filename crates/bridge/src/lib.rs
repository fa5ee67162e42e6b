//! `_syslogng`: what Python code of a worker sees of the daemon.
//!
//! Beside the floors: it stands on `message` and `channel`, and only Python stands on it. One library serves every
//! Python from 3.10 on (abi3).
//!
//! | module | what |
//! |---|---|
//! | [`log_message`] | `LogMessage`, the hot type |
//! | [`source`], [`served`] | the native bases of `LogSource` and `LogFetcher`, of `LogDestination` and `LogParser` |
//! | [`post`] | from a message to the ring: flow control, waits, suspension |
//! | [`tracker`], [`pending`] | acks: which bookmarks and receipts they settle, and who is told |
//! | [`fetch`] | the loop around a fetcher's `fetch()` |
//! | [`serve`], [`batch`] | requests of the daemon: messages for parsers, destinations and template functions |
//! | [`parse`], [`macros`], [`template`], [`call`] | what `message` knows, for Python |
//! | [`persist`] | names and values in the daemon's persist file |
//! | [`control`], [`json`] | frames of the control socket |
//! | [`worker`] | what a worker inherits from the daemon |
//! | [`played`] | the daemon's end of a worker, for tests of drivers |
//! | [`raw`] | the seam to the C API |
//!
//! `unsafe` is in [`raw`], [`source`], [`fetch`] and [`log_message`], where it says why.
#![deny(unsafe_code)]

mod batch;
mod call;
mod control;
mod fetch;
mod json;
mod log_message;
mod macros;
mod parse;
mod pending;
mod persist;
mod played;
mod post;
mod raw;
mod serve;
mod served;
mod source;
mod template;
mod tracker;
mod worker;

use pyo3::prelude::*;

#[pymodule]
mod _syslogng {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::{
        parse::DriverParseOptions,
        persist::Persist,
        played::PlayedDaemon,
        post::{MessageTooLarge, SuspendedError},
        serve::{Request, Server},
        served::{LogDestination, LogParser},
        template::{LogTemplate, LogTemplateException, LogTemplateOptions},
        tracker::{BatchedAckTracker, ConsecutiveAckTracker, InstantAckTracker},
        worker::Worker,
    };

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        let (source, fetcher) = crate::source::make_types(module)?;
        module.add_function(wrap_pyfunction!(crate::template::configure, module)?)?;
        module.add_function(wrap_pyfunction!(crate::played::play, module)?)?;
        module.add("LogMessage", crate::log_message::make_type(module)?)?;
        module.add("LogSource", source)?;
        module.add("LogFetcher", fetcher)
    }
}
