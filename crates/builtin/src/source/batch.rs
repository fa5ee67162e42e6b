//! Lines on their way into the machine: parsed straight into an arena, and posted as one batch.

use std::sync::Arc;

use encoding_rs::Encoding;
use message::syslog::{self, ParseOptions, Parsed};
use message::{Origin, Stamp};
use pipeline::{Ack, Position, Post, Window};

/// Messages of one batch at most: a destination that waits for the first one should not wait for long.
const BATCH_MESSAGES_MAX: u32 = 4096;
/// Bytes of one batch after which it is posted: what a core keeps close at hand until the next one reads it.
const BATCH_BYTES_MAX: usize = 256 << 10;
/// Bytes that an arena begins with; the next one begins with what the last one needed.
const ARENA_BYTES: usize = 16 << 10;

/// See the module's text.
pub(crate) struct Batch {
    post: Post,
    window: Arc<Window>,
    options: ParseOptions,
    encoding: Option<&'static Encoding>,
    bytes: Vec<u8>,
    count: u32,
    /// Messages that may still be added.
    room: u32,
    /// Bytes the last batch had.
    expected: usize,
}

impl Batch {
    /// An empty batch of messages that are read as `options` say, converted from `encoding` first.
    pub(crate) fn new(
        post: Post,
        window: Arc<Window>,
        options: ParseOptions,
        encoding: Option<&'static Encoding>,
    ) -> Batch {
        let mut batch = Batch {
            post,
            window,
            options,
            encoding,
            bytes: Vec::new(),
            count: 0,
            room: 0,
            expected: ARENA_BYTES,
        };
        batch.look();
        batch
    }

    /// The window its messages are counted in.
    pub(crate) fn window(&self) -> &Arc<Window> {
        &self.window
    }

    /// Adds a line. Whoever adds asks [`Batch::is_full`] before the next one.
    #[inline]
    pub(crate) fn add(&mut self, line: &[u8], received: Stamp) {
        if self.bytes.capacity() == 0 {
            self.bytes = self.post.arena();
            self.bytes.reserve(self.expected);
        }
        if let Some(encoding) = self.encoding {
            return self.add_converted(encoding, line, received);
        }
        if syslog::parse_into(line, received, &self.options, &mut self.bytes) == Parsed::Record {
            self.count += 1;
            self.room = self.room.saturating_sub(1);
        }
    }

    #[cold]
    fn add_converted(&mut self, encoding: &'static Encoding, line: &[u8], received: Stamp) {
        let (text, _) = encoding.decode_without_bom_handling(line);
        if syslog::parse_into(text.as_bytes(), received, &self.options, &mut self.bytes) == Parsed::Record {
            self.count += 1;
            self.room = self.room.saturating_sub(1);
        }
    }

    /// Adds a record that `write` appends to the arena.
    pub(crate) fn add_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.count += 1;
        self.room = self.room.saturating_sub(1);
    }

    /// Whether it is to be posted, and the window looked at, before anything more is added.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.room == 0 || self.bytes.len() >= BATCH_BYTES_MAX
    }

    /// Posts what was added.
    pub(crate) fn post(&mut self, origin: &Arc<Origin>) {
        self.post_with(origin, |window, messages| window.take(messages, Position::default()));
    }

    /// Posts what was added; `ack` makes the promise to answer for so many messages.
    pub(crate) fn post_with(&mut self, origin: &Arc<Origin>, ack: impl FnOnce(&Arc<Window>, u32) -> Ack) {
        if self.count > 0 {
            let bytes = std::mem::take(&mut self.bytes);
            // A little more than last time, so that batches of about one size do not grow their arena.
            self.expected = (bytes.len() + bytes.len() / 8).max(ARENA_BYTES);
            let ack = ack(&self.window, self.count);
            self.post.post(bytes, self.count, origin, ack);
            self.count = 0;
        }
        self.look();
    }

    /// Looks how much room the window has.
    pub(crate) fn look(&mut self) {
        self.room = self.window.free().min(BATCH_MESSAGES_MAX);
    }
}
