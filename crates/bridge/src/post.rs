//! From a message to the ring, with everything that can stand in between.
//!
//! The producer is touched with the GIL only, and never over a call that may give it up, so any thread of the worker
//! may post. Waits are without the GIL; who has waited tries again, since another thread may have been quicker.

mod now;

use std::{
    cell::{Cell, RefCell},
    thread,
    time::{Duration, Instant},
};

use channel::{Flow, Producer, Refused, Wait, protocol::SuspendedPost};
use message::{Builtin, Entry, Head, Name, ValueType, record};
use pyo3::{
    create_exception,
    exceptions::{PyRuntimeError, PyValueError},
    prelude::*,
};

use crate::{log_message::Body, pending::Pending, tracker::Policy};

create_exception!(
    _syslogng,
    SuspendedError,
    PyRuntimeError,
    "A message was posted while the source was suspended, and suspended-post(raise) is set."
);
create_exception!(_syslogng, MessageTooLarge, PyValueError, "A message is larger than the ring takes.");

/// How often who waits runs Python's signal handlers, which another thread may have been told of.
const SIGNALS_EVERY: Duration = Duration::from_millis(500);
/// A wait that nothing ends by itself looks again after this time: for a `suspend()` that is still running, or for room
/// in the ring once the driver was asked to exit.
const POLL: Duration = Duration::from_millis(1);

/// What a bookmark needs.
pub(crate) const NO_TRACKER: &str =
    "the message has a bookmark, but the driver has no ack_tracker to give it back to";

/// When messages may be posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Up to the call of `run()`.
    Before,
    Open,
    /// A message was dropped since the driver was asked to exit: no checkpoint may pass it.
    Cut,
    /// From the end of `deinit()` on.
    After,
    /// In a process that was forked from the worker.
    Forked,
}

/// The way into the ring, of the one driver of this worker.
pub(crate) struct Post {
    producer: RefCell<Producer>,
    flow: Flow,
    phase: Cell<Phase>,
    /// The bound `suspend` method of a class that has it, and `wakeup`.
    suspend: RefCell<Option<Py<PyAny>>>,
    suspended_post: Cell<SuspendedPost>,
    /// Calls of `suspend()` that have not returned.
    suspending: Cell<u32>,
    /// The driver keeps checkpoints.
    checkpoints: Cell<bool>,
    /// What waits for acks.
    pending: Pending,
    /// Bytes for which the ring had no room when last nobody waited; `None`: there was no credit.
    refused: Cell<Option<usize>>,
    /// Makes a receipt.
    receipt: RefCell<Option<Py<PyAny>>>,
}

impl Post {
    pub(crate) fn new(producer: Producer) -> Post {
        Post {
            flow: producer.flow(),
            producer: RefCell::new(producer),
            phase: Cell::new(Phase::Before),
            suspend: RefCell::new(None),
            suspended_post: Cell::new(SuspendedPost::Drop),
            suspending: Cell::new(0),
            checkpoints: Cell::new(false),
            pending: Pending::default(),
            refused: Cell::new(None),
            receipt: RefCell::new(None),
        }
    }

    pub(crate) fn flow(&self) -> &Flow {
        &self.flow
    }

    /// Makes a post that exhausts the window call `suspend` instead of waiting.
    pub(crate) fn suspend_with(&self, suspend: Py<PyAny>, suspended_post: SuspendedPost) {
        self.suspend.replace(Some(suspend));
        self.suspended_post.set(suspended_post);
    }

    /// Gives bookmarks back as the tracker's policy says.
    pub(crate) fn track(&self, policy: Policy) {
        self.pending.track(policy);
        self.flow.want_acks();
    }

    /// What makes a receipt.
    pub(crate) fn receipts_with(&self, receipt: Py<PyAny>) {
        self.receipt.replace(Some(receipt));
    }

    pub(crate) fn pending(&self) -> &Pending {
        &self.pending
    }

    pub(crate) fn open(&self) {
        self.phase.set(Phase::Open);
    }

    pub(crate) fn close(&self) {
        self.phase.set(Phase::After);
    }

    /// In a forked child: the ring is the parent's.
    pub(crate) fn forked(&self) {
        self.phase.set(Phase::Forked);
    }

