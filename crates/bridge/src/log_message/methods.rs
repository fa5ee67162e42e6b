//! What a `LogMessage` does when it is asked to: all of it safe code but the slots' C functions.
mod mapping;

use std::{borrow::Cow, ffi::c_void, net::IpAddr};

use message::{Builtin, Entry, Name, RecordFlags, ValueType};
use pyo3::{
    exceptions::{PyKeyError, PyTypeError, PyValueError},
    ffi,
    prelude::*,
    types::{PyBytes, PyList, PyString},
};

use super::{Body, body_of, new_message, pairs::Overfull, stamp, value};
use crate::{
    macros, parse,
    raw::{Arguments, Slots, method, type_name},
};

type Object<'py> = Bound<'py, PyAny>;

pub(super) fn add_slots(slots: &mut Slots) {
    mapping::add_slots(slots);
    let methods = [
        method!(
            c"keys",
            keys,
            c"keys($self)\n--\n\nNames set on this message, then those of all macros, as bytes."
        ),
        method!(c"items", items, c"items($self)\n--\n\nNames set on this message with their values; no macros."),
        method!(
            c"get",
            get,
            c"get($self, key, default=None)\n--\n\nThe value of a name, or the default if it is not set."
        ),
        method!(
            c"get_as_str",
            get_as_str,
            c"get_as_str($self, key, default=None, encoding='utf-8', errors='strict', repr='internal')\n--\n\n\
            The value of a name as text, whatever its type, or the default if it is not set."
        ),
        method!(c"set_pri", set_pri, c"set_pri($self, pri)\n--\n\nSets the priority: facility * 8 + severity."),
        method!(c"get_pri", get_pri, c"get_pri($self)\n--\n\nThe priority: facility * 8 + severity."),
        method!(
            c"set_timestamp",
            set_timestamp,
            c"set_timestamp($self, timestamp)\n--\n\nSets the time stamp from a datetime; a naive one is local time."
        ),
        method!(
            c"get_timestamp",
            get_timestamp,
            c"get_timestamp($self)\n--\n\nThe time stamp, as a naive datetime in the message's own zone."
        ),
        method!(
            c"set_source_ipaddress",
            set_source_ipaddress,
            c"set_source_ipaddress($self, ip, port=0)\n--\n\n\
            Sets SOURCEIP and SOURCEPORT. False, and nothing done, if ip is no IPv4 or IPv6 address."
        ),
        method!(
            c"set_recvd_rawmsg_size",
            set_recvd_rawmsg_size,
            c"set_recvd_rawmsg_size($self, rawmsg_size)\n--\n\nSets RAWMSG_SIZE: bytes of the message as it came."
        ),
        method!(c"set_bookmark", set_bookmark, c"set_bookmark($self, bookmark)\n--\n\nReplaces the bookmark."),
        method!(
            c"copy",
            copy,
            c"copy($self)\n--\n\nA message like this one that can be changed. It has no bookmark."
        ),
        method!(c"__copy__", copy, c"__copy__($self)\n--\n\nAs copy()."),
        method!(
            c"parse",
            parse_message,
            c"parse(raw_msg, parse_options)\n--\n\n\
            Makes a message of what came over a wire. parse_options is the driver's self.parse_options.",
            ffi::METH_STATIC
        ),
    ];
    methods.into_iter().for_each(|method| slots.method(method));
}

/// The body of what a method was called on, which Python has checked.
fn body<'a>(me: &'a Object<'_>) -> PyResult<&'a Body> {
    body_of(me).ok_or_else(|| PyTypeError::new_err("LogMessage expected"))
}

/// A name's bytes. Exactly `str` or `bytes`, as in syslog-ng.
fn name_of<'a>(key: &'a Object<'_>) -> PyResult<Cow<'a, [u8]>> {
    if let Ok(text) = key.cast_exact::<PyString>() {
        return Ok(Cow::Borrowed(text.to_str()?.as_bytes()));
    }
    match key.cast_exact::<PyBytes>() {
        Ok(bytes) => Ok(Cow::Borrowed(bytes.as_bytes())),
        Err(_) => {
            let text = format!("names of name-value pairs are str or bytes, not {}", type_name(key));
            Err(PyTypeError::new_err(text))
        }
    }
}

/// What is stored under a name, a macro's text where nothing is.
enum Found<'py> {
    /// MESSAGE, as the object it was made of.
    Text(Object<'py>),
    Pair(Vec<u8>, ValueType),
}

