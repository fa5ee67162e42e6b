//! Between the C API and safe code: types, arguments, and calls that cannot unwind into Python.
#![expect(unsafe_code, reason = "the seam to the C API")]

use std::{
    ffi::{CStr, c_int, c_void},
    os::fd::{FromRawFd, OwnedFd},
    panic::{AssertUnwindSafe, catch_unwind},
    ptr,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use pyo3::{
    exceptions::{PyRuntimeError, PyTypeError},
    ffi,
    prelude::*,
    types::{PyDict, PyTuple, PyType},
};

/// The slots of a type in the making.
pub(crate) struct Slots {
    slots: Vec<ffi::PyType_Slot>,
    methods: Vec<ffi::PyMethodDef>,
    getset: Vec<ffi::PyGetSetDef>,
}

impl Slots {
    pub(crate) fn new(doc: &'static CStr) -> Slots {
        let doc = ffi::PyType_Slot { slot: ffi::Py_tp_doc, pfunc: doc.as_ptr().cast_mut().cast() };
        Slots { slots: vec![doc], methods: Vec::new(), getset: Vec::new() }
    }

    /// Adds a function that has the C type the slot asks for.
    pub(crate) fn add(&mut self, slot: c_int, function: *mut c_void) {
        self.slots.push(ffi::PyType_Slot { slot, pfunc: function });
    }

    pub(crate) fn method(&mut self, method: ffi::PyMethodDef) {
        self.methods.push(method);
    }

    pub(crate) fn getset(&mut self, getset: ffi::PyGetSetDef) {
        self.getset.push(getset);
    }
}

/// Makes a heap type that can be derived from and is collected.
///
/// Its objects start as zero bytes. `tp_traverse`, `tp_clear` and `tp_dealloc` must be among the slots.
pub(crate) fn make_type<'py>(
    module: &Bound<'py, PyModule>,
    name: &'static CStr,
    size: usize,
    mut slots: Slots,
) -> PyResult<Bound<'py, PyType>> {
    slots.methods.push(ffi::PyMethodDef::zeroed());
    slots.getset.push(ffi::PyGetSetDef::default());
    // Python keeps pointers into both tables for as long as the type lives.
    let (methods, getset) = (slots.methods.leak(), slots.getset.leak());
    let mut slots = slots.slots;
    slots.push(ffi::PyType_Slot { slot: ffi::Py_tp_methods, pfunc: methods.as_mut_ptr().cast() });
    slots.push(ffi::PyType_Slot { slot: ffi::Py_tp_getset, pfunc: getset.as_mut_ptr().cast() });
    slots.push(ffi::PyType_Slot::default());
    let flags = ffi::Py_TPFLAGS_DEFAULT
        | ffi::Py_TPFLAGS_BASETYPE
        | ffi::Py_TPFLAGS_HAVE_GC
        | ffi::Py_TPFLAGS_IMMUTABLETYPE;
    let mut spec = ffi::PyType_Spec {
        name: name.as_ptr(),
        basicsize: size as c_int,
        itemsize: 0,
        flags: flags as _,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: the spec is complete and its tables end with their sentinels; Python copies the slots. The functions
    // have the types their slots ask for, which the caller sees to.
    unsafe {
        let made = ffi::PyType_FromModuleAndSpec(module.as_ptr(), &raw mut spec, ptr::null_mut());
        Ok(Bound::from_owned_ptr_or_err(module.py(), made)?.cast_into()?)
    }
}

/// Runs safe code on behalf of a C function. `None`: Python's exception is set. A panic becomes an exception too.
///
/// # Safety
///
/// With the GIL.
pub(crate) unsafe fn guarded<T>(code: impl FnOnce(Python<'_>) -> PyResult<T>) -> Option<T> {
    // Attaching again is cheap, and tells PyO3 that references may be dropped at once.
    Python::attach(|py| run(py, code))
}

/// As [`guarded`], a little quicker: for code that has no `Py` to drop unless it fails.
///
/// # Safety
///
/// With the GIL.
#[inline]
pub(crate) unsafe fn guarded_quick<T>(code: impl FnOnce(Python<'_>) -> PyResult<T>) -> Option<T> {
    // SAFETY: the caller's word.
    run(unsafe { Python::assume_attached() }, code)
}

#[inline]
fn run<T>(py: Python<'_>, code: impl FnOnce(Python<'_>) -> PyResult<T>) -> Option<T> {
    let result = catch_unwind(AssertUnwindSafe(|| code(py))).unwrap_or_else(|_| {
        Err(PyRuntimeError::new_err("internal error in _syslogng: please report it with what stderr says"))
    });
    result.map_err(|error| error.restore(py)).ok()
}

/// The arguments of one call.
pub(crate) struct Arguments<'py> {
    positional: Bound<'py, PyTuple>,
    keyword: Option<Bound<'py, PyDict>>,
}

