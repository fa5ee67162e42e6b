//! What a driver's object does besides posting.
#![expect(unsafe_code, reason = "the getters' and setters' C functions")]

use std::ffi::c_int;

use pyo3::{
    exceptions::{PyAttributeError, PyRuntimeError, PyTypeError, PyValueError},
    ffi,
    prelude::*,
    types::{PyBool, PyBytes, PyString},
};

use super::{Native, native_of};
use crate::{
    log_message::Body,
    post::Post,
    raw::{Arguments, Slots, guarded, method, type_name},
};

/// Bytes of the state that a checkpoint keeps.
const CHECKPOINT_BYTES_MAX: usize = 64 * 1024;

type Object<'py> = Bound<'py, PyAny>;

/// What both bases have.
pub(super) fn add_common(slots: &mut Slots) {
    slots.method(method!(
        c"set_transport_name",
        set_transport_name,
        c"set_transport_name($self, name)\n--\n\nSets TRANSPORT on every message of this driver from now on."
    ));
    slots.getset(ffi::PyGetSetDef {
        name: c"persist_name".as_ptr(),
        get: Some(get_persist_name),
        set: Some(set_persist_name),
        doc: c"What the driver is called where state is kept. Read only; None before init().".as_ptr(),
        closure: std::ptr::null_mut(),
    });
}

/// What only a source has.
pub(super) fn add_source(slots: &mut Slots) {
    slots.method(method!(
        c"_checkpoint",
        checkpoint_now,
        c"_checkpoint($self, state)\n--\n\nKeeps a state for when all that is posted by now is done with."
    ));
    slots.method(method!(
        c"close_batch",
        close_batch,
        c"close_batch($self)\n--\n\n\
        Says that a batch is complete. Nothing waits for it: messages are on their way once they are posted."
    ));
    slots.getset(ffi::PyGetSetDef {
        name: c"auto_close_batches".as_ptr(),
        get: Some(get_auto_close_batches),
        set: Some(set_auto_close_batches),
        doc: c"Whether every message is a batch of its own. Kept for the scripts that set it; see close_batch()."
            .as_ptr(),
        closure: std::ptr::null_mut(),
    });
}

/// What only a fetcher has.
pub(super) fn add_fetcher(slots: &mut Slots) {
    slots.method(method!(
        c"_checkpoint",
        checkpoint_then,
        c"_checkpoint($self, state)\n--\n\nKeeps a state for when all that is posted, and what fetch() then returns, is done with."
    ));
}

fn checkpoint_now<'py>(me: &Object<'py>, args: &Arguments<'py>) -> PyResult<Object<'py>> {
    let state = state_of(args)?;
    let Some(post) = native_of(me)?.post() else {
        return Err(PyRuntimeError::new_err("checkpoint() is too early: it may be called from run() on"));
    };
    post.checkpoint(me.py(), false, state.as_bytes())?;
    Ok(me.py().None().into_bound(me.py()))
}

fn checkpoint_then<'py>(me: &Object<'py>, args: &Arguments<'py>) -> PyResult<Object<'py>> {
    native_of(me)?.set_checkpoint(state_of(args)?.as_bytes());
    Ok(me.py().None().into_bound(me.py()))
}

fn state_of<'py>(args: &Arguments<'py>) -> PyResult<Bound<'py, PyBytes>> {
    let [state] = args.take("_checkpoint", ["state"], 1)?;
    let state = state.and_then(|state| state.cast_into::<PyBytes>().ok());
    let state = state.ok_or_else(|| PyTypeError::new_err("the state of a checkpoint is bytes here"))?;
    let bytes = state.as_bytes().len();
    if bytes > CHECKPOINT_BYTES_MAX {
        let text = format!("a checkpoint of {bytes} bytes is above the limit of {CHECKPOINT_BYTES_MAX}");
        return Err(PyValueError::new_err(text));
    }
    Ok(state)
}

/// The way into the ring of a driver that has one by now.
#[cold]
pub(super) fn post_of(native: &Native) -> PyResult<&'static Post> {
    native.post().ok_or_else(|| {
        PyRuntimeError::new_err(
            "post_message() is too early: it may be called from run() on, not in __init__() or init()",
        )
    })
}

