//! Filter expressions: functions, references, and how they are joined.

use std::sync::Arc;

use conf::ast::{Argument, Call, Expr, Ident};
use conf::diagnostic::{Diagnostic, Diagnostics, Severity};
use conf::{Environment, GlobalOptions, Options};
use message::{Draft, Message};
use store::Persist;

use super::Compile;
use crate::compare;
use crate::metrics::Metrics;
use crate::registry::{self, Registry};
use crate::steps::Filter;

/// The filter that `expr` describes.
pub(super) fn compile(cx: &mut Compile<'_>, expr: &Expr) -> Option<Arc<dyn Filter>> {
    match expr {
        // Both sides are compiled even if one is wrong, so that all mistakes are told.
        Expr::And(left, right) => match (compile(cx, left), compile(cx, right)) {
            (Some(left), Some(right)) => Some(Arc::new(And(left, right))),
            _ => None,
        },
        Expr::Or(left, right) => match (compile(cx, left), compile(cx, right)) {
            (Some(left), Some(right)) => Some(Arc::new(Or(left, right))),
            _ => None,
        },
        Expr::Not(inner) => Some(Arc::new(Not(compile(cx, inner)?))),
        Expr::Call(call) if call.name.is("filter") => reference(cx, call),
        Expr::Call(call) => function(cx, call),
        Expr::Compare(left, comparison, right, _) => {
            let (left, right) = (compare::operand(cx, left), compare::operand(cx, right));
            Some(Arc::new(compare::Compare::new(left?, *comparison, right?)))
        }
    }
}

/// The filter that a text describes, on its own: what a template function such as `$(if (…) …)` decides by. It can
/// refer to no filter statement.
pub fn filter_of_text(text: &str, registry: &Registry) -> Result<Arc<dyn Filter>, String> {
    let loaded = conf::load_text("filter", format!("filter f {{ {text} }};"), &Environment::default());
    let (mut said, mut at_start) = (loaded.diagnostics.clone(), Diagnostics::default());
    let globals = GlobalOptions::defaults().ok_or_else(|| "no global options".to_owned())?;
    let metrics = Arc::new(Metrics::default());
    let mut cx = Compile {
        metrics: &metrics,
        config: &loaded.config,
        sources: &loaded.sources,
        globals: &globals,
        functions: registry.functions,
        persist: &Persist::in_memory(),
        diagnostics: &mut said,
        statement: String::new(),
        id: String::new(),
        registry,
        open_filters: Vec::new(),
        at_start: &mut at_start,
        residents: Vec::new(),
        about: Vec::new(),
        trial: true,
    };
    let compiled = loaded.config.filters.first().and_then(|statement| compile(&mut cx, &statement.expr));
    let wrong = said.iter().chain(at_start.iter()).find(|one| one.severity == Severity::Error);
    match (wrong, compiled) {
        (Some(wrong), _) => Err(wrong.message.clone()),
        (None, Some(filter)) => Ok(filter),
        (None, None) => Err(format!("`{text}` is no filter")),
    }
}

/// The filter statement of this name. One that leads back to itself is refused.
pub(super) fn named(cx: &mut Compile<'_>, name: &Ident) -> Option<Arc<dyn Filter>> {
    let config = cx.config;
    let Some(statement) = config.filters.iter().find(|statement| statement.name.text == name.text) else {
        let known: Vec<&str> = config.filters.iter().map(|statement| statement.name.text.as_str()).collect();
        cx.unresolved("filter", name, &known);
        return None;
    };
    if cx.open_filters.contains(&name.text) {
        let message = format!("filter `{}` refers to itself; content='filter'", name.text);
        cx.at_start.push(Diagnostic::error(message, name.span));
        return None;
    }
    cx.open_filters.push(name.text.clone());
    let filter = compile(cx, &statement.expr);
    cx.open_filters.pop();
    filter
}

/// `filter(name)` within an expression.
fn reference(cx: &mut Compile<'_>, call: &Call) -> Option<Arc<dyn Filter>> {
    match call.arguments.as_slice() {
        [Argument::Value(value)] => named(cx, &Ident { text: value.text().to_owned(), span: value.span }),
        _ => {
            cx.error(call, "filter() takes the name of one filter");
            None
        }
    }
}

fn function(cx: &mut Compile<'_>, call: &Call) -> Option<Arc<dyn Filter>> {
    let Some(spec) = registry::find(&cx.registry.filters, &call.name.text) else {
        let names = registry::names(&cx.registry.filters);
        cx.unknown("filter function", &call.name, &names);
        return None;
    };
    (spec.compile)(call, cx)
}

struct And(Arc<dyn Filter>, Arc<dyn Filter>);

impl Filter for And {
    fn accepts(&self, message: Message<'_>) -> bool {
        self.0.accepts(message) && self.1.accepts(message)
    }

    fn accepts_item(&self, message: Message<'_>, item: &[u8]) -> bool {
        self.0.accepts_item(message, item) && self.1.accepts_item(message, item)
    }

    fn stores(&self) -> bool {
        self.0.stores() || self.1.stores()
    }

    fn accepts_and_stores<'a>(&self, message: Message<'a>, draft: &mut Draft<'a>) -> bool {
        self.0.accepts_and_stores(message, draft) && self.1.accepts_and_stores(message, draft)
    }
}

struct Or(Arc<dyn Filter>, Arc<dyn Filter>);

impl Filter for Or {
    fn accepts(&self, message: Message<'_>) -> bool {
        self.0.accepts(message) || self.1.accepts(message)
    }

    fn accepts_item(&self, message: Message<'_>, item: &[u8]) -> bool {
        self.0.accepts_item(message, item) || self.1.accepts_item(message, item)
    }

    fn stores(&self) -> bool {
        self.0.stores() || self.1.stores()
    }

    fn accepts_and_stores<'a>(&self, message: Message<'a>, draft: &mut Draft<'a>) -> bool {
        self.0.accepts_and_stores(message, draft) || self.1.accepts_and_stores(message, draft)
    }
}

struct Not(Arc<dyn Filter>);

impl Filter for Not {
    fn accepts(&self, message: Message<'_>) -> bool {
        !self.0.accepts(message)
    }

    fn accepts_item(&self, message: Message<'_>, item: &[u8]) -> bool {
        !self.0.accepts_item(message, item)
    }

    fn stores(&self) -> bool {
        self.0.stores()
    }

    fn accepts_and_stores<'a>(&self, message: Message<'a>, draft: &mut Draft<'a>) -> bool {
        !self.0.accepts_and_stores(message, draft)
    }
}
