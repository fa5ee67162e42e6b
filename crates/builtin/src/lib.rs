//! The drivers, filters, parsers, rewrites and template functions written in Rust.
//!
//! Floor 3. Each is one file, and stands in one list: [`SOURCES`], [`DESTINATIONS`], [`PARSERS`], [`REWRITES`],
//! [`FILTERS`], [`FUNCTIONS`]. Sockets live on an asynchronous runtime, one thread for each source; everything else
//! here is plain code on the thread that the machine gives it.
#![forbid(unsafe_code)]
// `options!` takes a declaration apart field by field, and some drivers have many.
#![recursion_limit = "256"]

mod conditional;
mod destination;
mod filter;
pub mod options;
mod owner;
mod parser;
mod resolver;
mod rewrite;
mod socket;
mod source;
mod tls;
#[cfg(test)]
mod trial;
mod typed_template;
mod value_source;

pub use conditional::FUNCTIONS;
pub use destination::DESTINATIONS;
pub use filter::FILTERS;
pub use parser::PARSERS;
pub use rewrite::REWRITES;
pub use source::SOURCES;

use function::{matcher, matches};
