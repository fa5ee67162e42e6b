//! The native bases of `LogDestination` and `LogParser`.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use pyo3::{
    prelude::*,
    types::{PyDict, PyTuple},
};

/// The native base of `syslogng.LogDestination`.
#[pyclass(name = "LogDestination", module = "_syslogng", subclass, frozen)]
pub(crate) struct LogDestination {
    written_bytes: AtomicU64,
}

#[pymethods]
impl LogDestination {
    /// Takes any arguments: they are for the `__init__` of a derived class.
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> LogDestination {
        LogDestination { written_bytes: AtomicU64::new(0) }
    }

    /// Counts bytes written.
    fn stats_written_bytes_add(&self, count: u64) {
        self.written_bytes.fetch_add(count, Relaxed);
    }

    /// What was counted since the last call.
    fn _take_written_bytes(&self) -> u64 {
        self.written_bytes.swap(0, Relaxed)
    }
}

/// The native base of `syslogng.LogParser`.
#[pyclass(name = "LogParser", module = "_syslogng", subclass, frozen)]
pub(crate) struct LogParser;

#[pymethods]
impl LogParser {
    /// Takes any arguments: they are for the `__init__` of a derived class.
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> LogParser {
        LogParser
    }
}
