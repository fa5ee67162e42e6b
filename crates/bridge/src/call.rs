//! `$(python NAME …)` in the templates of Python code: a call within this interpreter.

use std::sync::Arc;

use message::{
    Message, RenderScope, Template, ValueType,
    template::{Call, FunctionSpec, Functions, TemplateFunction},
};
use pyo3::{
    prelude::*,
    types::{PyBytes, PyTuple},
};

use crate::{
    batch::{Batch, Shared},
    log_message::{received, value},
    template,
};

/// The template functions of a worker.
pub(crate) const FUNCTIONS: &dyn Functions = &Worker;

/// What stands in the text where a function cannot be called, as in syslog-ng.
const ERROR: &[u8] = b"<error>";
/// What finds functions and reports what they raise.
const MODULE: &str = "syslogng.rendering";

struct Worker;

impl Functions for Worker {
    fn find(&self, name: &str) -> Option<&dyn FunctionSpec> {
        if name == "python" { Some(&Python) } else { function::FUNCTIONS.find(name) }
    }
}

struct Python;

impl FunctionSpec for Python {
    fn compile(&self, call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
        if call.args.is_empty() {
            return Err("$(python) needs the name of a function".to_owned());
        }
        Ok(Box::new(PythonCall(call.templates(0)?)))
    }
}

/// The name and the arguments.
#[derive(Debug)]
struct PythonCall(Vec<Template>);

impl TemplateFunction for PythonCall {
    fn render(&self, message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) -> ValueType {
        let mut texts = Vec::with_capacity(self.0.len());
        for template in &self.0 {
            let mut text = Vec::new();
            template.render(message, scope, &mut text);
            texts.push(text);
        }
        pyo3::Python::attach(|py| {
            let name = String::from_utf8_lossy(&texts[0]).into_owned();
            match call(py, &name, &texts[1..], message) {
                Ok((text, kind)) => {
                    out.extend_from_slice(&text);
                    kind
                }
                Err(error) => {
                    report(py, &name, error);
                    out.extend_from_slice(ERROR);
                    ValueType::String
                }
            }
        })
    }
}

fn call(
    py: pyo3::Python<'_>,
    name: &str,
    arguments: &[Vec<u8>],
    message: Message<'_>,
) -> PyResult<(Vec<u8>, ValueType)> {
    let compat = template::is_compat();
    let function = py.import(MODULE)?.getattr("find_function")?.call1((name,))?;
    let mut all = vec![received(py, shared(message), compat, false)?];
    all.extend(arguments.iter().map(|argument| PyBytes::new(py, argument).into_any()));
    let result = function.call1(PyTuple::new(py, all)?)?;
    let (text, kind) = value::from_python(&result, b"the result of a template function", compat)?;
    Ok((text.into_owned(), kind))
}

/// A copy that lives as long as the function keeps it.
fn shared(message: Message<'_>) -> Shared {
    let mut bytes = message.origin().map_or_else(Vec::new, |origin| origin.as_bytes().to_vec());
    let origin = 0..bytes.len();
    bytes.extend_from_slice(message.record().as_bytes());
    Shared::new(Arc::new(Batch::new(bytes, origin.clone())), origin.end as u32)
}

/// Has an exception logged; it does no other harm.
fn report(py: pyo3::Python<'_>, name: &str, error: PyErr) {
    let reported = py
        .import(MODULE)
        .and_then(|module| module.call_method1("report_failure", (name, error.clone_ref(py).into_value(py))));
    if reported.is_err() {
        error.write_unraisable(py, None);
    }
}
