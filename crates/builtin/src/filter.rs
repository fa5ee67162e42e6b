//! Filters.

use pipeline::FilterSpec;

/// Every one of the filters this daemon is born with, in alphabetical order.
pub const FILTERS: &[FilterSpec] = &[];
