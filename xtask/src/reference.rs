//! `docs/reference/`: one page for each kind of thing that a configuration can name, made of the declarations.

use std::fmt::Write as _;
use std::path::PathBuf;

use conf::globals::{GlobalOptions, StatsOptions};
use conf::options::{OptionDoc, OptionKind, Options};
use message::template::macros::{DATE_PREFIXES, DATE_ROWS, ROWS};
use pipeline::compile::APP_PARSER_OPTIONS;
use pipeline::registry::Spec;

use crate::Source;
use crate::registry::registry;

/// What stands above every page.
const MADE: &str = "<!-- Made of the code by `cargo run -p xtask`; not to be edited. -->\n\n";

/// One thing with a name: its names, what is said about it, and its options.
struct Entry {
    names: Vec<&'static str>,
    options: &'static [OptionDoc],
}

/// Every page of the reference.
pub fn pages() -> Vec<Source> {
    let registry = registry();
    let mut parsers = entries(&registry.parsers);
    parsers.push(Entry { names: vec!["app-parser"], options: APP_PARSER_OPTIONS });
    let kinds = [
        ("sources", "Sources", "What stands in `source NAME { … };`.", entries(&registry.sources)),
        (
            "destinations",
            "Destinations",
            "What stands in `destination NAME { … };`.",
            entries(&registry.destinations),
        ),
        ("parsers", "Parsers", "What stands in `parser NAME { … };`.", parsers),
        (
            "rewrites",
            "Rewrites",
            "What stands in `rewrite NAME { … };`. Each takes a `condition(…)` besides: a filter that decides whether it \
             is done.",
            entries(&registry.rewrites),
        ),
        (
            "filters",
            "Filters",
            "What stands in `filter NAME { … };` and in `if (…)`, joined by `and`, `or`, `not`; besides comparisons such \
             as `\"$A\" eq \"b\"` and `\"$N\" >= 5`, and `filter(NAME)`.",
            entries(&registry.filters),
        ),
    ];
    let mut index = String::from(
        "# Reference\n\nEvery name that a configuration can use, with its options and their defaults.\n\n",
    );
    let mut pages = Vec::new();
    for (file, title, about, mut entries) in kinds {
        entries.sort_by_key(|entry| entry.names[0]);
        let names: Vec<String> =
            entries.iter().flat_map(|entry| &entry.names).map(|name| format!("`{name}`")).collect();
        let _ = writeln!(index, "- [{title}]({file}.md): {}", names.join(", "));
        let mut text = format!("# {title}\n\n{about}\n");
        entries.iter().for_each(|entry| write_entry(&mut text, entry));
        pages.push(page(file, &text));
    }
    for (file, title, text) in [
        ("functions", "Template functions", functions()),
        ("macros", "Macros", macros()),
        ("options", "Global options", global_options()),
        ("library", "The library", library()),
    ] {
        let _ = writeln!(index, "- [{title}]({file}.md)");
        pages.push(page(file, &text));
    }
    let _ = writeln!(
        index,
        "\nWhat of syslog-ng is here, and what is not: [compatibility](../compatibility.md)."
    );
    pages.push(page("README", &index));
    pages
}

fn page(file: &str, text: &str) -> Source {
    let path = PathBuf::from(format!("docs/reference/{file}.md"));
    Source { path, text: format!("{MADE}{}\n", text.trim_end()) }
}

