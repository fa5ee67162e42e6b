//! What a run of records looks like, and everything that can be wrong with one.
//!
//! A record starts with its own length: a `u32`, little endian, a multiple of 8, at least [`RECORD_BYTES_MIN`] and at
//! most half the ring. What follows is the business of `message`.
//!
//! A length with the lowest bit set is that of a [note](crate::Note): something a worker says in between, which is
//! no record and needs no credit.

/// The shortest record there is, in bytes.
pub const RECORD_BYTES_MIN: usize = 32;

/// Set in the length of a note.
pub(crate) const NOTE: u32 = 1;

/// Records start and end on multiples of this many bytes.
pub(crate) const RECORD_ALIGN: usize = 8;

/// What a worker wrote into its ring that no honest worker writes. The worker cannot be listened to any longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Corrupt {
    /// More is published than the ring can hold (or less than was taken).
    #[error("the ring holds {capacity} bytes, yet {published} are published")]
    HeadBeyondCapacity {
        /// Bytes between what was taken and what is published.
        published: u64,
        /// Bytes in the ring.
        capacity: u64,
    },
    /// The published position is not at a record's end.
    #[error("the published position {head} is not a multiple of 8")]
    HeadUnaligned {
        /// The position.
        head: u64,
    },
    /// A record's length is odd.
    #[error("a record's length is {size}, which is not a multiple of 8")]
    SizeUnaligned {
        /// The length it states.
        size: u32,
    },
    /// A record is too short to be one.
    #[error("a record's length is {size}, below the least possible {min}")]
    SizeTooSmall {
        /// The length it states.
        size: u32,
        /// The least possible.
        min: u32,
    },
    /// A record is longer than any may be.
    #[error("a record's length is {size}, above the limit of {max}")]
    SizeTooLarge {
        /// The length it states.
        size: u32,
        /// The limit.
        max: u32,
    },
    /// A record goes on after what is published.
    #[error("a record's length is {size}, but only {published} bytes are published")]
    RecordBeyondHead {
        /// The length it states.
        size: u32,
        /// Bytes published from its start on.
        published: u64,
    },
    /// The worker posted more than it had credits for.
    #[error("{limit} records were allowed, but more were posted")]
    OverCredit {
        /// Records allowed since the start.
        limit: u64,
    },
}

/// What [`walk`] found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Walked {
    /// Whole and well-formed records from the start on.
    pub(crate) records: u32,
    /// Notes between them.
    pub(crate) notes: u32,
    /// The bytes of both.
    pub(crate) bytes: usize,
    /// What stopped the walk.
    pub(crate) stop: Stop,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Nothing is left.
    End,
    /// The record after is whole in the ring but not in the copy; its length.
    Partial(usize),
    Corrupt(Corrupt),
}

/// Limits of a walk.
pub(crate) struct Rules {
    /// Bytes published, counted from the start of the copy.
    pub(crate) published: u64,
    /// The longest record allowed.
    pub(crate) size_max: u32,
    /// Records that may still come.
    pub(crate) records_max: u64,
    /// For the message when more come.
    pub(crate) limit: u64,
}

/// Walks the records of a private copy.
#[inline]
pub(crate) fn walk(copy: &[u8], rules: &Rules) -> Walked {
    let mut bytes = 0;
    let (mut records, mut notes) = (0_u32, 0_u32);
    let stop = loop {
        let Some(size) = copy[bytes..].first_chunk::<4>() else { break Stop::End };
        let stated = u32::from_le_bytes(*size);
        let (size, note) = (stated & !NOTE, stated & NOTE);
        let published = rules.published - bytes as u64;
        if let Err(corrupt) = check(size, published, rules.size_max) {
            break Stop::Corrupt(corrupt);
        }
        if note == 0 && u64::from(records) >= rules.records_max {
            break Stop::Corrupt(Corrupt::OverCredit { limit: rules.limit });
        }
        let size = size as usize;
        if size > copy.len() - bytes {
            break Stop::Partial(size);
        }
        bytes += size;
        records += 1 - note;
        notes += note;
    };
    Walked { records, notes, bytes, stop }
}

#[inline]
fn check(size: u32, published: u64, max: u32) -> Result<(), Corrupt> {
    // One comparison for the good case: below the least possible wraps round to something large.
    let over = size.wrapping_sub(RECORD_BYTES_MIN as u32);
    if over <= max - RECORD_BYTES_MIN as u32
        && size.is_multiple_of(RECORD_ALIGN as u32)
        && u64::from(size) <= published
    {
        return Ok(());
    }
    Err(if (size as usize) < RECORD_BYTES_MIN {
        Corrupt::SizeTooSmall { size, min: RECORD_BYTES_MIN as u32 }
    } else if size > max {
        Corrupt::SizeTooLarge { size, max }
    } else if !size.is_multiple_of(RECORD_ALIGN as u32) {
        Corrupt::SizeUnaligned { size }
    } else {
        Corrupt::RecordBeyondHead { size, published }
    })
}

#[cfg(test)]
mod tests;
