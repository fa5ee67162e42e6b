//! Values between Python and the record: the type of a value is kept, its text is what is stored.

use std::borrow::Cow;

use message::{Stamp, ValueType, Zone, list};
use pyo3::{
    exceptions::PyValueError,
    prelude::*,
    types::{PyBool, PyBytes, PyDateTime, PyFloat, PyInt, PyList, PyString},
};

use super::stamp;
use crate::raw::type_name;

/// A stored value as Python reads it. A text that is not of its type is given as `bytes`.
pub(crate) fn to_python<'py>(py: Python<'py>, value: &[u8], kind: ValueType) -> PyResult<Bound<'py, PyAny>> {
    let text = std::str::from_utf8(value).unwrap_or_default();
    match kind {
        ValueType::Integer => {
            if let Ok(number) = text.parse::<i64>() {
                return Ok(number.into_pyobject(py)?.into_any());
            }
        }
        ValueType::Double => {
            if let Ok(number) = text.trim_start().parse::<f64>() {
                return Ok(PyFloat::new(py, number).into_any());
            }
        }
        ValueType::Boolean => match value.first() {
            Some(b'T' | b't' | b'1') => return Ok(PyBool::new(py, true).to_owned().into_any()),
            Some(b'F' | b'f' | b'0') => return Ok(PyBool::new(py, false).to_owned().into_any()),
            _ => {}
        },
        ValueType::Null => return Ok(py.None().into_bound(py)),
        ValueType::List => {
            let elements = list::elements(value).map(|element| PyBytes::new(py, &element));
            return Ok(PyList::new(py, elements.collect::<Vec<_>>())?.into_any());
        }
        ValueType::Datetime => {
            if let Some(found) = stamp::from_text(text) {
                // Naive, in the local zone, whatever zone the text names.
                let zone = Zone::system().offset_at(found.seconds());
                return stamp::to_python(py, Stamp { zone, ..found });
            }
        }
        ValueType::String | ValueType::Json | ValueType::Bytes | ValueType::Protobuf => {}
    }
    Ok(PyBytes::new(py, value).into_any())
}

/// What is stored for a Python value: exactly of one of the types that have a text, classes derived from them not.
pub(crate) fn from_python<'a>(
    value: &'a Bound<'_, PyAny>,
    name: &[u8],
    compat: bool,
) -> PyResult<(Cow<'a, [u8]>, ValueType)> {
    if let Ok(text) = value.cast_exact::<PyString>() {
        return Ok((Cow::Borrowed(text.to_str()?.as_bytes()), ValueType::String));
    }
    if let Ok(bytes) = value.cast_exact::<PyBytes>() {
        return Ok((Cow::Borrowed(bytes.as_bytes()), ValueType::String));
    }
    if compat {
        return Err(unsupported(value, name, "str and bytes, with an @version below 4.0"));
    }
    let text = |text: String| Cow::Owned(text.into_bytes());
    if value.is_none() {
        Ok((Cow::Borrowed(b""), ValueType::Null))
    } else if let Ok(value) = value.cast_exact::<PyBool>() {
        Ok((text(value.is_true().to_string()), ValueType::Boolean))
    } else if value.cast_exact::<PyInt>().is_ok() {
        Ok((text(value.extract::<i64>()?.to_string()), ValueType::Integer))
    } else if let Ok(value) = value.cast_exact::<PyFloat>() {
        Ok((text(float_text(value.value())), ValueType::Double))
    } else if let Ok(elements) = value.cast_exact::<PyList>() {
        Ok((Cow::Owned(list_text(elements, name)?), ValueType::List))
    } else if value.cast_exact::<PyDateTime>().is_ok()
        && let Some(found) = stamp::from_python(value)?
    {
        Ok((text(stamp::to_text(found)), ValueType::Datetime))
    } else {
        Err(unsupported(
            value,
            name,
            "str, bytes, int, float, bool, None, datetime, and lists of str and bytes",
        ))
    }
}

fn unsupported(value: &Bound<'_, PyAny>, name: &[u8], known: &str) -> PyErr {
    let (name, found) = (String::from_utf8_lossy(name), type_name(value));
    PyValueError::new_err(format!(
        "log message values are {known}, got type {found} (key {name}); str() makes a text of it"
    ))
}

/// The shortest text that reads back as the same number, with six decimals at least, never with an exponent.
fn float_text(number: f64) -> String {
    const DECIMALS_MIN: usize = 6;
    if !number.is_finite() {
        return number.to_string().to_lowercase();
    }
    let mut text = number.to_string();
    let decimals = match text.find('.') {
        Some(point) => text.len() - point - 1,
        None => {
            text.push('.');
            0
        }
    };
    text.extend(std::iter::repeat_n('0', DECIMALS_MIN.saturating_sub(decimals)));
    text
}

fn list_text(elements: &Bound<'_, PyList>, name: &[u8]) -> PyResult<Vec<u8>> {
    let mut text = Vec::new();
    for (i, element) in elements.iter().enumerate() {
        if i > 0 {
            text.push(b',');
        }
        if let Ok(element) = element.cast_exact::<PyString>() {
            list::append(&mut text, element.to_str()?.as_bytes());
        } else if let Ok(element) = element.cast_exact::<PyBytes>() {
            list::append(&mut text, element.as_bytes());
        } else {
            return Err(unsupported(&element, name, "lists of str and bytes only"));
        }
    }
    Ok(text)
}
