//! The drivers, filters, parsers, rewrites and template functions written in Rust.