fn find<'py>(py: Python<'py>, body: &Body, name: &[u8]) -> Option<Found<'py>> {
    let key = Name::new(name);
    if key == Name::Builtin(Builtin::Message)
        && let Some(text) = body.text_object(py)
    {
        return Some(Found::Text(text));
    }
    let pair = body.peek_pairs(|pairs| pairs.get(key).map(|(value, kind)| (value.to_vec(), kind)));
    let (value, kind) = pair.or_else(|| sent(body, key)).or_else(|| macros::value(body, key))?;
    if matches!(key, Name::Builtin(_)) && kind == ValueType::Null && body.is_received() {
        // It covers what the source has in common, and is unset.
        return None;
    }
    let hidden = matches!(kind, ValueType::Bytes | ValueType::Protobuf);
    (!hidden).then_some(Found::Pair(value, kind))
}

/// What the daemon sent under a name that is no macro.
fn sent(body: &Body, key: Name<'_>) -> Option<(Vec<u8>, ValueType)> {
    body.peek_shared(|shared| {
        if matches!(key, Name::Builtin(builtin) if builtin.is_macro()) {
            return None;
        }
        let found = match shared.message() {
            Some(message) => message.get(key),
            None => shared.origin()?.get(key),
        };
        found.map(|(value, kind)| (value.to_vec(), kind))
    })
}

impl<'py> Found<'py> {
    /// Its stored bytes.
    fn bytes(self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        match self {
            Found::Pair(value, _) => Ok(PyBytes::new(py, &value)),
            Found::Text(text) => match text.cast_into_exact::<PyBytes>() {
                Ok(bytes) => Ok(bytes),
                Err(other) => match other.into_inner().cast_into::<PyString>() {
                    Ok(text) => Ok(PyBytes::new(py, text.to_str()?.as_bytes())),
                    // Of a class derived from bytes.
                    Err(other) => Ok(PyBytes::new(py, other.into_inner().extract::<&[u8]>()?)),
                },
            },
        }
    }

    /// The value as Python reads it.
    fn value(self, py: Python<'py>, compat: bool) -> PyResult<Object<'py>> {
        match self {
            Found::Pair(value, kind) if !compat => value::to_python(py, &value, kind),
            other => Ok(other.bytes(py)?.into_any()),
        }
    }
}

fn get<'py>(me: &Object<'py>, args: &Arguments<'py>) -> PyResult<Object<'py>> {
    let [key, default] = args.take("get", ["key", "default"], 1)?;
    let (py, body) = (me.py(), body(me)?);
    let key = key.unwrap_or_else(|| py.None().into_bound(py));
    match find(py, body, &name_of(&key)?) {
        Some(found) => found.value(py, body.compat.get()),
        None => Ok(default.unwrap_or_else(|| py.None().into_bound(py))),
    }
}

fn get_as_str<'py>(me: &Object<'py>, args: &Arguments<'py>) -> PyResult<Object<'py>> {
    let names = ["key", "default", "encoding", "errors", "repr"];
    let [key, default, encoding, errors, _repr] = args.take("get_as_str", names, 1)?;
    let (py, body) = (me.py(), body(me)?);
    let default = default.unwrap_or_else(|| py.None().into_bound(py));
    if !default.is_none() && !default.is_instance_of::<PyString>() {
        let text = format!("get_as_str() needs a str or None as default, not {}", type_name(&default));
        return Err(PyTypeError::new_err(text));
    }
    let key = key.unwrap_or_else(|| py.None().into_bound(py));
    let Some(found) = find(py, body, &name_of(&key)?) else { return Ok(default) };
    let or =
        |given: Option<Object<'py>>, default| given.unwrap_or_else(|| PyString::new(py, default).into_any());
    found.bytes(py)?.call_method1("decode", (or(encoding, "utf-8"), or(errors, "strict")))
}

/// Names set on the message, in the order they were set.
fn set_names(body: &Body) -> Vec<Vec<u8>> {
    if body.is_received() {
        return body.with_message(|message| names(message.pairs()));
    }
    body.with_entries(None, |entries| names(entries.iter().copied()))
}

fn names<'a>(entries: impl Iterator<Item = Entry<'a>>) -> Vec<Vec<u8>> {
    let shown = entries.filter(|entry| {
        !matches!(entry.kind, ValueType::Bytes | ValueType::Protobuf)
            && !matches!(entry.name, Name::Builtin(builtin) if builtin.is_macro())
    });
    shown.map(|entry| entry.name.as_bytes().to_vec()).collect()
}

fn keys<'py>(me: &Object<'py>, args: &Arguments<'py>) -> PyResult<Object<'py>> {
    let [] = args.take("keys", [], 0)?;
    let names = set_names(body(me)?);
    let bytes = |name: &[u8]| PyBytes::new(me.py(), name);
    let all: Vec<_> = names.iter().map(|name| bytes(name)).chain(macros::names().map(bytes)).collect();
    Ok(PyList::new(me.py(), all)?.into_any())
}

