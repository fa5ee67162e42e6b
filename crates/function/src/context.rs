//! Functions of the messages of a correlation context. Outside of one, there is just the message itself.

use message::template::{Call, RenderScope, Template, TemplateFunction};
use message::{Message, ValueType, list};

use super::number::{Number, write};
use super::{Entry, entry, expect};

pub(super) const FUNCTIONS: &[Entry] = &[
    entry("average", |call| aggregate(call, average)),
    entry("context-length", context_length),
    entry("context-values", |call| Ok(Box::new(Values(call.templates(0)?)))),
    entry("max", |call| aggregate(call, |numbers| extreme(numbers, |a, b| a > b))),
    entry("min", |call| aggregate(call, |numbers| extreme(numbers, |a, b| a < b))),
    entry("sum", |call| aggregate(call, sum)),
];

/// `$(context-length)`: messages in the context.
fn context_length(call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
    expect(call, 0, 0)?;
    Ok(Box::new(Length))
}

#[derive(Debug)]
struct Length;

impl TemplateFunction for Length {
    fn render(&self, _message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) -> ValueType {
        out.extend_from_slice(scope.context.len().max(1).to_string().as_bytes());
        ValueType::Integer
    }
}

/// `$(context-values template …)`: what the templates say of each message, as a list.
#[derive(Debug)]
struct Values(Vec<Template>);

impl TemplateFunction for Values {
    fn render(&self, message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) -> ValueType {
        write_values(&self.0, message, scope, out, |_| true)
    }
}

/// Appends what the templates say of each message of the context that is wanted, as a list.
pub fn write_values(
    templates: &[Template],
    message: Message<'_>,
    scope: &mut RenderScope<'_>,
    out: &mut Vec<u8>,
    wanted: impl Fn(Message<'_>) -> bool,
) -> ValueType {
    let mut value = scope.buffer();
    let mut first = true;
    let context = scope.context;
    let all = if context.is_empty() { std::slice::from_ref(&message) } else { context };
    for message in all.iter().filter(|message| wanted(**message)) {
        for template in templates {
            value.clear();
            template.render(*message, scope, &mut value);
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            list::append(out, &value);
        }
    }
    scope.give_back(value);
    ValueType::List
}

type Reduce = fn(&[Number]) -> Option<Number>;

/// Sum, extremes and average of what a template says, where that is a number.
fn aggregate(call: &Call<'_>, reduce: Reduce) -> Result<Box<dyn TemplateFunction>, String> {
    expect(call, 1, 1)?;
    Ok(Box::new(Aggregate { template: call.template(&call.args[0])?, reduce }))
}

#[derive(Debug)]
struct Aggregate {
    template: Template,
    reduce: Reduce,
}

impl TemplateFunction for Aggregate {
    fn render(&self, message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) -> ValueType {
        let mut value = scope.buffer();
        let mut numbers = Vec::new();
        let context = scope.context;
        let all = if context.is_empty() { std::slice::from_ref(&message) } else { context };
        for message in all {
            value.clear();
            self.template.render(*message, scope, &mut value);
            numbers.extend(Number::read(&value));
        }
        scope.give_back(value);
        match (self.reduce)(&numbers) {
            Some(number) => write(out, number),
            None => ValueType::String,
        }
    }
}

fn sum(numbers: &[Number]) -> Option<Number> {
    numbers.iter().copied().reduce(|a, b| match (a, b) {
        (Number::Whole(a), Number::Whole(b)) => Number::Whole(a.wrapping_add(b)),
        (a, b) => Number::Real(a.real() + b.real()),
    })
}

fn extreme(numbers: &[Number], better: fn(f64, f64) -> bool) -> Option<Number> {
    numbers.iter().copied().reduce(|best, other| if better(other.real(), best.real()) { other } else { best })
}

fn average(numbers: &[Number]) -> Option<Number> {
    match (sum(numbers)?, i64::try_from(numbers.len()).unwrap_or(i64::MAX)) {
        (Number::Whole(sum), count) if sum % count == 0 => Some(Number::Whole(sum / count)),
        (sum, count) => Some(Number::Real(sum.real() / count as f64)),
    }
}
