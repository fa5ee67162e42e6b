//! Functions that decide and repeat: `$(if (filter) then else)`, `$(or …)`, `$(map …)`.

use std::fmt;
use std::sync::Arc;

use message::template::{Call, RenderScope, Template, TemplateFunction};
use message::{Message, ValueType, list};
use parking_lot::Mutex;
use pipeline::{Filter, Registry};

use super::{Entry, entry, expect};

pub(super) const FUNCTIONS: &[Entry] = &[
    entry("filter", only),
    entry("grep", grep),
    entry("if", condition),
    entry("iterate", iterate),
    entry("map", map),
    entry("or", or),
];

/// The filter written in an argument.
pub(super) fn filter(text: &str) -> Result<Arc<dyn Filter>, String> {
    let registry = Registry {
        sources: Vec::new(),
        destinations: Vec::new(),
        parsers: Vec::new(),
        rewrites: Vec::new(),
        filters: vec![crate::FILTERS],
        functions: crate::FUNCTIONS,
    };
    pipeline::compile::filter_of_text(text, &registry)
}

/// A function that a filter decides.
pub(super) struct Decided {
    pub(super) filter: Arc<dyn Filter>,
    pub(super) templates: Vec<Template>,
    pub(super) render: fn(&Decided, Message<'_>, &mut RenderScope<'_>, &mut Vec<u8>) -> ValueType,
}

impl fmt::Debug for Decided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.templates).finish()
    }
}

impl TemplateFunction for Decided {
    fn render(&self, message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) -> ValueType {
        (self.render)(self, message, scope, out)
    }
}

fn condition(call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
    expect(call, 3, 3)?;
    Ok(Box::new(Decided {
        filter: filter(&call.args[0])?,
        templates: call.templates(1)?,
        render: |this, message, scope, out| {
            let chosen = if this.filter.accepts(message) { &this.templates[0] } else { &this.templates[1] };
            chosen.render_typed(message, scope, out)
        },
    }))
}

/// `$(grep (filter) template …)`: what the templates say of messages that match.
fn grep(call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
    expect(call, 2, usize::MAX)?;
    Ok(Box::new(Decided {
        filter: filter(&call.args[0])?,
        templates: call.templates(1)?,
        render: |this, message, scope, out| {
            let start = out.len();
            let context = scope.context;
            let all = if context.is_empty() { std::slice::from_ref(&message) } else { context };
            for message in all.iter().filter(|message| this.filter.accepts(**message)) {
                for template in &this.templates {
                    if out.len() > start {
                        out.push(b',');
                    }
                    template.render(*message, scope, out);
                }
            }
            ValueType::String
        },
    }))
}

/// `$(filter (filter) list …)`: the elements for which the filter holds; `$_` in it is the element.
fn only(call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
    expect(call, 2, usize::MAX)?;
    Ok(Box::new(Decided {
        filter: filter(&call.args[0])?,
        templates: call.templates(1)?,
        render: |this, message, scope, out| {
            let mut text = scope.buffer();
            let mut first = true;
            for given in &this.templates {
                text.clear();
                given.render(message, scope, &mut text);
                for element in list::elements(&text) {
                    if this.filter.accepts_item(message, &element) {
                        if !std::mem::take(&mut first) {
                            out.push(b',');
                        }
                        list::append(out, &element);
                    }
                }
            }
            scope.give_back(text);
            ValueType::List
        },
    }))
}

/// `$(or template …)`: the first that says anything.
fn or(call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
    Ok(Box::new(Or(call.templates(0)?)))
}

#[derive(Debug)]
struct Or(Vec<Template>);

impl TemplateFunction for Or {
    fn render(&self, message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) -> ValueType {
        let start = out.len();
        for template in &self.0 {
            let kind = template.render_typed(message, scope, out);
            if out.len() > start {
                return kind;
            }
        }
        ValueType::String
    }
}

/// `$(map template list …)`: the template for each element, which is `$_` in it.
fn map(call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
    expect(call, 2, usize::MAX)?;
    Ok(Box::new(Map { template: call.template(&call.args[0])?, lists: call.templates(1)? }))
}

#[derive(Debug)]
struct Map {
    template: Template,
    lists: Vec<Template>,
}

impl TemplateFunction for Map {
    fn render(&self, message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) -> ValueType {
        let (mut text, mut value) = (scope.buffer(), scope.buffer());
        let outer = std::mem::take(&mut scope.item);
        let mut first = true;
        for given in &self.lists {
            text.clear();
            given.render(message, scope, &mut text);
            for element in list::elements(&text) {
                scope.item.clear();
                scope.item.extend_from_slice(&element);
                value.clear();
                self.template.render(message, scope, &mut value);
                if !std::mem::take(&mut first) {
                    out.push(b',');
                }
                list::append(out, &value);
            }
        }
        scope.item = outer;
        scope.give_back(text);
        scope.give_back(value);
        ValueType::List
    }
}

/// `$(iterate template start)`: the start, then the template of the value before, from message to message.
fn iterate(call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
    expect(call, 2, 2)?;
    let next = Mutex::new(None);
    Ok(Box::new(Iterate {
        template: call.template(&call.args[0])?,
        start: call.template(&call.args[1])?,
        next,
    }))
}

#[derive(Debug)]
struct Iterate {
    template: Template,
    start: Template,
    next: Mutex<Option<Vec<u8>>>,
}

impl TemplateFunction for Iterate {
    fn render(&self, message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) -> ValueType {
        let mut next = self.next.lock();
        let current = next.take().unwrap_or_else(|| {
            let mut start = Vec::new();
            self.start.render(message, scope, &mut start);
            start
        });
        out.extend_from_slice(&current);
        let outer = std::mem::replace(&mut scope.item, current);
        let mut following = Vec::new();
        self.template.render(message, scope, &mut following);
        scope.item = outer;
        *next = Some(following);
        ValueType::String
    }
}
