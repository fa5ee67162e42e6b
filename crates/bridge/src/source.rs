//! The native bases of `LogSource` and `LogFetcher`: `post_message`, and what the daemon says of the driver.
//!
//! `post_message` is called once a message, so it is written against the C API; the rest is safe code, in [`methods`].
//! An object is all zero when it is made, so a subclass whose `__init__` does not call ours has a sound object too:
//! one that is not yet bound to a worker.
#![expect(unsafe_code, reason = "object types against the C API")]

mod methods;
pub(crate) mod posting;

use std::{
    cell::Cell,
    ffi::{CStr, c_int, c_void},
    ptr,
    rc::Rc,
    sync::atomic::{AtomicPtr, Ordering::Relaxed},
};

use pyo3::{exceptions::PyTypeError, ffi, prelude::*, types::PyType};

use crate::{
    log_message,
    post::Post,
    raw::{self, Slots},
};

/// A driver's object, as it lies in memory. All zero is a driver that is not bound.
#[repr(C)]
struct Object {
    base: ffi::PyObject,
    native: Native,
}

pub(crate) struct Native {
    /// The way into the ring, once the worker has bound the driver to it. Lives as long as the process.
    post: Cell<Option<&'static Post>>,
    /// `set_transport_name()`.
    transport: Cell<Option<Transport>>,
    /// The last `checkpoint()` of a fetcher, until what it has fetched is posted.
    checkpoint: Cell<Option<State>>,
    /// A `str`, owned, or null.
    persist_name: Cell<*mut ffi::PyObject>,
    /// `auto_close_batches` was set to False.
    open_batches: Cell<bool>,
}

/// Counted, since a post that waits goes on with the one it began with. Thin, so that null is none.
type Transport = Rc<Box<[u8]>>;
/// Thin, too.
type State = Box<Box<[u8]>>;

static SOURCE: AtomicPtr<ffi::PyTypeObject> = AtomicPtr::new(ptr::null_mut());
static FETCHER: AtomicPtr<ffi::PyTypeObject> = AtomicPtr::new(ptr::null_mut());

/// Makes both types. Once, when the module is.
pub(crate) fn make_types<'py>(
    module: &Bound<'py, PyModule>,
) -> PyResult<(Bound<'py, PyType>, Bound<'py, PyType>)> {
    let mut slots = slots(c"The native base of syslogng.LogSource.");
    methods::add_common(&mut slots);
    methods::add_source(&mut slots);
    posting::add_source(&mut slots);
    slots.method(ffi::PyMethodDef {
        ml_name: c"post_message".as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: post_message },
        ml_flags: ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
        ml_doc: POST_MESSAGE_DOC.as_ptr(),
    });
    let source = raw::make_type(module, c"_syslogng.LogSource", size_of::<Object>(), slots)?;

    let mut slots = self::slots(c"The native base of syslogng.LogFetcher.");
    methods::add_common(&mut slots);
    methods::add_fetcher(&mut slots);
    let fetcher = raw::make_type(module, c"_syslogng.LogFetcher", size_of::<Object>(), slots)?;

    // These references are never given back: the types live as long as the process.
    SOURCE.store(source.clone().into_ptr().cast(), Relaxed);
    FETCHER.store(fetcher.clone().into_ptr().cast(), Relaxed);
    Ok((source, fetcher))
}

fn slots(doc: &'static CStr) -> Slots {
    let mut slots = Slots::new(doc);
    slots.add(ffi::Py_tp_new, new as *mut c_void);
    slots.add(ffi::Py_tp_dealloc, dealloc as *mut c_void);
    slots.add(ffi::Py_tp_traverse, traverse as *mut c_void);
    slots
}

