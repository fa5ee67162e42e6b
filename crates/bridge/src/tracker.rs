//! The ack trackers: what a driver sets `self.ack_tracker` to, to get its bookmarks back.
//!
//! A tracker is the user's choice and a callback; what is on its way is kept in [`crate::pending`].

use pyo3::{
    PyTraverseError, PyVisit,
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
    types::{PyDict, PyTuple},
};

use crate::raw::type_name;

/// Which acks are told, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Each, as it comes.
    Instant,
    /// The last one of each run without a gap.
    Consecutive,
    /// So many together, or what came in so many milliseconds (0: no matter how long that takes).
    Batched { timeout_ms: u32, batch_size: u32 },
}

/// What all trackers are. Made empty, since a subclass need not call our `__init__()`; a driver refuses one that is.
#[pyclass(name = "AckTracker", module = "_syslogng", subclass)]
pub(crate) struct AckTracker {
    told: Option<(Policy, Py<PyAny>)>,
}

impl AckTracker {
    fn empty() -> PyClassInitializer<AckTracker> {
        PyClassInitializer::from(AckTracker { told: None })
    }

    fn set(&mut self, policy: Policy, name: &str, callback: &Bound<'_, PyAny>) -> PyResult<()> {
        if !callback.is_callable() {
            let text = format!("{name} must be callable, not {}", type_name(callback));
            return Err(PyTypeError::new_err(text));
        }
        self.told = Some((policy, callback.clone().unbind()));
        Ok(())
    }

    /// The choice and the callback of what a driver has set as its `ack_tracker`.
    pub(crate) fn read(tracker: &Bound<'_, PyAny>) -> PyResult<(Policy, Py<PyAny>)> {
        let kind = type_name(tracker);
        let Ok(tracker) = tracker.cast::<AckTracker>() else {
            return Err(PyTypeError::new_err(format!(
                "ack_tracker is a {kind}: set it to an InstantAckTracker, ConsecutiveAckTracker or BatchedAckTracker"
            )));
        };
        match &tracker.borrow().told {
            Some((policy, callback)) => Ok((*policy, callback.clone_ref(tracker.py()))),
            None => Err(PyTypeError::new_err(format!(
                "ack_tracker has no callback: {kind}.__init__() must call super().__init__()"
            ))),
        }
    }
}

#[pymethods]
impl AckTracker {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.told.as_ref().map_or(Ok(()), |(_, callback)| visit.call(callback))
    }

    fn __clear__(&mut self) {
        self.told = None;
    }
}

/// InstantAckTracker(ack_callback)
///
/// Calls ack_callback(bookmark) for each bookmark as its message is done with, in whatever order that happens.
#[pyclass(module = "_syslogng", extends = AckTracker, subclass)]
pub(crate) struct InstantAckTracker;

#[pymethods]
impl InstantAckTracker {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> PyClassInitializer<Self> {
        AckTracker::empty().add_subclass(InstantAckTracker)
    }

    fn __init__(mut me: PyRefMut<'_, Self>, ack_callback: &Bound<'_, PyAny>) -> PyResult<()> {
        me.as_super().set(Policy::Instant, "ack_callback", ack_callback)
    }
}

/// ConsecutiveAckTracker(ack_callback)
///
/// Calls ack_callback(bookmark) with the last bookmark of each run of messages that are done with, never past one that
/// is not: whatever lies before that bookmark is done with too.
#[pyclass(module = "_syslogng", extends = AckTracker, subclass)]
pub(crate) struct ConsecutiveAckTracker;

#[pymethods]
impl ConsecutiveAckTracker {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> PyClassInitializer<Self> {
        AckTracker::empty().add_subclass(ConsecutiveAckTracker)
    }

    fn __init__(mut me: PyRefMut<'_, Self>, ack_callback: &Bound<'_, PyAny>) -> PyResult<()> {
        me.as_super().set(Policy::Consecutive, "ack_callback", ack_callback)
    }
}

/// BatchedAckTracker(timeout, batch_size, batched_ack_callback)
///
/// Calls batched_ack_callback(bookmarks) with a list, oldest ack first: when batch_size messages are done with, timeout
/// milliseconds after the first of them (0: never), and with what is left before deinit().
#[pyclass(module = "_syslogng", extends = AckTracker, subclass)]
pub(crate) struct BatchedAckTracker;

#[pymethods]
impl BatchedAckTracker {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> PyClassInitializer<Self> {
        AckTracker::empty().add_subclass(BatchedAckTracker)
    }

    fn __init__(
        mut me: PyRefMut<'_, Self>,
        timeout: i64,
        batch_size: i64,
        batched_ack_callback: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let timeout_ms = u32::try_from(timeout).map_err(|_| {
            PyValueError::new_err(format!("timeout must be 0 to {} milliseconds, not {timeout}", u32::MAX))
        })?;
        let Some(batch_size) = u32::try_from(batch_size).ok().filter(|size| *size > 0) else {
            let text = format!("batch_size must be 1 to {}, not {batch_size}", u32::MAX);
            return Err(PyValueError::new_err(text));
        };
        let policy = Policy::Batched { timeout_ms, batch_size };
        me.as_super().set(policy, "batched_ack_callback", batched_ack_callback)
    }
}
