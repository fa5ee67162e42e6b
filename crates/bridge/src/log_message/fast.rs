//! `LogMessage(text)` without the detour over a tuple of arguments, `tp_new` and `tp_init`: 30 of 110 ns.
//!
//! Python calls a type through its `tp_vectorcall` if it has one. The limited API can set that slot from 3.14 on; in
//! 3.10 to 3.13 the field is there, at a place that did not change, and is written to directly. That is done only
//! if the interpreter itself says that the field is there; otherwise messages are made the slow way, to the same end.
//! Subclasses do not inherit the slot, so their `__init__` is called as ever.
#![expect(unsafe_code, reason = "an object type against the C API")]

use std::{ffi::c_void, ptr, sync::atomic::Ordering::Relaxed};

use pyo3::{exceptions::PyTypeError, ffi, prelude::*, types::PyType};

use super::{Body, Object, TYPE, set_message};
use crate::raw::{Slots, guarded};

/// Where `tp_basicsize`, `tp_vectorcall_offset` and `tp_vectorcall` are in a type object of 3.8 to 3.13, 64 bit.
const BASICSIZE_AT: usize = 32;
const VECTORCALL_OFFSET_AT: usize = 56;
const VECTORCALL_AT: usize = 400;

/// Adds the slot, where Python knows it.
pub(super) fn add_slot(py: Python<'_>, slots: &mut Slots) {
    if py.version_info() >= (3, 14) {
        slots.add(ffi::Py_tp_vectorcall, vectorcall as *mut c_void);
    }
}

/// Sets the field, where Python has no slot for it and is known to have the field.
pub(super) fn set_field(made: &Bound<'_, PyType>) -> PyResult<()> {
    let py = made.py();
    let known = py.version_info() >= (3, 10) && py.version_info() < (3, 14);
    if !known || cfg!(not(all(target_pointer_width = "64", target_os = "linux"))) {
        return Ok(());
    }
    let metatype = py.get_type::<PyType>();
    let basicsize: isize = metatype.getattr("__basicsize__")?.extract()?;
    let (metatype, made) = (metatype.as_ptr().cast::<u8>(), made.as_ptr().cast::<u8>());
    // SAFETY: both are type objects, which have at least `basicsize` bytes; the places read are below that. `type`
    // says of itself where the calls of its instances, which are types, go: if that is the place known here, it is
    // the field. It is null in a type that was made without it.
    unsafe {
        let stated = metatype.add(BASICSIZE_AT).cast::<isize>().read();
        let offset = metatype.add(VECTORCALL_OFFSET_AT).cast::<isize>().read();
        let inside = VECTORCALL_AT + size_of::<ffi::vectorcallfunc>() <= basicsize as usize;
        let field = made.add(VECTORCALL_AT).cast::<Option<ffi::vectorcallfunc>>();
        if stated == basicsize && offset == VECTORCALL_AT as isize && inside && field.read().is_none() {
            field.write(Some(vectorcall));
        }
    }
    Ok(())
}

unsafe extern "C" fn vectorcall(
    kind: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    count: usize,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: Python calls this with the GIL, for the type it was set on, with as many arguments as it says; the
    // highest bit of the count is a flag of the protocol.
    unsafe {
        debug_assert!(kind == TYPE.load(Relaxed).cast(), "subclasses do not inherit it");
        let positional = count & !(1 << (usize::BITS - 1));
        let (message, bookmark) = if positional == 1 && names.is_null() {
            (*args, ptr::null_mut())
        } else {
            match guarded(|py| arguments(py, args, positional, names)) {
                Some(found) => found,
                None => return ptr::null_mut(),
            }
        };
        let object = ffi::PyObject_GC_New::<ffi::PyObject>(kind.cast());
        if object.is_null() {
            return object;
        }
        (&raw mut (*object.cast::<Object>()).body).write(Body::new());
        let body = &(*object.cast::<Object>()).body;
        if !message.is_null() && set_message(body, message).is_err() {
            ffi::Py_DECREF(object);
            return ptr::null_mut();
        }
        // The collector has nothing to do with a message that refers to a plain text only: most are never seen by it.
        body.set_bookmark(bookmark);
        if !body.is_plain() {
            track(object);
        }
        object
    }
}

/// Lets the collector see a message that can be part of a cycle.
///
/// # Safety
///
/// With the GIL; `object` is a live message.
pub(super) unsafe fn track(object: *mut ffi::PyObject) {
    // SAFETY: the caller's word; a message is complete before anybody can call this.
    unsafe {
        if ffi::PyObject_GC_IsTracked(object) == 0 {
            ffi::PyObject_GC_Track(object.cast::<c_void>());
        }
    }
}

/// Message and bookmark, borrowed or null, of a call that is not the plain one.
///
/// # Safety
///
/// As for [`vectorcall`].
#[cold]
unsafe fn arguments(
    py: Python<'_>,
    args: *const *mut ffi::PyObject,
    positional: usize,
    names: *mut ffi::PyObject,
) -> PyResult<(*mut ffi::PyObject, *mut ffi::PyObject)> {
    let mut found = [ptr::null_mut(); 2];
    if positional > found.len() {
        let text = format!("LogMessage() takes at most 2 arguments, {positional} given");
        return Err(PyTypeError::new_err(text));
    }
    // SAFETY: there are `positional` arguments, and behind them one for each name.
    unsafe {
        for (i, place) in found[..positional].iter_mut().enumerate() {
            *place = *args.add(i);
        }
        let named = if names.is_null() { 0 } else { ffi::PyTuple_Size(names) as usize };
        for i in 0..named {
            let name = Bound::from_borrowed_ptr(py, ffi::PyTuple_GetItem(names, i as ffi::Py_ssize_t));
            let name: String = name.extract()?;
            let at = match name.as_str() {
                "message" => 0,
                "bookmark" => 1,
                _ => {
                    let text = format!("LogMessage() got an unexpected keyword argument '{name}'");
                    return Err(PyTypeError::new_err(text));
                }
            };
            if !found[at].is_null() {
                let text = format!("LogMessage() got two values for argument '{name}'");
                return Err(PyTypeError::new_err(text));
            }
            found[at] = *args.add(positional + i);
        }
    }
    Ok((found[0], found[1]))
}
