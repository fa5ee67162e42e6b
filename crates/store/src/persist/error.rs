//! What can go wrong with the persist file.

use std::io;
use std::path::PathBuf;

use super::key::{KEY_BYTES_MAX, VALUE_BYTES_MAX};

/// Why the store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error(
        "the persist file {0} is in use by another daemon; give this one a file of its own with --persist-file"
    )]
    InUse(PathBuf),
    /// It is one of syslog-ng's own.
    #[error("the persist file {0} was written by syslog-ng, whose format is another")]
    Foreign(PathBuf),
    /// It says what no store says.
    #[error("the persist file {file} is damaged: {reason}")]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong in it.
        reason: String,
    },
    /// A later version of this program has written it.
    #[error("the persist file {0} was written by a later version")]
    Later(PathBuf),
    /// The system does not let us.
    #[error("cannot open the persist file {file}: {cause}")]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
}

/// Why an entry cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum PersistError {
    /// The key is too long.
    #[error("a persist key of {bytes} bytes is longer than {KEY_BYTES_MAX}")]
    KeyTooLong {
        /// Its length.
        bytes: usize,
    },
    /// The value is too long.
    #[error("the value of persist key '{key}' has {bytes} bytes, which is more than {VALUE_BYTES_MAX}")]
    ValueTooLong {
        /// Whose value it is.
        key: String,
        /// Its length.
        bytes: usize,
    },
    /// The disk does not do what it should.
    #[error("the persist file {file} cannot be used: {reason}")]
    Io {
        /// The file.
        file: PathBuf,
        /// What went wrong.
        reason: String,
    },
}
