//! Posting what is no `LogMessage` yet, many messages at once, and without waiting.

use pyo3::{
    exceptions::{PyRuntimeError, PyTypeError},
    prelude::*,
    types::{PyByteArray, PyBytes, PyDict, PyMemoryView, PyString},
};

use super::{Native, methods::post_of, native_of};
use crate::{
    log_message::{Body, body_of, new_message, set_text},
    post::Post,
    raw::{Arguments, Slots, method, type_name},
};

type Object<'py> = Bound<'py, PyAny>;

pub(super) fn add_source(slots: &mut Slots) {
    slots.method(method!(
        c"post_messages",
        post_messages,
        c"post_messages($self, messages)\n--\n\n\
        Posts each of an iterable's messages, as post_message() does; the number that will be delivered.\n\n\
        Waits where the window is exhausted. Ends early, and takes no more from the iterable, once the driver was\n\
        asked to exit and there is no credit left. What the iterable raises is raised here; the messages before are\n\
        on their way."
    ));
    slots.method(method!(
        c"_post_now",
        post_now,
        c"_post_now($self, msg)\n--\n\nposts without waiting; None: it has to wait first, and nothing was done."
    ));
    slots.method(method!(
        c"_wait_to_post",
        wait_to_post,
        c"_wait_to_post($self)\n--\n\nwaits until it is worth trying again, half a second at most."
    ));
}

/// Whether it is a message, or becomes one.
pub(crate) fn is_postable(given: &Object<'_>) -> bool {
    body_of(given).is_some() || is_text(given) || given.is_instance_of::<PyDict>()
}

fn is_text(given: &Object<'_>) -> bool {
    given.is_instance_of::<PyString>()
        || given.is_instance_of::<PyBytes>()
        || given.is_instance_of::<PyByteArray>()
        || given.is_instance_of::<PyMemoryView>()
}

/// A new message of what `post_message` takes in place of one: its text, or a dict of its values.
pub(crate) fn as_message<'py>(given: &Object<'py>) -> PyResult<Object<'py>> {
    let values = given.cast::<PyDict>();
    if values.is_err() && !is_text(given) {
        return Err(PyTypeError::new_err(format!(
            "LogMessage expected in the first parameter, or its text, or a dict of its values, not {}",
            type_name(given)
        )));
    }
    let made = new_message(given.py())?;
    match values {
        Ok(values) => {
            for (name, value) in values {
                made.set_item(name, value)?;
            }
        }
        Err(_) => set_text(&made, given)?,
    }
    Ok(made)
}

/// Posts one message, or what becomes one.
pub(crate) fn post_one(native: &Native, post: &Post, given: &Object<'_>) -> PyResult<bool> {
    let Some(body) = body_of(given) else {
        let made = as_message(given)?;
        return match body_of(&made) {
            Some(body) => post_body(made.py(), native, post, body),
            None => Err(PyRuntimeError::new_err("a message was not made")),
        };
    };
    post_body(given.py(), native, post, body)
}

fn post_body(py: Python<'_>, native: &Native, post: &Post, body: &Body) -> PyResult<bool> {
    let transport = native.transport();
    let transport = transport.as_deref().map(AsRef::as_ref);
    if body.has_bookmark() {
        post.post_bookmarked(py, body, transport)
    } else {
        post.post(py, body, transport)
    }
}

fn post_messages<'py>(me: &Object<'py>, args: &Arguments<'py>) -> PyResult<Object<'py>> {
    let [messages] = args.take("post_messages", ["messages"], 1)?;
    let messages = messages.unwrap_or_else(|| me.py().None().into_bound(me.py()));
    let native = native_of(me)?;
    let post = post_of(native)?;
    post.check_open("post_messages")?;
    if messages.is_instance_of::<PyString>()
        || messages.is_instance_of::<PyBytes>()
        || messages.is_instance_of::<PyDict>()
    {
        let kind = type_name(&messages);
        let text =
            format!("post_messages() takes an iterable of messages, not one {kind}: use post_message()");
        return Err(PyTypeError::new_err(text));
    }
    let mut accepted: u64 = 0;
    for message in messages.try_iter()? {
        if post_one(native, post, &message?)? {
            accepted += 1;
        } else if post.flow().exit_requested() {
            break;
        }
    }
    Ok(accepted.into_pyobject(me.py())?.into_any())
}

/// Posts what a `run()` with `yield` brings, until the driver is asked to exit. A message that was taken is posted.
pub(crate) fn post_all(native: &Native, post: &Post, messages: &Object<'_>) -> PyResult<()> {
    for message in messages.try_iter()? {
        post_one(native, post, &message?)?;
        if post.flow().exit_requested() {
            break;
        }
    }
    Ok(())
}

fn post_now<'py>(me: &Object<'py>, args: &Arguments<'py>) -> PyResult<Object<'py>> {
    let [message] = args.take("_post_now", ["msg"], 1)?;
    let py = me.py();
    let message = message.unwrap_or_else(|| py.None().into_bound(py));
    let native = native_of(me)?;
    let post = post_of(native)?;
    let message = if body_of(&message).is_some() { message } else { as_message(&message)? };
    let Some(body) = body_of(&message) else { return Ok(py.None().into_bound(py)) };
    let transport = native.transport();
    let posted = post.post_now(py, body, transport.as_deref().map(AsRef::as_ref))?;
    Ok(posted.into_pyobject(py)?.into_any())
}

fn wait_to_post<'py>(me: &Object<'py>, args: &Arguments<'py>) -> PyResult<Object<'py>> {
    let [] = args.take("_wait_to_post", [], 0)?;
    post_of(native_of(me)?)?.wait_to_post(me.py());
    Ok(me.py().None().into_bound(me.py()))
}