fn entries<T>(lists: &[&'static [Spec<T>]]) -> Vec<Entry> {
    let specs = lists.iter().flat_map(|list| list.iter());
    specs.map(|spec| Entry { names: spec.names.to_vec(), options: spec.options }).collect()
}

fn write_entry(out: &mut String, entry: &Entry) {
    let names: Vec<String> = entry.names.iter().map(|name| format!("{name}()")).collect();
    let _ = writeln!(out, "\n## {}\n", names.join(", "));
    let about = OptionDoc::about(entry.options).trim();
    if !about.is_empty() {
        let _ = writeln!(out, "{}\n", paragraphs(about));
    }
    write_options(out, entry.options);
}

/// A table of options, those in groups among them.
fn write_options(out: &mut String, options: &'static [OptionDoc]) {
    let mut rows = String::new();
    write_rows(&mut rows, options);
    if !rows.is_empty() {
        let _ = write!(out, "| option | takes | default | what it does |\n|---|---|---|---|\n{rows}");
    }
}

fn write_rows(out: &mut String, options: &'static [OptionDoc]) {
    for option in options {
        let name = option.name();
        let others: Vec<String> =
            option.names.iter().skip(1).map(|other| format!("`{}()`", other.replace('_', "-"))).collect();
        let (spelling, default) = match option.kind {
            OptionKind::About => continue,
            OptionKind::Group(inner) => {
                write_rows(out, inner);
                continue;
            }
            OptionKind::Positional(_) => (format!("*{name}*, first"), option.default().map(code)),
            OptionKind::Rest => (format!("*{name}*, all that follow"), None),
            OptionKind::Required => (format!("`{name}()`"), Some("must be given".to_owned())),
            OptionKind::Repeated => (format!("`{name}()`"), None),
            OptionKind::Inherited => (format!("`{name}()`"), None),
            OptionKind::Default(_) => (format!("`{name}()`"), option.default().map(code)),
        };
        let spelling = match others.is_empty() {
            true => spelling,
            false => format!("{spelling}, also {}", others.join(", ")),
        };
        let cells =
            [spelling, option.type_name.to_owned(), default.unwrap_or_default(), one_line(option.help)];
        let cells = cells.map(|cell| cell.replace('|', "\\|"));
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
}

/// A default as Rust writes it, made readable.
fn code(text: &str) -> String {
    let plain = match text {
        "None" | "String::new()" | "Vec::new()" => return "none".to_owned(),
        text => text.trim_start_matches("Seconds::new(").trim_start_matches("nonzero("),
    };
    let plain = if plain.len() < text.len() { plain.trim_end_matches(')') } else { plain };
    let plain =
        plain.strip_prefix("Permissions(Some(0o").and_then(|rest| rest.strip_suffix("))")).unwrap_or(plain);
    let plain = plain.strip_suffix(".to_owned()").unwrap_or(plain).trim_matches('"');
    let plain = plain.rsplit("::").next().unwrap_or(plain);
    format!("`{}`", plain.to_lowercase().replace('_', "-"))
}

/// The lines of a doc comment as paragraphs.
fn paragraphs(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let paragraphs = lines.split(|line| line.is_empty());
    paragraphs.map(|lines| lines.join("\n")).collect::<Vec<_>>().join("\n\n")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn functions() -> String {
    let mut out = String::from(
        "# Template functions\n\nWhat `$(NAME …)` does in a template. Arguments are templates themselves, separated by \
         blanks, quoted where they hold any.\n\n| call | result |\n|---|---|\n",
    );
    for (call, help) in function::help::FUNCTION_HELP {
        let _ = writeln!(out, "| `{}` | {} |", call.replace('|', "\\|"), help.replace('|', "\\|"));
    }
    for (call, help) in [
        (
            "$(template NAME [fallback])",
            "what the template statement of this name says; with a macro for a name, the fallback where there is none",
        ),
        ("$(NAME)", "the text of the `template-function NAME \"…\";` statement"),
    ] {
        let _ = writeln!(out, "| `{call}` | {help} |");
    }
    out
}

fn macros() -> String {
    let mut out = String::from(
        "# Macros\n\nWhat `$NAME` and `${NAME}` show that is no name-value pair. `${NAME:-other}` shows something else \
         where it says nothing.\n\n## Dates\n\n",
    );
    let prefixes: Vec<String> = DATE_PREFIXES
        .iter()
        .filter(|(prefix, _)| !prefix.is_empty())
        .map(|(prefix, of)| {
            let of = match of {
                message::template::macros::DateOf::Stamp => "the time in the message",
                message::template::macros::DateOf::Received => "the time of receipt",
                message::template::macros::DateOf::Now => "the present",
            };
            format!("`{prefix}` ({of})")
        })
        .collect();
    let _ = writeln!(
        out,
        "Each without a prefix, for the time in the message, and with one of {}.\n\n| macro | shows |\n|---|---|",
        prefixes.join(", ")
    );
    for row in DATE_ROWS {
        let names: Vec<String> = row.names.iter().map(|name| format!("`{name}`")).collect();
        let _ = writeln!(out, "| {} | {} |", names.join(", "), row.doc);
    }
    out.push_str("\n## Others\n\n| macro | type | shows |\n|---|---|---|\n");
    for row in ROWS {
        let names: Vec<String> = row.names.iter().map(|name| format!("`{name}`")).collect();
        let _ = writeln!(
            out,
            "| {} | {} | {} |",
            names.join(", "),
            format!("{:?}", row.kind).to_lowercase(),
            row.doc
        );
    }
    out
}

fn global_options() -> String {
    let mut out = String::from(
        "# Global options\n\nWhat stands in `options { … };`, and holds for all drivers that do not \
         say otherwise.\n\n",
    );
    write_options(&mut out, GlobalOptions::DOCS);
    out.push_str("\n## stats()\n\n");
    write_options(&mut out, StatsOptions::DOCS);
    out
}

/// What the comments at the head of the library's files say.
fn library() -> String {
    let mut out = String::from("# The library\n\nWhat `@include \"scl.conf\"` brings.\n");
    for (name, text) in scl::LIBRARY.iter().filter(|(name, _)| *name != "scl.conf") {
        let comment: Vec<&str> = text
            .lines()
            .take_while(|line| line.starts_with('#'))
            .map(|line| line.trim_start_matches('#').strip_prefix(' ').unwrap_or_default())
            .collect();
        let _ = writeln!(out, "\n## {name}\n\n```text\n{}\n```", comment.join("\n"));
    }
    out
}
