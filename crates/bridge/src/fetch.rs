//! The loop around a fetcher's `fetch()`: as long as it brings messages, Python code is only `fetch()` itself.
#![expect(unsafe_code, reason = "a call and three looks at its result a message, against the C API")]

use std::{
    thread,
    time::{Duration, Instant},
};

use pyo3::{
    ffi,
    prelude::*,
    types::{PyList, PyTuple},
};

use crate::{
    log_message,
    post::Post,
    source::{
        Native,
        posting::{is_postable, post_one},
    },
};

/// `FETCH_SUCCESS`
const SUCCESS: i64 = 2;
/// `FETCH_NO_DATA`
const NO_DATA: i64 = 4;
/// `FETCH_TRY_AGAIN`
const TRY_AGAIN: i64 = 3;

/// Results `TRY_AGAIN` in a row that are tried again at once.
const AT_ONCE: u32 = 16;
/// A `fetch()` that takes this long waits by itself, and needs no pause.
const SPIN_GAP: Duration = Duration::from_millis(1);
/// The first pause after those, and the longest: a fetcher that has nothing to say for long should say `NO_DATA`.
const PAUSE_MIN: Duration = Duration::from_micros(50);
const PAUSE_MAX: Duration = Duration::from_millis(10);

/// Calls `fetch` and posts what it brings, until the driver is asked to exit (`None`) or it returns anything but
/// `(FETCH_SUCCESS, LogMessage)`, a list of messages or `(FETCH_TRY_AGAIN, …)`, which is given back. An exception of `fetch` is one here.
pub(crate) fn fetch_loop<'py>(
    post: &Post,
    native: &Native,
    fetch: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = fetch.py();
    let mut again = 0;
    let mut last = Instant::now();
    while !post.flow().exit_requested() {
        drop(native.take_checkpoint());
        // SAFETY: a `Bound` proves the GIL, and is alive.
        let result = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyObject_CallNoArgs(fetch.as_ptr()))? };
        match status_of(&result) {
            Some((SUCCESS, Some(message))) if is_list(message) => {
                // SAFETY: the tuple keeps it alive.
                let list = unsafe { Bound::from_borrowed_ptr(py, message) };
                if let Some(other) = post_list(post, native, &list)? {
                    return Ok(Some(other));
                }
                again = 0;
            }
            None if result.is_instance_of::<PyList>() => {
                if let Some(other) = post_list(post, native, &result)? {
                    return Ok(Some(other));
                }
                again = 0;
            }
            Some((SUCCESS, Some(message))) => {
                again = 0;
                // SAFETY: the tuple keeps it alive.
                let Some(body) = (unsafe { log_message::body(message) }) else { return Ok(Some(result)) };
                let transport = native.transport();
                let transport = transport.as_deref().map(AsRef::as_ref);
                if body.has_bookmark() && !post.pending().tracks() {
                    return Ok(Some(result));
                }
                if let Some(state) = native.take_checkpoint() {
                    // Before the message, so that the daemon never has that without knowing of this.
                    post.checkpoint(py, true, &state)?;
                }
                if !body.has_bookmark() {
                    post.post(py, body, transport)?;
                } else {
                    post.post_bookmarked(py, body, transport)?;
                }
            }
            Some((TRY_AGAIN, _)) => {
                keep_checkpoint(post, native, py)?;
                let now = Instant::now();
                again = if now.duration_since(last) < SPIN_GAP { again + 1 } else { 0 };
                last = now + pause(py, again)?;
            }
            _ => return Ok(Some(result)),
        }
    }
    Ok(None)
}

/// Keeps the state of a `fetch()` that all it has brought is behind by now.
pub(crate) fn keep_checkpoint(post: &Post, native: &Native, py: Python<'_>) -> PyResult<()> {
    match native.take_checkpoint() {
        Some(state) => post.checkpoint(py, false, &state),
        None => Ok(()),
    }
}

fn is_list(object: *mut ffi::PyObject) -> bool {
    // SAFETY: an item of a live tuple, with the GIL.
    unsafe { ffi::PyList_Check(object) != 0 }
}

/// Whether it is a message, or becomes one, whose bookmark has somewhere to go.
fn can_be_posted(post: &Post, item: &Bound<'_, PyAny>) -> bool {
    let homeless = |body: &log_message::Body| body.has_bookmark() && !post.pending().tracks();
    is_postable(item) && !log_message::body_of(item).is_some_and(homeless)
}

/// Posts the messages of a list, each alone or in a tuple with its status. Gives back what there is to do then: the
/// last tuple with another status; or the list itself, if there is something else in it, at which it ends.
///
/// An empty list is `FETCH_NO_DATA`.
#[cold]
fn post_list<'py>(
    post: &Post,
    native: &Native,
    list: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = list.py();
    let (mut messages, mut other, mut bad) = (Vec::new(), None, false);
    for item in list.try_iter()? {
        let item = item?;
        let message = match status_of(&item) {
            // SAFETY: the tuple keeps it alive.
            Some((SUCCESS, Some(message))) => Some(unsafe { Bound::from_borrowed_ptr(py, message) }),
            Some((TRY_AGAIN, _)) => continue,
            Some(_) => {
                other = Some(item);
                continue;
            }
            None => Some(item),
        };
        match message.filter(|message| can_be_posted(post, message)) {
            Some(message) => messages.push(message),
            None => {
                bad = true;
                break;
            }
        }
    }
    let (empty, last) = (messages.is_empty() && other.is_none(), messages.len().saturating_sub(1));
    for (number, message) in messages.iter().enumerate() {
        if number == last
            && !bad
            && let Some(state) = native.take_checkpoint()
        {
            post.checkpoint(py, true, &state)?;
        }
        post_one(native, post, message)?;
    }
    if bad {
        return Ok(Some(list.clone()));
    }
    Ok(if empty { Some(PyTuple::new(py, [NO_DATA])?.into_any()) } else { other })
}

/// The status and the message of a result that has the right shape: a tuple of a number and perhaps something else.
#[inline]
fn status_of(result: &Bound<'_, PyAny>) -> Option<(i64, Option<*mut ffi::PyObject>)> {
    let result = result.as_ptr();
    // SAFETY: alive, with the GIL; each call is made on what the one before has shown it to be.
    unsafe {
        if ffi::PyTuple_Check(result) == 0 {
            return None;
        }
        let size = ffi::PyTuple_Size(result);
        if size != 1 && size != 2 {
            return None;
        }
        let status = ffi::PyTuple_GetItem(result, 0);
        if ffi::PyLong_Check(status) == 0 {
            return None;
        }
        let mut overflow = 0;
        let status = ffi::PyLong_AsLongLongAndOverflow(status, &raw mut overflow);
        if overflow != 0 {
            return None;
        }
        Some((status, (size == 2).then(|| ffi::PyTuple_GetItem(result, 1))))
    }
}

/// Lets others run after many results without a message in a row, longer and longer; how long.
fn pause(py: Python<'_>, again: u32) -> PyResult<Duration> {
    if again <= AT_ONCE {
        return Ok(Duration::ZERO);
    }
    let doublings = (again - AT_ONCE - 1).min(16);
    let pause = (PAUSE_MIN * (1 << doublings)).min(PAUSE_MAX);
    let start = Instant::now();
    py.detach(|| thread::sleep(pause));
    py.check_signals()?;
    Ok(start.elapsed())
}