fn items<'py>(me: &Object<'py>, args: &Arguments<'py>) -> PyResult<Object<'py>> {
    let [] = args.take("items", [], 0)?;
    let (py, body) = (me.py(), body(me)?);
    let list = PyList::empty(py);
    for name in set_names(body) {
        if let Some(found) = find(py, body, &name) {
            list.append((PyBytes::new(py, &name), found.value(py, body.compat.get())?))?;
        }
    }
    Ok(list.into_any())
}

/// What cannot be stored, as an exception.
fn overfull(_: Overfull) -> PyErr {
    PyValueError::new_err("the message has too many name-value pairs, or too large ones")
}

fn set_pri<'py>(me: &Object<'py>, args: &Arguments<'py>) -> PyResult<Object<'py>> {
    let [pri] = args.take("set_pri", ["pri"], 1)?;
    let pri = pri.map_or(Ok(0), |pri| pri.extract::<u64>())?;
    body(me)?.pri.set(pri as u16);
    Ok(none(me))
}

fn get_pri<'py>(me: &Object<'py>, args: &Arguments<'py>) -> PyResult<Object<'py>> {
    let [] = args.take("get_pri", [], 0)?;
    Ok(body(me)?.pri.get().into_pyobject(me.py())?.into_any())
}

fn set_timestamp<'py>(me: &Object<'py>, args: &Arguments<'py>) -> PyResult<Object<'py>> {
    let [timestamp] = args.take("set_timestamp", ["timestamp"], 1)?;
    let Some(timestamp) = timestamp else { return Ok(none(me)) };
    let Some(found) = stamp::from_python(&timestamp)? else {
        let text = format!("set_timestamp() needs a datetime, not {}", type_name(&timestamp));
        return Err(PyValueError::new_err(text));
    };
    body(me)?.stamp.set(found);
    Ok(none(me))
}

fn get_timestamp<'py>(me: &Object<'py>, args: &Arguments<'py>) -> PyResult<Object<'py>> {
    let [] = args.take("get_timestamp", [], 0)?;
    stamp::to_python(me.py(), body(me)?.stamp.get())
}

fn set_source_ipaddress<'py>(me: &Object<'py>, args: &Arguments<'py>) -> PyResult<Object<'py>> {
    let [ip, port] = args.take("set_source_ipaddress", ["ip", "port"], 1)?;
    let port = port.map_or(Ok(0), |port| port.extract::<u16>())?;
    let ip = ip.filter(|ip| !ip.is_none()).map(|ip| ip.extract::<String>()).transpose()?;
    let parsed = ip.and_then(|ip| ip.parse::<IpAddr>().ok());
    if let Some(ip) = parsed {
        let body = body(me)?;
        body.own_values(me.py())?;
        let version: &[u8] = if ip.is_ipv4() { b"4" } else { b"6" };
        let set = |builtin, value: &[u8], kind| {
            body.set_pair(Name::Builtin(builtin), value, kind).map_err(overfull)
        };
        set(Builtin::SourceIp, ip.to_string().as_bytes(), ValueType::String)?;
        set(Builtin::SourcePort, port.to_string().as_bytes(), ValueType::Integer)?;
        set(Builtin::IpProto, version, ValueType::Integer)?;
    }
    Ok(parsed.is_some().into_pyobject(me.py())?.to_owned().into_any())
}

fn set_recvd_rawmsg_size<'py>(me: &Object<'py>, args: &Arguments<'py>) -> PyResult<Object<'py>> {
    let [size] = args.take("set_recvd_rawmsg_size", ["rawmsg_size"], 1)?;
    let size = size.map_or(Ok(0), |size| size.extract::<u64>())?;
    let name = Name::Builtin(Builtin::RawmsgSize);
    body(me)?.own_values(me.py())?;
    body(me)?.set_pair(name, size.to_string().as_bytes(), ValueType::Integer).map_err(overfull)?;
    Ok(none(me))
}

fn set_bookmark<'py>(me: &Object<'py>, args: &Arguments<'py>) -> PyResult<Object<'py>> {
    let [bookmark] = args.take("set_bookmark", ["bookmark"], 1)?;
    if let Some(bookmark) = bookmark {
        super::set_bookmark(me, &bookmark);
    }
    Ok(none(me))
}

fn copy<'py>(me: &Object<'py>, args: &Arguments<'py>) -> PyResult<Object<'py>> {
    let [] = args.take("copy", [], 0)?;
    let made = new_message(me.py())?;
    body(&made)?.copy_from(body(me)?, me.py());
    Ok(made)
}

fn parse_message<'py>(me: &Object<'py>, args: &Arguments<'py>) -> PyResult<Object<'py>> {
    let [raw, options] = args.take("parse", ["raw_msg", "parse_options"], 2)?;
    let (Some(raw), Some(options)) = (raw, options) else { return Ok(none(me)) };
    parse::parse(&raw, &options)
}

fn none<'py>(me: &Object<'py>) -> Object<'py> {
    me.py().None().into_bound(me.py())
}
