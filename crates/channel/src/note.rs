//! Notes: what a worker says among its records, at an exact place between two of them.
//!
//! A note is a checkpoint: a state of the worker's that holds once all records before it are settled. It lies in the
//! ring like a record, so it survives the worker's death with them, and costs no system call.
//!
//! ```text
//! offset  size
//!      0     4  size of the whole note, a multiple of 8, plus 1
//!      4     4  length of the state, times 2; plus 1 if it covers the record that follows, too
//!      8     …  the state, then padding
//! ```

use crate::framing::{NOTE, RECORD_ALIGN, RECORD_BYTES_MIN};

const HEADER_BYTES: usize = 8;

/// A note as the daemon reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Records before it among those it was taken with.
    pub after: u32,
    /// Whether it holds only once the record that follows is settled, too.
    pub covers_next: bool,
    /// What the worker wants to have kept.
    pub state: Vec<u8>,
}

/// A note whose state is longer than itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a note of {size} bytes says it holds {state}")]
pub struct BadNote {
    size: usize,
    state: usize,
}

/// Takes the notes out of what [`crate::Uplink::take`] has brought, which then holds records only.
pub fn split_notes(taken: &mut Vec<u8>) -> Result<Vec<Note>, BadNote> {
    let mut notes = Vec::new();
    let (mut from, mut to, mut records) = (0, 0, 0);
    while let Some(stated) = taken[from..].first_chunk::<4>() {
        let stated = u32::from_le_bytes(*stated);
        // The ring has checked the framing, so the size is there and fits.
        let size = (stated & !NOTE) as usize;
        if stated & NOTE == 0 {
            taken.copy_within(from..from + size, to);
            to += size;
            records += 1;
        } else {
            notes.push(read_note(&taken[from..from + size], records)?);
        }
        from += size;
    }
    taken.truncate(to);
    Ok(notes)
}

fn read_note(bytes: &[u8], after: u32) -> Result<Note, BadNote> {
    let word = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
    let state = (word >> 1) as usize;
    match bytes[HEADER_BYTES..].get(..state) {
        Some(state) => Ok(Note { after, covers_next: word & 1 != 0, state: state.to_vec() }),
        None => Err(BadNote { size: bytes.len(), state }),
    }
}

/// Bytes of a note that holds so many.
pub(crate) fn note_bytes(state: usize) -> usize {
    (HEADER_BYTES + state).next_multiple_of(RECORD_ALIGN).max(RECORD_BYTES_MIN)
}

/// Writes a note to a place that [`note_bytes`] has measured.
pub(crate) fn write_note(place: &mut [u8], covers_next: bool, state: &[u8]) {
    let size = place.len() as u32 | NOTE;
    let word = ((state.len() as u32) << 1) | u32::from(covers_next);
    place[..4].copy_from_slice(&size.to_le_bytes());
    place[4..HEADER_BYTES].copy_from_slice(&word.to_le_bytes());
    place[HEADER_BYTES..HEADER_BYTES + state.len()].copy_from_slice(state);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(bytes: usize, fill: u8) -> Vec<u8> {
        let mut record = vec![fill; bytes];
        record[..4].copy_from_slice(&(bytes as u32).to_le_bytes());
        record
    }

    fn note(covers_next: bool, state: &[u8]) -> Vec<u8> {
        let mut place = vec![0xee; note_bytes(state.len())];
        write_note(&mut place, covers_next, state);
        place
    }

    #[test]
    fn notes_are_taken_out_and_records_stay() {
        let mut taken =
            [note(true, b"first"), record(40, 1), record(48, 2), note(false, b""), record(32, 3)].concat();
        let notes = split_notes(&mut taken).unwrap();
        assert_eq!(taken, [record(40, 1), record(48, 2), record(32, 3)].concat());
        let expected = [
            Note { after: 0, covers_next: true, state: b"first".to_vec() },
            Note { after: 2, covers_next: false, state: Vec::new() },
        ];
        assert_eq!(notes, expected);
    }

    #[test]
    fn a_note_that_claims_more_than_it_has_is_refused() {
        let mut bad = note(false, b"state");
        bad[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(split_notes(&mut bad).is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(covers_next: bool, state in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut taken = note(covers_next, &state);
            prop_assert_eq!(split_notes(&mut taken).unwrap(), [Note { after: 0, covers_next, state }]);
            prop_assert!(taken.is_empty());
        }
    }
}
