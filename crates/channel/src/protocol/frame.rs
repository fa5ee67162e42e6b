//! One frame to bytes and back.

use std::io;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The length word's bytes.
pub(super) const LENGTH_BYTES: usize = 4;

/// A type of frames: one direction of the protocol.
pub trait Frame: Serialize + DeserializeOwned {
    /// The longest frame a reader accepts, in bytes without the length word; `first`: as the first of a connection.
    fn bytes_max(first: bool) -> usize;

    /// The longest this very frame may be.
    fn own_bytes_max(&self) -> usize;

    /// Shortens texts that would make the frame too long.
    fn clip(&mut self) {}
}

/// What can be wrong with a frame.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// It is longer than allowed.
    #[error("a control frame of {length} bytes is above the limit of {limit}")]
    TooLong {
        /// Its length.
        length: usize,
        /// The limit.
        limit: usize,
    },
    /// It is JSON, but of a type nobody knows.
    #[error("a control frame has the unknown type {t:?}")]
    UnknownType {
        /// The type it states.
        t: String,
    },
    /// It is not the JSON it should be.
    #[error("a control frame cannot be understood")]
    Malformed(#[source] serde_json::Error),
    /// The other end does not read what it is sent.
    #[error("the other end does not read: {pending} bytes of control frames wait")]
    NotRead {
        /// Bytes waiting.
        pending: usize,
    },
    /// The socket failed.
    #[error("the control socket failed")]
    Io(#[from] io::Error),
}

/// Appends the frame to `into`, length word first. Nothing is appended when it is too long.
pub fn encode<M: Frame>(frame: &M, into: &mut Vec<u8>) -> Result<(), FrameError> {
    let start = into.len();
    into.extend_from_slice(&[0; LENGTH_BYTES]);
    let written = serde_json::to_writer(&mut *into, frame);
    let length = into.len() - start - LENGTH_BYTES;
    let limit = frame.own_bytes_max();
    let checked = match written {
        Err(cause) => Err(FrameError::Malformed(cause)),
        Ok(()) if length > limit => Err(FrameError::TooLong { length, limit }),
        Ok(()) => Ok(()),
    };
    match checked {
        // The limits are far below what the word can hold.
        Ok(()) => into[start..start + LENGTH_BYTES].copy_from_slice(&(length as u32).to_le_bytes()),
        Err(_) => into.truncate(start),
    }
    checked
}

/// Reads a frame from its bytes, without the length word.
pub fn decode<M: Frame>(body: &[u8]) -> Result<M, FrameError> {
    serde_json::from_slice(body)
        .map_err(|cause| unknown_type(body, &cause).unwrap_or(FrameError::Malformed(cause)))
}

/// Whether what was wrong is the type.
fn unknown_type(body: &[u8], cause: &serde_json::Error) -> Option<FrameError> {
    #[derive(Deserialize)]
    struct Tag {
        t: String,
    }

    let Tag { t } = serde_json::from_slice(body).ok()?;
    // serde names the value it did not expect; an error about a field of a known type names another.
    cause.to_string().starts_with(&format!("unknown variant `{t}`")).then_some(FrameError::UnknownType { t })
}
