//! `program()`, `host()`, `message()`, `source()`, `match()`: values that match a pattern.

use std::sync::Arc;

use conf::Options;
use conf::ast::{Call, Value};
use conf::diagnostic::Diagnostic;
use conf::options::Spanned;
use message::{Builtin, Draft, Message, layout};
use pipeline::{Compile, Filter, FilterSpec};

use crate::matcher::Matcher;
use crate::options::PatternOptions;
use crate::value_source::ValueSource;

const fn spec(
    names: &'static [&'static str],
    compile: fn(&Call, &mut Compile<'_>) -> Option<Arc<dyn Filter>>,
) -> FilterSpec {
    FilterSpec { names, options: PatternFilterOptions::DOCS, compile }
}

pub(super) const PROGRAM: FilterSpec = spec(&["program"], |call, cx| builtin(Builtin::Program, call, cx));
pub(super) const HOST: FilterSpec = spec(&["host"], |call, cx| builtin(Builtin::Host, call, cx));
pub(super) const MESSAGE: FilterSpec = spec(&["message"], |call, cx| builtin(Builtin::Message, call, cx));
pub(super) const SOURCE: FilterSpec = spec(&["source"], |call, cx| builtin(Builtin::Source, call, cx));
pub(super) const MATCH: FilterSpec =
    FilterSpec { names: &["match"], options: MatchOptions::DOCS, compile: compile_match };

conf::options! {
    /// A value that matches a pattern.
    pub struct PatternFilterOptions {
        /// The pattern.
        pattern: Spanned<String> = positional,
        /// How it is written.
        how: PatternOptions = flatten,
    }
}

conf::options! {
    /// A value of choice that matches a pattern.
    pub struct MatchOptions {
        /// The pattern.
        pattern: Spanned<String> = positional,
        /// How it is written.
        how: PatternOptions = flatten,
        /// Name of the value that is looked at.
        value: Spanned<String> = inherit,
        /// Text that is looked at instead.
        template: Value = inherit,
    }
}

fn builtin(builtin: Builtin, call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Filter>> {
    let options = PatternFilterOptions::read(call, cx.diagnostics)?;
    let matcher = options.how.matcher(&options.pattern, cx)?;
    Some(Arc::new(OfBuiltin { builtin, stores: matcher.stores(), matcher }))
}

fn compile_match(call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Filter>> {
    let options = MatchOptions::read(call, cx.diagnostics)?;
    let matcher = options.how.matcher(&options.pattern, cx)?;
    let source = match (&options.value, &options.template) {
        (Some(name), None) => ValueSource::named(name, cx)?,
        (None, Some(template)) => {
            let template = cx.template(template)?;
            ValueSource::Template(template, Box::new(crate::options::template_options(cx)?))
        }
        (Some(_), Some(template)) => {
            let message = "match() takes value() or template(), not both";
            cx.diagnostics.push(Diagnostic::error(message, template.span));
            return None;
        }
        (None, None) => {
            let message =
                "match() without value() looks at the header and the text of a message, which is deprecated";
            cx.diagnostics
                .push(Diagnostic::warning(message, call.name.span).label("give it value(\"MESSAGE\")"));
            return Some(Arc::new(OfHeaderAndText(matcher)));
        }
    };
    Some(Arc::new(OfValue { source, stores: matcher.stores(), matcher }))
}

struct OfBuiltin {
    builtin: Builtin,
    matcher: Matcher,
    stores: bool,
}

impl Filter for OfBuiltin {
    fn accepts(&self, message: Message<'_>) -> bool {
        self.matcher.matches(message.builtin(self.builtin))
    }

    fn stores(&self) -> bool {
        self.stores
    }

    fn accepts_and_stores<'a>(&self, message: Message<'a>, draft: &mut Draft<'a>) -> bool {
        self.matcher.matches_and_stores(message.builtin(self.builtin), draft)
    }
}

struct OfValue {
    source: ValueSource,
    matcher: Matcher,
    stores: bool,
}

impl Filter for OfValue {
    fn accepts(&self, message: Message<'_>) -> bool {
        self.source.with(message, |value| self.matcher.matches(value))
    }

    fn stores(&self) -> bool {
        self.stores
    }

    fn accepts_and_stores<'a>(&self, message: Message<'a>, draft: &mut Draft<'a>) -> bool {
        self.source.with(message, |value| self.matcher.matches_and_stores(value, draft))
    }
}

/// What `match()` looked at before it had `value()`.
struct OfHeaderAndText(Matcher);

impl Filter for OfHeaderAndText {
    fn accepts(&self, message: Message<'_>) -> bool {
        let mut text = Vec::new();
        layout::msghdr(message, &mut text);
        text.extend_from_slice(message.builtin(Builtin::Message));
        self.0.matches(&text)
    }
}
