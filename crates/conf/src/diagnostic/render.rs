//! Diagnostics as text.

use annotate_snippets::{
    Annotation, AnnotationKind, Element, Group, Level, Message, Origin as Place, Renderer, Snippet,
    renderer::DecorStyle,
};

use super::{Diagnostic, Diagnostics, MESSAGE_BYTES_MAX, Severity, Style};
use crate::span::{Origin, Sources, Span};

/// Bytes of a line that are shown before and after the start of a span.
const EXCERPT_BYTES_MAX: usize = 100;
/// Steps of an include chain that are shown; the innermost come first.
const CHAIN_STEPS_MAX: usize = 6;

/// All of them, with an empty line between two.
pub(super) fn all(diagnostics: &Diagnostics, sources: &Sources, style: Style) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        out.push_str(&one(diagnostic, sources, style));
        out.push('\n');
    }
    if diagnostics.left_out() > 0 {
        out.push_str(&format!("… and {} more\n", diagnostics.left_out()));
    }
    out
}

fn one(diagnostic: &Diagnostic, sources: &Sources, style: Style) -> String {
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Coloured => Renderer::styled(),
    };
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let title = level.primary_title(clip(&diagnostic.message));
    let mut group = match excerpt(diagnostic.span, sources) {
        Some(excerpt) => {
            let label = diagnostic.label.as_deref().map(clip);
            title.elements(excerpt.elements(AnnotationKind::Primary, label))
        }
        None => title.elements(diagnostic.label.iter().map(|label| message(Level::HELP, label))),
    };
    for (text, span) in &diagnostic.notes {
        group = group.element(message(Level::NOTE, text));
        if let Some(excerpt) = span.and_then(|span| excerpt(span, sources)) {
            group = group.elements(excerpt.elements(AnnotationKind::Context, None));
        }
    }
    let group = chain(diagnostic.span, sources).iter().fold(group, |group, step| {
        let note: Element<'_> = message(Level::NOTE, step).into();
        group.element(note)
    });
    renderer.decor_style(DecorStyle::Unicode).render(&[group as Group<'_>])
}

fn message<'a>(level: Level<'a>, text: &str) -> Message<'a> {
    level.message(clip(text))
}

/// The line that a span starts on, cut to what a screen can hold.
struct Excerpt {
    text: String,
    path: String,
    line: usize,
    column: usize,
    range: std::ops::Range<usize>,
}

impl Excerpt {
    fn elements<'a>(self, kind: AnnotationKind, label: Option<String>) -> Vec<Element<'a>> {
        let counted = self.text[..self.range.start].chars().count() + 1;
        let annotation: Annotation<'a> = kind.span(self.range).label(label);
        let snippet = Snippet::source(self.text).line_start(self.line).annotation(annotation);
        if counted == self.column {
            return vec![snippet.path(self.path).into()];
        }
        // In a line that is cut the snippet would count the column from the cut, so the place is given apart.
        let place = Place::path(self.path).line(self.line).char_column(self.column);
        vec![place.into(), snippet.into()]
    }
}

fn excerpt(span: Span, sources: &Sources) -> Option<Excerpt> {
    let location = sources.location(span)?;
    let (line_start, line_end) = sources.line_bounds(span.file, span.start)?;
    let text = sources.text(span.file);
    let start = text.floor_char_boundary((span.start as usize).clamp(line_start, line_end));
    let end = text.ceil_char_boundary((span.end as usize).clamp(start, line_end));
    let from = text.ceil_char_boundary(start.saturating_sub(EXCERPT_BYTES_MAX).max(line_start));
    let to = text.floor_char_boundary((start + EXCERPT_BYTES_MAX).min(line_end)).max(start);
    let end = end.min(to);

    // Control characters would move the caret, so each is shown as one sign that is one column wide.
    let shown = |part: &str| -> String {
        part.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
    };
    let ellipsis = |cut: bool| if cut { "…" } else { "" };
    let before = format!("{}{}", ellipsis(from > line_start), shown(&text[from..start]));
    let marked = shown(&text[start..end]);
    let after = format!("{}{}", shown(&text[end..to]), ellipsis(to < line_end));
    let range = before.len()..before.len() + marked.len();
    Some(Excerpt {
        text: format!("{before}{marked}{after}"),
        path: clip(location.path),
        line: location.line as usize,
        column: location.column as usize,
        range,
    })
}

/// "included from", "expanded from block", from the inside out.
fn chain(span: Span, sources: &Sources) -> Vec<String> {
    let mut steps = Vec::new();
    let mut more = 0_usize;
    let mut file = span.file;
    while let Some(origin) = sources.origin(file) {
        let (what, at) = match origin {
            Origin::Main => break,
            Origin::Included(at) => ("included from".to_owned(), *at),
            Origin::Expanded { block, at } => (format!("expanded from block `{block}`, used at"), *at),
        };
        if steps.len() < CHAIN_STEPS_MAX {
            if let Some(place) = sources.location(at) {
                steps.push(format!("{what} {}:{}:{}", place.path, place.line, place.column));
            }
        } else {
            more += 1;
        }
        file = at.file;
    }
    if more > 0 {
        steps.push(format!("… and {more} steps more"));
    }
    steps
}

/// `text`, without control characters, cut to [`MESSAGE_BYTES_MAX`].
fn clip(text: &str) -> String {
    let end = text.floor_char_boundary(MESSAGE_BYTES_MAX);
    let ellipsis = if end < text.len() { "…" } else { "" };
    let clean = |c: char| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c };
    format!("{}{ellipsis}", text[..end].chars().map(clean).collect::<String>())
}
