//! Functions that templates call.

use std::fmt;

use super::{RenderScope, Template};
use crate::records::Message;
use crate::value::ValueType;

/// Every template function that a configuration may call.
pub trait Functions {
    /// The function of this name, as it stands behind `$(`.
    fn find(&self, name: &str) -> Option<&dyn FunctionSpec>;
}

/// A template function before it is called: makes a call of a name and arguments.
pub trait FunctionSpec {
    /// Compiles one call. The text of an error goes to the user.
    fn compile(&self, call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String>;
}

/// One compiled call.
pub trait TemplateFunction: fmt::Debug + Send + Sync {
    /// Appends the result to `out` and tells its type.
    fn render(&self, message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) -> ValueType;

    /// Whether [`TemplateFunction::look_ahead`] is worth its while, for itself or for what it calls.
    fn looks_ahead(&self) -> bool {
        false
    }

    /// `render` will be called for these messages: puts into [`RenderScope::ahead`] what costs less at once.
    fn look_ahead(&self, messages: &[Message<'_>], scope: &mut RenderScope<'_>) {
        let _ = (messages, scope);
    }
}

/// No functions at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFunctions;

impl Functions for NoFunctions {
    fn find(&self, _name: &str) -> Option<&dyn FunctionSpec> {
        None
    }
}

/// A call as it stands in a template.
pub struct Call<'a> {
    /// The function's name.
    pub name: &'a str,
    /// Its arguments, without their quotes; what stands in nested parentheses keeps its own.
    pub args: Vec<String>,
    functions: &'a dyn Functions,
    depth: usize,
}

impl<'a> Call<'a> {
    /// A call that stands in no template: the options of a driver, say.
    pub fn of(name: &'a str, args: Vec<String>, functions: &'a dyn Functions) -> Call<'a> {
        Call::new(name, args, functions, 0)
    }

    pub(super) fn new(
        name: &'a str,
        args: Vec<String>,
        functions: &'a dyn Functions,
        depth: usize,
    ) -> Call<'a> {
        Call { name, args, functions, depth }
    }

    /// Compiles a text of an argument as a template.
    pub fn template(&self, text: &str) -> Result<Template, String> {
        Template::parse_at(text, self.functions, self.depth + 1).map_err(|error| error.message)
    }

    /// Compiles the arguments from the `skip`-th on, each as a template.
    pub fn templates(&self, skip: usize) -> Result<Vec<Template>, String> {
        self.args.iter().skip(skip).map(|arg| self.template(arg)).collect()
    }

    /// The functions that arguments may call.
    pub fn functions(&self) -> &'a dyn Functions {
        self.functions
    }
}
