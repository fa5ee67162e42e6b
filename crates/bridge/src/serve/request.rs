//! One request of the daemon, and the answer to it in the making.

use std::sync::Arc;

use channel::{
    AREA_BYTES,
    request::{AnswerHead, RequestHead, Verb, Verdict, put_bytes, take_bytes},
};
use message::{RecordFlags, ValueType};
use parking_lot::Mutex;
use pyo3::{
    exceptions::{PyRuntimeError, PyTypeError, PyValueError},
    prelude::*,
    types::{PyBytes, PyDict, PyTuple},
};

use crate::{
    batch::{Batch, Shared},
    json,
    log_message::{self, body_of, value},
    raw::type_name,
};

/// A request: iterate over its messages, say what became of each, and answer.
#[pyclass(module = "_syslogng", frozen)]
pub(crate) struct Request {
    exchange: Arc<Mutex<channel::Server>>,
    head: RequestHead,
    batch: Arc<Batch>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Where the next record starts.
    next: usize,
    /// Messages given out.
    given: u32,
    /// Flags of the last one given out.
    flags: RecordFlags,
    /// Messages answered for.
    done: u32,
    verdicts: Vec<u8>,
    payload: Vec<u8>,
    answered: bool,
}

/// Bytes of an answer's head and verdicts that are kept free beside its payload.
const RESERVE_BYTES: usize = 64 * 1024;

impl Request {
    pub(super) fn new(exchange: Arc<Mutex<channel::Server>>, head: RequestHead, bytes: Vec<u8>) -> Request {
        let origin = RequestHead::BYTES..RequestHead::BYTES + head.origin_bytes as usize;
        let state = State { next: origin.end, ..State::default() };
        Request { exchange, head, batch: Arc::new(Batch::new(bytes, origin)), state: Mutex::new(state) }
    }

    /// The record that comes next, and where it starts.
    fn advance(&self, state: &mut State) -> Option<u32> {
        if state.given == self.head.count {
            return None;
        }
        let offset = state.next;
        let record = self.batch.record_at(offset);
        state.next += record.as_bytes().len();
        state.given += 1;
        state.flags = record.flags();
        u32::try_from(offset).ok()
    }

    /// Takes the arguments that stand behind the last record.
    fn arguments<'py>(&self, py: Python<'py>, state: &mut State) -> PyResult<Bound<'py, PyTuple>> {
        let short = || PyRuntimeError::new_err("the daemon sent arguments that cannot be read");
        let all = &self.batch.bytes()[state.next..];
        let (count, mut rest) = all.split_first_chunk::<4>().ok_or_else(short)?;
        let mut arguments = Vec::new();
        for _ in 0..u32::from_le_bytes(*count) {
            arguments.push(PyBytes::new(py, take_bytes(&mut rest).ok_or_else(short)?));
        }
        state.next += (all.len() - rest.len()).next_multiple_of(8);
        PyTuple::new(py, arguments)
    }

    fn publish(&self, state: &mut State, head: AnswerHead) -> PyResult<()> {
        if std::mem::replace(&mut state.answered, true) {
            return Err(PyRuntimeError::new_err("this request is answered already"));
        }
        let mut bytes =
            Vec::with_capacity(AnswerHead::BYTES + state.verdicts.len() + state.payload.len() + 8);
        bytes.extend_from_slice(&head.encode());
        bytes.extend_from_slice(&state.verdicts);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes.extend_from_slice(&state.payload);
        self.exchange
            .lock()
            .answer(&bytes)
            .map_err(|error| PyValueError::new_err(format!("the answer takes {error}")))
    }
}

