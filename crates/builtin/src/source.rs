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

/// The window of `log-iw-size()`: one that grows where nobody says anything, one without end where no log path waits
/// for delivery.
fn window(size: Option<u32>, flow_control: bool) -> Arc<Window> {
    match size {
        _ if !flow_control => Window::new(u32::MAX),
        Some(size) => Window::new(size),
        None => Window::adaptive(),
    }
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
