//! The sequence number of a destination: one for each attempt to send, counted on over reloads and restarts.

use store::{Key, Persist};

/// Where the number is kept.
#[derive(Clone)]
pub(crate) struct Sequence {
    persist: Persist,
    key: Key,
}

impl Sequence {
    /// The sequence of the destination with this persist-name; each of several workers has one of its own.
    pub(crate) fn new(persist: &Persist, persist_name: &str, worker: usize) -> Sequence {
        let name = match worker {
            0 => format!("{persist_name}.seqnum"),
            worker => format!("{persist_name}.{worker}.seqnum"),
        };
        Sequence { persist: persist.clone(), key: Key::new(name) }
    }

    /// The number of the next message that gets one. What cannot be read begins anew: a number that comes twice is
    /// no reason to stop.
    pub(crate) fn next(&self) -> u64 {
        let kept = self.persist.get(&self.key).ok().flatten();
        let kept = kept.and_then(|kept| kept.as_slice().try_into().ok());
        kept.map_or(1, u64::from_le_bytes).max(1)
    }

    /// Keeps the number, soon.
    pub(crate) fn keep(&self, next: u64) {
        if let Err(error) = self.persist.put_behind(&self.key, &next.to_le_bytes()) {
            tracing::debug!(%error, "Sequence number is not kept");
        }
    }
}
