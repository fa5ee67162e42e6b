//! Instants between Python's `datetime` and the record.

use message::{Stamp, Zone, time::MICROS_PER_SECOND};
use pyo3::{
    exceptions::PyOverflowError,
    prelude::*,
    types::{PyDateTime, PyDelta, PyDeltaAccess, PyTimeAccess},
};

/// The stamp of a `datetime`: a naive one is local time, with its fold; an aware one keeps its offset. `None`: it is
/// no `datetime`.
pub(crate) fn from_python(value: &Bound<'_, PyAny>) -> PyResult<Option<Stamp>> {
    let Ok(moment) = value.cast::<PyDateTime>() else { return Ok(None) };
    let offset = moment.call_method0("utcoffset")?;
    let micros = moment.get_microsecond();
    let py = moment.py();
    let whole = pyo3::types::PyDict::new(py);
    whole.set_item("microsecond", 0)?;
    // Whole seconds are exact as a float, far beyond the years a datetime has.
    let seconds: f64 =
        moment.call_method("replace", (), Some(&whole))?.call_method0("timestamp")?.extract()?;
    let seconds = seconds as i64;
    let zone = if offset.is_none() {
        Zone::system().offset_at(seconds)
    } else {
        let offset = offset.cast::<PyDelta>()?;
        // A negative offset is days -1 and many seconds.
        offset.get_days() * 86_400 + offset.get_seconds()
    };
    let micros = seconds
        .checked_mul(MICROS_PER_SECOND)
        .map(|whole| whole + i64::from(micros))
        .ok_or_else(|| PyOverflowError::new_err("the datetime is out of range"))?;
    Ok(Some(Stamp { micros, zone }))
}

/// A naive `datetime` that shows the stamp as its own zone does.
///
/// In the hour that the local clock shows twice, `fold` says which one it is, so that it converts back.
pub(crate) fn to_python(py: Python<'_>, stamp: Stamp) -> PyResult<Bound<'_, PyAny>> {
    let civil = stamp.civil();
    let year = i32::try_from(civil.year).unwrap_or(i32::MAX);
    let local = Zone::system();
    let wall = stamp.seconds() + i64::from(stamp.zone);
    let second_time =
        local.offset_at(stamp.seconds()) == stamp.zone && local.offset_of_wall(wall) != stamp.zone;
    let made = PyDateTime::new_with_fold(
        py,
        year,
        civil.month as u8,
        civil.day as u8,
        civil.hour as u8,
        civil.minute as u8,
        civil.second as u8,
        stamp.fraction(),
        None,
        second_time,
    )?;
    Ok(made.into_any())
}

/// The text of a value of type datetime: seconds since the epoch, with milliseconds; with microseconds where there
/// are any beyond.
pub(crate) fn to_text(stamp: Stamp) -> String {
    let (seconds, micros) = (stamp.seconds(), stamp.fraction());
    match micros % 1000 {
        0 => format!("{seconds}.{:03}", micros / 1000),
        _ => format!("{seconds}.{micros:06}"),
    }
}

/// Reads `seconds[.fraction][±hh:mm]`; without an offset it is shown in the local zone.
pub(crate) fn from_text(text: &str) -> Option<Stamp> {
    let (number, offset) = match text[1.min(text.len())..].find(['+', '-']) {
        Some(at) => text.split_at(at + 1),
        None => (text, ""),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let seconds: i64 = whole.parse().ok()?;
    if !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let micros = fraction.bytes().chain(std::iter::repeat(b'0')).take(6);
    let micros = micros.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    let zone = match offset {
        "" => Zone::system().offset_at(seconds),
        offset => Zone::parse(offset).ok()?.offset_at(seconds),
    };
    let micros = if whole.starts_with('-') { -micros } else { micros };
    Some(Stamp { micros: seconds.checked_mul(MICROS_PER_SECOND)?.checked_add(micros)?, zone })
}
