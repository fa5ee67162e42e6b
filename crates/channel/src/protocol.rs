//! The control socket: what daemon and worker say to each other now and then, as opposed to the ring.
//!
//! A frame is its length (`u32`, little endian, without itself) and a JSON object with the key `t` for its type.
//! Both ends come from one build, so the protocol has a number and no negotiation. The worker is not trusted: its
//! frames are short, every length is checked before anything is stored, and the daemon's end never blocks.
//!
//! Order: `hello` → (`init` →) `ready` or `refused` → `start` → whatever happens → `request_exit` → `finished` or `failed` →
//! `deinitialised`. In inspect mode: `hello` → `inspected`, and the worker ends. In generate mode: `hello` → `registered`,
//! then `block` → `registered` and `generate` → `generated` or `failed`, until the socket is closed.

mod acked;
mod frame;
mod from_worker;
mod persist;
mod stream;
mod to_worker;

pub use acked::{ACKED_RANGES_MAX, Acked, Unread, Unsaid, Verdict};
pub use frame::{Frame, FrameError, decode, encode};
pub use from_worker::{EventKind, Finding, FromWorker, Level, Severity, Stage};
pub use persist::{Bytes, PERSIST_NAMES_BYTES_MAX, PERSIST_VALUE_BYTES_MAX, PersistAnswer, PersistRequest};
pub use stream::{FrameReader, Outbox, write_frame};
pub use to_worker::{
    Block, DestinationTerms, Driver, DriverKind, Hello, Location, Mode, OptionValue, ParseOptions,
    SuspendedPost, TemplateTerms, ToWorker,
};

/// The number of this protocol; a worker that reads another in `hello` refuses.
pub const PROTOCOL: u32 = 1;
/// The longest frame, in bytes without the length word.
pub const FRAME_BYTES_MAX: usize = 1024 * 1024;
/// The longest `hello`, which carries the configuration's `python {}` blocks, in bytes without the length word.
pub const HELLO_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The longest text in a frame of a worker, in bytes; the middle of a longer one is cut out.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;

#[cfg(test)]
mod tests;