#[pymethods]
impl Request {
    /// What is asked: `call`, `parse`, `send` or `render`.
    #[getter]
    fn verb(&self) -> &'static str {
        match self.head.verb {
            Verb::Call => "call",
            Verb::Parse => "parse",
            Verb::Send => "send",
            Verb::Render => "render",
        }
    }

    /// Which object is meant.
    #[getter]
    fn object(&self) -> u32 {
        self.head.object
    }

    /// Number of messages.
    fn __len__(&self) -> usize {
        self.head.count as usize
    }

    /// The sequence number of the first message that gets one.
    #[getter]
    fn number(&self) -> u64 {
        self.head.number
    }

    /// Whether the message given out last was made on this machine.
    #[getter]
    fn is_local(&self) -> bool {
        self.state.lock().flags.has(RecordFlags::LOCAL)
    }

    /// What a `call` says.
    fn said<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let said = serde_json::from_slice(&self.batch.bytes()[RequestHead::BYTES..])
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        json::to_python(py, &said)
    }

    /// The next message, or None behind the last. `compat`: it reads as an @version below 4.0 has it; `writable`: its
    /// values may be set.
    fn message<'py>(
        &self,
        py: Python<'py>,
        compat: bool,
        writable: bool,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let mut state = self.state.lock();
        let Some(offset) = self.advance(&mut state) else { return Ok(None) };
        self.exchange.lock().begun(u64::from(state.given));
        drop(state);
        log_message::received(py, Shared::new(self.batch.clone(), offset), compat, writable).map(Some)
    }

    /// The next message and the arguments of the function, or None behind the last.
    fn message_and_arguments<'py>(
        &self,
        py: Python<'py>,
        compat: bool,
    ) -> PyResult<Option<(Bound<'py, PyAny>, Bound<'py, PyTuple>)>> {
        let mut state = self.state.lock();
        let Some(offset) = self.advance(&mut state) else { return Ok(None) };
        self.exchange.lock().begun(u64::from(state.given));
        let arguments = self.arguments(py, &mut state)?;
        drop(state);
        let message = log_message::received(py, Shared::new(self.batch.clone(), offset), compat, false)?;
        Ok(Some((message, arguments)))
    }

    /// The next message as a dict of its values, or None behind the last: what value-pairs() made of it.
    fn pairs<'py>(&self, py: Python<'py>, compat: bool) -> PyResult<Option<Bound<'py, PyDict>>> {
        let mut state = self.state.lock();
        let Some(offset) = self.advance(&mut state) else { return Ok(None) };
        self.exchange.lock().begun(u64::from(state.given));
        drop(state);
        let dict = PyDict::new(py);
        for entry in self.batch.record_at(offset as usize).pairs() {
            let name = String::from_utf8_lossy(entry.name.as_bytes());
            let kind = if compat { ValueType::String } else { entry.kind };
            dict.set_item(name, value::to_python(py, entry.value, kind)?)?;
        }
        Ok(Some(dict))
    }

    /// `parse()` has seen the message. `good`: it goes on. False: the answer is full, and the daemon will ask for the
    /// rest; this message was not taken.
    fn parsed(&self, message: &Bound<'_, PyAny>, good: bool) -> PyResult<bool> {
        let mut state = self.state.lock();
        let verdict = match body_of(message) {
            _ if !good => Verdict::Rejected,
            None => {
                return Err(PyTypeError::new_err(format!("LogMessage expected, not {}", type_name(message))));
            }
            Some(body) if body.is_unchanged() => Verdict::Same,
            Some(body) => {
                let before = state.payload.len();
                body.encode_own(&mut state.payload);
                if state.payload.len() + state.verdicts.len() + RESERVE_BYTES > AREA_BYTES {
                    state.payload.truncate(before);
                    return Ok(false);
                }
                Verdict::Changed
            }
        };
        state.verdicts.push(verdict as u8);
        state.done += 1;
        Ok(true)
    }

    /// A template function has returned `result`, of a type that a message's value may have. False: the answer is
    /// full, and the daemon will ask for the rest; this result was not taken.
    fn rendered(&self, result: &Bound<'_, PyAny>, compat: bool) -> PyResult<bool> {
        let (text, kind) = value::from_python(result, b"the result of a template function", compat)?;
        let mut state = self.state.lock();
        if state.payload.len() + text.len() + RESERVE_BYTES > AREA_BYTES {
            return Ok(false);
        }
        state.payload.push(kind as u8);
        put_bytes(&mut state.payload, &text);
        state.done += 1;
        Ok(true)
    }

    /// Answers for the messages seen so far.
    fn finish(&self) -> PyResult<()> {
        let mut state = self.state.lock();
        let head = AnswerHead { count: state.done, number: 0 };
        self.publish(&mut state, head)
    }

    /// Should this process end now, the first so many messages are done with.
    fn settled(&self, messages: u64) {
        self.exchange.lock().settled(messages);
    }

    /// Answers with what is said to `count` messages; `number` is the next sequence number.
    fn answer(&self, said: &Bound<'_, PyAny>, count: u32, number: u64) -> PyResult<()> {
        let said = json::from_python(said)?;
        let mut state = self.state.lock();
        state.payload = said.to_string().into_bytes();
        self.publish(&mut state, AnswerHead { count, number })
    }
}
