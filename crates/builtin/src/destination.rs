//! Destinations.

pub(crate) mod file;
pub(crate) mod format;
mod sink;
mod stdout;

use pipeline::DestinationSpec;

/// Every destination this daemon is born with, in alphabetical order.
pub const DESTINATIONS: &[DestinationSpec] = &[file::SPEC, file::PIPE, stdout::SPEC];
