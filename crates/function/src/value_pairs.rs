//! `value-pairs()`: which name-value pairs of a message a driver wants, in the words of a configuration.

use std::collections::BTreeMap;

use message::template::{Call, Functions, RenderScope};
use message::{Message, ValueType};

use crate::pairs::Pairs;

/// A selection of name-value pairs. It means what `$(format-json)` means by the same options.
#[derive(Debug)]
pub struct ValuePairs(Pairs);

impl ValuePairs {
    /// Reads options as `$(format-json)` takes them: `--scope`, `nv-pairs`, `--key`, `x*`, `name=template` …
    pub fn read(args: Vec<String>, functions: &dyn Functions) -> Result<ValuePairs, String> {
        let call = Call::of("value-pairs", args, functions);
        let other = |option: &str, _: &mut dyn FnMut() -> Option<String>| {
            Err(format!("value-pairs() has no option `{option}`"))
        };
        Pairs::read(&call, other).map(ValuePairs)
    }

    /// The pairs of `message`, by name.
    pub fn find(
        &self,
        message: Message<'_>,
        scope: &mut RenderScope<'_>,
    ) -> BTreeMap<Vec<u8>, (Vec<u8>, ValueType)> {
        self.0.find(message, scope)
    }
}
