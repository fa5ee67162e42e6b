//! The ring of records from a worker up to the daemon.
//!
//! One writer, one reader, bytes counted since the start by two positions: `head`, what the worker has published,
//! and `tail`, what the daemon has taken. Each side keeps its own position to itself, publishes a copy, and looks at
//! the other's only when it must: the worker when the ring seems full, the daemon once a batch.

pub(crate) mod producer;
mod uplink;

pub use producer::{Producer, Refused, Reservation};
pub use uplink::{Taken, Uplink, UplinkOptions, WorkerFds};

/// Bytes a ring holds when nobody says otherwise.
pub const RING_BYTES: usize = 4 * 1024 * 1024;
/// The smallest ring, in bytes.
pub const RING_BYTES_MIN: usize = 64 * 1024;
/// The largest ring, in bytes.
pub const RING_BYTES_MAX: usize = 256 * 1024 * 1024;

/// The longest record in a ring of `capacity` bytes, in bytes.
///
/// Half of it, so that a record that waits for room gets it before everything in front has been taken.
const fn record_bytes_max(capacity: usize) -> usize {
    capacity / 2
}

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod tests;
