//! What a `LogMessage` holds.
//!
//! The object keeps a reference to the `str` or `bytes` it was made of, and two stamps: a message that is posted
//! as it was made copies its text once, from there into the ring. Pairs are kept apart, and only when there are any.
//!
//! Everything is in cells: whatever Python code runs in the middle of one method may call another one.
#![expect(unsafe_code, reason = "references to Python objects, counted by hand: see the module's text")]

use std::cell::Cell;
use std::{ptr, slice};

use message::{
    Builtin, Entry, Head, Message, Name, Record, RecordFlags, Stamp, ValueType, Zone, record,
    time::MICROS_PER_SECOND,
};
use pyo3::{ffi, prelude::*, types::PyBytes};

use super::pairs::{Overfull, Pairs};
use crate::batch::Shared;

/// user.notice, in numbers.
const PRI_DEFAULT: u16 = 13;
/// Entries of a message that is encoded without an allocation.
const ENTRIES_AT_HAND: usize = 16;

/// The part of the object that is ours.
pub(crate) struct Body {
    text: Cell<Text>,
    /// Owned, or null.
    bookmark: Cell<*mut ffi::PyObject>,
    pairs: Cell<Option<Box<Pairs>>>,
    /// Of a message that came from the daemon.
    shared: Cell<Option<Box<Shared>>>,
    pub(crate) stamp: Cell<Stamp>,
    pub(crate) received: Cell<Stamp>,
    pub(crate) pri: Cell<u16>,
    flags: Cell<RecordFlags>,
    /// It was posted: pairs can no longer be set.
    posted: Cell<bool>,
    /// Values are read as an `@version` below 4.0 reads them.
    pub(crate) compat: Cell<bool>,
}

/// MESSAGE as a Python object and as the bytes in it.
#[derive(Clone, Copy)]
struct Text {
    /// Owned; `str` or `bytes`, both of which never change. Null: MESSAGE is not set, or a pair.
    object: *mut ffi::PyObject,
    data: *const u8,
    len: usize,
}

impl Text {
    const NONE: Text = Text { object: ptr::null_mut(), data: ptr::null(), len: 0 };
}

impl Body {
    /// An empty message of this moment.
    #[inline]
    pub(super) fn new() -> Body {
        let now = now();
        Body {
            text: Cell::new(Text::NONE),
            bookmark: Cell::new(ptr::null_mut()),
            pairs: Cell::new(None),
            shared: Cell::new(None),
            stamp: Cell::new(now),
            received: Cell::new(now),
            pri: Cell::new(PRI_DEFAULT),
            flags: Cell::new(RecordFlags::LOCAL),
            posted: Cell::new(false),
            compat: Cell::new(false),
        }
    }

    /// Makes an empty body that of a message the daemon sent.
    pub(super) fn receive(&self, shared: Shared, compat: bool, writable: bool) {
        if let Some(message) = shared.message() {
            let head = message.record().head();
            self.stamp.set(Stamp { micros: head.stamp, zone: head.stamp_zone });
            self.received.set(Stamp { micros: head.received, zone: head.received_zone });
            self.pri.set(head.pri);
            self.flags.set(head.flags);
        }
        self.compat.set(compat);
        self.posted.set(!writable);
        self.shared.set(Some(Box::new(shared)));
    }

    /// Whether the daemon sent it.
    #[inline]
    pub(crate) fn is_received(&self) -> bool {
        self.peek_shared(|_| Some(())).is_some()
    }

    /// Runs `with` on what the daemon sent. `with` must not run Python code.
    #[inline]
    pub(crate) fn peek_shared<T>(&self, with: impl FnOnce(&Shared) -> Option<T>) -> Option<T> {
        let shared = self.shared.take()?;
        let result = with(&shared);
        self.shared.set(Some(shared));
        result
    }

    /// Before a value changes: takes over the values of the record that was sent, which itself never changes.
    pub(super) fn own_values(&self, py: Python<'_>) -> PyResult<()> {
        let Some(shared) = self.shared.take() else { return Ok(()) };
        let mut taken = Ok(());
        let mut text = None;
        if let Some(message) = shared.message() {
            let mut pairs = Pairs::default();
            for entry in message.record().pairs() {
                if entry.name == Name::Builtin(Builtin::Message) && entry.kind == ValueType::String {
                    text = Some(PyBytes::new(py, entry.value));
                } else {
                    taken = taken.and(pairs.set(entry.name, entry.value, entry.kind));
                }
            }
            self.pairs.set(Some(Box::new(pairs)));
            self.shared.set(Some(Box::new(shared.without_record())));
        } else {
            self.shared.set(Some(shared));
        }
        if let Some(text) = text {
            let flags = self.flags.get();
            self.set_text_bytes(&text);
            self.flags.set(flags);
        }
        taken
            .map_err(|_| pyo3::exceptions::PyValueError::new_err("the message has too many name-value pairs"))
    }

