//! Functions that choose and repeat: `$(or …)`, `$(map …)`.

use message::template::{Call, RenderScope, Template, TemplateFunction};
use message::{Message, ValueType, list};
use parking_lot::Mutex;

use super::{Entry, entry, expect};

pub(super) const FUNCTIONS: &[Entry] = &[entry("iterate", iterate), entry("map", map), entry("or", or)];

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
