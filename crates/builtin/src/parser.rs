//! Parsers.

mod add_contextual_data;
mod csv;
mod csv_parser;
mod date_parser;
mod input;
mod json_parser;
mod kv;
mod kv_parser;
mod linux_audit_parser;
mod regexp_parser;
mod sdata_parser;
mod syslog_parser;
mod tags_parser;

use pipeline::ParserSpec;

/// Every parser this daemon is born with, in alphabetical order.
pub const PARSERS: &[ParserSpec] = &[
    add_contextual_data::SPEC,
    csv_parser::SPEC,
    date_parser::SPEC,
    json_parser::SPEC,
    kv_parser::SPEC,
    linux_audit_parser::SPEC,
    regexp_parser::SPEC,
    sdata_parser::SPEC,
    syslog_parser::SPEC,
    tags_parser::SPEC,
];
