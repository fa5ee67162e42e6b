//! `set-pri()`, `set-severity()`, `set-facility()`. What makes no sense changes nothing.

use std::sync::Arc;

use conf::Options;
use conf::ast::Call;
use message::syslog::priority::{facility_number, severity_number};
use message::{Draft, Message};
use pipeline::{Compile, Rewrite, RewriteSpec};

use crate::typed_template::{TypedTemplate, TypedText};

/// The largest priority that can be set.
const PRI_MAX: u16 = 1023;

const fn spec(
    names: &'static [&'static str],
    compile: fn(&Call, &mut Compile<'_>) -> Option<Arc<dyn Rewrite>>,
) -> RewriteSpec {
    RewriteSpec { names, options: PriorityOptions::DOCS, compile }
}

pub(super) const PRI: RewriteSpec = spec(&["set-pri"], |call, cx| compile(Part::Pri, call, cx));
pub(super) const SEVERITY: RewriteSpec =
    spec(&["set-severity", "set-level"], |call, cx| compile(Part::Severity, call, cx));
pub(super) const FACILITY: RewriteSpec =
    spec(&["set-facility"], |call, cx| compile(Part::Facility, call, cx));

conf::options! {
    /// Set the priority, or a part of it.
    pub struct PriorityOptions {
        /// A template that says a name or a number.
        text: TypedText = positional,
    }
}

#[derive(Clone, Copy)]
enum Part {
    Pri,
    Severity,
    Facility,
}

fn compile(part: Part, call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Rewrite>> {
    let options = PriorityOptions::read(call, cx.diagnostics)?;
    let template = TypedTemplate::compile(&options.text, cx)?;
    Some(Arc::new(SetPriority { part, template }))
}

struct SetPriority {
    part: Part,
    template: TypedTemplate,
}

impl Rewrite for SetPriority {
    fn apply<'a>(&self, message: Message<'a>, draft: &mut Draft<'a>) {
        let (text, _) = self.template.render(message);
        let text = std::str::from_utf8(&text).unwrap_or_default().trim();
        let number = text.parse::<u16>().ok();
        let pri = draft.head.pri;
        let changed = match self.part {
            Part::Pri => number.filter(|pri| *pri <= PRI_MAX),
            Part::Severity => {
                let severity = severity_number(text).or(number.filter(|number| *number < 8));
                severity.map(|severity| pri & !7 | severity)
            }
            Part::Facility => {
                let facility = facility_number(text).or(number.filter(|number| *number <= PRI_MAX >> 3));
                facility.map(|facility| facility << 3 | pri & 7)
            }
        };
        draft.head.pri = changed.unwrap_or(pri);
    }
}