const POST_MESSAGE_DOC: &CStr = c"post_message($self, msg, receipt=False)\n--\n\n\
Sends a copy of the message on its way. In place of a LogMessage it may be a text, str or bytes, or a dict of\n\
names and values.\n\n\
True: it will be delivered. False: it was dropped, which the daemon counts and logs, since the source is suspended\n\
or was asked to exit. At an exhausted window this waits, or calls suspend() if the class has suspend() and wakeup().\n\
May be called by any thread, from run() on.\n\n\
With receipt=True it gives a Receipt instead, which says what became of the message once that is known.";

/// The native part of a driver's object.
pub(crate) fn native_of<'a>(object: &'a Bound<'_, PyAny>) -> PyResult<&'a Native> {
    let object = object.as_ptr();
    // SAFETY: a `Bound` proves the GIL, and keeps the object alive as long as the borrow is. Objects of both types,
    // and of types derived from them, start with an `Object`.
    unsafe {
        let found = ffi::Py_TYPE(object);
        let derived = |wanted: &AtomicPtr<ffi::PyTypeObject>| {
            let wanted = wanted.load(Relaxed);
            found == wanted || ffi::PyType_IsSubtype(found, wanted) != 0
        };
        if derived(&SOURCE) || derived(&FETCHER) {
            return Ok(&(*object.cast::<Object>()).native);
        }
    }
    Err(PyTypeError::new_err("LogSource or LogFetcher expected"))
}

impl Native {
    pub(crate) fn bind(&self, post: &'static Post) {
        self.post.set(Some(post));
    }

    pub(crate) fn post(&self) -> Option<&'static Post> {
        self.post.get()
    }

    /// Replaces the persist name.
    pub(crate) fn set_persist_name(&self, name: &Bound<'_, PyAny>) {
        let old = self.persist_name.replace(name.clone().into_ptr());
        // SAFETY: null or the cell's own reference; a `Bound` proves the GIL.
        unsafe { ffi::Py_XDECREF(old) };
    }

    fn persist_name<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        // SAFETY: null or an object this owns; `py` is the GIL.
        unsafe { Bound::from_borrowed_ptr_or_opt(py, self.persist_name.get()) }
    }

    /// Keeps a state until what its `fetch()` has brought is posted.
    fn set_checkpoint(&self, state: &[u8]) {
        self.checkpoint.set(Some(Box::new(state.into())));
    }

    /// The state that the `fetch()` that has just returned has left, if it has.
    #[inline]
    pub(crate) fn take_checkpoint(&self) -> Option<State> {
        self.checkpoint.take()
    }

    fn set_transport(&self, name: &str) {
        self.transport.set(Some(Rc::new(name.as_bytes().into())));
    }

    /// What `set_transport_name()` was called with.
    #[inline]
    pub(crate) fn transport(&self) -> Option<Transport> {
        let name = self.transport.take()?;
        self.transport.set(Some(name.clone()));
        Some(name)
    }
}

unsafe extern "C" fn post_message(
    me: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: Python calls this with the GIL, an object of ours, and as many arguments as it says.
    unsafe {
        let (given, receipt) = if count == 1 && names.is_null() {
            (*args, None)
        } else {
            match post_arguments(args, count, names) {
                Some(arguments) => arguments,
                None => return bad_arguments(),
            }
        };
        let native = &(*me.cast::<Object>()).native;
        let py = Python::assume_attached();
        // Keeps a message that is made here until it is posted.
        let made;
        let message = match log_message::body(given) {
            Some(message) => message,
            None => match make_message(given) {
                Some(message) => {
                    made = Bound::from_owned_ptr(py, message);
                    match log_message::body(made.as_ptr()) {
                        Some(message) => message,
                        None => return bad_arguments(),
                    }
                }
                None => return ptr::null_mut(),
            },
        };
        if let Some(receipt) = receipt
            && ffi::PyObject_IsTrue(receipt) == 1
        {
            return match methods::post_with_receipt(py, native, message) {
                Ok(receipt) => receipt.into_ptr(),
                Err(error) => {
                    error.restore(py);
                    ptr::null_mut()
                }
            };
        }
        let posted = match native.post() {
            Some(post) if !message.has_bookmark() => {
                let transport = native.transport();
                post.post(py, message, transport.as_deref().map(AsRef::as_ref))
            }
            _ => methods::post_other(py, native, message),
        };
        match posted {
            Ok(accepted) => {
                let answer = if accepted { ffi::Py_True() } else { ffi::Py_False() };
                ffi::Py_INCREF(answer);
                answer
            }
            Err(error) => {
                error.restore(py);
                ptr::null_mut()
            }
        }
    }
}

