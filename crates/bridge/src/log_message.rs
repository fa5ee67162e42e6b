//! `LogMessage`: the hot type, written against the C API.
//!
//! A `#[pyclass]` costs 125 to 150 ns from `LogMessage(text)` to the ring, this type about half of that. Here is only
//! what that takes: making, filling, collecting and freeing the object. What its methods do is safe code, in
//! [`methods`].
//!
//! What keeps it sound:
//! - Memory comes from the type's generic allocation and goes back through the type's `tp_free`, so subclasses written
//!   in Python, which the collector sees differently, get back what they took.
//! - [`Body`] is complete before `tp_new` returns, so a subclass that never calls `__init__` has an empty message.
//! - Nothing is read through a pointer that Python code could free meanwhile: see [`Body`].
#![expect(unsafe_code, reason = "an object type against the C API")]

pub(crate) mod body;
mod fast;
mod methods;
pub(crate) mod pairs;
mod stamp;
pub(crate) mod value;

use std::{
    ffi::{c_int, c_void},
    ptr,
    sync::atomic::{AtomicPtr, Ordering::Relaxed},
};

use pyo3::{exceptions::PyTypeError, ffi, prelude::*, types::PyType};

pub(crate) use body::Body;

use crate::batch::Shared;
use crate::raw::{self, Arguments, Slots};

/// A `LogMessage`, as it lies in memory.
#[repr(C)]
struct Object {
    base: ffi::PyObject,
    body: Body,
}

/// The type, which lives as long as the process.
static TYPE: AtomicPtr<ffi::PyTypeObject> = AtomicPtr::new(ptr::null_mut());

/// Makes the type. Once, when the module is.
pub(crate) fn make_type<'py>(module: &Bound<'py, PyModule>) -> PyResult<Bound<'py, PyType>> {
    let mut slots = Slots::new(DOC);
    slots.add(ffi::Py_tp_new, new as *mut c_void);
    slots.add(ffi::Py_tp_init, init as *mut c_void);
    slots.add(ffi::Py_tp_dealloc, dealloc as *mut c_void);
    slots.add(ffi::Py_tp_traverse, traverse as *mut c_void);
    slots.add(ffi::Py_tp_clear, clear as *mut c_void);
    methods::add_slots(&mut slots);
    fast::add_slot(module.py(), &mut slots);
    let made = raw::make_type(module, c"_syslogng.LogMessage", size_of::<Object>(), slots)?;
    fast::set_field(&made)?;
    // This reference is never given back: objects are made of the type for as long as the process lives.
    TYPE.store(made.clone().into_ptr().cast(), Relaxed);
    Ok(made)
}

const DOC: &std::ffi::CStr = c"LogMessage(message=None, bookmark=None)\n--\n\n\
A log message. Its text is a str or bytes; the time stamps are those of the moment it is made.\n\n\
Values are set and read by name: msg[\"HOST\"] = \"box\". Text is read back as bytes; int, float, bool, None,\n\
datetime and lists of text keep their type. A name that is not set raises KeyError; get() does not.\n\
Once posted, a message is read only: copy() gives one that is not.";

/// The message behind `object`, if it is one: of this type, or of a type derived from it.
///
/// # Safety
///
/// With the GIL; `object` is live, and the body is used no longer than it is.
#[inline]
pub(crate) unsafe fn body<'a>(object: *mut ffi::PyObject) -> Option<&'a Body> {
    let wanted = TYPE.load(Relaxed);
    // SAFETY: the caller's word. An object of the type starts with an `Object`, whatever a subclass adds after it,
    // and its body was written before anybody saw it.
    unsafe {
        let found = ffi::Py_TYPE(object);
        let is_message = found == wanted || ffi::PyType_IsSubtype(found, wanted) != 0;
        is_message.then(|| &(*object.cast::<Object>()).body)
    }
}

/// The same for the safe half of the program.
pub(crate) fn body_of<'a>(object: &'a Bound<'_, PyAny>) -> Option<&'a Body> {
    // SAFETY: a `Bound` proves the GIL, and keeps the object alive as long as the borrow is.
    unsafe { body(object.as_ptr()) }
}

/// Sets the bookmark of a message.
pub(crate) fn set_bookmark(object: &Bound<'_, PyAny>, bookmark: &Bound<'_, PyAny>) {
    if let Some(body) = body_of(object) {
        // SAFETY: a `Bound` proves the GIL and is alive; with a bookmark the message can be part of a cycle.
        unsafe {
            body.set_bookmark(bookmark.as_ptr());
            fast::track(object.as_ptr());
        }
    }
}

/// A new message of exactly this type, empty and of this moment.
pub(crate) fn new_message(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    // SAFETY: the GIL is held; what comes back is a new reference or an exception.
    unsafe {
        let made = new(TYPE.load(Relaxed), ptr::null_mut(), ptr::null_mut());
        Bound::from_owned_ptr_or_err(py, made)
    }
}

/// A message that the daemon sent. `writable`: values may be set, as in `parse()`.
pub(crate) fn received(
    py: Python<'_>,
    shared: Shared,
    compat: bool,
    writable: bool,
) -> PyResult<Bound<'_, PyAny>> {
    let made = new_message(py)?;
    if let Some(body) = body_of(&made) {
        body.receive(shared, compat, writable);
    }
    Ok(made)
}

/// Sets MESSAGE from anything the constructor takes: `str`, bytes-like, or None for nothing.
///
/// # Safety
///
/// With the GIL; both are live. On an error, Python's exception is set.
#[inline]
unsafe fn set_message(body: &Body, message: *mut ffi::PyObject) -> Result<(), ()> {
    // SAFETY: the caller's word.
    unsafe {
        if message == ffi::Py_None() || body.set_text(message)? {
            return Ok(());
        }
        set_message_from_buffer(body, message)
    }
}

