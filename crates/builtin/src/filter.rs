//! Filters.

mod facility;
mod in_list;
mod level;
mod netmask;
mod pattern;
mod rate_limit;
mod tags;
mod words;

use pipeline::FilterSpec;

/// Every filter function this daemon is born with, in alphabetical order.
pub const FILTERS: &[FilterSpec] = &[
    facility::SPEC,
    pattern::HOST,
    in_list::SPEC,
    level::SPEC,
    pattern::MATCH,
    pattern::MESSAGE,
    netmask::SPEC,
    netmask::SIX,
    pattern::PROGRAM,
    rate_limit::SPEC,
    pattern::SOURCE,
    tags::SPEC,
];
