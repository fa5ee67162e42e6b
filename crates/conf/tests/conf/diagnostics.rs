//! How mistakes look.

use conf::{Diagnostics, Environment, Options, Style, ast::Item, load_text};

conf::options! {
    /// A destination.
    struct FileOptions {
        /// Name of the file.
        path: String = positional,
        /// Layout of one line.
        template: String = inherit,
    }
}

/// What the user reads about `text`, the options of its drivers included.
fn rendered(text: &str) -> String {
    let mut loaded = load_text("syslog-ng.conf", format!("@version: 4.2\n{text}"), &Environment::default());
    let mut diagnostics = Diagnostics::default();
    for item in loaded.config.destinations.iter().flat_map(|destination| &destination.body) {
        let Item::Driver(call) = item else { continue };
        let _ = FileOptions::read(call, &mut diagnostics).map(|options| (options.path, options.template));
    }
    loaded.diagnostics.append(diagnostics);
    loaded.diagnostics.render(&loaded.sources, Style::Plain)
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let actual = rendered(text);
    assert_eq!(actual.trim_end(), expected.trim_matches('\n').trim_end(), "\n{actual}");
}

#[test]
fn a_near_miss() {
    check(
        "destination d {\n    file(\"/var/log/all\" tempalte(\"$MSG\\n\"));\n};",
        r#"
error: `file()` has no option `tempalte`
  ╭▸ syslog-ng.conf:3:25
  │
3 │     file("/var/log/all" tempalte("$MSG\n"));
  ╰╴                        ━━━━━━━━ did you mean `template`?
"#,
    );
}

#[test]
fn all_at_once() {
    check(
        "soruce s { };\ndestination d { file(); file(/a) };",
        r#"
error: there is no statement `soruce`
  ╭▸ syslog-ng.conf:2:1
  │
2 │ soruce s { };
  ╰╴━━━━━━ did you mean `source`?
error: expected `;` after `file(…)`
  ╭▸ syslog-ng.conf:3:33
  │
3 │ destination d { file(); file(/a) };
  ╰╴                                ━
error: `file()` needs the path
  ╭▸ syslog-ng.conf:3:17
  │
3 │ destination d { file(); file(/a) };
  ╰╴                ━━━━━━
"#,
    );
}

#[test]
fn in_a_block() {
    check(
        "block destination out(name()) {\n    file(\"/var/`name`\" tmplate(x));\n};\ndestination d { out(name(a)); };",
        r#"
error: `file()` has no option `tmplate`
  ╭▸ syslog-ng.conf:3:24
  │
3 │     file("/var/`name`" tmplate(x));
  │                        ━━━━━━━ did you mean `template`?
  │
  ╰ note: expanded from block `out`, used at syslog-ng.conf:5:17
"#,
    );
}

#[test]
fn with_another_place() {
    check(
        "source a { b(); };\nsource a { c(); };",
        r#"
error: duplicate source `a`
  ╭▸ syslog-ng.conf:3:8
  │
3 │ source a { c(); };
  │        ━
  │
  ├ note: the first one is here
  │
  ⸬  syslog-ng.conf:2:8
  │
2 │ source a { b(); };
  │        ─
  │
  ╰ note: after `@define allow-config-dups 1` the last one wins
"#,
    );
}

#[test]
fn behind_wide_characters_and_tabs() {
    check(
        "destination d { file(\"grüße €\"\t tmeplate(x)); };",
        "
error: `file()` has no option `tmeplate`
  ╭▸ syslog-ng.conf:2:33
  │
2 │ destination d { file(\"grüße €\"     tmeplate(x)); };
  ╰╴                                   ━━━━━━━━ did you mean `template`?
",
    );
}

#[test]
fn a_missing_file_has_no_excerpt() {
    let loaded = conf::load("/nonexistent/x.conf".as_ref(), &Environment::default());
    assert_eq!(
        loaded.diagnostics.render(&loaded.sources, Style::Plain),
        "error: cannot read configuration file `/nonexistent/x.conf`: No such file or directory (os error 2)\n"
    );
}

#[test]
fn a_long_line_is_cut() {
    let text = format!(
        "destination d {{ file(\"{}\" tempalte(x{})); }};",
        "a".repeat(5_000_000),
        " y".repeat(1_000_000)
    );
    let actual = rendered(&text);
    assert!(actual.len() < 2000, "{} bytes", actual.len());
    assert!(actual.contains("syslog-ng.conf:2:5000025"), "{actual}");
    assert!(actual.contains("did you mean `template`?"), "{actual}");
    assert!(actual.contains("…aaaa"), "{actual}");
}

#[test]
fn a_long_word_is_cut() {
    let actual = rendered(&format!("{} x;", "y".repeat(3_000_000)));
    assert!(actual.len() < 3000, "{} bytes", actual.len());
}

#[test]
fn colours_are_asked_for() {
    let loaded = load_text("t", "x", &Environment::default());
    assert!(!loaded.diagnostics.render(&loaded.sources, Style::Plain).contains('\u{1b}'));
    assert!(loaded.diagnostics.render(&loaded.sources, Style::Coloured).contains('\u{1b}'));
}

#[test]
fn escape_sequences_do_not_reach_the_terminal() {
    let actual = rendered("x\u{1b}[31m y;\u{7f}");
    assert!(!actual.contains('\u{1b}') && !actual.contains('\u{7f}'), "{actual}");
}

#[test]
fn very_many_mistakes_are_counted() {
    let actual = rendered(&"x; ".repeat(10_000));
    assert!(actual.ends_with("… and 9800 more\n"), "{}", &actual[actual.len() - 100..]);
}
