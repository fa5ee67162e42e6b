//! Sources.

mod batch;
mod example_msg_generator;
mod file;
mod framing;
mod internal;
mod network;
mod socket;
mod stdin;
mod stream;
mod unix;

use std::sync::Arc;

use pipeline::{SourceSpec, Window};

/// Every source this daemon is born with, in alphabetical order.
pub const SOURCES: &[SourceSpec] = &[
    example_msg_generator::SPEC,
    file::SPEC,
    internal::SPEC,
    network::SPEC,
    network::SYSLOG,
    file::PIPE,
    network::TCP,
    network::TCP6,
    network::UDP,
    network::UDP6,
    stdin::SPEC,
    unix::DGRAM,
    unix::STREAM,
];

/// `log-iw-size()` where nobody says otherwise, messages.
const WINDOW: u32 = 100;

/// A window of this size, or one without end where no log path waits for delivery.
fn window(size: u32, flow_control: bool) -> Arc<Window> {
    Window::new(if flow_control { size } else { u32::MAX })
}

/// Ends the daemon as SIGTERM would: `flags(exit-on-eof)`.
fn end_daemon(source: &str) {
    tracing::info!(source, "Input has ended, and so does the daemon: flags(exit-on-eof)");
    if let Err(error) =
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM)
    {
        tracing::error!(%error, "Cannot end the daemon");
    }
}
