//! What a worker inherits from the daemon, and everything the Python half of the worker asks of the native half.

use std::{os::unix::net::UnixStream, sync::Arc, thread, time::Duration};

use channel::{
    Producer,
    protocol::{self, PersistAnswer, PersistRequest, SuspendedPost, ToWorker},
};
use pyo3::{
    exceptions::{PyOSError, PyRuntimeError, PyValueError},
    prelude::*,
    types::{PyBytes, PyDict},
};
use rustix::process::Signal;
use serde::Deserialize;

use crate::{
    control::{Control, Received},
    fetch::{fetch_loop, keep_checkpoint},
    json,
    parse::DriverParseOptions,
    pending::Told,
    persist,
    post::Post,
    raw::{WithGil, claim},
    source::{native_of, posting::post_all},
    tracker::AckTracker,
};

/// How long a worker lives on whose daemon is gone, for `request_exit()` to be called.
const ORPHAN_TIME: Duration = Duration::from_secs(2);

/// The worker: one a process, made from the three descriptors it was started with.
#[pyclass(module = "_syslogng", frozen)]
pub(crate) struct Worker {
    control: Arc<Control>,
    post: WithGil<&'static Post>,
    /// The process is not the daemon's, and lives on when that is gone: a test's.
    played: bool,
}

#[pymethods]
impl Worker {
    /// Takes over the descriptors, and sees to it that this process does not outlive the daemon.
    #[new]
    fn new(control: i32, ring: i32, doorbell: i32) -> PyResult<Worker> {
        let failed =
            |what: &str, error: &dyn std::fmt::Display| PyOSError::new_err(format!("{what}: {error}"));
        let [control, ring, doorbell] = claim([control, ring, doorbell]).map_err(PyRuntimeError::new_err)?;
        rustix::io::fcntl_setfd(&control, rustix::io::FdFlags::CLOEXEC)
            .map_err(|error| failed("the control socket", &error))?;
        // A daemon that died before this is seen by the socket's end.
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
            .map_err(|error| failed("prctl", &error))?;
        let producer = Producer::attach(ring, doorbell).map_err(|error| failed("the ring", &error))?;
        Ok(Worker::made(control.into(), producer, false))
    }

