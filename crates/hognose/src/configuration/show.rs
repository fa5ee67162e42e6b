//! What the look at the Python found, for the eye.

use std::fmt::Write as _;

use python::inspect::{Finding, Severity};

use crate::log::UNSHOWN;

/// Appends a finding in the shape that other mistakes have.
pub(super) fn python(out: &mut String, finding: &Finding) {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut text = format!("{severity}: {}\n", finding.message);
    if let Some(file) = &finding.file {
        let line = finding.line.map(|line| format!(":{line}")).unwrap_or_default();
        let _ = writeln!(text, "  --> {file}{line}");
    }
    if let Some(driver) = &finding.driver {
        let _ = writeln!(text, "  = driver: {driver}");
    }
    if let Some(hint) = &finding.hint {
        let _ = writeln!(text, "  = help: {hint}");
    }
    for line in finding.traceback.iter().flat_map(|traceback| traceback.lines()) {
        let _ = writeln!(text, "  | {line}");
    }
    // A message comes from the user's own code, and may try to draw on the terminal.
    out.extend(text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }));
}

/// Logs a mistake or a warning that stderr has seen already.
pub(super) fn log(is_error: bool, location: &str, what: &str) {
    if is_error {
        tracing::error!(target: UNSHOWN, location, error = what, "Error in configuration");
    } else {
        tracing::warn!(target: UNSHOWN, location, warning = what, "Warning about configuration");
    }
}
