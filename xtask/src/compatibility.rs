//! `docs/compatibility.md`: every name that configurations for syslog-ng use, and what becomes of it here.
//!
//! The names are in `xtask/compatibility.txt`. Each is tried: compiled as a configuration would have it, and what is
//! said about it is what the page says. So the page cannot promise what is not kept.

use std::fmt::Write as _;
use std::path::PathBuf;

use conf::options::OptionDoc;
use conf::{Diagnostic, Diagnostics, Environment, GlobalOptions, Severity};
use message::Name;
use message::template::{Macro, Template};
use pipeline::Metrics;
use pipeline::compile::APP_PARSER_OPTIONS;
use pipeline::registry::Spec;

use crate::registry::registry;
use crate::{Source, sources};

/// The names, as they stand in the checkout.
pub const NAMES: &str = include_str!("../compatibility.txt");

/// What becomes of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It does what it says.
    Works,
    /// It is part of the library.
    Library,
    /// It is accepted, with this warning.
    Warned(String),
    /// It is refused, with this message.
    Refused(String),
    /// Nothing is said, and nothing is done. No name may end here.
    Ignored,
}

/// One line of the list: names of one kind, perhaps of one driver.
pub struct Line {
    /// `source`, `option`, `function` …
    pub kind: &'static str,
    /// For options: `source network`.
    pub owner: &'static str,
    /// The names.
    pub names: Vec<&'static str>,
}

/// The lines of [`NAMES`].
pub fn lines() -> Vec<Line> {
    let line = |line: &'static str| -> Option<Line> {
        let (head, names) = line.split_once(':')?;
        let (kind, owner) = head.split_once(' ').unwrap_or((head, ""));
        Some(Line { kind, owner, names: names.split_whitespace().collect() })
    };
    NAMES.lines().filter(|text| !text.starts_with('#')).filter_map(line).collect()
}

/// What becomes of `name`.
pub fn outcome(line: &Line, name: &str) -> Outcome {
    match line.kind {
        "function" => template(&format!("$({name} 1 2 3)"), &format!("Unknown template function \"{name}\"")),
        "macro" => {
            match Macro::find(name).is_some() || matches!(Name::new(name.as_bytes()), Name::Builtin(_)) {
                true => Outcome::Works,
                false => Outcome::Ignored,
            }
        }
        "command" => match control::Command::parse(name) {
            Ok(control::Command::Unavailable(name)) => {
                Outcome::Refused(format!("{name} is not available: hognose does not have it"))
            }
            // What it wants to know besides is another question.
            Ok(_) | Err(control::BadRequest::Arguments) => Outcome::Works,
            Err(error) => Outcome::Refused(error.to_string()),
        },
        "option" => option(line.owner, name),
        "global-option" => said(&format!("options {{ {name}(1); }};"), name),
        "log-flag" => said(&format!("log {{ flags({name}); }};"), name),
        "source-flag" => said(&format!("source s {{ stdin(flags({name})); }};"), name),
        "statement" => said(&format!("{name} x {{ }};"), name),
        context => driver(context, name),
    }
}

/// A driver, parser, rewrite or filter.
fn driver(context: &str, name: &str) -> Outcome {
    if registry().knows(context, name) && declares(context, name) {
        return Outcome::Works;
    }
    let block = format!("block {context} {name}(");
    if let Some(text) = scl::LIBRARY.iter().find_map(|(_, text)| Some(text.split_once(&block)?.1)) {
        return library(context, name, text);
    }
    said(&format!("{context} x {{ {name}(); }};"), name)
}

/// A block of the library, whose definition goes on with `text`: what it is made of must be there.
fn library(context: &str, name: &str, text: &str) -> Outcome {
    let header = text.split(") {").next().unwrap_or_default();
    // What stands before the last `()` is behind the last parameter that must be given.
    let pieces: Vec<&str> = header.split("()").collect();
    let words =
        pieces[..pieces.len() - 1].iter().filter_map(|piece| piece.split([' ', '\n', '(']).next_back());
    let given: Vec<String> = words.map(|name| format!("{name}(\"1\")")).collect();
    let all = diagnostics(&format!("@include \"scl.conf\"\n{context} x {{ {name}({}); }};", given.join(" ")));
    let missing =
        all.iter().find(|one| one.severity == Severity::Error && one.message.starts_with("there is no"));
    missing.map_or(Outcome::Library, |one| Outcome::Refused(one.message.clone()))
}

/// Whether `name` is one of `context` and not just an option of one.
fn declares(context: &str, name: &str) -> bool {
    name == "filter" && context == "filter" || options_of(context, name).is_some()
}

