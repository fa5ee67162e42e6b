//! `LogTemplate` and `LogTemplateOptions`.

use message::{NoFunctions, RenderScope, Template, TemplateOptions, ZoneUse};
use pyo3::{
    create_exception,
    exceptions::{PyException, PyRuntimeError, PyTypeError},
    prelude::*,
    types::PyBytes,
};

use crate::{log_message::body_of, raw::type_name};

create_exception!(_syslogng, LogTemplateException, PyException, "A text is no template.");

/// The template options of the configuration. Nothing can be read from it.
#[pyclass(name = "LogTemplateOptions", module = "_syslogng", frozen)]
pub(crate) struct LogTemplateOptions(TemplateOptions);

#[pymethods]
impl LogTemplateOptions {
    #[new]
    fn new() -> LogTemplateOptions {
        LogTemplateOptions(TemplateOptions::default())
    }
}

/// A template, compiled once and formatted for one message after the other.
#[pyclass(name = "LogTemplate", module = "_syslogng", frozen)]
pub(crate) struct LogTemplate {
    template: Template,
    options: Option<Py<LogTemplateOptions>>,
}

#[pymethods]
impl LogTemplate {
    #[new]
    #[pyo3(signature = (template, *options))]
    fn new(template: &str, options: &Bound<'_, pyo3::types::PyTuple>) -> PyResult<LogTemplate> {
        if options.len() > 1 {
            return Err(PyTypeError::new_err("LogTemplate() takes a template and its options"));
        }
        let options = options.iter().next().map(|options| options_of(&options)).transpose()?;
        let template = Template::parse(template, &NoFunctions).map_err(|error| {
            LogTemplateException::new_err(format!("Error compiling template '{template}': {error}"))
        })?;
        Ok(LogTemplate { template, options: options.map(Bound::unbind) })
    }

    /// The text for a message, as bytes. The options are those given here, else the constructor's.
    #[pyo3(signature = (msg, options=None, tz=1, seqnum=0))]
    fn format<'py>(
        &self,
        py: Python<'py>,
        msg: &Bound<'py, PyAny>,
        options: Option<&Bound<'py, PyAny>>,
        tz: u8,
        seqnum: u64,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let Some(body) = body_of(msg) else {
            let text = format!("LogMessage expected in the first parameter, not {}", type_name(msg));
            return Err(PyTypeError::new_err(text));
        };
        let given = options.map(options_of).transpose()?;
        let own = self.options.as_ref().map(|options| options.bind(py).clone());
        let Some(options) = given.or(own) else {
            let text = "format() needs LogTemplateOptions, here or in the constructor";
            return Err(PyRuntimeError::new_err(text));
        };
        let zone = if tz == 0 { ZoneUse::Local } else { ZoneUse::Send };
        let mut scope = RenderScope::new(&options.get().0, zone);
        scope.seqnum = seqnum;
        let mut text = Vec::new();
        body.with_message(|message| self.template.render(message, &mut scope, &mut text));
        Ok(PyBytes::new(py, &text))
    }

    fn __str__(&self) -> &str {
        self.template.as_str()
    }

    fn __repr__(&self) -> String {
        format!("LogTemplate({:?})", self.template.as_str())
    }
}

fn options_of<'py>(given: &Bound<'py, PyAny>) -> PyResult<Bound<'py, LogTemplateOptions>> {
    given
        .cast::<LogTemplateOptions>()
        .cloned()
        .map_err(|_| PyTypeError::new_err(format!("LogTemplateOptions expected, not {}", type_name(given))))
}
