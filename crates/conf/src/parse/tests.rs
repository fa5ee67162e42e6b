mod preprocess;
mod recovery;
pub(crate) mod show;
mod statements;
mod vectors;

use crate::{Environment, Severity, Style, load_text};

/// What a test sees of a configuration: its statements, and its errors and warnings without excerpts.
fn outcome(text: &str) -> String {
    let environment =
        Environment::default().with_variables(|name| (name == "HOME").then(|| "/home/nobody".to_owned()));
    let loaded = load_text("t.conf", text, &environment);
    let mut lines: Vec<String> = show::config(&loaded.config).lines().map(str::to_owned).collect();
    for diagnostic in &loaded.diagnostics {
        let place = loaded.sources.location(diagnostic.span);
        let place = place.map(|place| format!("{}:{} ", place.line, place.column)).unwrap_or_default();
        match diagnostic.severity {
            Severity::Error => lines.push(format!("! {place}{}", diagnostic.message)),
            Severity::Warning => lines.push(format!("? {place}{}", diagnostic.message)),
            Severity::Info => {}
        }
    }
    let _ = loaded.diagnostics.render(&loaded.sources, Style::Plain);
    lines.join("\n")
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let trimmed: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let shown = &text[..text.floor_char_boundary(2000)];
    assert_eq!(outcome(text), trimmed.join("\n"), "\n{shown}");
}
