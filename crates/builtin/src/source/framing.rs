//! A stream of bytes cut into records.
//!
//! Whoever reads fills [`Cutter::room`] and takes records until there is none; nothing is copied but the beginning of
//! a record whose end has not been read yet.

use std::ops::Range;

use memchr::{memchr, memchr2};

/// Bytes read at once.
pub(crate) const READ_BYTES: usize = 256 << 10;
/// Digits an octet count may have.
const COUNT_DIGITS_MAX: usize = 10;
/// Bytes of a bad octet count that are shown.
const HEADER_SHOWN_BYTES: usize = 10;

/// How records are told apart in a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// A record ends at a line break or a NUL.
    Text,
    /// A record ends at a line break; NULs belong to it.
    TextWithNuls,
    /// A record ends at a NUL.
    NulTerminated,
    /// A record is preceded by its length in decimal and a blank.
    Counted,
    /// [`Framing::Counted`] if the stream starts with a digit, else [`Framing::Text`].
    Auto,
}

/// Why a stream cannot be cut any further.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FramingError {
    #[error("Invalid frame header; header='{0}'")]
    Header(String),
    #[error("Incoming frame larger than log_msg_size(); log_msg_size='{limit}', frame_length='{length}'")]
    Length { limit: usize, length: u64 },
}

/// See the module's text.
#[derive(Debug)]
pub(crate) struct Cutter {
    framing: Framing,
    /// `log-msg-size()`: bytes of the longest record.
    limit: usize,
    /// `trim-large-messages()`: a counted record beyond the limit is cut instead of refused.
    trim: bool,
    buffer: Vec<u8>,
    /// What has been read and not been taken.
    held: Range<usize>,
    /// Of `held`, how many bytes have been searched for an end without finding one.
    searched: usize,
    /// Bytes of a cut record still to be thrown away.
    skip: u64,
}

impl Cutter {
    /// A cutter at the beginning of a stream.
    pub(crate) fn new(framing: Framing, limit: usize, trim: bool) -> Cutter {
        // A record at the limit must fit with its length before it. Untouched pages of the buffer cost nothing.
        let bytes = READ_BYTES.max(limit + COUNT_DIGITS_MAX + 1);
        Cutter { framing, limit, trim, buffer: vec![0; bytes], held: 0..0, searched: 0, skip: 0 }
    }

    /// A cutter that goes on where this one stopped, under settings that may be others.
    pub(crate) fn resumed(self, framing: Framing, limit: usize, trim: bool) -> Cutter {
        if self.limit == limit && self.trim == trim && (self.framing == framing || framing == Framing::Auto) {
            return self;
        }
        // What a stream turned out to be, it stays.
        let framing = if framing == Framing::Auto { self.framing } else { framing };
        let mut cutter = Cutter::new(framing, limit, trim);
        let held = self.held();
        cutter.buffer.resize(cutter.buffer.len().max(held.len() + READ_BYTES), 0);
        cutter.buffer[..held.len()].copy_from_slice(held);
        cutter.filled(held.len());
        cutter.skip = self.skip;
        cutter
    }

    /// Where the next bytes of the stream go; never empty once [`Cutter::next`] has given `None`.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        if self.held.is_empty() {
            self.held = 0..0;
        } else if self.held.end == self.buffer.len() || self.held.start > self.buffer.len() / 2 {
            self.buffer.copy_within(self.held.clone(), 0);
            self.held = 0..self.held.len();
        }
        &mut self.buffer[self.held.end..]
    }

    /// So many bytes have been read into the room.
    pub(crate) fn filled(&mut self, bytes: usize) {
        self.held.end += bytes;
        debug_assert!(self.held.end <= self.buffer.len(), "{bytes} bytes do not fit the room");
    }

    /// What has been read and not been taken.
    pub(crate) fn held(&self) -> &[u8] {
        &self.buffer[self.held.clone()]
    }

    /// The next record, without what ends it. `None`: its end has not been read yet.
    pub(crate) fn next(&mut self) -> Result<Option<&[u8]>, FramingError> {
        if self.framing == Framing::Auto {
            match self.held().first() {
                None => return Ok(None),
                Some(b'0'..=b'9') => self.framing = Framing::Counted,
                Some(_) => self.framing = Framing::Text,
            }
        }
        match self.framing {
            Framing::Text => Ok(self.next_ended(|bytes| memchr2(b'\n', 0, bytes))),
            Framing::TextWithNuls => Ok(self.next_ended(|bytes| memchr(b'\n', bytes))),
            Framing::NulTerminated => Ok(self.next_ended(|bytes| memchr(0, bytes))),
            Framing::Counted | Framing::Auto => self.next_counted(),
        }
    }

    /// The stream has ended: what is held back is the last record, if it is one. A counted record that is not
    /// complete is none.
    pub(crate) fn rest(&mut self) -> Option<&[u8]> {
        let rest = std::mem::replace(&mut self.held, 0..0);
        self.searched = 0;
        let whole = !rest.is_empty() && self.framing != Framing::Counted;
        whole.then(|| &self.buffer[rest])
    }

    fn next_ended(&mut self, find: impl Fn(&[u8]) -> Option<usize>) -> Option<&[u8]> {
        let held = &self.buffer[self.held.clone()];
        let within = held.len().min(self.limit + 1);
        let (len, taken) = match find(&held[self.searched.min(within)..within]) {
            Some(at) => (self.searched + at, self.searched + at + 1),
            None if within > self.limit => (self.limit, self.limit),
            None => {
                self.searched = within;
                return None;
            }
        };
        self.searched = 0;
        let start = self.held.start;
        self.held.start += taken;
        Some(&self.buffer[start..start + len])
    }

    fn next_counted(&mut self) -> Result<Option<&[u8]>, FramingError> {
        if self.skip > 0 {
            let skipped = self.skip.min(self.held.len() as u64);
            self.held.start += skipped as usize;
            self.skip -= skipped;
            if self.skip > 0 {
                return Ok(None);
            }
        }
        let Some((length, digits)) = read_count(self.held())? else { return Ok(None) };
        let body = digits + 1;
        if length <= self.limit as u64 {
            let end = body + length as usize;
            if self.held.len() < end {
                return Ok(None);
            }
            let start = self.held.start;
            self.held.start += end;
            return Ok(Some(&self.buffer[start + body..start + end]));
        }
        if !self.trim {
            return Err(FramingError::Length { limit: self.limit, length });
        }
        if self.held.len() < body + self.limit {
            return Ok(None);
        }
        let start = self.held.start + body;
        self.held.start = start + self.limit;
        self.skip = length - self.limit as u64;
        Ok(Some(&self.buffer[start..start + self.limit]))
    }
}

/// The octet count at the beginning of `bytes` and its digits; `None` while it may still become one.
fn read_count(bytes: &[u8]) -> Result<Option<(u64, usize)>, FramingError> {
    let mut count = 0u64;
    for (digits, byte) in bytes.iter().take(COUNT_DIGITS_MAX + 1).enumerate() {
        match byte {
            b'0'..=b'9' if digits < COUNT_DIGITS_MAX => count = count * 10 + u64::from(byte - b'0'),
            b' ' if digits > 0 => return Ok(Some((count, digits))),
            _ => {
                let shown = &bytes[..bytes.len().min(HEADER_SHOWN_BYTES)];
                return Err(FramingError::Header(shown.escape_ascii().to_string()));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