impl<'py> Arguments<'py> {
    /// # Safety
    ///
    /// `args` is a tuple, `kwargs` a dict or null.
    pub(crate) unsafe fn new(
        py: Python<'py>,
        args: *mut ffi::PyObject,
        kwargs: *mut ffi::PyObject,
    ) -> Arguments<'py> {
        // SAFETY: the caller's word.
        unsafe {
            Arguments {
                positional: Bound::from_borrowed_ptr(py, args).cast_into_unchecked(),
                keyword: Bound::from_borrowed_ptr_or_opt(py, kwargs)
                    .map(|kwargs| kwargs.cast_into_unchecked()),
            }
        }
    }

    /// The arguments by position or keyword, in the order of `names`, the first `required` of which must be given.
    pub(crate) fn take<const N: usize>(
        &self,
        function: &str,
        names: [&str; N],
        required: usize,
    ) -> PyResult<[Option<Bound<'py, PyAny>>; N]> {
        let given = self.positional.len();
        if given > N {
            let text = format!("{function}() takes at most {N} arguments, {given} given");
            return Err(PyTypeError::new_err(text));
        }
        let mut found = [const { None }; N];
        for (place, argument) in found.iter_mut().zip(self.positional.iter()) {
            *place = Some(argument);
        }
        for (name, value) in self.keyword.iter().flatten() {
            let name = name.str()?;
            let name = name.to_cow()?;
            let Some(at) = names.iter().position(|known| *known == name) else {
                let text = format!("{function}() got an unexpected keyword argument '{name}'");
                return Err(PyTypeError::new_err(text));
            };
            if found[at].replace(value).is_some() {
                let text = format!("{function}() got two values for argument '{name}'");
                return Err(PyTypeError::new_err(text));
            }
        }
        if let Some(missing) = found[..required].iter().position(Option::is_none) {
            let text = format!("{function}() needs the argument '{}'", names[missing]);
            return Err(PyTypeError::new_err(text));
        }
        Ok(found)
    }
}

/// A method in safe code: the object it is called on (the type, for a static one) and the arguments.
pub(crate) type Method = for<'py> fn(&Bound<'py, PyAny>, &Arguments<'py>) -> PyResult<Bound<'py, PyAny>>;

/// Calls a method on behalf of a C function.
///
/// # Safety
///
/// With the GIL; `object` is live or null (a static method), `args` a tuple, `kwargs` a dict or null.
pub(crate) unsafe fn call(
    object: *mut ffi::PyObject,
    args: *mut ffi::PyObject,
    kwargs: *mut ffi::PyObject,
    method: Method,
) -> *mut ffi::PyObject {
    // SAFETY: the caller's word.
    let result = unsafe {
        guarded(|py| {
            let object = if object.is_null() { ffi::Py_None() } else { object };
            let object = Bound::from_borrowed_ptr(py, object);
            method(&object, &Arguments::new(py, args, kwargs)).map(Bound::unbind)
        })
    };
    result.map_or(ptr::null_mut(), Py::into_ptr)
}

/// The definition of a method that is a [`Method`].
macro_rules! method {
    ($name:literal, $method:path, $doc:literal) => {
        $crate::raw::method!($name, $method, $doc, 0)
    };
    ($name:literal, $method:path, $doc:literal, $flags:expr) => {{
        unsafe extern "C" fn raw(
            object: *mut pyo3::ffi::PyObject,
            args: *mut pyo3::ffi::PyObject,
            kwargs: *mut pyo3::ffi::PyObject,
        ) -> *mut pyo3::ffi::PyObject {
            // SAFETY: Python calls this as the flags below say.
            unsafe { $crate::raw::call(object, args, kwargs, $method) }
        }
        pyo3::ffi::PyMethodDef {
            ml_name: $name.as_ptr(),
            ml_meth: pyo3::ffi::PyMethodDefPointer { PyCFunctionWithKeywords: raw },
            ml_flags: pyo3::ffi::METH_VARARGS | pyo3::ffi::METH_KEYWORDS | $flags,
            ml_doc: $doc.as_ptr(),
        }
    }};
}
pub(crate) use method;

/// What the type of `object` is called, for an error text.
pub(crate) fn type_name(object: &Bound<'_, PyAny>) -> String {
    object.get_type().name().map_or_else(|_| "object".to_owned(), |name| name.to_string())
}

/// Something that must only be used with the GIL.
pub(crate) struct WithGil<T>(T);

// SAFETY: whoever gets at the value shows that it holds the GIL, so no two threads use it at the same time. It is never
// dropped by a thread without the GIL: it is part of a Python object.
unsafe impl<T> Send for WithGil<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for WithGil<T> {}

impl<T: Copy> WithGil<T> {
    pub(crate) fn new(value: T) -> WithGil<T> {
        WithGil(value)
    }

    pub(crate) fn get(&self, _gil: Python<'_>) -> T {
        self.0
    }
}

/// Takes over descriptors that the daemon passed by number. Once a process.
pub(crate) fn claim<const N: usize>(numbers: [c_int; N]) -> Result<[OwnedFd; N], &'static str> {
    static CLAIMED: AtomicBool = AtomicBool::new(false);
    if numbers.iter().any(|number| *number <= 2) {
        return Err("the descriptors of a worker are none of the standard ones");
    }
    if CLAIMED.swap(true, Relaxed) {
        return Err("a process can be one worker only");
    }
    // SAFETY: the daemon made these for this process alone and says so in its arguments; nobody has taken them before.
    Ok(numbers.map(|number| unsafe { OwnedFd::from_raw_fd(number) }))
}
