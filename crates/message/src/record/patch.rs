//! Changes that a source makes to a record in its own arena, before anybody else sees it.

use super::*;

/// Sets the priority.
pub fn set_pri(record: &mut [u8], pri: u16) {
    put(record, PRI, pri.to_le_bytes());
}

/// Sets the one-bit facts.
pub fn set_flags(record: &mut [u8], flags: RecordFlags) {
    put(record, FLAGS, flags.0.to_le_bytes());
}

/// Sets the message time.
pub fn set_stamp(record: &mut [u8], stamp: Stamp) {
    put(record, STAMP, stamp.micros.to_le_bytes());
    put(record, STAMP_ZONE, stamp.zone.to_le_bytes());
}

/// Sets the message time to the time of receipt.
pub fn stamp_from_received(record: &mut [u8]) {
    record.copy_within(RECEIVED..RECEIVED + 8, STAMP);
    record.copy_within(RECEIVED_ZONE..RECEIVED_ZONE + 4, STAMP_ZONE);
}

/// Hides the stored value of a built-in, so that the origin's shows through. Nothing stored: nothing done.
pub fn hide(record: &mut [u8], builtin: Builtin) {
    while let Some((place, _)) = Record(record).find_builtin(builtin) {
        record[HEADER_BYTES + place * ENTRY_BYTES + STATE] = HIDDEN;
        // Two entries of one name do not come from our writers, but may come from a hostile worker.
        if Record(record).find_builtin(builtin).is_none() {
            let present = get_u32(record, PRESENT) & !builtin.bit();
            put(record, PRESENT, present.to_le_bytes());
        }
    }
}
