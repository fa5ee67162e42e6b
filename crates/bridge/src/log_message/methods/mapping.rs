//! `msg[name]` and its kin.
#![expect(unsafe_code, reason = "the slots' C functions")]

use std::ffi::c_int;

use super::*;
use crate::raw::{guarded, guarded_quick};

/// Characters of MESSAGE in a repr.
const REPR_CHARS: usize = 60;

pub(super) fn add_slots(slots: &mut Slots) {
    slots.add(ffi::Py_mp_subscript, subscript as *mut c_void);
    slots.add(ffi::Py_mp_ass_subscript, assign as *mut c_void);
    slots.add(ffi::Py_mp_length, length as *mut c_void);
    slots.add(ffi::Py_sq_contains, contains as *mut c_void);
    // A message without pairs has a length of 0, and is still something.
    slots.add(ffi::Py_nb_bool, truth as *mut c_void);
    slots.add(ffi::Py_tp_repr, repr as *mut c_void);
}

unsafe extern "C" fn subscript(me: *mut ffi::PyObject, key: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: Python calls this with the GIL and two live objects.
    let found = unsafe {
        guarded_quick(|py| {
            let (me, key) = (Bound::from_borrowed_ptr(py, me), Bound::from_borrowed_ptr(py, key));
            get_item(&me, &key).map(Bound::unbind)
        })
    };
    found.map_or(std::ptr::null_mut(), Py::into_ptr)
}

unsafe extern "C" fn assign(
    me: *mut ffi::PyObject,
    key: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
) -> c_int {
    // SAFETY: as above; `value` is null for `del`.
    let done = unsafe {
        guarded_quick(|py| {
            let (me, key) = (Bound::from_borrowed_ptr(py, me), Bound::from_borrowed_ptr(py, key));
            match Bound::from_borrowed_ptr_or_opt(py, value) {
                Some(value) => set_item(&me, &key, &value),
                None => del_item(&me, &key),
            }
        })
    };
    if done.is_some() { 0 } else { -1 }
}

unsafe extern "C" fn length(me: *mut ffi::PyObject) -> ffi::Py_ssize_t {
    // SAFETY: as above.
    let length = unsafe { guarded(|py| Ok(set_names(body(&Bound::from_borrowed_ptr(py, me))?).len())) };
    length.map_or(-1, |length| length as ffi::Py_ssize_t)
}

unsafe extern "C" fn contains(me: *mut ffi::PyObject, key: *mut ffi::PyObject) -> c_int {
    // SAFETY: as above.
    let found = unsafe {
        guarded(|py| {
            let (me, key) = (Bound::from_borrowed_ptr(py, me), Bound::from_borrowed_ptr(py, key));
            Ok(find(py, body(&me)?, &name_of(&key)?).is_some())
        })
    };
    found.map_or(-1, c_int::from)
}

unsafe extern "C" fn truth(_me: *mut ffi::PyObject) -> c_int {
    1
}

unsafe extern "C" fn repr(me: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: as above.
    let text = unsafe {
        guarded(|py| {
            let me = Bound::from_borrowed_ptr(py, me);
            Ok(PyString::new(py, &describe(&me)?).into_any().unbind())
        })
    };
    text.map_or(std::ptr::null_mut(), Py::into_ptr)
}

fn get_item<'py>(me: &Object<'py>, key: &Object<'py>) -> PyResult<Object<'py>> {
    let (py, body) = (me.py(), body(me)?);
    let name = name_of(key)?;
    match find(py, body, &name) {
        Some(found) => found.value(py, body.compat.get()),
        None if body.compat.get() => Ok(PyBytes::new(py, b"").into_any()),
        None => {
            let text = format!("No such name-value pair {}", String::from_utf8_lossy(&name));
            Err(PyKeyError::new_err(text))
        }
    }
}

/// Refuses to change a message that was posted.
fn check_writable(body: &Body, name: &[u8]) -> PyResult<()> {
    if !body.is_posted() {
        return Ok(());
    }
    let name = String::from_utf8_lossy(name);
    let why = if body.is_received() {
        "only a parser may change it; set it on a copy()"
    } else {
        "it was posted; set it before, or on a copy()"
    };
    Err(PyTypeError::new_err(format!("Log message is read only, cannot set name-value pair {name}: {why}")))
}

fn set_item(me: &Object<'_>, key: &Object<'_>, value: &Object<'_>) -> PyResult<()> {
    let body = body(me)?;
    let name = name_of(key)?;
    check_writable(body, &name)?;
    let key = Name::new(&name);
    if macros::is_macro(key) {
        // A macro is computed when it is read, so what is stored under its name is never seen, as in syslog-ng.
        return Ok(());
    }
    let (stored, kind) = value::from_python(value, &name, body.compat.get())?;
    body.own_values(me.py())?;
    if key == Name::Builtin(Builtin::Message) {
        if kind == ValueType::String {
            body.with_pairs(|pairs| pairs.unset(key));
            // SAFETY: `value` is alive, and proves the GIL.
            let set = unsafe { body.set_text(value.as_ptr()) };
            return set.map(drop).map_err(|()| PyErr::fetch(me.py()));
        }
        body.unset_text(me.py());
        body.set_flags(body.flags().without(RecordFlags::UTF8));
    }
    body.with_pairs(|pairs| {
        if matches!(key, Name::Builtin(Builtin::Program | Builtin::Pid)) {
            // It would still show the old ones.
            pairs.unset(Name::Builtin(Builtin::LegacyMsghdr));
        }
        pairs.set(key, &stored, kind).map_err(overfull)
    })
}

fn del_item(me: &Object<'_>, key: &Object<'_>) -> PyResult<()> {
    let body = body(me)?;
    let name = name_of(key)?;
    check_writable(body, &name)?;
    let key = Name::new(&name);
    if macros::is_macro(key) {
        let text = format!("Cannot delete the macro {}", String::from_utf8_lossy(&name));
        return Err(PyKeyError::new_err(text));
    }
    body.own_values(me.py())?;
    let mut gone = body.with_pairs(|pairs| pairs.unset(key));
    if key == Name::Builtin(Builtin::Message) {
        gone |= body.unset_text(me.py());
    }
    if body.peek_shared(|shared| shared.origin()?.get(key).map(drop)).is_some() {
        // What the source has in common would show through.
        body.with_pairs(|pairs| pairs.set(key, b"", ValueType::Null).map_err(overfull))?;
        gone = true;
    }
    if gone || body.compat.get() {
        return Ok(());
    }
    let text = format!("No such name-value pair {}", String::from_utf8_lossy(&name));
    Err(PyKeyError::new_err(text))
}

fn describe(me: &Object<'_>) -> PyResult<String> {
    let body = body(me)?;
    let mut text = format!("<{} pri={}", type_name(me), body.pri.get());
    body.with_entries(None, |entries| {
        for entry in entries {
            let shown = String::from_utf8_lossy(entry.value);
            let mut shown: String = shown.chars().take(REPR_CHARS + 1).collect();
            if shown.chars().count() > REPR_CHARS {
                shown.pop();
                shown.push('…');
            }
            let name = String::from_utf8_lossy(entry.name.as_bytes()).into_owned();
            text.push_str(&format!(" {name}={shown:?}"));
        }
    });
    text.push('>');
    Ok(text)
}
