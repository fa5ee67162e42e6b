//! Template functions.

use message::template::{FunctionSpec, Functions};

/// Every template function this daemon is born with.
pub const FUNCTIONS: &dyn Functions = &Native;

struct Native;

impl Functions for Native {
    fn find(&self, _name: &str) -> Option<&dyn FunctionSpec> {
        None
    }
}