/// Posts a message whose driver may have no worker, or that has a bookmark.
#[cold]
pub(super) fn post_other(py: Python<'_>, native: &Native, message: &Body) -> PyResult<bool> {
    let post = post_of(native)?;
    post.check_open("post_message")?;
    let transport = native.transport();
    let transport = transport.as_deref().map(AsRef::as_ref);
    if message.has_bookmark() {
        post.post_bookmarked(py, message, transport)
    } else {
        post.post(py, message, transport)
    }
}

/// Posts a message for which a receipt is wanted.
#[cold]
pub(super) fn post_with_receipt(py: Python<'_>, native: &Native, message: &Body) -> PyResult<Py<PyAny>> {
    let transport = native.transport();
    post_of(native)?.post_with_receipt(py, message, transport.as_deref().map(AsRef::as_ref))
}

fn set_transport_name<'py>(me: &Object<'py>, args: &Arguments<'py>) -> PyResult<Object<'py>> {
    let [name] = args.take("set_transport_name", ["name"], 1)?;
    if let Some(name) = name {
        let Ok(name) = name.cast::<PyString>() else {
            let text = format!("set_transport_name() needs a str, not {}", type_name(&name));
            return Err(PyTypeError::new_err(text));
        };
        native_of(me)?.set_transport(name.to_str()?);
    }
    Ok(me.py().None().into_bound(me.py()))
}

fn close_batch<'py>(me: &Object<'py>, args: &Arguments<'py>) -> PyResult<Object<'py>> {
    let [] = args.take("close_batch", [], 0)?;
    match native_of(me)?.post() {
        Some(post) => post.check_open("close_batch")?,
        None => {
            return Err(PyRuntimeError::new_err(
                "close_batch() is too early: it may be called from run() on",
            ));
        }
    }
    Ok(me.py().None().into_bound(me.py()))
}

unsafe extern "C" fn get_persist_name(
    me: *mut ffi::PyObject,
    _closure: *mut std::ffi::c_void,
) -> *mut ffi::PyObject {
    // SAFETY: Python calls this with the GIL and an object of ours.
    let name = unsafe {
        guarded(|py| {
            let me = Bound::from_borrowed_ptr(py, me);
            let name = native_of(&me)?.persist_name(py);
            Ok(name.map_or_else(|| py.None(), Bound::unbind))
        })
    };
    name.map_or(std::ptr::null_mut(), Py::into_ptr)
}

unsafe extern "C" fn set_persist_name(
    _me: *mut ffi::PyObject,
    _value: *mut ffi::PyObject,
    _closure: *mut std::ffi::c_void,
) -> c_int {
    let text = "persist_name is a readonly attribute: use persist-name() or generate_persist_name()";
    // SAFETY: as above.
    unsafe { guarded(|_| Err::<(), _>(PyAttributeError::new_err(text))) };
    -1
}

unsafe extern "C" fn get_auto_close_batches(
    me: *mut ffi::PyObject,
    _closure: *mut std::ffi::c_void,
) -> *mut ffi::PyObject {
    // SAFETY: as above.
    let value = unsafe {
        guarded(|py| {
            let me = Bound::from_borrowed_ptr(py, me);
            let closes = !native_of(&me)?.open_batches.get();
            Ok(PyBool::new(py, closes).to_owned().into_any().unbind())
        })
    };
    value.map_or(std::ptr::null_mut(), Py::into_ptr)
}

unsafe extern "C" fn set_auto_close_batches(
    me: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
    _closure: *mut std::ffi::c_void,
) -> c_int {
    // SAFETY: as above; `value` is null for `del`.
    let done = unsafe {
        guarded(|py| {
            let me = Bound::from_borrowed_ptr(py, me);
            let value = Bound::from_borrowed_ptr_or_opt(py, value);
            match value.as_ref().map(|value| value.cast_exact::<PyBool>()) {
                Some(Ok(value)) => native_of(&me)?.open_batches.set(!value.is_true()),
                _ => return Err(PyTypeError::new_err("auto_close_batches is True or False")),
            }
            Ok(())
        })
    };
    if done.is_some() { 0 } else { -1 }
}
