//! Between frames, which are JSON, and plain Python values.

use pyo3::{
    exceptions::PyTypeError,
    prelude::*,
    types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString},
};
use serde_json::{Map, Number, Value};

use crate::raw::type_name;

/// Values nested deeper than this are not of the protocol.
const DEPTH_MAX: usize = 16;

pub(crate) fn to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(truth) => PyBool::new(py, *truth).to_owned().into_any(),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => number.into_pyobject(py)?.into_any(),
            (None, Some(number)) => number.into_pyobject(py)?.into_any(),
            (None, None) => PyFloat::new(py, number.as_f64().unwrap_or(f64::NAN)).into_any(),
        },
        Value::String(text) => PyString::new(py, text).into_any(),
        Value::Array(values) => {
            let list = PyList::empty(py);
            for value in values {
                list.append(to_python(py, value)?)?;
            }
            list.into_any()
        }
        Value::Object(pairs) => {
            let dict = PyDict::new(py);
            for (key, value) in pairs {
                dict.set_item(key, to_python(py, value)?)?;
            }
            dict.into_any()
        }
    })
}

pub(crate) fn from_python(value: &Bound<'_, PyAny>) -> PyResult<Value> {
    convert(value, 0)
}

fn convert(value: &Bound<'_, PyAny>, depth: usize) -> PyResult<Value> {
    if depth > DEPTH_MAX {
        return Err(PyTypeError::new_err("a frame is not nested that deep"));
    }
    if value.is_none() {
        Ok(Value::Null)
    } else if let Ok(truth) = value.cast::<PyBool>() {
        Ok(Value::Bool(truth.is_true()))
    } else if let Ok(text) = value.cast::<PyString>() {
        // A text of the user's may hold what no UTF-8 has, and is only shown.
        Ok(Value::String(text.to_string_lossy().into_owned()))
    } else if value.cast::<PyInt>().is_ok() {
        Ok(Value::Number(value.extract::<i64>()?.into()))
    } else if let Ok(number) = value.cast::<PyFloat>() {
        Ok(Number::from_f64(number.value()).map_or(Value::Null, Value::Number))
    } else if let Ok(list) = value.cast::<PyList>() {
        list.iter().map(|value| convert(&value, depth + 1)).collect()
    } else if let Ok(dict) = value.cast::<PyDict>() {
        let mut pairs = Map::new();
        for (key, value) in dict {
            pairs.insert(key.extract()?, convert(&value, depth + 1)?);
        }
        Ok(Value::Object(pairs))
    } else {
        Err(PyTypeError::new_err(format!("a frame cannot hold a {}", type_name(value))))
    }
}
