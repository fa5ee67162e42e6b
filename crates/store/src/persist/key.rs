//! Keys, and changes of what is under them.

use super::PersistError;

/// Bytes of a key: its namespace and its name together.
pub const KEY_BYTES_MAX: usize = 1023;
/// Bytes of a value.
pub const VALUE_BYTES_MAX: usize = 1 << 20;

/// Where a value is kept: a name in a namespace. Things of the daemon have the namespace "".
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    space: String,
    name: Vec<u8>,
}

impl Key {
    /// `name` among the things of the daemon: a position, a sequence number.
    pub fn new(name: impl Into<Vec<u8>>) -> Key {
        Key { space: String::new(), name: name.into() }
    }

    /// `name` in a namespace of its own, such as a Python `Persist`.
    pub fn within(space: impl Into<String>, name: impl Into<Vec<u8>>) -> Key {
        Key { space: space.into(), name: name.into() }
    }

    /// The namespace.
    pub fn space(&self) -> &str {
        &self.space
    }

    /// The name in it.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    fn bytes(&self) -> usize {
        self.space.len() + self.name.len()
    }
}

/// `SPACE##NAME`, or the name alone.
impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.space.is_empty() {
            write!(f, "{}##", self.space)?;
        }
        f.write_str(&String::from_utf8_lossy(&self.name))
    }
}

/// One change of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The key has this value from now on.
    Put(Key, Vec<u8>),
    /// The key has none.
    Delete(Key),
}

impl Change {
    /// The key that changes.
    pub fn key(&self) -> &Key {
        match self {
            Change::Put(key, _) | Change::Delete(key) => key,
        }
    }

    pub(super) fn check(&self) -> Result<(), PersistError> {
        if self.key().bytes() > KEY_BYTES_MAX {
            return Err(PersistError::KeyTooLong { bytes: self.key().bytes() });
        }
        match self {
            Change::Put(key, value) if value.len() > VALUE_BYTES_MAX => {
                Err(PersistError::ValueTooLong { key: key.to_string(), bytes: value.len() })
            }
            _ => Ok(()),
        }
    }
}
