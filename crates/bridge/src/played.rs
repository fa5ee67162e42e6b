//! The daemon's end of a worker in the same process: for tests of drivers without a daemon.
//!
//! The worker is the real one, ring, window and acks included; only what it does to the process for the daemon's sake
//! is left out. Each keeps its ring for as long as the process lives, as a worker does.

use std::{num::NonZeroU32, os::fd::IntoRawFd, os::unix::net::UnixStream, sync::Arc};

use channel::{Producer, UplinkOptions, Window};
use message::Record;
use pyo3::{
    exceptions::{PyOSError, PyValueError},
    prelude::*,
    types::PyBytes,
};

use crate::{
    batch::{Batch, Shared},
    log_message,
    worker::Worker,
};

/// Bytes of the ring: drivers under test post little, and no ring is given back.
const RING_BYTES: usize = 256 * 1024;
/// Bytes taken out of the ring at once.
const TAKE_BYTES: usize = RING_BYTES;

/// What a checkpoint says: how many messages came before it, whether it is the next one's, and the state.
type Note<'py> = (u64, bool, Bound<'py, PyBytes>);

/// The daemon's end of a ring.
#[pyclass(module = "_syslogng")]
pub(crate) struct PlayedDaemon {
    uplink: channel::Uplink,
}

/// A worker and the daemon's end of it. The last is the descriptor of the control socket, the caller's to close.
/// With a window of 0 there is always credit.
#[pyfunction]
pub(crate) fn play(window: u32) -> PyResult<(Worker, PlayedDaemon, i32)> {
    let failed = |error: &dyn std::fmt::Display| PyOSError::new_err(error.to_string());
    let window = NonZeroU32::new(window).map_or(Window::Unlimited, Window::Limited);
    let (uplink, fds) = channel::Uplink::create(&UplinkOptions { ring_bytes: RING_BYTES, window })
        .map_err(|error| failed(&error))?;
    let producer = Producer::attach(fds.memfd, fds.doorbell).map_err(|error| failed(&error))?;
    let (ours, theirs) = UnixStream::pair().map_err(|error| failed(&error))?;
    Ok((Worker::played(theirs, producer), PlayedDaemon { uplink }, ours.into_raw_fd()))
}

#[pymethods]
impl PlayedDaemon {
    /// The messages in the ring now, and the checkpoints between them. They take credit until `grant()`.
    fn take<'py>(
        &mut self,
        py: Python<'py>,
        compat: bool,
    ) -> PyResult<(Vec<Bound<'py, PyAny>>, Vec<Note<'py>>)> {
        let failed = |error: &dyn std::fmt::Display| PyValueError::new_err(error.to_string());
        let mut bytes = Vec::new();
        let before = self.uplink.records_taken();
        self.uplink.take(&mut bytes, TAKE_BYTES).map_err(|error| failed(&error))?;
        let notes = channel::split_notes(&mut bytes).map_err(|error| failed(&error))?;
        let notes = notes
            .iter()
            .map(|note| (before + u64::from(note.after), note.covers_next, PyBytes::new(py, &note.state)))
            .collect();
        let mut offsets = Vec::new();
        let mut at = 0;
        while let Some(size) = bytes[at..].first_chunk::<4>() {
            let end = at + u32::from_le_bytes(*size) as usize;
            Record::check(&bytes[at..end]).map_err(|error| failed(&error))?;
            offsets.push(u32::try_from(at).expect("less than the ring holds"));
            at = end;
        }
        let end = bytes.len();
        let batch = Arc::new(Batch::new(bytes, end..end));
        let messages = offsets
            .into_iter()
            .map(|offset| log_message::received(py, Shared::new(batch.clone(), offset), compat, true))
            .collect::<PyResult<_>>()?;
        Ok((messages, notes))
    }

    /// Gives so many credits back.
    fn grant(&self, messages: u32) {
        self.uplink.credits().grant(messages);
    }

    fn request_exit(&self) {
        self.uplink.credits().request_exit();
    }

    /// Whether a suspended source is to be woken; once.
    fn take_wakeup(&self) -> bool {
        self.uplink.credits().take_wakeup()
    }

    /// Messages that were posted while the source was suspended, and dropped.
    fn dropped_suspended(&self) -> u64 {
        self.uplink.credits().dropped_suspended()
    }
}
