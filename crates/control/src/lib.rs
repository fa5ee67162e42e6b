//! The operators' protocol on the control socket.
//!
//! Floor 0. One command a line from the operator ([`Command`]), one [`Reply`] from the daemon, ended by a line that
//! is a single dot. [`Client`] is the operator's end, [`Peer`] the daemon's; neither waits for the other for longer
//! than it said it would, and neither keeps more of what the other says than its limit.
#![forbid(unsafe_code)]

pub mod client;
pub mod command;
pub mod peer;
pub mod reply;

mod timed;

pub use client::{AskError, Client};
pub use command::{BadRequest, Command, ConfigRequest, LogLevel, Query, QueryVerb, StatsForm};
pub use peer::{Peer, PeerError};
pub use reply::{Answer, Reply, Verdict};
