//! Rewrite operations.

mod groupset;
mod matches;
mod priority;
mod rename;
mod set;
mod subst;
mod tag;
mod time_zone;
mod unset;

use pipeline::RewriteSpec;

pub(crate) use self::time_zone::Which;

/// Every rewrite operation this daemon is born with, in alphabetical order.
pub const REWRITES: &[RewriteSpec] = &[
    tag::CLEAR,
    time_zone::FIX,
    groupset::SET,
    groupset::UNSET,
    time_zone::GUESS,
    rename::SPEC,
    set::SPEC,
    priority::FACILITY,
    matches::SET,
    priority::PRI,
    priority::SEVERITY,
    tag::SET,
    time_zone::SET,
    subst::SPEC,
    unset::SPEC,
    matches::UNSET,
];
