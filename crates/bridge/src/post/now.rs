//! Posting without waiting, for event loops: the wait is another call, made on another thread.

use super::{NO_TRACKER, Post, SIGNALS_EVERY};

use channel::Refused;
use pyo3::{exceptions::PyRuntimeError, prelude::*};

use crate::log_message::Body;

impl Post {
    /// Sends a copy of the message on its way, if that is possible at once. `None`: it is not, and nothing was done;
    /// [`Post::wait_to_post`], then try again. False: it was dropped, and counted, since the driver was asked to exit.
    ///
    /// Does not call `suspend()`: who posts like this waits by itself.
    pub(crate) fn post_now(
        &self,
        py: Python<'_>,
        message: &Body,
        transport: Option<&[u8]>,
    ) -> PyResult<Option<bool>> {
        self.check_open("post")?;
        if message.has_bookmark() && !self.pending.tracks() {
            return Err(PyRuntimeError::new_err(NO_TRACKER));
        }
        if self.is_cut_off() {
            return self.drop_one().map(Some);
        }
        match self.write(message, transport) {
            Ok(position) => {
                if let Some(bookmark) = message.bookmark(py) {
                    self.pending.add(position, Some(bookmark), None);
                }
                message.set_posted();
                Ok(Some(true))
            }
            Err((Refused::NoCredit, _)) if self.flow.exit_requested() => self.drop_one().map(Some),
            Err((Refused::NoCredit, _)) => {
                self.refused.set(None);
                Ok(None)
            }
            Err((Refused::Full, length)) => {
                self.refused.set(Some(length));
                Ok(None)
            }
            Err((refused, length)) => self.wait_for_place(py, refused, length).map(Some),
        }
    }

    /// Waits, without the GIL, until what the last [`Post::post_now`] lacked may be there: some time at most.
    pub(crate) fn wait_to_post(&self, py: Python<'_>) {
        let (flow, refused) = (&self.flow, self.refused.get());
        py.detach(|| match refused {
            None => flow.wait_credit(Some(SIGNALS_EVERY)),
            Some(length) => flow.wait_room(length, Some(SIGNALS_EVERY)),
        });
    }
}