    /// Raises where messages cannot be posted now; `what` is the caller.
    pub(crate) fn check_open(&self, what: &str) -> PyResult<()> {
        let when = match self.phase.get() {
            Phase::Open | Phase::Cut => return Ok(()),
            Phase::Before => "is too early: it may be called from run() on, not in __init__() or init()",
            Phase::After => "is too late: deinit() has returned",
            Phase::Forked => "cannot be called in a forked process: post from the one that runs run()",
        };
        Err(PyRuntimeError::new_err(format!("{what}() {when}")))
    }

    /// Sends a copy of the message on its way. True: it is in the ring. False: it was dropped, and counted, since
    /// the source is suspended or was asked to exit.
    ///
    /// Blocks as flow control asks, without the GIL; a signal handler that raises ends the wait.
    #[inline]
    pub(crate) fn post(&self, py: Python<'_>, message: &Body, transport: Option<&[u8]>) -> PyResult<bool> {
        self.post_and(py, message, transport, |_| {})
    }

    /// As [`Post::post`], for a message with a bookmark.
    #[cold]
    pub(crate) fn post_bookmarked(
        &self,
        py: Python<'_>,
        message: &Body,
        transport: Option<&[u8]>,
    ) -> PyResult<bool> {
        if !self.pending.tracks() {
            return Err(PyRuntimeError::new_err(NO_TRACKER));
        }
        let bookmark = message.bookmark(py);
        self.post_and(py, message, transport, |position| self.pending.add(position, bookmark, None))
    }

    /// As [`Post::post`], and gives a receipt, whatever becomes of the message.
    #[cold]
    pub(crate) fn post_with_receipt(
        &self,
        py: Python<'_>,
        message: &Body,
        transport: Option<&[u8]>,
    ) -> PyResult<Py<PyAny>> {
        self.check_open("post_message")?;
        if message.has_bookmark() && !self.pending.tracks() {
            return Err(PyRuntimeError::new_err(NO_TRACKER));
        }
        let bookmark = message.bookmark(py);
        let make = self.receipt.borrow().as_ref().map(|make| make.clone_ref(py));
        let make = make.ok_or_else(|| PyRuntimeError::new_err("this worker gives no receipts"))?;
        let receipt = make.call0(py)?;
        // Before the record is published, so that the daemon finds out with it.
        self.flow.want_acks();
        let kept = receipt.clone_ref(py);
        let posted = self
            .post_and(py, message, transport, |position| self.pending.add(position, bookmark, Some(kept)))?;
        if !posted {
            receipt.call_method1(py, "_settle", ("suspended",))?;
        }
        Ok(receipt)
    }

    /// Has the daemon keep `state` once all that is posted by now is settled; with `covers_next`, and what is posted
    /// next, too.
    pub(crate) fn checkpoint(&self, py: Python<'_>, covers_next: bool, state: &[u8]) -> PyResult<()> {
        self.check_open("checkpoint")?;
        self.checkpoints.set(true);
        if self.phase.get() == Phase::Cut {
            return Ok(());
        }
        loop {
            let noted = self.producer.borrow_mut().note(covers_next, state);
            match noted {
                Ok(()) => return Ok(()),
                Err(Refused::TooLarge { length, max }) => {
                    let text = format!("a checkpoint takes {length} bytes, above the limit of {max}");
                    return Err(PyValueError::new_err(text));
                }
                // The length of a record that would need as much room.
                Err(Refused::Full | Refused::NoCredit) => {
                    self.wait_for_room(py, state.len().next_multiple_of(8) + 32)?;
                }
            }
        }
    }

    /// Calls `published` with the record's position as soon as it is in the ring, before anything else can happen.
    #[inline]
    fn post_and(
        &self,
        py: Python<'_>,
        message: &Body,
        transport: Option<&[u8]>,
        published: impl FnOnce(u64),
    ) -> PyResult<bool> {
        if self.phase.get() != Phase::Open {
            self.check_open("post_message")?;
            if self.is_cut_off() {
                return self.drop_one();
            }
        }
        let position = loop {
            match self.write(message, transport) {
                Ok(position) => break position,
                Err((refused, length)) => {
                    if !self.wait_for_place(py, refused, length)? {
                        return Ok(false);
                    }
                }
            }
        };
        published(position);
        message.set_posted();
        if !self.producer.borrow_mut().has_credit() {
            self.exhausted(py)?;
        }
        Ok(true)
    }

