//! Up to where records are answered for, in a file of two slots that are written in turn.

use std::io;

use crate::disk::{Disk, DiskFile, read_full, write_all};

const NAME: &str = "cursor";
/// Bytes between the slots: no sector holds both.
const SLOT_BYTES: usize = 512;
/// magic 8, number 8, turn 8, CRC32C 4
const USED_BYTES: usize = 28;
const MAGIC: &[u8; 8] = b"hognoseC";

/// See the module's text. A slot that is torn leaves the other one, which says a little less.
pub(super) struct Cursor {
    number: u64,
    saved: u64,
    turn: u64,
    file: Option<Box<dyn DiskFile>>,
}

impl Cursor {
    /// What the file says; 0 where there is none, or it is damaged. One that cannot be read may say more than 0, and
    /// numbers that were given before must not be given again below it.
    pub(super) fn load(disk: &dyn Disk) -> io::Result<Cursor> {
        let mut bytes = vec![0; SLOT_BYTES + USED_BYTES];
        let file = match disk.open(NAME) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let read = file.as_ref().map_or(Ok(0), |file| read_full(&**file, &mut bytes, 0))?;
        let slots = [0, SLOT_BYTES].map(|at| bytes[..read].get(at..at + USED_BYTES).and_then(slot));
        let (turn, number) = slots.into_iter().flatten().max().unwrap_or((0, 0));
        Ok(Cursor { number, saved: number, turn, file })
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn advance(&mut self, number: u64) {
        self.number = self.number.max(number);
    }

    pub(super) fn save(&mut self, disk: &dyn Disk) -> io::Result<()> {
        if self.saved == self.number {
            return Ok(());
        }
        if self.file.is_none() {
            self.file = Some(disk.open(NAME).or_else(|_| disk.create(NAME))?);
        }
        let Some(file) = &self.file else { return Ok(()) };
        let turn = self.turn + 1;
        let mut bytes = [&MAGIC[..], &self.number.to_le_bytes(), &turn.to_le_bytes()].concat();
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        // A turn that failed is not taken again in the same slot: that one may be torn.
        self.turn = turn;
        write_all(&**file, &bytes, (turn % 2) * SLOT_BYTES as u64)?;
        self.saved = self.number;
        Ok(())
    }
}

/// Turn and number of a slot that is whole.
fn slot(bytes: &[u8]) -> Option<(u64, u64)> {
    let number = |at: usize| Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
    let crc = u32::from_le_bytes(bytes.get(24..USED_BYTES)?.try_into().ok()?);
    (bytes.starts_with(MAGIC) && crc32c::crc32c(&bytes[..24]) == crc).then_some(())?;
    Some((number(16)?, number(8)?))
}
