//! `Persist`: names and values in the daemon's persist file, as Python sees them.

use std::sync::Arc;

use channel::protocol::{Bytes, PERSIST_VALUE_BYTES_MAX, PersistAnswer, PersistRequest};
use parking_lot::Mutex;
use pyo3::{
    exceptions::{PyKeyError, PyOSError, PyRuntimeError, PyTimeoutError, PyTypeError, PyValueError},
    prelude::*,
    types::{PyBool, PyBytes, PyDict, PyInt, PyIterator, PyList, PyString, PyTuple},
};

use crate::{
    control::{Control, NoAnswer},
    raw::type_name,
};

/// Bytes of a persist name and a key together, as the daemon has it.
const KEY_BYTES_MAX: usize = 1023;

/// The daemon, from the time on at which state may be read and changed.
static DAEMON: Mutex<Option<Arc<Control>>> = Mutex::new(None);

/// From now on this process may use the persist file.
pub(crate) fn allow(control: &Arc<Control>) {
    *DAEMON.lock() = Some(control.clone());
}

/// From now on it may not: it is a fork, and the daemon is not its own.
pub(crate) fn forbid() {
    *DAEMON.lock() = None;
}

/// Asks the daemon, without the GIL.
pub(crate) fn ask(py: Python<'_>, request: PersistRequest) -> PyResult<PersistAnswer> {
    let control = DAEMON.lock().clone();
    let Some(control) = control else {
        return Err(PyRuntimeError::new_err(
            "Persist is not there yet: use it in init() or later, not while the configuration is read",
        ));
    };
    match py.detach(|| control.ask(request)) {
        Ok(PersistAnswer::Failed { message }) => Err(PyOSError::new_err(message)),
        Ok(answer) => Ok(answer),
        Err(NoAnswer::Late) => {
            Err(PyTimeoutError::new_err("the daemon does not answer for the persist file"))
        }
        Err(NoAnswer::Gone) => Err(PyOSError::new_err("the daemon is gone, and the persist file with it")),
        Err(NoAnswer::Frame(error)) => Err(PyValueError::new_err(error.to_string())),
    }
}

fn unexpected() -> PyErr {
    PyOSError::new_err("the daemon answers what was not asked")
}

/// Persist(persist_name)
///
/// Names and values that outlive the daemon, kept under persist_name. Names are str or bytes; values str, bytes, int
/// or bool, and come back as what they were. A change is on the disk when the call returns.
#[pyclass(module = "_syslogng", subclass, frozen)]
pub(crate) struct Persist {
    /// Set by `__init__`, which a subclass need not call.
    space: std::sync::OnceLock<String>,
}

#[pymethods]
impl Persist {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Persist {
        Persist { space: std::sync::OnceLock::new() }
    }

    fn __init__(&self, py: Python<'_>, persist_name: &str) -> PyResult<()> {
        if persist_name.is_empty() || persist_name.contains("##") {
            let text = format!("a persist name is not empty and has no ##, unlike {persist_name:?}");
            return Err(PyValueError::new_err(text));
        }
        // So that one that is made too early says so at once.
        ask(py, PersistRequest::Get { space: persist_name.to_owned(), name: Bytes::default() })?;
        if self.space.get_or_init(|| persist_name.to_owned()) != persist_name {
            return Err(PyValueError::new_err("a Persist keeps the persist name it was made with"));
        }
        Ok(())
    }

    /// What it was made with.
    #[getter]
    fn persist_name(&self) -> PyResult<&str> {
        self.space.get().map(String::as_str).ok_or_else(|| {
            PyRuntimeError::new_err(
                "this Persist has no persist_name: its __init__() must call super().__init__(persist_name)",
            )
        })
    }

    fn __getitem__<'py>(&self, py: Python<'py>, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        match self.value(py, key)? {
            Some(value) => decode(py, &value),
            None => Err(PyKeyError::new_err(key.clone().unbind())),
        }
    }

    fn __setitem__(&self, py: Python<'_>, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.put(py, vec![(self.name(key)?, encode(value)?)])
    }

    fn __delitem__(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> PyResult<()> {
        if self.value(py, key)?.is_none() {
            return Err(PyKeyError::new_err(key.clone().unbind()));
        }
        let request =
            PersistRequest::Delete { space: self.persist_name()?.to_owned(), name: self.name(key)? };
        ask(py, request).map(drop)
    }

    fn __contains__(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> PyResult<bool> {
        Ok(self.value(py, key)?.is_some())
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(self.names(py)?.len())
    }

    /// The names there are now, as str.
    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        let names: Vec<Bound<'_, PyAny>> =
            self.names(py)?.iter().map(|name| text(py, &name.0)).collect::<PyResult<_>>()?;
        PyList::new(py, names)?.try_iter()
    }

    fn __repr__(&self) -> String {
        format!("Persist({:?})", self.space.get().map_or("", String::as_str))
    }

    /// Changes several values in one step: after a crash all are there, or none.
    #[pyo3(signature = (values=None, /, **more))]
    fn update(
        &self,
        py: Python<'_>,
        values: Option<&Bound<'_, PyAny>>,
        more: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let all = PyDict::new(py);
        if let Some(values) = values {
            all.call_method1("update", (values,))?;
        }
        if let Some(more) = more {
            all.update(more.as_mapping())?;
        }
        let mut entries = Vec::with_capacity(all.len());
        for (key, value) in &all {
            entries.push((self.name(&key)?, encode(&value)?));
        }
        self.put(py, entries)
    }
}

