//! `LogMessage.parse` and the driver's parse options.

use std::sync::Arc;

use channel::protocol;
use message::{Builtin, Name, ParseFlags, ParseOptions, Parsed, Record, Stamp, ValueType, Zone, parse_into};
use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
    types::{PyBytes, PyString},
};

use crate::{
    log_message::{body_of, new_message},
    raw::type_name,
};

/// How a driver's messages are parsed: what `self.parse_options` is. Nothing can be read from it.
#[pyclass(name = "ParseOptions", module = "_syslogng", frozen)]
pub(crate) struct DriverParseOptions {
    options: ParseOptions,
    /// Values of the parsed messages are read as an `@version` below 4.0 reads them.
    compat: bool,
}

impl DriverParseOptions {
    /// From what the daemon says of the driver.
    pub(crate) fn new(told: &protocol::ParseOptions, compat: bool) -> PyResult<DriverParseOptions> {
        if !matches!(told.format.as_str(), "" | "syslog") {
            let text = format!("format({}) is unknown: a Python driver parses format(syslog)", told.format);
            return Err(PyValueError::new_err(text));
        }
        let bad = |error: &dyn std::error::Error| PyValueError::new_err(error.to_string());
        let mut flags = ParseFlags::PYTHON;
        for word in &told.flags {
            flags.apply(word).map_err(|error| bad(&error))?;
        }
        let zone = told.time_zone.as_deref().map(Zone::parse).transpose().map_err(|error| bad(&error))?;
        let options = ParseOptions {
            // The caller gave a message, and gets one.
            flags: flags.with(ParseFlags::EMPTY_LINES),
            default_pri: told.default_pri,
            zone,
            sdata_prefix: told.sdata_prefix.as_deref().map(Arc::from),
            store_raw_size: false,
            ..ParseOptions::default()
        };
        Ok(DriverParseOptions { options, compat })
    }
}

/// Makes a message of `raw`, whatever is in it: what cannot be understood is the text of the message.
pub(crate) fn parse<'py>(
    raw: &Bound<'py, PyAny>,
    options: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = raw.py();
    let Ok(options) = options.cast_exact::<DriverParseOptions>() else {
        let text = format!(
            "parse() needs the driver's self.parse_options, which are there once init() has returned, not {}",
            type_name(options)
        );
        return Err(PyTypeError::new_err(text));
    };
    let options = options.get();
    let made = new_message(py)?;
    let Some(body) = body_of(&made) else { return Ok(made) };
    let received = body.received.get();
    let mut arena = Vec::new();
    match raw.cast::<PyString>() {
        Ok(text) => parse_line(text.to_str()?.as_bytes(), received, &options.options, &mut arena),
        Err(_) => parse_line(bytes_of(raw)?.as_bytes(), received, &options.options, &mut arena),
    }
    let record = Record::trusted(&arena);
    for entry in record.pairs() {
        let message = entry.name == Name::Builtin(Builtin::Message) && entry.kind == ValueType::String;
        if message {
            body.set_text_bytes(&PyBytes::new(py, entry.value));
        } else {
            let too_many = |_| PyValueError::new_err("the message has too many name-value pairs");
            body.set_pair(entry.name, entry.value, entry.kind).map_err(too_many)?;
        }
    }
    body.set_flags(record.flags());
    body.stamp.set(record.stamp());
    body.pri.set(record.pri());
    body.compat.set(options.compat);
    Ok(made)
}

fn parse_line(line: &[u8], received: Stamp, options: &ParseOptions, arena: &mut Vec<u8>) {
    let parsed = parse_into(line, received, options, arena);
    debug_assert!(parsed == Parsed::Record, "empty lines are wanted");
}

/// The bytes of a bytes-like object.
fn bytes_of<'py>(raw: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    if let Ok(bytes) = raw.cast::<PyBytes>() {
        return Ok(bytes.clone());
    }
    let view = raw.py().get_type::<pyo3::types::PyMemoryView>().call1((raw,)).map_err(|_| {
        PyTypeError::new_err(format!("parse() needs a str or a bytes-like object, not {}", type_name(raw)))
    })?;
    Ok(view.call_method0("tobytes")?.cast_into::<PyBytes>()?)
}
