//! From a buffer with its backticks replaced, back to the text as written.

/// Pieces of a buffer, ascending; each is a copy of text, or what stands for a backtick reference.
#[derive(Debug, Default)]
pub(super) struct Map {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, Copy)]
struct Piece {
    /// Where the piece starts in the buffer.
    buffer: usize,
    /// Where it starts in the text.
    text: usize,
    /// How long the reference is that the piece replaces; `None` for a copy.
    replaces: Option<usize>,
}

impl Map {
    /// From `buffer` on, the buffer is a copy of the text from `text` on.
    pub(super) fn plain(&mut self, buffer: usize, text: usize) {
        self.pieces.push(Piece { buffer, text, replaces: None });
    }

    /// From `buffer` on, the buffer is the value of the reference of `length` bytes at `text`.
    pub(super) fn replaced(&mut self, buffer: usize, text: usize, length: usize) {
        self.pieces.push(Piece { buffer, text, replaces: Some(length) });
    }

    /// The piece of text that bytes `start..end` of the buffer come from.
    pub(super) fn range(&self, start: usize, end: usize) -> (usize, usize) {
        let Some(first) = self.piece(start) else { return (0, 0) };
        let from = match first.replaces {
            Some(_) => first.text,
            None => first.text + (start - first.buffer),
        };
        let to = match self.piece(end.saturating_sub(1).max(start)) {
            Some(Piece { text, replaces: Some(length), .. }) if end > start => text + length,
            Some(last) if last.replaces.is_none() => last.text + (end - last.buffer),
            _ => from,
        };
        (from, to.max(from))
    }

    /// The place in the text of byte `at` of the buffer; `None` inside a replaced reference.
    pub(super) fn exact(&self, at: usize) -> Option<usize> {
        let piece = self.piece(at)?;
        piece.replaces.is_none().then(|| piece.text + (at - piece.buffer))
    }

    fn piece(&self, at: usize) -> Option<Piece> {
        let behind = self.pieces.partition_point(|piece| piece.buffer <= at);
        Some(self.pieces[behind.checked_sub(1)?])
    }
}
