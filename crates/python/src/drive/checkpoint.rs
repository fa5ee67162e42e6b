//! Checkpoints: out of the ring, and into the persist file once all before them is delivered.

use std::time::{Duration, Instant};

use channel::{Taken, split_notes};

use super::Driver;

/// How long a driver that stops waits for the messages that its last checkpoint is for.
const LAST_SAVE_TIME_MAX: Duration = Duration::from_secs(1);
/// How often it looks whether they are delivered.
const LAST_SAVE_LOOK_EVERY: Duration = Duration::from_millis(2);

impl Driver {
    /// Takes the notes out of what was taken. False: they are no notes, and the worker is not listened to any more.
    pub(super) fn take_notes(&mut self, bytes: &mut Vec<u8>, taken: Taken) -> bool {
        let notes = match taken.notes {
            0 => Vec::new(),
            _ => match split_notes(bytes) {
                Ok(notes) => notes,
                Err(bad) => {
                    self.distrust(&bad.to_string());
                    return false;
                }
            },
        };
        if let Some(acks) = &self.acks {
            acks.take(taken.records, notes);
        }
        true
    }

    /// Saves the newest state whose messages are all delivered.
    pub(super) fn save_checkpoint(&mut self) {
        let Some(acks) = &self.acks else { return };
        let Some(state) = acks.due() else { return };
        if let Err(error) = self.made.persist.put(&self.checkpoint, &state) {
            tracing::error!(driver = %self.made.known.id, %error, "Error saving a checkpoint, it is tried again");
            // It stands in memory until the disk can be written again. Its source goes on: one that stops for a full
            // disk loses more.
            if let Err(error) = self.made.persist.put_behind(&self.checkpoint, &state) {
                tracing::error!(driver = %self.made.known.id, %error, "Checkpoint lost");
            }
        }
        acks.saved();
    }

    /// The driver ends: what is on its way may still be delivered, and need not be posted again.
    pub(super) fn save_the_last(&mut self) {
        let deadline = Instant::now() + LAST_SAVE_TIME_MAX;
        loop {
            self.save_checkpoint();
            if !self.acks.as_ref().is_some_and(|acks| acks.is_open()) || Instant::now() >= deadline {
                break;
            }
            std::thread::sleep(LAST_SAVE_LOOK_EVERY);
        }
        if let Some(acks) = &self.acks {
            acks.close();
        }
    }
}
