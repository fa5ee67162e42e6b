//! What goes through an exchange: the head of a request, what follows it, and the same of an answer.
//!
//! | verb | the request's payload | the answer's payload |
//! |---|---|---|
//! | `Call` | JSON | JSON |
//! | `Parse` | an origin, then records | one [`Verdict`] a message, then the records of those that changed |
//! | `Send` | an origin, then records | JSON |
//! | `Render` | an origin, then records, each with its arguments behind it | one value a message |
//!
//! All numbers are little-endian, and what is a record starts at a multiple of 8.

/// What a worker is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Something rare.
    Call,
    /// `parse()` for each message.
    Parse,
    /// `send()` for each message.
    Send,
    /// A template function for each message.
    Render,
}

/// The head of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestHead {
    /// What is asked.
    pub verb: Verb,
    /// Which object of the worker is meant, in the order of `hello`.
    pub object: u32,
    /// Number of messages.
    pub count: u32,
    /// Bytes of the origin in front of the records.
    pub origin_bytes: u32,
    /// The sequence number of the first message that gets one.
    pub number: u64,
}

/// The head of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AnswerHead {
    /// Messages it answers for, from the first of the request on. The others are to be asked for again.
    pub count: u32,
    /// The sequence number of the next message that gets one.
    pub number: u64,
}

/// What `parse()` made of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Verdict {
    /// It is dropped from its branch.
    Rejected = 0,
    /// It goes on as it is.
    Same = 1,
    /// It goes on as the next record of the answer.
    Changed = 2,
}

impl RequestHead {
    /// Bytes of it.
    pub const BYTES: usize = 24;

    /// As it is written.
    pub fn encode(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[0] = match self.verb {
            Verb::Call => 0,
            Verb::Parse => 1,
            Verb::Send => 2,
            Verb::Render => 3,
        };
        bytes[4..8].copy_from_slice(&self.object.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.count.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.origin_bytes.to_le_bytes());
        bytes[16..].copy_from_slice(&self.number.to_le_bytes());
        bytes
    }

    /// The head at the start of `bytes`; `None` where there is none.
    pub fn decode(bytes: &[u8]) -> Option<RequestHead> {
        let (head, rest) = bytes.split_first_chunk::<{ Self::BYTES }>()?;
        let verb = match head[0] {
            0 => Verb::Call,
            1 => Verb::Parse,
            2 => Verb::Send,
            3 => Verb::Render,
            _ => return None,
        };
        let origin_bytes = u32_at(head, 12);
        (origin_bytes as usize <= rest.len()).then_some(RequestHead {
            verb,
            object: u32_at(head, 4),
            count: u32_at(head, 8),
            origin_bytes,
            number: u64_at(head, 16),
        })
    }
}

impl AnswerHead {
    /// Bytes of it.
    pub const BYTES: usize = 16;

    /// As it is written.
    pub fn encode(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..4].copy_from_slice(&self.count.to_le_bytes());
        bytes[8..].copy_from_slice(&self.number.to_le_bytes());
        bytes
    }

    /// The head at the start of `bytes`, and what follows it; `None` where there is none.
    pub fn decode(bytes: &[u8]) -> Option<(AnswerHead, &[u8])> {
        let (head, rest) = bytes.split_first_chunk::<{ Self::BYTES }>()?;
        Some((AnswerHead { count: u32_at(head, 0), number: u64_at(head, 8) }, rest))
    }
}

impl Verdict {
    /// The verdict of a byte that an honest worker wrote.
    pub fn from_byte(byte: u8) -> Option<Verdict> {
        [Verdict::Rejected, Verdict::Same, Verdict::Changed]
            .into_iter()
            .find(|verdict| *verdict as u8 == byte)
    }
}

/// Appends a byte string with its length in front: an argument, a value.
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// Takes what [`put_bytes`] wrote from the start of `from`.
pub fn take_bytes<'a>(from: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = from.split_first_chunk::<4>()?;
    let (bytes, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    *from = rest;
    Some(bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn heads_are_read_as_they_are_written() {
        for verb in [Verb::Call, Verb::Parse, Verb::Send, Verb::Render] {
            let head = RequestHead { verb, object: 7, count: 300, origin_bytes: 8, number: u64::MAX - 3 };
            let bytes = [&head.encode()[..], &[0; 8]].concat();
            assert_eq!(RequestHead::decode(&bytes), Some(head));
        }
        let head = AnswerHead { count: 12, number: 1 << 40 };
        assert_eq!(AnswerHead::decode(&head.encode()), Some((head, &[][..])));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_within_bounds(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Some(head) = RequestHead::decode(&bytes) {
                prop_assert!(RequestHead::BYTES + head.origin_bytes as usize <= bytes.len());
            }
            let _ = AnswerHead::decode(&bytes);
            let mut rest = &bytes[..];
            while let Some(taken) = take_bytes(&mut rest) {
                prop_assert!(taken.len() + rest.len() <= bytes.len());
            }
        }

        #[test]
        fn byte_strings_come_back(strings in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..9)) {
            let mut out = Vec::new();
            strings.iter().for_each(|string| put_bytes(&mut out, string));
            let mut rest = &out[..];
            for string in &strings {
                prop_assert_eq!(take_bytes(&mut rest), Some(&string[..]));
            }
            prop_assert!(rest.is_empty());
        }
    }
}
