//! `set-time-zone()`, `fix-time-zone()`, `guess-time-zone()`: the zone of a message's time.

use std::sync::Arc;

use conf::Options;
use conf::ast::Call;
use conf::diagnostic::Diagnostic;
use conf::options::Spanned;
use message::{Draft, Head, Message, Stamp, Zone};
use pipeline::{Compile, Rewrite, RewriteSpec};

pub(super) const SET: RewriteSpec = RewriteSpec {
    names: &["set-time-zone"],
    options: ZoneOptions::DOCS,
    compile: |call, cx| compile(Change::Set, call, cx),
};
pub(super) const FIX: RewriteSpec = RewriteSpec {
    names: &["fix-time-zone"],
    options: ZoneOptions::DOCS,
    compile: |call, cx| compile(Change::Fix, call, cx),
};
pub(super) const GUESS: RewriteSpec =
    RewriteSpec { names: &["guess-time-zone"], options: GuessOptions::DOCS, compile: compile_guess };

conf::options! {
    /// Change the zone of a time.
    pub struct ZoneOptions {
        /// The zone: a name such as `Europe/Budapest`, or `+02:00`.
        zone: Spanned<String> = positional,
        /// Which time.
        time_stamp: Which = Which::Stamp,
    }
}

conf::options! {
    /// Guess the zone of a time.
    pub struct GuessOptions {
        /// Which time.
        time_stamp: Which = Which::Stamp,
    }
}

conf::choices! {
    /// One of the times of a message.
    pub enum Which {
        /// The one in its header.
        Stamp = "stamp",
        /// The one of its receipt.
        Received = "recvd",
    }
}

impl Which {
    /// Gives a message this time.
    pub(crate) fn set(self, head: &mut Head, stamp: Stamp) {
        match self {
            Which::Stamp => (head.stamp, head.stamp_zone) = (stamp.micros, stamp.zone),
            Which::Received => (head.received, head.received_zone) = (stamp.micros, stamp.zone),
        }
    }
}

#[derive(Clone, Copy)]
enum Change {
    /// The same instant, shown in the zone.
    Set,
    /// The same wall clock, meant in the zone.
    Fix,
    /// The zone in which it agrees with the present.
    Guess,
}

fn compile(change: Change, call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Rewrite>> {
    let options = ZoneOptions::read(call, cx.diagnostics)?;
    match Zone::parse(&options.zone.value) {
        Ok(zone) => Some(Arc::new(ChangeZone { change, zone, which: options.time_stamp })),
        Err(error) => {
            cx.diagnostics.push(Diagnostic::error(error.to_string(), options.zone.span));
            None
        }
    }
}

fn compile_guess(call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Rewrite>> {
    let options = GuessOptions::read(call, cx.diagnostics)?;
    Some(Arc::new(ChangeZone { change: Change::Guess, zone: Zone::utc(), which: options.time_stamp }))
}

struct ChangeZone {
    change: Change,
    zone: Zone,
    which: Which,
}

impl Rewrite for ChangeZone {
    fn apply<'a>(&self, _message: Message<'a>, draft: &mut Draft<'a>) {
        let head = &mut draft.head;
        let (micros, zone) = match self.which {
            Which::Stamp => (head.stamp, head.stamp_zone),
            Which::Received => (head.received, head.received_zone),
        };
        let old = Stamp { micros, zone };
        let new = match self.change {
            Change::Set => old.shown_in(&self.zone),
            Change::Fix => old.wall_in(&self.zone),
            Change::Guess => old.guess_zone(message::time::now()).unwrap_or(old),
        };
        self.which.set(head, new);
    }
}