/// Sets MESSAGE of a message from a `str` or bytes-like object.
pub(crate) fn set_text(message: &Bound<'_, PyAny>, text: &Bound<'_, PyAny>) -> PyResult<()> {
    let Some(body) = body_of(message) else { return Ok(()) };
    // SAFETY: a `Bound` proves the GIL, and both are alive.
    unsafe { set_message(body, text.as_ptr()) }.map_err(|()| PyErr::fetch(text.py()))
}

/// Copies a bytes-like object, which may change later, into a `bytes`.
#[cold]
unsafe fn set_message_from_buffer(body: &Body, message: *mut ffi::PyObject) -> Result<(), ()> {
    // SAFETY: the caller's word, as in `set_message`. The view holds the buffer; a `bytes` made from it is new.
    unsafe {
        let view = ffi::PyMemoryView_FromObject(message);
        if view.is_null() {
            let py = Python::assume_attached();
            if ffi::PyErr_ExceptionMatches(ffi::PyExc_TypeError) != 0 {
                ffi::PyErr_Clear();
                let given = Bound::from_borrowed_ptr(py, message);
                let text = format!(
                    "the message must be a str, a bytes-like object or None; a bytes-like object is required, not '{}'",
                    raw::type_name(&given)
                );
                PyTypeError::new_err(text).restore(py);
            }
            return Err(());
        }
        let bytes = ffi::PyBytes_FromObject(view);
        ffi::Py_DECREF(view);
        if bytes.is_null() {
            return Err(());
        }
        let set = body.set_text(bytes);
        ffi::Py_DECREF(bytes);
        set.map(drop)
    }
}

unsafe extern "C" fn new(
    subtype: *mut ffi::PyTypeObject,
    _args: *mut ffi::PyObject,
    _kwargs: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: Python calls this with a type of ours or derived from it, so the memory has room for an `Object`; the
    // body is written before anybody can see it. What a subclass adds is all zero, as it must be.
    unsafe {
        let object = ffi::PyType_GenericAlloc(subtype, 0);
        if !object.is_null() {
            (&raw mut (*object.cast::<Object>()).body).write(Body::new());
        }
        object
    }
}

unsafe extern "C" fn init(
    object: *mut ffi::PyObject,
    args: *mut ffi::PyObject,
    kwargs: *mut ffi::PyObject,
) -> c_int {
    // SAFETY: Python calls this with an object that `new` made, a tuple, and a dict or null.
    unsafe {
        let body = &(*object.cast::<Object>()).body;
        if kwargs.is_null() && ffi::PyTuple_Size(args) == 1 && !body.is_posted() {
            let message = ffi::PyTuple_GetItem(args, 0);
            return if set_message(body, message).is_ok() { 0 } else { -1 };
        }
        init_with_keywords(body, args, kwargs)
    }
}

#[cold]
unsafe fn init_with_keywords(body: &Body, args: *mut ffi::PyObject, kwargs: *mut ffi::PyObject) -> c_int {
    // SAFETY: as in `init`.
    let result = unsafe {
        raw::guarded(|py| {
            let arguments = Arguments::new(py, args, kwargs);
            let [message, bookmark] = arguments.take("LogMessage", ["message", "bookmark"], 0)?;
            if body.is_posted() {
                return Err(PyTypeError::new_err("log message is read only, it cannot be made anew"));
            }
            if let Some(message) = message {
                set_message(body, message.as_ptr()).map_err(|()| PyErr::fetch(py))?;
            }
            if let Some(bookmark) = bookmark {
                body.set_bookmark(bookmark.as_ptr());
            }
            Ok(())
        })
    };
    if result.is_some() { 0 } else { -1 }
}

unsafe extern "C" fn dealloc(object: *mut ffi::PyObject) {
    // SAFETY: the last reference is gone, so the body is ours alone; untracked first, so that the collector does not
    // find an object half dead. The memory goes back through the type that gave it. An object of a heap type owns a
    // reference to its type, which for a subclass too is given back here, in the nearest heap type's dealloc.
    unsafe {
        ffi::PyObject_GC_UnTrack(object.cast::<c_void>());
        let kind = ffi::Py_TYPE(object);
        let body = &raw mut (*object.cast::<Object>()).body;
        (*body).clear();
        ptr::drop_in_place(body);
        if kind == TYPE.load(Relaxed) {
            ffi::PyObject_GC_Del(object.cast::<c_void>());
        } else {
            let free = ffi::PyType_GetSlot(kind, ffi::Py_tp_free);
            let free = std::mem::transmute::<*mut c_void, ffi::freefunc>(free);
            free(object.cast::<c_void>());
        }
        ffi::Py_DECREF(kind.cast::<ffi::PyObject>());
    }
}

unsafe extern "C" fn traverse(object: *mut ffi::PyObject, visit: ffi::visitproc, arg: *mut c_void) -> c_int {
    // SAFETY: the collector calls this with a live object of ours; nothing is changed or allocated.
    unsafe {
        let [text, bookmark] = (*object.cast::<Object>()).body.references();
        for reference in [ffi::Py_TYPE(object).cast::<ffi::PyObject>(), text, bookmark] {
            if !reference.is_null() {
                let result = visit(reference, arg);
                if result != 0 {
                    return result;
                }
            }
        }
    }
    0
}

unsafe extern "C" fn clear(object: *mut ffi::PyObject) -> c_int {
    // SAFETY: a live object of ours, with the GIL. It stays usable, as an empty message.
    unsafe { (*object.cast::<Object>()).body.clear() };
    0
}