    /// The next frame of the daemon, as a dict; None: it is gone. Then every wait ends now, and the process soon.
    ///
    /// `acked` has what there is to do: `calls`, each the argument of a call of the tracker's callback, and
    /// `receipts`, each with why its message was not delivered. One may come for a batch whose time is up.
    fn receive<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let post = self.post.get(py);
        let (flow, due, played) = (post.flow(), post.pending().due(), self.played);
        let received = py.detach(|| {
            let received = self.control.receive(due);
            if matches!(received, Ok(Received::Gone) | Err(_)) {
                flow.request_exit();
                if !played {
                    end_soon();
                }
            }
            received
        });
        match received.map_err(|error| PyRuntimeError::new_err(error.to_string()))? {
            Received::Frame(ToWorker::Acked { ranges }) => {
                told_to_python(py, post.pending().settle(py, ranges)?).map(Some)
            }
            Received::Frame(frame) => frame_to_python(py, &frame).map(Some),
            Received::Nothing => told_to_python(py, post.pending().collected(py)?).map(Some),
            Received::Gone => Ok(None),
        }
    }

    /// Gives the bookmarks of this driver's messages back through `tracker`; returns the callback.
    fn track(&self, py: Python<'_>, tracker: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let (policy, callback) = AckTracker::read(tracker)?;
        self.post.get(py).track(policy);
        Ok(callback)
    }

    /// Makes `post_message(receipt=True)` answer with what `receipt` returns.
    fn receipts_with(&self, py: Python<'_>, receipt: Py<PyAny>) {
        self.post.get(py).receipts_with(receipt);
    }

    /// Bookmarks and receipts whose messages are on their way.
    fn unsettled(&self, py: Python<'_>) -> usize {
        self.post.get(py).pending().len()
    }

    /// What there is to do, as in an `acked` frame, when no more of them are heard.
    fn last_acks<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        told_to_python(py, self.post.get(py).pending().end(py, "exiting")?)
    }

    /// Sends a frame, given as a dict.
    fn send(&self, py: Python<'_>, frame: &Bound<'_, PyAny>) -> PyResult<()> {
        let frame = from_python(frame)?;
        py.detach(|| self.control.send(frame)).map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// Makes a driver one that posts to this worker's ring, under this persist name.
    fn bind(
        &self,
        py: Python<'_>,
        driver: &Bound<'_, PyAny>,
        persist_name: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let native = native_of(driver)?;
        native.set_persist_name(persist_name);
        native.bind(self.post.get(py));
        Ok(())
    }

    /// Makes a post that exhausts the window call `suspend`, which must not raise; `rule`: `suspended-post()`.
    fn suspend_with(&self, py: Python<'_>, suspend: Py<PyAny>, rule: &Bound<'_, PyAny>) -> PyResult<()> {
        let rule: SuspendedPost = from_python(rule)?;
        self.post.get(py).suspend_with(suspend, rule);
        Ok(())
    }

    /// From now on messages may be posted.
    fn open(&self, py: Python<'_>) {
        self.post.get(py).open();
    }

    /// From now on none may.
    fn close(&self, py: Python<'_>) {
        self.post.get(py).close();
    }

    /// From now on user code may use the persist file.
    fn allow_persist(&self) {
        persist::allow(&self.control);
    }

    /// The checkpoint of the driver, from now on kept under this name; None: it has none of its own.
    fn restore<'py>(
        &self,
        py: Python<'py>,
        persist_name: Option<String>,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        match persist::ask(py, PersistRequest::Restore { persist_name })? {
            PersistAnswer::Value { value } => Ok(value.map(|value| PyBytes::new(py, &value.0))),
            _ => Err(PyOSError::new_err("the daemon answers what was not asked")),
        }
    }

    /// After a `fetch()` whose messages, if any, are posted by now: keeps the checkpoint it has made.
    fn keep_checkpoint(&self, py: Python<'_>, driver: &Bound<'_, PyAny>) -> PyResult<()> {
        keep_checkpoint(self.post.get(py), native_of(driver)?, py)
    }

    /// To be called in a forked child.
    fn forked(&self, py: Python<'_>) {
        persist::forbid();
        self.post.get(py).forked();
    }

    /// Ends every wait for room or credit.
    fn request_exit(&self, py: Python<'_>) {
        self.post.get(py).flow().request_exit();
    }

    /// The `wakeup` frame is here; False: it is void.
    fn wakeup_arrived(&self, py: Python<'_>) -> bool {
        self.post.get(py).flow().wakeup_arrived()
    }

    /// Waits until no `suspend()` runs any longer, so many seconds at most.
    fn wait_for_suspend(&self, py: Python<'_>, seconds: f64) {
        self.post.get(py).wait_for_suspend(py, Duration::from_secs_f64(seconds.clamp(0.0, 3600.0)));
    }

    /// Calls `fetch` and posts its messages; gives its first result that is no message in a 1-tuple, or None once the
    /// driver is asked to exit.
    fn fetch_loop<'py>(
        &self,
        py: Python<'py>,
        driver: &Bound<'py, PyAny>,
        fetch: &Bound<'py, PyAny>,
    ) -> PyResult<Option<(Bound<'py, PyAny>,)>> {
        let result = fetch_loop(self.post.get(py), native_of(driver)?, fetch)?;
        Ok(result.map(|result| (result,)))
    }

    /// Posts what an iterable brings, until the driver is asked to exit.
    fn post_all(
        &self,
        py: Python<'_>,
        driver: &Bound<'_, PyAny>,
        messages: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        post_all(native_of(driver)?, self.post.get(py), messages)
    }

    /// What `self.parse_options` is to be, from the daemon's words.
    #[staticmethod]
    fn parse_options(told: &Bound<'_, PyAny>, compat: bool) -> PyResult<DriverParseOptions> {
        let told: protocol::ParseOptions = from_python(told)?;
        DriverParseOptions::new(&told, compat)
    }
}

impl Worker {
    /// One whose daemon is in this process too.
    pub(crate) fn played(control: UnixStream, producer: Producer) -> Worker {
        Worker::made(control, producer, true)
    }

    fn made(control: UnixStream, producer: Producer, played: bool) -> Worker {
        // For as long as the process lives: drivers keep a reference that is not counted.
        let post = Box::leak(Box::new(Post::new(producer)));
        Worker { control: Arc::new(Control::new(control)), post: WithGil::new(post), played }
    }
}

pub(crate) fn from_python<T: for<'de> Deserialize<'de>>(value: &Bound<'_, PyAny>) -> PyResult<T> {
    serde_json::from_value(json::from_python(value)?)
        .map_err(|error| PyValueError::new_err(error.to_string()))
}

pub(crate) fn frame_to_python<'py>(py: Python<'py>, frame: &ToWorker) -> PyResult<Bound<'py, PyAny>> {
    let value = serde_json::to_value(frame).map_err(|error| PyValueError::new_err(error.to_string()))?;
    json::to_python(py, &value)
}

fn told_to_python(py: Python<'_>, told: Told) -> PyResult<Bound<'_, PyAny>> {
    let frame = PyDict::new(py);
    frame.set_item("t", "acked")?;
    frame.set_item("calls", told.calls)?;
    frame.set_item("receipts", told.receipts)?;
    Ok(frame.into_any())
}

/// Ends this process for sure: even if Python code holds the GIL for ever, or what stops it does not return.
pub(crate) fn end_soon() {
    let kill = || {
        thread::sleep(ORPHAN_TIME);
        let _ = rustix::process::kill_process(rustix::process::getpid(), Signal::KILL);
    };
    // Without a thread there is still the signal that the kernel sends.
    let _ = thread::Builder::new().name("orphan".to_owned()).spawn(kill);
}
