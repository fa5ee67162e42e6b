//! Parsers.

use pipeline::ParserSpec;

/// Every one of the parsers this daemon is born with, in alphabetical order.
pub const PARSERS: &[ParserSpec] = &[];