    #[inline]
    fn write(&self, message: &Body, transport: Option<&[u8]>) -> Result<u64, (Refused, usize)> {
        let head = message.head();
        let value = |name, value| Entry { name: Name::Builtin(name), value, kind: ValueType::String };
        match (message.only_text(), transport) {
            // The one message in front of all others, and worth a copy of the code.
            (Some(text), None) => self.place(&head, &[value(Builtin::Message, text)]),
            _ => {
                let transport = transport.map(|transport| value(Builtin::Transport, transport));
                message.with_entries(transport, |entries| self.place(&head, entries))
            }
        }
    }

    #[inline(always)]
    fn place(&self, head: &Head, entries: &[Entry<'_>]) -> Result<u64, (Refused, usize)> {
        let length = record::encoded_bytes(entries);
        let mut producer = self.producer.borrow_mut();
        let mut place = producer.reserve(length).map_err(|refused| (refused, length))?;
        record::encode_into(place.bytes_mut(), head, entries);
        Ok(place.commit(length))
    }

    /// True: try again. False: the message is dropped.
    #[cold]
    fn wait_for_place(&self, py: Python<'_>, refused: Refused, length: usize) -> PyResult<bool> {
        match refused {
            Refused::TooLarge { length, max } => Err(MessageTooLarge::new_err(format!(
                "the message takes {length} bytes, which is above the limit of {max} bytes"
            ))),
            Refused::Full => self.wait_for_room(py, length),
            Refused::NoCredit => {
                let suspending = self.suspend.borrow().is_some();
                match self.suspended_post.get() {
                    SuspendedPost::Drop if suspending => self.drop_one(),
                    SuspendedPost::Raise if suspending && !self.flow.exit_requested() => {
                        Err(SuspendedError::new_err(
                            "post_message() between suspend() and wakeup(): the window is exhausted",
                        ))
                    }
                    _ => match self.wait_for_credit(py)? {
                        true => Ok(true),
                        false => self.drop_one(),
                    },
                }
            }
        }
    }

    /// Whether what is posted now would come behind a dropped message and, from the last checkpoint on, again.
    fn is_cut_off(&self) -> bool {
        self.phase.get() == Phase::Cut && self.checkpoints.get()
    }

    fn drop_one(&self) -> PyResult<bool> {
        if self.flow.exit_requested() && self.phase.get() == Phase::Open {
            self.phase.set(Phase::Cut);
        }
        self.flow.count_dropped_suspended();
        Ok(false)
    }

    /// The ring is full: the daemon is about to empty it, also after it has asked to exit, until it ends the process.
    fn wait_for_room(&self, py: Python<'_>, length: usize) -> PyResult<bool> {
        let flow = &self.flow;
        loop {
            match py.detach(|| flow.wait_room(length, Some(SIGNALS_EVERY))) {
                Wait::Ready => return Ok(true),
                Wait::ExitRequested => {
                    py.detach(|| thread::sleep(POLL));
                    return Ok(true);
                }
                Wait::TimedOut | Wait::Interrupted => py.check_signals()?,
            }
        }
    }

    /// False: the driver was asked to exit, and there is no credit.
    fn wait_for_credit(&self, py: Python<'_>) -> PyResult<bool> {
        let flow = &self.flow;
        loop {
            match py.detach(|| flow.wait_credit(Some(SIGNALS_EVERY))) {
                Wait::Ready => return Ok(true),
                Wait::ExitRequested => return Ok(false),
                Wait::TimedOut | Wait::Interrupted => py.check_signals()?,
            }
        }
    }

    /// The message just posted took the last credit: waits, or suspends.
    #[cold]
    fn exhausted(&self, py: Python<'_>) -> PyResult<()> {
        let suspend = self.suspend.borrow().as_ref().map(|suspend| suspend.clone_ref(py));
        let Some(suspend) = suspend else { return self.wait_for_credit(py).map(drop) };
        if self.flow.exit_requested() {
            // Nobody would wake it.
            return Ok(());
        }
        let running = self.suspending.get();
        self.suspending.set(running + 1);
        if running == 0 {
            self.flow.suspend_begins();
        }
        let result = suspend.call0(py);
        let running = self.suspending.get() - 1;
        self.suspending.set(running);
        if running == 0 {
            // From here on a wakeup may come.
            self.flow.suspend_ended();
        }
        result.map(drop)
    }

    /// Waits until no `suspend()` runs any longer, `limit` at most: a wakeup must not overtake it.
    pub(crate) fn wait_for_suspend(&self, py: Python<'_>, limit: Duration) {
        let deadline = Instant::now() + limit;
        while self.suspending.get() > 0 && Instant::now() < deadline {
            py.detach(|| thread::sleep(POLL));
        }
    }
}
