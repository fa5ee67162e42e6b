//! The machine: plan, running, log paths, windows, acks, queues, counters.
//!
//! Floor 2. Knows no driver and no Python: it is given a registry of what can be built, a configuration, and makes a
//! plan of them; a plan starts and stops.
#![forbid(unsafe_code)]

pub mod ack;
pub mod carry;
pub mod compare;
pub mod compile;
pub mod destination;
pub mod disk_queue;
pub mod exit;
pub mod flow;
pub mod http_headers;
pub mod inlet;
pub mod internal;
pub mod metrics;
pub mod options;
pub mod path;
pub mod plan;
pub mod positions;
pub mod queue;
pub mod registry;
pub mod resident;
pub mod running;
pub mod source;
pub mod steps;
pub mod window;

pub use ack::{Ack, Answer, Dropped, Position};
pub use carry::Carry;
pub use compile::{Compile, Compiled, compile};
pub use destination::{Destination, Outcome, SendError};
pub use exit::Exit;
pub use flow::Flow;
pub use http_headers::HttpHeaders;
pub use inlet::Inlet;
pub use metrics::{Counter, Metrics};
pub use plan::{About, DestinationPlan, OriginBase, Plan, SourcePlan};
pub use positions::{Place, Positions, Tracked};
pub use registry::{
    DestinationSpec, FilterSpec, ForeignFunctions, HttpHeadersSpec, ParserSpec, Registry, RewriteSpec,
    SourceSpec, Spec,
};
pub use resident::Resident;
pub use running::{Prepared, Running, StartFailed, Stop};
pub use source::{Early, Post, Setup, Source, StartError};
pub use steps::{Filter, Matched, Parser, Rewrite};
pub use window::Window;
