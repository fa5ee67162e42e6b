//! Rewrites.

use pipeline::RewriteSpec;

/// Every one of the rewrites this daemon is born with, in alphabetical order.
pub const REWRITES: &[RewriteSpec] = &[];
