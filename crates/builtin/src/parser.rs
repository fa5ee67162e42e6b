//! Parsers.

mod syslog_parser;

use pipeline::ParserSpec;

/// Every parser this daemon is born with, in alphabetical order.
pub const PARSERS: &[ParserSpec] = &[syslog_parser::SPEC];
