//! What is wrong with a configuration, and where.
//!
//! Nothing here stops at the first mistake: whoever finds one pushes it and goes on.

use crate::span::{Sources, Span};

mod render;

/// How many diagnostics are kept; what comes later is only counted.
pub const DIAGNOSTICS_MAX: usize = 200;

/// Bytes that a message may have; what is longer is cut.
pub const MESSAGE_BYTES_MAX: usize = 600;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Info,
    /// The configuration works, perhaps not as meant.
    Warning,
    /// The configuration cannot be used.
    Error,
}

/// Whether a rendering has colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Plain text.
    Plain,
    /// With the escape sequences of a terminal.
    Coloured,
}

/// One mistake or remark.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in lower case, without a full stop.
    pub message: String,
    /// Where; a span in no file makes a diagnostic without an excerpt.
    pub span: Span,
    /// What stands beside the caret: the way out, or what is seen there.
    pub label: Option<String>,
    /// What else helps: a sentence, and the place it speaks of where there is one.
    pub notes: Vec<(String, Option<Span>)>,
}

/// The diagnostics of a configuration, in the order found.
///
/// Holds [`DIAGNOSTICS_MAX`]; later ones are counted, and the first error is never lost to the limit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    errors: usize,
    left_out: usize,
}

impl Diagnostic {
    /// An error at `span`.
    pub fn error(message: impl Into<String>, span: Span) -> Diagnostic {
        Diagnostic::new(Severity::Error, message.into(), span)
    }

    /// A warning at `span`.
    pub fn warning(message: impl Into<String>, span: Span) -> Diagnostic {
        Diagnostic::new(Severity::Warning, message.into(), span)
    }

    /// A remark at `span`.
    pub fn info(message: impl Into<String>, span: Span) -> Diagnostic {
        Diagnostic::new(Severity::Info, message.into(), span)
    }

    /// With `label` beside the caret.
    pub fn label(mut self, label: impl Into<String>) -> Diagnostic {
        self.label = Some(label.into());
        self
    }

    /// With "did you mean …?" beside the caret, when one of `names` is near `wrong`.
    pub fn suggest<'a>(self, wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Diagnostic {
        match nearest(wrong, names) {
            Some(name) => self.label(format!("did you mean `{name}`?")),
            None => self,
        }
    }

    /// With a sentence below.
    pub fn note(mut self, note: impl Into<String>) -> Diagnostic {
        self.notes.push((note.into(), None));
        self
    }

    /// With a sentence about another place.
    pub fn note_at(mut self, note: impl Into<String>, span: Span) -> Diagnostic {
        self.notes.push((note.into(), Some(span)));
        self
    }

    fn new(severity: Severity, mut message: String, span: Span) -> Diagnostic {
        // A message may quote a word of megabytes.
        if message.len() > MESSAGE_BYTES_MAX {
            message.truncate(message.floor_char_boundary(MESSAGE_BYTES_MAX));
            message.push('…');
        }
        Diagnostic { severity, message, span, label: None, notes: Vec::new() }
    }
}

impl Diagnostics {
    /// Adds one; beyond [`DIAGNOSTICS_MAX`] it is only counted.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let first_error = diagnostic.severity == Severity::Error && self.errors == 0;
        self.errors += usize::from(diagnostic.severity == Severity::Error);
        if self.list.len() < DIAGNOSTICS_MAX || first_error {
            self.list.push(diagnostic);
        } else {
            self.left_out += 1;
        }
    }

    /// Adds all of `other`, which stay in their order.
    pub fn append(&mut self, other: Diagnostics) {
        let kept_errors = other.list.iter().filter(|one| one.severity == Severity::Error).count();
        self.errors += other.errors - kept_errors;
        self.left_out += other.left_out;
        other.list.into_iter().for_each(|diagnostic| self.push(diagnostic));
    }

    /// Whether the configuration cannot be used.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// How many errors there are, those left out included.
    pub fn error_count(&self) -> usize {
        self.errors
    }

    /// How many diagnostics were found beyond [`DIAGNOSTICS_MAX`].
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The diagnostics kept.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// Puts them in the order of the text: what stands first in a file comes first.
    pub fn sort(&mut self) {
        self.list.sort_by_key(|diagnostic| (diagnostic.span.file, diagnostic.span.start));
    }

    /// All of them for the eye, each with its excerpt, and the chain of includes and blocks that led there.
    ///
    /// The size is bounded: long lines are cut around the caret, and so are long chains.
    pub fn render(&self, sources: &Sources, style: Style) -> String {
        render::all(self, sources, style)
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

/// The one of `names` that `wrong` was probably meant to be; `-` and `_` are the same.
pub fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A longer word is hardly a slip of somebody's finger, and comparing costs the product of the lengths.
    const WORD_BYTES_MAX: usize = 64;
    if wrong.len() > WORD_BYTES_MAX {
        return None;
    }
    let fold = |name: &str| name.replace('_', "-").to_lowercase();
    let wrong = fold(wrong);
    let allowed = (wrong.chars().count() / 3).max(1);
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&wrong, &fold(name)), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
