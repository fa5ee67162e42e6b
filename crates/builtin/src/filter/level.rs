//! `level()`, also `severity()` and `priority()`: messages of some severities.

use std::sync::Arc;

use conf::ast::Call;
use conf::options::OptionDoc;
use message::Message;
use message::syslog::priority::{severities, severity_number};
use pipeline::{Compile, Filter, FilterSpec};

use super::words;

pub(super) const SPEC: FilterSpec = FilterSpec {
    names: &["level", "severity", "priority"],
    options: &[OptionDoc::only_about(
        "A message of one of these severities: names such as `err`, or ranges such as `warning..emerg` in either direction.",
    )],
    compile,
};

fn compile(call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Filter>> {
    let bits = words::bits(call, "severity", severity_number, severities(), cx)?;
    Some(Arc::new(Levels(bits)))
}

/// By their numbers, as bits.
struct Levels(u32);

impl Filter for Levels {
    fn accepts(&self, message: Message<'_>) -> bool {
        self.0 & (1 << (message.record().pri() & 7)) != 0
    }
}
