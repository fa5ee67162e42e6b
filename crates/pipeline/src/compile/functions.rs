//! Template functions that a configuration makes: `template-function` statements, and `$(template NAME)`.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock, Weak};

use conf::ast::{Config, TemplateStatement};
use message::template::{Call, FunctionSpec, Functions, RenderScope, Template, TemplateFunction};
use message::{Message, ValueType};

use crate::registry::ForeignFunctions;

/// How deep templates may name each other while they are rendered; deeper, a name stands for nothing.
const RENDER_DEPTH_MAX: u32 = 32;

/// The named templates, for those who learn a name only from the message.
#[derive(Default)]
pub struct NamedTemplates(OnceLock<HashMap<String, Template>>);

/// The daemon's own functions, and those of a configuration.
pub(super) struct Configured<'a> {
    native: &'a dyn Functions,
    foreign: &'a [Box<dyn ForeignFunctions>],
    by_template: ByTemplate<'a>,
    statements: Vec<ByStatement<'a>>,
}

/// `$(template NAME)`, `$(template $NAME fallback)`.
struct ByTemplate<'a> {
    templates: Bodies<'a>,
    named: Arc<NamedTemplates>,
    /// Whether a call takes its name from the message.
    by_message: Cell<bool>,
}

/// `$(NAME)` of a `template-function NAME "text";`.
struct ByStatement<'a> {
    name: &'a str,
    bodies: std::rc::Rc<Bodies<'a>>,
}

/// Statements whose texts are templates, each compiled once.
struct Bodies<'a> {
    statements: &'a [TemplateStatement],
    compiled: RefCell<HashMap<String, Template>>,
    /// Those being compiled, to notice one that uses itself.
    open: RefCell<Vec<String>>,
}

impl<'a> Configured<'a> {
    pub(super) fn new(
        config: &'a Config,
        native: &'a dyn Functions,
        foreign: &'a [Box<dyn ForeignFunctions>],
    ) -> Configured<'a> {
        let bodies = std::rc::Rc::new(Bodies::new(&config.template_functions));
        let statement = |statement: &'a TemplateStatement| ByStatement {
            name: &statement.name.text,
            bodies: bodies.clone(),
        };
        Configured {
            native,
            foreign,
            by_template: ByTemplate {
                templates: Bodies::new(&config.templates),
                named: Arc::default(),
                by_message: Cell::new(false),
            },
            statements: config.template_functions.iter().map(statement).collect(),
        }
    }

    /// What templates that were compiled with these functions need to be rendered: to be kept as long as they are.
    pub(super) fn finish(&self) -> Arc<NamedTemplates> {
        let of = &self.by_template;
        if of.by_message.get() {
            // Mistakes in them are reported where all templates are looked at.
            let compile = |statement: &TemplateStatement| {
                Some((statement.name.text.clone(), Template::parse(statement.text.text(), self).ok()?))
            };
            of.named.0.get_or_init(|| of.templates.statements.iter().filter_map(compile).collect());
        }
        of.named.clone()
    }
}

impl Functions for Configured<'_> {
    fn find(&self, name: &str) -> Option<&dyn FunctionSpec> {
        if let Some(found) = self.statements.iter().find(|statement| statement.name == name) {
            return Some(found);
        }
        if name == "template" {
            return Some(&self.by_template);
        }
        self.foreign.iter().find_map(|foreign| foreign.find(name)).or_else(|| self.native.find(name))
    }
}

impl<'a> Bodies<'a> {
    fn new(statements: &'a [TemplateStatement]) -> Bodies<'a> {
        Bodies { statements, compiled: RefCell::default(), open: RefCell::default() }
    }

    /// The template of the statement `name`, which stands in `call`.
    fn get(&self, name: &str, call: &Call<'_>) -> Result<Template, String> {
        if let Some(template) = self.compiled.borrow().get(name) {
            return Ok(template.clone());
        }
        let found = self.statements.iter().find(|statement| statement.name.text == name);
        let text = found.ok_or_else(|| format!("there is no template \"{name}\""))?.text.text();
        if self.open.borrow().iter().any(|open| open == name) {
            return Err(format!("template \"{name}\" uses itself"));
        }
        self.open.borrow_mut().push(name.to_owned());
        let template = call.template(text);
        self.open.borrow_mut().pop();
        let template = template?;
        self.compiled.borrow_mut().insert(name.to_owned(), template.clone());
        Ok(template)
    }
}

impl FunctionSpec for ByStatement<'_> {
    fn compile(&self, call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
        match call.args.as_slice() {
            [] => Ok(Box::new(Fixed(self.bodies.get(self.name, call)?))),
            _ => Err(format!("$({}) is defined by template-function and takes no arguments", self.name)),
        }
    }
}

impl FunctionSpec for ByTemplate<'_> {
    fn compile(&self, call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
        let (name, fallback) = match call.args.as_slice() {
            [name] => (name, ""),
            [name, fallback] => (name, fallback.as_str()),
            args => {
                return Err(format!("$(template) takes a name and a fallback, not {} arguments", args.len()));
            }
        };
        let name = call.template(name)?;
        if let Some(name) = name.constant() {
            let name = String::from_utf8_lossy(name);
            return Ok(Box::new(Fixed(self.templates.get(&name, call)?)));
        }
        self.by_message.set(true);
        let (fallback, named) = (call.template(fallback)?, Arc::downgrade(&self.named));
        Ok(Box::new(ByMessage { name, fallback, named }))
    }
}

/// One template, known beforehand.
#[derive(Debug)]
struct Fixed(Template);

impl TemplateFunction for Fixed {
    fn render(&self, message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) -> ValueType {
        self.0.render_typed(message, scope, out)
    }

    fn looks_ahead(&self) -> bool {
        self.0.looks_ahead()
    }

    fn look_ahead(&self, messages: &[Message<'_>], scope: &mut RenderScope<'_>) {
        self.0.look_ahead(messages, scope);
    }
}

/// The template that the message names.
struct ByMessage {
    name: Template,
    fallback: Template,
    /// Not owned: these are among them.
    named: Weak<NamedTemplates>,
}

impl fmt::Debug for ByMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByMessage").field("name", &self.name).field("fallback", &self.fallback).finish()
    }
}

impl TemplateFunction for ByMessage {
    fn render(&self, message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) -> ValueType {
        thread_local! {
            static DEPTH: Cell<u32> = const { Cell::new(0) };
        }
        let mut name = scope.buffer();
        self.name.render(message, scope, &mut name);
        let named = self.named.upgrade();
        let template = named
            .as_ref()
            .filter(|_| DEPTH.get() < RENDER_DEPTH_MAX)
            .and_then(|named| named.0.get()?.get(std::str::from_utf8(&name).ok()?));
        DEPTH.set(DEPTH.get() + 1);
        let kind = template.unwrap_or(&self.fallback).render_typed(message, scope, out);
        DEPTH.set(DEPTH.get() - 1);
        scope.give_back(name);
        kind
    }
}
