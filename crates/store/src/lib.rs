//! What must survive a crash: the persist file, and the disk buffers of destinations.
//!
//! Floor 0. [`Persist`] keeps small things under keys, one transaction at a time: positions in files, checkpoints,
//! sequence numbers, what Python drivers remember.
#![forbid(unsafe_code)]

pub mod buffer;
pub mod disk;
pub mod persist;

pub use buffer::{AppendError, BufferOptions, DiskBuffer, Entry, Holdings, Recovered};
pub use crc32c::crc32c as checksum;
pub use disk::{Directory, Disk, DiskFile};
pub use persist::{Change, Entries, Key, OpenError, Persist, PersistError};
