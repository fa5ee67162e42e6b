//! Options that somebody else reads.

use super::{FromArguments, Given};
use crate::ast::Call;
use crate::diagnostic::Diagnostics;

/// An option whose arguments are read later, all of them together.
#[derive(Debug, Clone)]
pub struct FreeForm(pub Call);

impl FromArguments for FreeForm {
    const TYPE: &'static str = "key value …";

    fn from_arguments(given: &Given<'_>, _diagnostics: &mut Diagnostics) -> Option<FreeForm> {
        given.call.cloned().map(FreeForm)
    }

    fn gather(given: &Given<'_>, into: &mut Vec<FreeForm>, diagnostics: &mut Diagnostics) {
        into.extend(Self::from_arguments(given, diagnostics));
    }
}
