//! How a record lies on the disk: a header with a checksum, and its bytes.
//!
//! ```text
//! magic 4 · kind 1 · zero 3 · length 4 · number 8 · count 4 · origin 4 · CRC32C 4 · payload
//! ```
//!
//! Numbers are little-endian. The checksum begins with the salt of the segment, which nobody outside can know: what a
//! sender writes into its messages is never taken for a frame.

/// Bytes before the payload.
pub(super) const HEADER_BYTES: usize = 32;
/// Bytes of a payload: the largest record, and what zstd may add to one.
pub(super) const PAYLOAD_BYTES_MAX: usize = 300 << 20;
/// What every frame begins with.
pub(super) const MAGIC: [u8; 4] = [0xe7, b'h', b'q', 0x1a];

const KIND: usize = 4;
const LENGTH: usize = 8;
const NUMBER: usize = 12;
const COUNT: usize = 20;
const ORIGIN: usize = 24;
const CRC: usize = 28;

/// What is in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One record.
    Record = 1,
    /// What records have in common.
    Origin = 2,
    /// Records, compressed together.
    Packed = 3,
}

/// A header that fits its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    /// Of the first record.
    pub(super) number: u64,
    /// Records in the frame.
    pub(super) count: u32,
    /// Which origin they have, or this is.
    pub(super) origin: u32,
}

/// What is at the beginning of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// A whole frame.
    Frame(Header, &'a [u8]),
    /// What may be one, of so many bytes.
    More(usize),
    /// None.
    Nothing,
}

/// Appends a frame.
pub(super) fn write(out: &mut Vec<u8>, salt: u32, header: &Header, payload: &[u8]) {
    let mut head = [0; HEADER_BYTES];
    head[..4].copy_from_slice(&MAGIC);
    head[KIND] = header.kind as u8;
    head[LENGTH..NUMBER].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    head[NUMBER..COUNT].copy_from_slice(&header.number.to_le_bytes());
    head[COUNT..ORIGIN].copy_from_slice(&header.count.to_le_bytes());
    head[ORIGIN..CRC].copy_from_slice(&header.origin.to_le_bytes());
    let crc = checksum(salt, &head[..CRC], payload);
    head[CRC..].copy_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(&head);
    out.extend_from_slice(payload);
}

/// Looks at what `bytes` begin with.
pub(super) fn read(bytes: &[u8], salt: u32) -> Found<'_> {
    if bytes.len() < HEADER_BYTES {
        let begins = MAGIC.starts_with(&bytes[..bytes.len().min(4)]);
        return if begins && !bytes.is_empty() { Found::More(HEADER_BYTES) } else { Found::Nothing };
    }
    let head = &bytes[..HEADER_BYTES];
    let length = number(&head[LENGTH..NUMBER]) as usize;
    let kind = match head[KIND] {
        1 => Kind::Record,
        2 => Kind::Origin,
        3 => Kind::Packed,
        _ => return Found::Nothing,
    };
    if head[..4] != MAGIC || length > PAYLOAD_BYTES_MAX {
        return Found::Nothing;
    }
    let Some(payload) = bytes.get(HEADER_BYTES..HEADER_BYTES + length) else {
        return Found::More(HEADER_BYTES + length);
    };
    if u64::from(checksum(salt, &head[..CRC], payload)) != number(&head[CRC..]) {
        return Found::Nothing;
    }
    let header = Header {
        kind,
        number: number(&head[NUMBER..COUNT]),
        count: number(&head[COUNT..ORIGIN]) as u32,
        origin: number(&head[ORIGIN..CRC]) as u32,
    };
    Found::Frame(header, payload)
}

fn checksum(salt: u32, head: &[u8], payload: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c_append(salt, head), payload)
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header(number: u64) -> Header {
        Header { kind: Kind::Record, number, count: 1, origin: 7 }
    }

    proptest! {
        #[test]
        fn a_frame_is_read_as_it_was_written(salt: u32, number: u64, payload in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut bytes = Vec::new();
            write(&mut bytes, salt, &header(number), &payload);
            prop_assert_eq!(read(&bytes, salt), Found::Frame(header(number), &payload));
            prop_assert_eq!(read(&bytes, salt ^ 1), Found::Nothing);
        }

        #[test]
        fn no_flipped_bit_goes_unseen(number: u64, payload in proptest::collection::vec(any::<u8>(), 0..50), bit: usize) {
            let mut bytes = Vec::new();
            write(&mut bytes, 5, &header(number), &payload);
            let bit = bit % (bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            let found = read(&bytes, 5);
            // A longer length asks for more, and finds nothing at the end of the file.
            prop_assert!(!matches!(found, Found::Frame(..)), "{found:?}");
        }

        #[test]
        fn arbitrary_bytes_are_looked_at_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100), salt: u32) {
            let _ = read(&bytes, salt);
            let _ = read(&[&MAGIC[..], &bytes].concat(), salt);
        }
    }
}
