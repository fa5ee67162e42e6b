//! What stands in a log path between source and destination.

use message::{Draft, Message};

use crate::flow::Flow;

/// Whether a message goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matched {
    /// It does.
    Yes,
    /// It ends here, on this branch.
    No,
}

/// Decides which messages go on. Called from every source's thread, at the same time too.
pub trait Filter: Send + Sync {
    /// Whether `message` goes on.
    fn accepts(&self, message: Message<'_>) -> bool;

    /// [`Filter::accepts`] where `$_` stands for `item`, as in `$(filter ("$_" ne "") list)`.
    fn accepts_item(&self, message: Message<'_>, item: &[u8]) -> bool {
        let _ = item;
        self.accepts(message)
    }

    /// Whether it writes what it found to the message, as `flags(store-matches)` asks for.
    fn stores(&self) -> bool {
        false
    }

    /// [`Filter::accepts`], writing what it found to `draft`.
    fn accepts_and_stores<'a>(&self, message: Message<'a>, draft: &mut Draft<'a>) -> bool {
        let _ = draft;
        self.accepts(message)
    }
}

/// Changes messages. Called from every source's thread, at the same time too.
pub trait Rewrite: Send + Sync {
    /// Writes to `draft` what shall be different from `message`.
    fn apply<'a>(&self, message: Message<'a>, draft: &mut Draft<'a>);
}

/// Takes messages apart. Called from every source's thread, at the same time too.
pub trait Parser: Send + Sync {
    /// Writes to `draft` what it finds in `message`. [`Matched::No`] drops the message from its branch.
    fn parse<'a>(&self, message: Message<'a>, draft: &mut Draft<'a>) -> Matched;

    /// What [`Parser::parse`] would make of all of `flow`, where that is cheaper at once: a round trip to a worker.
    /// `None`: message by message, please.
    fn parse_all(&self, flow: &Flow) -> Option<Flow> {
        let _ = flow;
        None
    }
}
