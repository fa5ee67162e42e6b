//! The daemon's end of a worker's ring, as a Python module: for the tests in `python/tests`, which play the daemon.

use pyo3::prelude::*;

#[pymodule]
mod daemon_end {
    use std::{
        num::NonZeroU32,
        os::fd::{AsRawFd, IntoRawFd},
        time::Duration,
    };

    use channel::{UplinkOptions, Window};
    use message::Record;
    use pyo3::{
        exceptions::{PyOSError, PyValueError},
        prelude::*,
        types::{PyBytes, PyDict},
    };

    /// Takes at most so many bytes out of the ring at once.
    const TAKE_BYTES: usize = 1 << 20;

    /// A ring, and the leave to post into it. The descriptors for the worker are the caller's to close.
    #[pyclass]
    struct Uplink {
        uplink: channel::Uplink,
        /// Position, whether it covers the next record, and state of each note taken.
        #[pyo3(get)]
        notes: Vec<(u64, bool, Vec<u8>)>,
        #[pyo3(get)]
        memfd: i32,
        #[pyo3(get)]
        doorbell: i32,
    }

    #[pymethods]
    impl Uplink {
        #[new]
        #[pyo3(signature = (ring_bytes=1 << 20, window=0))]
        fn new(ring_bytes: usize, window: u32) -> PyResult<Uplink> {
            let window = NonZeroU32::new(window).map_or(Window::Unlimited, Window::Limited);
            let (uplink, fds) = channel::Uplink::create(&UplinkOptions { ring_bytes, window })
                .map_err(|error| PyOSError::new_err(error.to_string()))?;
            Ok(Uplink {
                uplink,
                notes: Vec::new(),
                memfd: fds.memfd.into_raw_fd(),
                doorbell: fds.doorbell.into_raw_fd(),
            })
        }

        /// The records in the ring now, each as (head, pairs): dicts of what it says, values as (bytes, type).
        fn take<'py>(&mut self, py: Python<'py>) -> PyResult<Vec<(Bound<'py, PyDict>, Bound<'py, PyDict>)>> {
            let mut out = Vec::new();
            let before = self.uplink.records_taken();
            self.uplink
                .take(&mut out, TAKE_BYTES)
                .map_err(|error| PyValueError::new_err(error.to_string()))?;
            let notes =
                channel::split_notes(&mut out).map_err(|error| PyValueError::new_err(error.to_string()))?;
            self.notes.extend(
                notes.into_iter().map(|note| (before + u64::from(note.after), note.covers_next, note.state)),
            );
            let mut records = Vec::new();
            let mut at = 0;
            while let Some(size) = out[at..].first_chunk::<4>() {
                let end = at + u32::from_le_bytes(*size) as usize;
                let record =
                    Record::check(&out[at..end]).map_err(|error| PyValueError::new_err(error.to_string()))?;
                records.push(describe(py, record)?);
                at = end;
            }
            Ok(records)
        }

        /// Takes and forgets what is in the ring; how many records it was.
        fn drain(&mut self) -> PyResult<u32> {
            let mut out = Vec::new();
            let taken = self.uplink.take(&mut out, TAKE_BYTES);
            taken.map(|taken| taken.records).map_err(|error| PyValueError::new_err(error.to_string()))
        }

        /// Drains until `records` have come, granting each back, as a daemon with no queue would. For benchmarks.
        fn drain_until(&mut self, py: Python<'_>, records: u64) -> PyResult<()> {
            let mut left = records;
            let mut out = Vec::new();
            while left > 0 {
                out.clear();
                let taken = self
                    .uplink
                    .take(&mut out, TAKE_BYTES)
                    .map_err(|error| PyValueError::new_err(error.to_string()))?;
                self.uplink.credits().grant(taken.records);
                left = left.saturating_sub(u64::from(taken.records));
                if taken.records == 0 {
                    py.detach(|| std::thread::sleep(Duration::from_micros(100)));
                    py.check_signals()?;
                }
            }
            Ok(())
        }

        fn grant(&self, records: u32) {
            self.uplink.credits().grant(records);
        }

        fn request_exit(&self) {
            self.uplink.credits().request_exit();
        }

        fn take_wakeup(&self) -> bool {
            self.uplink.credits().take_wakeup()
        }

        fn dropped_suspended(&self) -> u64 {
            self.uplink.credits().dropped_suspended()
        }

        /// The descriptor that is readable when the worker wants this side.
        fn doorbell_fd(&self) -> i32 {
            self.uplink.doorbell().as_raw_fd()
        }
    }

    fn describe<'py>(
        py: Python<'py>,
        record: Record<'_>,
    ) -> PyResult<(Bound<'py, PyDict>, Bound<'py, PyDict>)> {
        let head = PyDict::new(py);
        head.set_item("pri", record.pri())?;
        head.set_item("stamp", (record.stamp().micros, record.stamp().zone))?;
        head.set_item("received", (record.received().micros, record.received().zone))?;
        head.set_item("flags", record.flags().0)?;
        let pairs = PyDict::new(py);
        for entry in record.pairs() {
            let name = String::from_utf8_lossy(entry.name.as_bytes()).into_owned();
            pairs.set_item(name, (PyBytes::new(py, entry.value), format!("{:?}", entry.kind)))?;
        }
        Ok((head, pairs))
    }
}