    /// Whether it says what the daemon sent, and nothing else.
    pub(crate) fn is_unchanged(&self) -> bool {
        let head = self.head();
        self.peek_shared(|shared| Some(shared.message()?.record().head() == head)).unwrap_or(false)
    }

    /// Runs `with` on the message as templates see it. `with` must not run Python code.
    pub(crate) fn with_message<T>(&self, with: impl FnOnce(Message<'_>) -> T) -> T {
        if self.is_unchanged() {
            let shared = self.shared.take();
            let result = shared.as_ref().and_then(|shared| shared.message()).map(with);
            self.shared.set(shared);
            // It is unchanged, so there is a message.
            return result.unwrap_or_else(|| unreachable!("a message that is not there is unchanged"));
        }
        let mut arena = Vec::new();
        self.encode_own(&mut arena);
        let shared = self.shared.take();
        let origin = shared.as_ref().and_then(|shared| shared.origin());
        let result = with(Message::new(Record::trusted(&arena), origin));
        self.shared.set(shared);
        result
    }

    /// Appends its record, without what its source has in common.
    pub(crate) fn encode_own(&self, out: &mut Vec<u8>) {
        let shared = self.shared.take();
        match shared.as_ref().and_then(|shared| shared.message()) {
            Some(message) => {
                let entries: Vec<Entry<'_>> = message.record().pairs().collect();
                record::encode(out, &self.head(), &entries);
            }
            None => self.with_entries(None, |entries| record::encode(out, &self.head(), entries)),
        }
        self.shared.set(shared);
    }

    /// [`Body::with_entries`] of a message that the daemon sent: with what its source has in common.
    #[cold]
    fn with_sent_entries<T>(&self, also: Option<Entry<'_>>, with: impl FnOnce(&[Entry<'_>]) -> T) -> T {
        self.with_message(|message| {
            let own = message.pairs().filter(|entry| also.is_none_or(|also| also.name != entry.name));
            let all: Vec<Entry<'_>> = own.chain(also).collect();
            with(&all)
        })
    }

    /// Makes `object` MESSAGE, if it is a `str` or `bytes`; false, and nothing done, if it is neither. On an error,
    /// Python's exception is set.
    ///
    /// # Safety
    ///
    /// With the GIL, and `object` is a live object.
    #[inline]
    pub(super) unsafe fn set_text(&self, object: *mut ffi::PyObject) -> Result<bool, ()> {
        // SAFETY: the caller's word. The pointer into the object stays good as long as the object lives, which the
        // reference taken here sees to: neither type can be changed, and a str keeps its UTF-8 form once made.
        unsafe {
            let (data, len, flags);
            if ffi::PyUnicode_Check(object) != 0 {
                let mut size = 0;
                data = ffi::PyUnicode_AsUTF8AndSize(object, &raw mut size).cast::<u8>();
                if data.is_null() {
                    return Err(());
                }
                len = size as usize;
                flags = self.flags.get().with(RecordFlags::UTF8);
            } else if ffi::PyBytes_Check(object) != 0 {
                data = ffi::PyBytes_AsString(object).cast::<u8>();
                len = ffi::PyBytes_Size(object) as usize;
                flags = self.flags.get().without(RecordFlags::UTF8);
            } else {
                return Ok(false);
            }
            ffi::Py_INCREF(object);
            self.flags.set(flags);
            release(self.text.replace(Text { object, data, len }).object);
        }
        Ok(true)
    }

    /// Makes these bytes MESSAGE.
    pub(crate) fn set_text_bytes(&self, bytes: &Bound<'_, PyBytes>) {
        // SAFETY: a `Bound` proves the GIL and is alive.
        let set = unsafe { self.set_text(bytes.as_ptr()) };
        debug_assert!(set == Ok(true), "bytes are always taken");
    }

    /// # Safety
    ///
    /// With the GIL; `object` is a live object or null.
    #[inline]
    pub(super) unsafe fn set_bookmark(&self, object: *mut ffi::PyObject) {
        // SAFETY: the caller's word.
        unsafe {
            let object = if object == ffi::Py_None() { ptr::null_mut() } else { object };
            ffi::Py_XINCREF(object);
            release(self.bookmark.replace(object));
        }
    }

    /// Whether it carries a bookmark.
    pub(crate) fn has_bookmark(&self) -> bool {
        !self.bookmark.get().is_null()
    }

    /// Its bookmark, if it has one.
    pub(crate) fn bookmark(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        // SAFETY: null or an object this body owns; `py` is the GIL.
        unsafe { Bound::from_borrowed_ptr_or_opt(py, self.bookmark.get()) }.map(Bound::unbind)
    }

    /// Whether it refers to nothing but a text that refers to nothing: it cannot be part of a cycle.
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        let text = self.text.get().object;
        // SAFETY: null or an object this body owns.
        let plain = text.is_null()
            || unsafe { ffi::PyUnicode_CheckExact(text) != 0 || ffi::PyBytes_CheckExact(text) != 0 };
        plain && !self.has_bookmark()
    }

    /// The MESSAGE of a message that has nothing else.
    #[inline]
    pub(crate) fn only_text(&self) -> Option<&[u8]> {
        let pairs = self.pairs.take();
        let alone = pairs.is_none() && !self.is_received();
        self.pairs.set(pairs);
        let text = self.text.get();
        if !alone || text.object.is_null() {
            return None;
        }
        // SAFETY: as in `with_entries`: the caller runs no Python code while it has the bytes.
        Some(unsafe { slice::from_raw_parts(text.data, text.len) })
    }

    /// The references the garbage collector follows.
    pub(super) fn references(&self) -> [*mut ffi::PyObject; 2] {
        [self.text.get().object, self.bookmark.get()]
    }

    /// Gives up all references to Python objects.
    ///
    /// # Safety
    ///
    /// With the GIL.
    #[inline]
    pub(super) unsafe fn clear(&self) {
        // SAFETY: each reference was owned by its cell, which no longer has it. Releasing one may run code that
        // comes back here, and finds the cell empty.
        unsafe {
            release(self.text.replace(Text::NONE).object);
            let bookmark = self.bookmark.replace(ptr::null_mut());
            if !bookmark.is_null() {
                release_deep(bookmark);
            }
        }
    }

    /// The object behind MESSAGE, when there is one.
    pub(super) fn text_object<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        // SAFETY: null or an object this body owns a reference to; `py` is the GIL.
        unsafe { Bound::from_borrowed_ptr_or_opt(py, self.text.get().object) }
    }

    /// Removes MESSAGE where it is a text.
    pub(super) fn unset_text(&self, _gil: Python<'_>) -> bool {
        let text = self.text.replace(Text::NONE);
        // SAFETY: the cell's own reference, and the GIL is held.
        unsafe { release(text.object) };
        !text.object.is_null()
    }

    pub(super) fn is_posted(&self) -> bool {
        self.posted.get()
    }

    #[inline]
    pub(crate) fn set_posted(&self) {
        self.posted.set(true);
    }

    pub(crate) fn set_flags(&self, flags: RecordFlags) {
        self.flags.set(flags);
    }

    pub(crate) fn flags(&self) -> RecordFlags {
        self.flags.get()
    }

    /// Runs `with` on the pairs if there are any. `with` must not run Python code.
    pub(super) fn peek_pairs<T>(&self, with: impl FnOnce(&Pairs) -> Option<T>) -> Option<T> {
        let pairs = self.pairs.take()?;
        let result = with(&pairs);
        self.pairs.set(Some(pairs));
        result
    }

    /// Runs `with` on the pairs, and makes them first if there are none. `with` must not run Python code.
    pub(super) fn with_pairs<T>(&self, with: impl FnOnce(&mut Pairs) -> T) -> T {
        let mut pairs = self.pairs.take().unwrap_or_default();
        let result = with(&mut pairs);
        self.pairs.set(Some(pairs));
        result
    }

    /// Sets a pair, as the message's own methods do.
    pub(crate) fn set_pair(&self, name: Name<'_>, value: &[u8], kind: ValueType) -> Result<(), Overfull> {
        self.with_pairs(|pairs| pairs.set(name, value, kind))
    }

    /// Runs `with` on every pair, MESSAGE first where it is a text. `with` must not run Python code.
    #[inline]
    pub(crate) fn with_entries<T>(&self, also: Option<Entry<'_>>, with: impl FnOnce(&[Entry<'_>]) -> T) -> T {
        const NOTHING: Entry<'_> =
            Entry { name: Name::Builtin(Builtin::Message), value: b"", kind: ValueType::String };
        if self.is_received() {
            return self.with_sent_entries(also, with);
        }
        let text = self.text.get();
        let pairs = self.pairs.take();
        let mut at_hand = [NOTHING; 2];
        let mut count = 0;
        if !text.object.is_null() {
            // SAFETY: the object is owned by this body, and lives at least until `with` returns, since nothing in
            // between runs Python code.
            at_hand[0].value = unsafe { slice::from_raw_parts(text.data, text.len) };
            count = 1;
        }
        if let Some(also) = also {
            at_hand[count] = also;
            count += 1;
        }
        let result = match &pairs {
            None => with(&at_hand[..count]),
            Some(pairs) if pairs.len() + count <= ENTRIES_AT_HAND => {
                let mut all = [NOTHING; ENTRIES_AT_HAND];
                all[..count].copy_from_slice(&at_hand[..count]);
                for (place, entry) in all[count..].iter_mut().zip(pairs.entries()) {
                    *place = entry;
                }
                with(&all[..count + pairs.len()])
            }
            Some(pairs) => {
                let all: Vec<Entry<'_>> = at_hand[..count].iter().copied().chain(pairs.entries()).collect();
                with(&all)
            }
        };
        self.pairs.set(pairs);
        result
    }

    /// Everything but the pairs.
    #[inline]
    pub(crate) fn head(&self) -> Head {
        let (stamp, received) = (self.stamp.get(), self.received.get());
        Head {
            pri: self.pri.get(),
            flags: self.flags.get(),
            stamp: stamp.micros,
            stamp_zone: stamp.zone,
            received: received.micros,
            received_zone: received.zone,
        }
    }

    /// Takes everything from `other` but the bookmark, and whether it was posted.
    pub(super) fn copy_from(&self, other: &Body, _gil: Python<'_>) {
        let text = other.text.get();
        // SAFETY: null or an object `other` owns; the GIL is held.
        unsafe {
            ffi::Py_XINCREF(text.object);
            release(self.text.replace(text).object);
        }
        let pairs = other.pairs.take();
        self.pairs.set(pairs.clone());
        other.pairs.set(pairs);
        let shared = other.shared.take();
        self.shared.set(shared.clone());
        other.shared.set(shared);
        self.stamp.set(other.stamp.get());
        self.received.set(other.received.get());
        self.pri.set(other.pri.get());
        self.flags.set(other.flags.get());
        self.compat.set(other.compat.get());
    }
}

