//! Options that are known and do nothing, and options that are refused.

use conf::diagnostic::{Diagnostic, Diagnostics};
use conf::options::{FromArguments, Given};

/// An option of syslog-ng that does nothing here. Whoever writes it is told.
#[derive(Debug, Clone, Copy)]
pub struct NoEffect;

/// An option of syslog-ng without which a configuration would mean something else. It is refused.
#[derive(Debug, Clone, Copy)]
pub struct NotYet;

impl FromArguments for NoEffect {
    const TYPE: &'static str = "no effect";

    fn from_arguments(given: &Given<'_>, diagnostics: &mut Diagnostics) -> Option<NoEffect> {
        let name = given.name.replace('_', "-");
        let message = format!("option `{name}` is accepted but has no effect");
        diagnostics.push(Diagnostic::warning(message, given.span));
        Some(NoEffect)
    }
}

impl FromArguments for NotYet {
    const TYPE: &'static str = "not supported yet";

    fn from_arguments(given: &Given<'_>, diagnostics: &mut Diagnostics) -> Option<NotYet> {
        let name = given.name.replace('_', "-");
        diagnostics.push(Diagnostic::error(format!("option `{name}` is not supported yet"), given.span));
        None
    }
}
