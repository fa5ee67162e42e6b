//! Python drivers: worker supervision, and each driver as a proxy of its worker.
//!
//! Floor 3. Python never runs in the daemon: every Python driver is a process of its own, started, listened to and
//! ended here. What it posts comes through shared memory; what it breaks is its own.
#![forbid(unsafe_code)]

mod acks;
mod backoff;
mod binding;
mod checkpoints;
mod counters;
mod credit;
mod destination;
mod drive;
mod ending;
mod function;
mod generate;
pub mod home;
mod http_header;
pub mod inspect;
pub mod interpreter;
mod output;
mod parser;
mod persist;
pub mod pytest;
mod report;
mod sequence;
mod spawner;
mod spec;
mod staff;
mod user;
mod value_pairs;
mod worker;

pub use destination::DESTINATIONS;
pub use function::functions;
pub use generate::PythonGenerators;
pub use http_header::HTTP_HEADERS;
pub use parser::PARSERS;
pub use spec::{PythonOptions, Restart, SOURCES};
