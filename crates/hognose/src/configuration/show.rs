//! What the look at the Python found, for the eye.

use std::fmt::Write as _;

use conf::Diagnostic;
use conf::span::Sources;
use python::inspect::{Finding, Severity};

use crate::log::UNSHOWN;

/// A finding as a mistake in the text, where it is in one that was read; what does not fit in is in a note.
pub(super) fn in_text(finding: &Finding, sources: &Sources) -> Option<Diagnostic> {
    let span = sources.line(finding.file.as_deref()?, finding.line?)?;
    let message = message(finding);
    let mut diagnostic = match finding.severity {
        Severity::Error => Diagnostic::error(message, span),
        Severity::Warning => Diagnostic::warning(message, span),
    };
    if let Some(driver) = &finding.driver {
        diagnostic = diagnostic.note(format!("in driver {driver}"));
    }
    if let Some(traceback) = &finding.traceback {
        diagnostic = diagnostic.note(traceback.trim_end());
    }
    Some(diagnostic)
}

/// Appends a finding that is in no text that was read: in a module, say.
pub(super) fn elsewhere(out: &mut String, finding: &Finding) {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut text = format!("{severity}: {}\n", message(finding));
    if let Some(file) = &finding.file {
        let line = finding.line.map(|line| format!(":{line}")).unwrap_or_default();
        let _ = writeln!(text, "  --> {file}{line}");
    }
    if let Some(driver) = &finding.driver {
        let _ = writeln!(text, "  = note: in driver {driver}");
    }
    for line in finding.traceback.iter().flat_map(|traceback| traceback.lines()) {
        let _ = writeln!(text, "  | {line}");
    }
    // A message comes from the user's own code, and may try to draw on the terminal.
    out.extend(text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }));
}

/// What is wrong, and the way out.
fn message(finding: &Finding) -> String {
    match &finding.hint {
        Some(hint) if !finding.message.contains(hint.as_str()) => format!("{}: {hint}", finding.message),
        _ => finding.message.clone(),
    }
}

/// Logs a mistake or a warning that stderr has seen already.
pub(super) fn log(is_error: bool, location: &str, what: &str) {
    if is_error {
        tracing::error!(target: UNSHOWN, location, error = what, "Error in configuration");
    } else {
        tracing::warn!(target: UNSHOWN, location, warning = what, "Warning about configuration");
    }
}
