//! Options that every destination has.

use std::num::NonZeroU32;
use std::time::Duration;

use conf::options::Seconds;

use super::{NoEffect, NotYet};
use crate::compile::Compile;

conf::options! {
    /// Options of all destinations.
    pub struct DestinationOptions {
        /// Messages that the queue holds.
        log_fifo_size: NonZeroU32 = inherit,
        /// Seconds until a lost connection is opened again.
        time_reopen: Seconds = inherit,
        /// Key under which the queue is kept over a reload.
        persist_name: String = inherit,
        /// Messages a second.
        throttle: NoEffect = inherit,
        /// A queue on disk: see its own options.
        disk_buffer: conf::ast::Call = inherit,
        /// Hide the destination from statistics.
        internal: NoEffect = inherit,
        /// Commands run when the destination starts and stops.
        hook_commands: NotYet = inherit,
    }
}

impl DestinationOptions {
    /// `log-fifo-size()`
    pub fn fifo_size(&self, cx: &Compile<'_>) -> usize {
        self.log_fifo_size.unwrap_or(cx.globals.log_fifo_size).get() as usize
    }

    /// `time-reopen()`, a minute where nobody says otherwise.
    pub fn time_reopen(&self, cx: &Compile<'_>) -> Duration {
        self.time_reopen.or(cx.globals.time_reopen).unwrap_or(TIME_REOPEN).duration()
    }

    /// `time-reopen()`, else the global one, else `otherwise`: for a driver whose users are used to another wait.
    pub fn time_reopen_or(&self, otherwise: Duration, cx: &Compile<'_>) -> Duration {
        self.time_reopen.or(cx.globals.time_reopen).map_or(otherwise, Seconds::duration)
    }

    /// `persist-name()`, else the one that the driver makes up.
    pub fn persist_name(&self, made_up: impl FnOnce() -> String) -> String {
        self.persist_name.clone().unwrap_or_else(made_up)
    }
}

/// `time-reopen()` of destinations where nobody says otherwise.
const TIME_REOPEN: Seconds = Seconds::new(60);