/// `msg` and perhaps `receipt`, by place or by name; `None`: they are others, too many or too few.
///
/// # Safety
///
/// With the GIL; the arguments of a fast call.
#[cold]
unsafe fn post_arguments(
    args: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> Option<(*mut ffi::PyObject, Option<*mut ffi::PyObject>)> {
    let mut found = [None; 2];
    // SAFETY: the caller's word: `count` arguments, then one for each name; the names of keyword arguments are str.
    unsafe {
        let named = if names.is_null() { 0 } else { ffi::PyTuple_Size(names) };
        for at in 0..count + named {
            let place = if at < count {
                usize::try_from(at).ok()?
            } else {
                let name = ffi::PyTuple_GetItem(names, at - count);
                let is = |known: &CStr| ffi::PyUnicode_CompareWithASCIIString(name, known.as_ptr()) == 0;
                [c"msg", c"receipt"].into_iter().position(is)?
            };
            if found.get_mut(place)?.replace(*args.offset(at)).is_some() {
                return None;
            }
        }
    }
    Some((found[0]?, found[1]))
}

#[cold]
unsafe fn bad_arguments() -> *mut ffi::PyObject {
    let text = "post_message() takes msg, which is a LogMessage, a text or a dict of values, and perhaps receipt, which is True or False";
    // SAFETY: with the GIL, as its caller.
    unsafe { raw::guarded(|_| Err::<(), _>(PyTypeError::new_err(text))) };
    ptr::null_mut()
}

/// A new message of a text or a dict; `None`: Python's exception is set.
#[cold]
unsafe fn make_message(given: *mut ffi::PyObject) -> Option<*mut ffi::PyObject> {
    // SAFETY: with the GIL, as its caller; the argument is alive.
    unsafe {
        let made =
            raw::guarded(|py| posting::as_message(&Bound::from_borrowed_ptr(py, given)).map(Bound::unbind));
        made.map(Py::into_ptr)
    }
}

unsafe extern "C" fn new(
    subtype: *mut ffi::PyTypeObject,
    _args: *mut ffi::PyObject,
    _kwargs: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: a type of ours or derived from it. All zero is a `Native` that is not bound: null references, no
    // boxes, false.
    unsafe { ffi::PyType_GenericAlloc(subtype, 0) }
}

unsafe extern "C" fn dealloc(object: *mut ffi::PyObject) {
    // SAFETY: as in the dealloc of `LogMessage`: untracked first, emptied, given back through its type, which then
    // loses the object's reference.
    unsafe {
        ffi::PyObject_GC_UnTrack(object.cast::<c_void>());
        let kind = ffi::Py_TYPE(object);
        let native = &raw mut (*object.cast::<Object>()).native;
        ffi::Py_XDECREF((*native).persist_name.replace(ptr::null_mut()));
        ptr::drop_in_place(native);
        let free = ffi::PyType_GetSlot(kind, ffi::Py_tp_free);
        let free = std::mem::transmute::<*mut c_void, ffi::freefunc>(free);
        free(object.cast::<c_void>());
        ffi::Py_DECREF(kind.cast::<ffi::PyObject>());
    }
}

unsafe extern "C" fn traverse(object: *mut ffi::PyObject, visit: ffi::visitproc, arg: *mut c_void) -> c_int {
    // SAFETY: the collector's call. The persist name is a plain str, which refers to nothing.
    unsafe { visit(ffi::Py_TYPE(object).cast::<ffi::PyObject>(), arg) }
}
