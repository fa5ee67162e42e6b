//! What a worker asks of the daemon's persist file, and what it is answered.
//!
//! Every request has a number of the worker's own, which its answer carries. The worker's thread waits meanwhile.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Bytes of a value that a worker may keep under one key: in base64, two of them still fit a frame.
pub const PERSIST_VALUE_BYTES_MAX: usize = 256 * 1024;
/// Bytes of names in one answer to [`PersistRequest::Names`].
pub const PERSIST_NAMES_BYTES_MAX: usize = 256 * 1024;

/// Bytes in a frame.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bytes(pub Vec<u8>);

/// What a worker wants of the persist file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum PersistRequest {
    /// The value of `name` in the namespace `space`.
    Get {
        /// The namespace, not empty.
        space: String,
        /// The name in it.
        name: Bytes,
    },
    /// Give these names these values, all or none.
    Put {
        /// The namespace, not empty.
        space: String,
        /// Names and values.
        entries: Vec<(Bytes, Bytes)>,
    },
    /// Forget `name`.
    Delete {
        /// The namespace, not empty.
        space: String,
        /// The name in it.
        name: Bytes,
    },
    /// The names that follow `after` in their order, as many as an answer takes.
    Names {
        /// The namespace, not empty.
        space: String,
        /// The last name of the answer before, if there was one.
        after: Option<Bytes>,
    },
    /// The driver's checkpoint; later ones are kept under this name too.
    Restore {
        /// What the configuration or the class calls the driver. None: neither does.
        persist_name: Option<String>,
    },
}

/// What the daemon answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum PersistAnswer {
    /// The value, if there is one.
    Value {
        /// As it was put.
        value: Option<Bytes>,
    },
    /// It is done, and on the disk.
    Done,
    /// Names in their order.
    Names {
        /// The names.
        names: Vec<Bytes>,
        /// Whether there are more behind them.
        more: bool,
    },
    /// It cannot be done.
    Failed {
        /// Why.
        message: String,
    },
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        STANDARD.decode(text.as_bytes()).map(Bytes).map_err(D::Error::custom)
    }
}
