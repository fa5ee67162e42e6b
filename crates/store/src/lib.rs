//! What must survive a crash: the persist file, and the disk buffers of destinations.
//!
//! Floor 0. [`Persist`] keeps small things under keys, one transaction at a time: positions in files, checkpoints,
//! sequence numbers, what Python drivers remember.
#![forbid(unsafe_code)]

pub mod persist;

pub use persist::{Change, Entries, Key, OpenError, Persist, PersistError};
