//! Template functions that a filter decides: `$(if (filter) then else)`, `$(grep (filter) template …)` and their kin.
//!
//! All others need no filters, and are in the crate `function`.

use std::fmt;
use std::sync::Arc;

use function::{Entry, context, entry, expect};
use message::template::{Call, FunctionSpec, Functions, RenderScope, Template, TemplateFunction};
use message::{Message, ValueType, list};
use pipeline::{Filter, Registry};

/// Every template function this daemon is born with.
pub const FUNCTIONS: &dyn Functions = &Native;

const ALL: &[Entry] = &[
    entry("context-lookup", context_lookup),
    entry("filter", only),
    entry("grep", grep),
    entry("if", condition),
];

struct Native;

impl Functions for Native {
    fn find(&self, name: &str) -> Option<&dyn FunctionSpec> {
        function::find(ALL, name).or_else(|| function::FUNCTIONS.find(name))
    }
}

/// The filter written in an argument.
fn filter(text: &str) -> Result<Arc<dyn Filter>, String> {
    let registry = Registry {
        sources: Vec::new(),
        destinations: Vec::new(),
        parsers: Vec::new(),
        rewrites: Vec::new(),
        filters: vec![crate::FILTERS],
        functions: crate::FUNCTIONS,
        http_headers: Vec::new(),
        foreign: Vec::new(),
    };
    pipeline::compile::filter_of_text(text, &registry)
}

/// A function that a filter decides.
struct Decided {
    filter: Arc<dyn Filter>,
    templates: Vec<Template>,
    render: fn(&Decided, Message<'_>, &mut RenderScope<'_>, &mut Vec<u8>) -> ValueType,
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

/// `$(context-lookup (filter) template …)`: the same of the messages that match.
fn context_lookup(call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
    expect(call, 2, usize::MAX)?;
    Ok(Box::new(Decided {
        filter: filter(&call.args[0])?,
        templates: call.templates(1)?,
        render: |this, message, scope, out| {
            context::write_values(&this.templates, message, scope, out, |message| {
                this.filter.accepts(message)
            })
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

#[cfg(test)]
mod tests {
    use message::template::{TemplateOptions, ZoneUse};
    use message::{Draft, Head, Name, Record};

    use super::*;

    fn encoded(pairs: &[(&str, &str, ValueType)]) -> Vec<u8> {
        let mut draft = Draft::new(Head { pri: 13, ..Head::default() });
        for (name, value, kind) in pairs {
            draft.set(Name::new(name.as_bytes()), value.as_bytes().to_vec(), *kind);
        }
        let mut bytes = Vec::new();
        draft.encode(&mut bytes);
        bytes
    }

    fn render_in(context: &[Message<'_>], template: &str) -> Result<String, String> {
        let template = Template::parse(template, FUNCTIONS).map_err(|error| error.message)?;
        let options = TemplateOptions::default();
        let mut scope = RenderScope::new(&options, ZoneUse::Send);
        scope.context = context;
        let mut out = Vec::new();
        template.render(context[context.len() - 1], &mut scope, &mut out);
        Ok(String::from_utf8_lossy(&out).into_owned())
    }

    /// What a template says of a message of PROGRAM prg with f1=v1, f2=v2, f3=3 (a number).
    fn render(template: &str) -> Result<String, String> {
        let bytes = encoded(&[
            ("PROGRAM", "prg", ValueType::String),
            ("f1", "v1", ValueType::String),
            ("f2", "v2", ValueType::String),
            ("f3", "3", ValueType::Integer),
        ]);
        render_in(&[Message::new(Record::trusted(&bytes), None)], template)
    }

    #[test]
    fn a_filter_decides() {
        for (template, expected) in [
            ("$(if (program(\"prg\")) yes no)", "yes"),
            ("$(if (\"$f1\" eq \"v2\") yes $f2)", "v2"),
            ("$(if (level(notice) and not match(\"x\" value(\"f1\"))) \"$(echo nested)\" no)", "nested"),
            ("$(grep (\"$f3\" == 3) $f2 $f3)", "v2,3"),
            ("$(grep (\"$f3\" == 4) $f2 $f3)", ""),
            ("$(filter (\"$_\" ne \"b\") a,b,c)", "a,c"),
            ("$(filter (not (\"$_\" eq \"$f1\") and \"$f2\" eq v2) v1,v2 v3)", "v2,v3"),
            ("$(filter (\"$_\" > 2) 1,3,2,4)", "3,4"),
        ] {
            assert_eq!(render(template).as_deref(), Ok(expected), "{template}");
        }
    }

    #[test]
    fn filters_that_are_none_are_refused() {
        for (template, expected) in [
            ("$(if (prgram(\"x\")) a b)", "there is no filter function `prgram`"),
            ("$(if (program(\"(\")) a b)", "regexp failed"),
            ("$(if (x) a)", "takes 3 to 3"),
        ] {
            let error = render(template).unwrap_err();
            assert!(error.contains(expected), "{template}: {error}");
        }
    }

    #[test]
    fn a_filter_chooses_from_a_correlation_context() {
        let all = ["1", "4", "x", "a,b"].map(|n| encoded(&[("n", n, ValueType::String)]));
        let context: Vec<_> = all.iter().map(|bytes| Message::new(Record::trusted(bytes), None)).collect();
        let render = |template: &str| render_in(&context, template).unwrap();
        assert_eq!(render("$(context-lookup (\"$n\" ne \"x\") $n $n)"), "1,1,4,4,\"a,b\",\"a,b\"");
        assert_eq!(render("$(grep (\"$n\" eq \"4\") $n)"), "4");
    }
}