fn options_of(context: &str, name: &str) -> Option<&'static [OptionDoc]> {
    fn find<T>(lists: &[&'static [Spec<T>]], name: &str) -> Option<&'static [OptionDoc]> {
        let specs = lists.iter().flat_map(|list| list.iter());
        specs.into_iter().find(|spec| spec.names.contains(&name)).map(|spec| spec.options)
    }
    let registry = registry();
    match context {
        "source" => find(&registry.sources, name),
        "destination" => find(&registry.destinations, name),
        "parser" if name == "app-parser" => Some(APP_PARSER_OPTIONS),
        "parser" => find(&registry.parsers, name),
        "rewrite" => find(&registry.rewrites, name),
        "filter" => find(&registry.filters, name),
        _ => None,
    }
}

/// An option of a driver: `owner` is `source network`.
fn option(owner: &str, name: &str) -> Outcome {
    let (context, driver) = owner.split_once(' ').unwrap_or((owner, ""));
    let Some(options) = options_of(context, driver) else {
        return said(&format!("{context} x {{ {driver}({name}(1)); }};"), driver);
    };
    let spelled = name.replace('-', "_");
    let found = OptionDoc::named(options)
        .into_iter()
        .find(|option| option.names.iter().any(|known| *known == spelled || *known == name));
    match found.map(|option| option.type_name) {
        None => said(&format!("{context} x {{ {driver}(\"/x\" {name}(1)); }};"), name),
        Some("no effect") => Outcome::Warned(format!("option `{name}` is accepted but has no effect")),
        Some("not supported yet") => Outcome::Refused(format!("option `{name}` is not supported yet")),
        Some(_) => Outcome::Works,
    }
}

/// A template: it works unless it is refused in these very words.
fn template(text: &str, refusal: &str) -> Outcome {
    match Template::parse(text, registry().functions) {
        Err(error) if error.message.contains(refusal) && !text.starts_with("$(template ") => {
            Outcome::Refused(error.message)
        }
        _ => Outcome::Works,
    }
}

/// All that is said about a configuration.
fn diagnostics(text: &str) -> Diagnostics {
    let text = format!("@version: 4.2\n{text}\n");
    let environment = Environment::default().with_library(scl::LIBRARY);
    let loaded = conf::load_text_with("x.conf", &text, &environment, &mut scl::Conditions(None));
    let mut all = Diagnostics::default();
    loaded.diagnostics.iter().for_each(|one| all.push(one.clone()));
    if let Some(globals) = GlobalOptions::of(&loaded.config, &mut all) {
        let compiled =
            pipeline::compile(&loaded, &globals, &registry(), &Metrics::new(), &crate::no_persist());
        all.append(compiled.diagnostics);
        all.append(compiled.at_start);
    }
    all
}

/// What a configuration with `name` in it comes to, as far as that is about the name.
fn said(text: &str, name: &str) -> Outcome {
    let all = diagnostics(text);
    let other = name.replace('-', "_");
    let about = |one: &&Diagnostic| {
        // `mark-freq` does not speak of `mark`.
        let names = |word: &str| {
            one.message.contains(&format!("`{word}`"))
                || one.message.contains(&format!("\"{word}\""))
                || one.message.contains(&format!("'{word}'"))
                || one.message.starts_with(&format!("{word} "))
        };
        names(name) || names(&other) || names(&format!("{name}()"))
    };
    let is_unknown = |one: &Diagnostic| {
        let words =
            ["there is no", "has no option", "not supported", "is not available", "Unknown flag", "no `"];
        words.iter().any(|words| one.message.contains(words))
    };
    let found: Vec<&Diagnostic> = all.iter().filter(about).collect();
    if let Some(error) = found.iter().find(|one| one.severity == Severity::Error && is_unknown(one)) {
        return Outcome::Refused(error.message.clone());
    }
    match found.iter().find(|one| one.severity == Severity::Warning) {
        Some(warning) => Outcome::Warned(warning.message.clone()),
        None => Outcome::Works,
    }
}

/// The page.
pub fn page() -> Source {
    let mut out = String::from(
        "<!-- Made of the code by `cargo run -p xtask`; not to be edited. -->\n\n# Compatibility\n\n\
         Every name that configurations for syslog-ng 3.x and 4.x use, and what becomes of it here. Each was tried when \
         this page was made: what is refused is refused with the message shown, and nothing is ignored without a word.\n",
    );
    let scenarios =
        sources(&[".md"]).into_iter().filter(|it| it.path.starts_with("scenarios")).collect::<Vec<_>>();
    let (mut works, mut total) = (0, 0);
    let mut body = String::new();
    for line in lines() {
        let title = match line.owner {
            "" => format!("{}s", line.kind.replace('-', " ")),
            owner => format!("options of {owner}()"),
        };
        let _ = writeln!(body, "\n## {title}\n\n| name | here |\n|---|---|");
        for name in &line.names {
            let outcome = outcome(&line, name);
            total += 1;
            works += usize::from(matches!(outcome, Outcome::Works | Outcome::Library));
            let said = match outcome {
                Outcome::Works => format!("works{}", shown_by(&line, name, &scenarios)),
                Outcome::Library => "works, by `@include \"scl.conf\"`".to_owned(),
                Outcome::Warned(warning) => format!("accepted, with a warning: {}", cell(&warning)),
                Outcome::Refused(message) => format!("refused: {}", cell(&message)),
                Outcome::Ignored => "ignored".to_owned(),
            };
            let _ = writeln!(body, "| `{}` | {said} |", name.replace('|', "\\|"));
        }
    }
    let _ = writeln!(out, "\n{works} of {total} work.");
    out.push_str(&body);
    Source { path: PathBuf::from("docs/compatibility.md"), text: format!("{}\n", out.trim_end()) }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// The scenario that shows it, if one does.
fn shown_by(line: &Line, name: &str, scenarios: &[Source]) -> String {
    let (words, folder) = match line.kind {
        "function" => (format!("$({name} "), "function"),
        "option" => (format!("{name}("), line.owner.split(' ').next().unwrap_or_default()),
        "source" | "destination" | "parser" | "rewrite" | "filter" => (format!("{name}("), line.kind),
        _ => return String::new(),
    };
    let near = |it: &&Source| it.path.iter().any(|part| part == folder) && it.text.contains(&words);
    let found = scenarios.iter().find(near).or_else(|| match line.kind {
        "option" => None,
        _ => scenarios.iter().find(|it| it.text.contains(&words)),
    });
    found.map_or(String::new(), |it| format!(" ([scenario](../{}))", it.path.display()))
}
