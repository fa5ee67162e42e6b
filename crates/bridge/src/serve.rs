//! A worker that the daemon asks: for parsers, destinations, template functions.
//!
//! The main thread takes requests, one at a time, and calls the user's code; the control thread reads frames. What is
//! done with each message is Python (`syslogng.serve`); here is what must be quick around it.

mod request;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use channel::{AREA_BYTES, ServerFds, request::RequestHead};
use parking_lot::Mutex;
use pyo3::{
    exceptions::{PyOSError, PyRuntimeError, PyValueError},
    prelude::*,
};
use rustix::process::Signal;

pub(crate) use request::Request;

use crate::{
    control::{Control, Received},
    persist,
    raw::claim,
    worker::{end_soon, frame_to_python, from_python},
};

/// The worker: one a process, made from the descriptors it was started with.
#[pyclass(module = "_syslogng", frozen)]
pub(crate) struct Server {
    control: Arc<Control>,
    exchange: Arc<Mutex<channel::Server>>,
    stopped: AtomicBool,
    bell: std::os::fd::OwnedFd,
}

#[pymethods]
impl Server {
    /// Takes over the descriptors, and sees to it that this process does not outlive the daemon.
    #[new]
    fn new(control: i32, memory: i32, answered: i32, asked: i32) -> PyResult<Server> {
        let failed =
            |what: &str, error: &dyn std::fmt::Display| PyOSError::new_err(format!("{what}: {error}"));
        let [control, memfd, answered, asked] =
            claim([control, memory, answered, asked]).map_err(PyRuntimeError::new_err)?;
        for inherited in [&control, &memfd, &answered, &asked] {
            rustix::io::fcntl_setfd(inherited, rustix::io::FdFlags::CLOEXEC)
                .map_err(|error| failed("an inherited descriptor", &error))?;
        }
        // A daemon that died before this is seen by the socket's end.
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
            .map_err(|error| failed("prctl", &error))?;
        let exchange = channel::Server::attach(ServerFds { memfd, asked, answered })
            .map_err(|error| failed("the exchange", &error))?;
        let bell = exchange.bell().map_err(|error| failed("the exchange", &error))?;
        Ok(Server {
            control: Arc::new(Control::new(control.into())),
            exchange: Arc::new(Mutex::new(exchange)),
            stopped: AtomicBool::new(false),
            bell,
        })
    }

    /// The next frame of the daemon, as a dict; None: it is gone, and the process will be soon.
    fn receive<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let received = py.detach(|| {
            let received = self.control.receive(None);
            if !matches!(received, Ok(Received::Frame(_))) {
                end_soon();
            }
            received
        });
        match received.map_err(|error| PyRuntimeError::new_err(error.to_string()))? {
            Received::Frame(frame) => frame_to_python(py, &frame).map(Some),
            Received::Nothing | Received::Gone => Ok(None),
        }
    }

    /// Sends a frame, given as a dict.
    fn send(&self, py: Python<'_>, frame: &Bound<'_, PyAny>) -> PyResult<()> {
        let frame = from_python(frame)?;
        py.detach(|| self.control.send(frame)).map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// From now on user code may use the persist file.
    fn allow_persist(&self) {
        persist::allow(&self.control);
    }

    /// To be called in a forked child: the daemon is not its own.
    #[staticmethod]
    fn forked() {
        persist::forbid();
    }

    /// Waits for the next request of the daemon; None once [`Server::stop`] was called.
    fn next(&self, py: Python<'_>) -> PyResult<Option<Request>> {
        loop {
            let mut bytes = Vec::new();
            let waited = py.detach(|| self.exchange.lock().wait(&mut bytes));
            py.check_signals()?;
            if self.stopped.load(Relaxed) {
                return Ok(None);
            }
            match waited {
                Ok(false) => {}
                Ok(true) => {
                    let head = RequestHead::decode(&bytes).ok_or_else(|| {
                        PyRuntimeError::new_err("the daemon sent a request that cannot be read")
                    })?;
                    return Ok(Some(Request::new(self.exchange.clone(), head, bytes)));
                }
                Err(error) => return Err(PyOSError::new_err(format!("the exchange: {error}"))),
            }
        }
    }

    /// From now on [`Server::next`] gives None, also where it waits already. May be called by any thread.
    fn stop(&self) {
        self.stopped.store(true, Relaxed);
        // The counter can only be full when nobody has looked for 2^64 rings.
        let _ = rustix::io::write(&self.bell, &1_u64.to_ne_bytes());
    }

    /// Bytes that an answer may have.
    #[classattr]
    const ANSWER_BYTES_MAX: usize = AREA_BYTES;
}