impl Persist {
    fn name(&self, key: &Bound<'_, PyAny>) -> PyResult<Bytes> {
        let name = if let Ok(key) = key.cast_exact::<PyString>() {
            utf8(key)?
        } else if let Ok(key) = key.cast_exact::<PyBytes>() {
            key.as_bytes().to_vec()
        } else {
            let text = format!("a key of a Persist is str or bytes, not {}", type_name(key));
            return Err(PyTypeError::new_err(text));
        };
        let bytes = name.len() + self.persist_name()?.len();
        if bytes > KEY_BYTES_MAX {
            let text = format!("persist name and key have {bytes} bytes together, above {KEY_BYTES_MAX}");
            return Err(PyValueError::new_err(text));
        }
        Ok(Bytes(name))
    }

    fn value(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> PyResult<Option<Vec<u8>>> {
        let request = PersistRequest::Get { space: self.persist_name()?.to_owned(), name: self.name(key)? };
        match ask(py, request)? {
            PersistAnswer::Value { value } => Ok(value.map(|value| value.0)),
            _ => Err(unexpected()),
        }
    }

    fn put(&self, py: Python<'_>, entries: Vec<(Bytes, Bytes)>) -> PyResult<()> {
        let space = self.persist_name()?.to_owned();
        if entries.is_empty() {
            return Ok(());
        }
        ask(py, PersistRequest::Put { space, entries }).map(drop)
    }

    fn names(&self, py: Python<'_>) -> PyResult<Vec<Bytes>> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let space = self.persist_name()?.to_owned();
            let PersistAnswer::Names { names, more } = ask(py, PersistRequest::Names { space, after })?
            else {
                return Err(unexpected());
            };
            all.extend(names);
            after = all.last().cloned();
            if !more {
                return Ok(all);
            }
        }
    }
}

/// A str may hold what UTF-8 has no bytes for: what came of bytes goes back to them.
fn utf8(text: &Bound<'_, PyString>) -> PyResult<Vec<u8>> {
    if let Ok(text) = text.to_str() {
        return Ok(text.as_bytes().to_vec());
    }
    text.call_method1("encode", ("utf-8", "surrogateescape"))?.extract()
}

fn text<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(PyString::new(py, text).into_any()),
        Err(_) => PyBytes::new(py, bytes).call_method1("decode", ("utf-8", "surrogateescape")),
    }
}

/// A value as it is kept: a letter for its type, and its bytes.
fn encode(value: &Bound<'_, PyAny>) -> PyResult<Bytes> {
    let (kind, bytes) = if let Ok(text) = value.cast::<PyString>() {
        (b's', utf8(text)?)
    } else if let Ok(bytes) = value.cast::<PyBytes>() {
        (b'b', bytes.as_bytes().to_vec())
    } else if let Ok(truth) = value.cast::<PyBool>() {
        (b't', vec![if truth.is_true() { b'1' } else { b'0' }])
    } else if value.cast::<PyInt>().is_ok() {
        match value.extract::<i64>() {
            Ok(number) => (b'i', number.to_string().into_bytes()),
            // Of any size: Python limits how long decimal digits may be, and hexadecimal ones not.
            Err(_) => (b'x', value.call_method1("__format__", ("x",))?.extract::<String>()?.into_bytes()),
        }
    } else {
        let text = format!(
            "a Persist keeps str, bytes, int and bool, not {}: make it one of them, with json.dumps() for instance",
            type_name(value)
        );
        return Err(PyTypeError::new_err(text));
    };
    if bytes.len() >= PERSIST_VALUE_BYTES_MAX {
        let max = PERSIST_VALUE_BYTES_MAX - 1;
        let text = format!("a value of {} bytes is above the limit of {max}", bytes.len());
        return Err(PyValueError::new_err(text));
    }
    Ok(Bytes([&[kind], &*bytes].concat()))
}

fn decode<'py>(py: Python<'py>, value: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let wrong = || PyRuntimeError::new_err("the value was not kept by a Persist of this version");
    let (kind, bytes) = value.split_first().ok_or_else(wrong)?;
    match kind {
        b's' => text(py, bytes),
        b'b' => Ok(PyBytes::new(py, bytes).into_any()),
        b't' => Ok(PyBool::new(py, bytes == b"1").to_owned().into_any()),
        b'i' | b'x' => {
            let base = if *kind == b'i' { 10 } else { 16 };
            py.get_type::<PyInt>().call1((PyBytes::new(py, bytes), base))
        }
        _ => Err(wrong()),
    }
}
