//! The messages of one request, as the daemon sent them.
//!
//! They stay where they were copied to, and each `LogMessage` made of one reads them there: a method that looks at
//! one value of a message pays for that value alone. A message that is kept keeps the whole batch.

use std::sync::Arc;

use message::{Message, Record};

/// Records with the origin they share.
pub(crate) struct Batch {
    bytes: Vec<u8>,
    /// Where the origin starts; it ends where the records do. Empty: there is none.
    origin: std::ops::Range<usize>,
}

/// One message of a batch.
#[derive(Clone)]
pub(crate) struct Shared {
    batch: Arc<Batch>,
    /// Where its record starts; `None` once the message has values of its own instead, and only the origin counts.
    record: Option<u32>,
}

impl Batch {
    /// `bytes` come from the daemon, which is believed.
    pub(crate) fn new(bytes: Vec<u8>, origin: std::ops::Range<usize>) -> Batch {
        Batch { bytes, origin }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn record_at(&self, offset: usize) -> Record<'_> {
        Record::at(&self.bytes, offset)
    }

    fn origin(&self) -> Option<Record<'_>> {
        (!self.origin.is_empty()).then(|| Record::trusted(&self.bytes[self.origin.clone()]))
    }
}

impl Shared {
    pub(crate) fn new(batch: Arc<Batch>, offset: u32) -> Shared {
        Shared { batch, record: Some(offset) }
    }

    /// The message as it was sent; `None` once it has values of its own.
    pub(crate) fn message(&self) -> Option<Message<'_>> {
        let offset = self.record?;
        Some(Message::new(self.batch.record_at(offset as usize), self.batch.origin()))
    }

    /// What its record does not say.
    pub(crate) fn origin(&self) -> Option<Record<'_>> {
        self.batch.origin()
    }

    /// The same message once it has values of its own.
    pub(crate) fn without_record(&self) -> Shared {
        Shared { batch: self.batch.clone(), record: None }
    }
}
