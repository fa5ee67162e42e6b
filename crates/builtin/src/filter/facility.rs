//! `facility()`: messages of some facilities.

use std::sync::Arc;

use conf::ast::{Argument, Call, ValueKind};
use conf::options::OptionDoc;
use message::Message;
use message::syslog::priority::{facilities, facility_number};
use pipeline::{Compile, Filter, FilterSpec};

use super::words;

pub(super) const SPEC: FilterSpec = FilterSpec {
    names: &["facility"],
    options: &[OptionDoc::only_about(
        "A message of one of these facilities: names such as `mail`, ranges such as `local0..local7`, or one number.",
    )],
    compile,
};

fn compile(call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Filter>> {
    if let [Argument::Value(value)] = &call.arguments[..]
        && let ValueKind::Integer(number, _) = value.kind
    {
        let Ok(number) = u16::try_from(number) else {
            cx.error(call, format!("there is no facility {number}"));
            return None;
        };
        return Some(Arc::new(Number(number)));
    }
    let bits = words::bits(call, "facility", facility_number, facilities(), cx)?;
    Some(Arc::new(Facilities(bits)))
}

/// By their numbers, as bits.
struct Facilities(u32);

impl Filter for Facilities {
    fn accepts(&self, message: Message<'_>) -> bool {
        let facility = message.record().pri() >> 3;
        facility < 32 && self.0 & (1 << facility) != 0
    }
}

/// One facility, which need not have a name.
struct Number(u16);

impl Filter for Number {
    fn accepts(&self, message: Message<'_>) -> bool {
        message.record().pri() >> 3 == self.0
    }
}