/// The present: what `message::time::now` says, 6 ns sooner.
#[inline]
fn now() -> Stamp {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes to the place it is given, which is there. It cannot fail for this clock; if it did, the
    // stamp would be that of the epoch.
    unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &raw mut now) };
    let micros = now.tv_sec * MICROS_PER_SECOND + i64::from(now.tv_nsec as i32 / 1000);
    Stamp { micros, zone: Zone::system().offset_at(now.tv_sec) }
}

/// # Safety
///
/// With the GIL; `object` is null or a reference that is given up.
#[inline]
unsafe fn release(object: *mut ffi::PyObject) {
    if !object.is_null() {
        // SAFETY: the caller's word.
        unsafe { ffi::Py_DECREF(object) };
    }
}

/// Bookmarks of bookmarks that are released one inside the other; the rest waits its turn, so that a long chain of
/// messages does not overflow the stack.
const RELEASE_DEPTH_MAX: usize = 64;

thread_local! {
    static RELEASE_DEPTH: Cell<usize> = const { Cell::new(0) };
    static RELEASE_LATER: Cell<Vec<*mut ffi::PyObject>> = const { Cell::new(Vec::new()) };
}

/// # Safety
///
/// As for [`release`], and `object` is not null.
#[cold]
unsafe fn release_deep(object: *mut ffi::PyObject) {
    let depth = RELEASE_DEPTH.get();
    if depth >= RELEASE_DEPTH_MAX {
        let mut later = RELEASE_LATER.take();
        later.push(object);
        RELEASE_LATER.set(later);
        return;
    }
    RELEASE_DEPTH.set(depth + 1);
    // SAFETY: the caller's word, here and when what waits was put aside. Nothing is borrowed while it runs.
    unsafe {
        release(object);
        if depth == 0 {
            while let Some(next) = take_later() {
                release(next);
            }
        }
    }
    RELEASE_DEPTH.set(depth);
}

fn take_later() -> Option<*mut ffi::PyObject> {
    let mut later = RELEASE_LATER.take();
    let next = later.pop();
    RELEASE_LATER.set(later);
    next
}
