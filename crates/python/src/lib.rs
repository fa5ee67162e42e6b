//! Python drivers: worker supervision, and each driver as a proxy of its worker.
//!
//! Floor 3. Python never runs in the daemon: every Python driver is a process of its own, started, listened to and
//! ended here. What it posts comes through shared memory; what it breaks is its own.
#![forbid(unsafe_code)]

mod acks;
mod backoff;
mod counters;
mod credit;
mod drive;
mod ending;
mod generate;
pub mod home;
pub mod inspect;
pub mod interpreter;
mod output;
mod persist;
mod report;
mod spawner;
mod spec;
mod worker;

pub use generate::PythonGenerators;
pub use spec::{PythonOptions, Restart, SOURCES};
