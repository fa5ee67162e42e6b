//! Destinations.

pub(crate) mod file;
pub(crate) mod format;
mod http;
mod network;
mod peer;
mod pseudofile;
mod sink;
mod stdout;
mod unix;
mod usertty;

use pipeline::DestinationSpec;

/// Every destination this daemon is born with, in alphabetical order.
pub const DESTINATIONS: &[DestinationSpec] = &[
    file::SPEC,
    http::SPEC,
    network::SPEC,
    file::PIPE,
    pseudofile::SPEC,
    stdout::SPEC,
    network::SYSLOG,
    network::TCP,
    network::TCP6,
    network::UDP,
    network::UDP6,
    unix::DGRAM,
    unix::STREAM,
    usertty::SPEC,
];
