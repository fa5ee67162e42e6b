//! `response-action()`: what an answer means for the messages of its request.

use conf::ast::{Argument, Operator};
use conf::diagnostic::{Diagnostic, Diagnostics};
use conf::options::{Choice, FromArguments, Given};

conf::choices! {
    /// What becomes of the messages.
    pub enum Action {
        /// They are delivered.
        Success = "success",
        /// They are sent again after `time-reopen()`, `retries()` times at most.
        Retry = "retry",
        /// They are dropped.
        Drop = "drop",
        /// They are sent again after `time-reopen()`, as often as it takes.
        Disconnect = "disconnect",
    }
}

/// Actions for certain answers; the others keep their own.
#[derive(Debug, Clone, Default)]
pub(super) struct Actions(Vec<(u16, Action)>);

/// Answers that say: later perhaps, but not for ever.
const RETRIED: [u16; 5] = [102, 103, 304, 428, 504];
/// Answers that say: never.
const DROPPED: [u16; 7] = [410, 416, 422, 424, 425, 451, 508];

impl Actions {
    /// What an answer of this status means.
    pub(super) fn of(&self, status: u16) -> Action {
        let chosen = self.0.iter().rev().find(|(known, _)| *known == status).map(|(_, action)| *action);
        chosen.unwrap_or(match status {
            200..=299 => Action::Success,
            _ if RETRIED.contains(&status) => Action::Retry,
            _ if DROPPED.contains(&status) => Action::Drop,
            _ => Action::Disconnect,
        })
    }
}

impl FromArguments for Actions {
    const TYPE: &'static str = "status => action";

    fn from_arguments(given: &Given<'_>, diagnostics: &mut Diagnostics) -> Option<Actions> {
        let mut actions = Actions::default();
        let mut rest = given.arguments;
        while let [first, further @ ..] = rest {
            let (
                [Argument::Operator(Operator::Arrow, _), Argument::Value(action), more @ ..],
                Argument::Value(status),
            ) = (further, first)
            else {
                return given.wrong(first.span(), "pairs such as `404 => drop`", diagnostics);
            };
            let Some(number) = status.text().parse().ok().filter(|status| (100..600).contains(status)) else {
                return given.wrong(status.span, "statuses from 100 to 599", diagnostics);
            };
            let Some(action) = Action::from_word(action.text()) else {
                let message = format!("`response-action()` has no action `{}`", action.text());
                let words = Action::WORDS.iter().copied();
                diagnostics.push(Diagnostic::error(message, action.span).suggest(action.text(), words));
                return None;
            };
            actions.0.push((number, action));
            rest = more;
        }
        Some(actions)
    }
}
