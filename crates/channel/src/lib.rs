//! Between daemon and worker: the shared ring, credits, the doorbell, the worker protocol.
//!
//! A worker is a process that runs a user's Python, so nothing it writes is believed: the daemon copies out of
//! the shared mapping first and checks its private copy, keeps its own idea of every position, and never waits
//! for the worker. The worker, on the other hand, trusts the daemon that started it.
//!
//! | who | type | what |
//! |---|---|---|
//! | daemon | [`Uplink`] | makes the mapping, takes records out of the ring, sleeps on the doorbell |
//! | daemon | [`Credits`] | gives the worker leave to post; usable from any thread |
//! | worker | [`Producer`] | writes records into the ring |
//! | worker | [`Flow`] | waits for room or credit, keeps the suspend and wakeup order |
//! | daemon | [`Exchange`] | asks a worker that parses, sends or formats, and takes its answers |
//! | worker | [`Server`] | takes requests, answers them |
//! | both | [`protocol`] | the rare things, as JSON frames over a socket |
//!
//! The protocols over atomic words (`words`, `gate`) are written once over `machine::Machine`: the real
//! one is futexes and process-shared atomics, the other one is loom's, which tries every interleaving in the tests.
#![deny(unsafe_code)]

mod credits;
mod exchange;
mod flow;
mod framing;
mod gate;
mod machine;
mod mapping;
mod note;
mod pace;
mod prefix;
pub mod protocol;
pub mod request;
mod ring;
mod words;

#[cfg(test)]
mod loom_models;

pub use credits::{Credits, Window};
pub use exchange::{AREA_BYTES, Answer, Exchange, Progress, Server, ServerFds, TooLarge};
pub use flow::{Flow, Wait};
pub use framing::{Corrupt, RECORD_BYTES_MIN};
pub use note::{BadNote, Note, split_notes};
pub use pace::{Next, Pace};
pub use prefix::Prefix;
pub use ring::{
    Producer, RING_BYTES, RING_BYTES_MAX, RING_BYTES_MIN, Refused, Reservation, Taken, Uplink, UplinkOptions,
    WorkerFds,
};
