//! `LogTemplate` and `LogTemplateOptions`.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use channel::protocol::TemplateTerms;
use message::{Message, Record, RenderScope, Template, TemplateOptions, Zone, ZoneUse};
use parking_lot::Mutex;
use pyo3::{
    create_exception,
    exceptions::{PyException, PyRuntimeError, PyTypeError, PyValueError},
    prelude::*,
    types::PyBytes,
};

use crate::{call, log_message::body_of, raw::type_name, worker::from_python};

create_exception!(_syslogng, LogTemplateException, PyException, "A text is no template.");

/// The global template options of the configuration, once the daemon has told them.
static CONFIGURED: Mutex<Option<TemplateOptions>> = Mutex::new(None);
/// The `@version` is below 4.0.
static COMPAT: AtomicBool = AtomicBool::new(false);

/// Whether messages read as an `@version` below 4.0 has them.
pub(crate) fn is_compat() -> bool {
    COMPAT.load(Relaxed)
}

/// Takes over the template options of the configuration, for every `LogTemplateOptions` made from now on. `compat`:
/// messages of template functions read as an `@version` below 4.0 has them.
#[pyfunction]
pub(crate) fn configure(templates: &Bound<'_, PyAny>, compat: bool) -> PyResult<()> {
    let told: TemplateTerms = from_python(templates)?;
    let zone = |zone: Option<String>| {
        let read = zone.map(|name| Zone::parse(&name)).transpose();
        read.map_err(|error| PyValueError::new_err(error.to_string()))
    };
    let ts_format = told.ts_format.parse();
    *CONFIGURED.lock() = Some(TemplateOptions {
        ts_format: ts_format.map_err(|error| PyValueError::new_err(format!("{error}")))?,
        frac_digits: told.frac_digits.min(message::time::FRAC_DIGITS_MAX),
        send_zone: zone(told.send_time_zone)?,
        local_zone: zone(told.local_time_zone)?,
        escape: told.template_escape,
        own_host: told.own_host.into(),
        ..TemplateOptions::default()
    });
    COMPAT.store(compat, Relaxed);
    Ok(())
}

/// The template options of the configuration. Nothing can be read from it.
#[pyclass(name = "LogTemplateOptions", module = "_syslogng", frozen)]
pub(crate) struct LogTemplateOptions(TemplateOptions);

#[pymethods]
impl LogTemplateOptions {
    #[new]
    fn new() -> LogTemplateOptions {
        LogTemplateOptions(CONFIGURED.lock().clone().unwrap_or_default())
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
        let template = Template::parse(template, call::FUNCTIONS).map_err(|error| {
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
        if self.template.calls_functions() {
            // A function may be Python code, which may change the message meanwhile: the template shows a copy.
            let (record, origin) = body.with_message(|message| {
                let origin = message.origin().map(|origin| origin.as_bytes().to_vec());
                (message.record().as_bytes().to_vec(), origin)
            });
            let origin = origin.as_deref().map(Record::trusted);
            self.template.render(Message::new(Record::trusted(&record), origin), &mut scope, &mut text);
        } else {
            body.with_message(|message| self.template.render(message, &mut scope, &mut text));
        }
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
