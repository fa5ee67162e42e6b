//! The machine: plan, running, log paths, windows, acks, queues, counters.
//!
//! Floor 2. Knows no driver and no Python: it is given a registry of what can be built, a configuration, and makes a
//! plan of them; a plan starts and stops.
#![forbid(unsafe_code)]

pub mod ack;
pub mod exit;
pub mod flow;
pub mod window;

pub use ack::{Ack, Answer, Position};
pub use exit::Exit;
pub use flow::Flow;
pub use window::Window;
