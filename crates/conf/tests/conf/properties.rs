//! Nonsense in, diagnostics out: never a panic, never without end, never without bounds.

use conf::{Environment, GlobalOptions, Loaded, Style, load_text};
use proptest::prelude::*;

/// Loads `text` and does with it what the daemon would do next.
fn digest(text: &[u8]) -> Loaded {
    let environment = Environment::default().with_variables(|name| Some(format!("{name} \"'")));
    let loaded = load_text("t.conf", text, &environment);
    let shown = loaded.diagnostics.render(&loaded.sources, Style::Plain);
    assert!(shown.len() < conf::diagnostic::DIAGNOSTICS_MAX * 20_000);
    for diagnostic in &loaded.diagnostics {
        if diagnostic.span.is_real() {
            let whole = loaded.sources.text(diagnostic.span.file).len();
            assert!(diagnostic.span.start <= diagnostic.span.end && diagnostic.span.end as usize <= whole);
        }
    }
    let _ = GlobalOptions::of(&loaded.config, &mut conf::Diagnostics::default());
    loaded
}

fn token() -> impl Strategy<Value = String> {
    let fixed = prop::sample::select(vec![
        "source",
        "destination",
        "filter",
        "parser",
        "rewrite",
        "log",
        "options",
        "template",
        "block",
        "python",
        "junction",
        "channel",
        "if",
        "elif",
        "else",
        "flags",
        "and",
        "or",
        "not",
        "eq",
        "==",
        "=>",
        "..",
        "...",
        "(",
        ")",
        "{",
        "}",
        "[",
        "]",
        ";",
        ";",
        "};",
        "()",
        "{};",
        "\"x\"",
        "'y'",
        "\"",
        "'",
        "`a`",
        "`",
        "``",
        "#",
        "\n",
        "\n@define a \"b\"\n",
        "\n@include \"t\"\n",
        "\n@version: 4.2\n",
        "\n@line \"x\" 5\n",
        "\n@module mod-python\n",
        "\n@requires nosuch\n",
        "\\\n",
        "\\",
        "@",
        ":",
        "|",
        ".",
        ",",
        " ",
        "a",
        "b",
        "s(",
        "s()",
        "10",
        "0x",
        "1.5",
        "10k",
        "99999999999999999999",
        "source s {",
        "block source s(a(1) ...) {",
        "block root r() {",
        "r();",
        "python {",
        "filter f {",
        "log {",
        "options {",
        "é",
        "\u{feff}",
        "\0",
        "\u{1b}[1m",
    ]);
    prop_oneof![8 => fixed.prop_map(str::to_owned), 1 => "[ -~]{0,8}"]
}

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(token(), 0..60).prop_map(|tokens| tokens.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        digest(&bytes);
    }

    #[test]
    fn tokens(text in soup()) {
        digest(text.as_bytes());
    }

    #[test]
    fn glued_tokens(tokens in prop::collection::vec(token(), 0..60)) {
        digest(tokens.concat().as_bytes());
    }

    /// What was understood, preprocessed, is understood again, and in the same way.
    #[test]
    fn preprocessing_keeps_the_meaning(text in soup()) {
        let loaded = digest(text.as_bytes());
        if !loaded.diagnostics.has_errors() {
            let again = load_text("t.conf", loaded.preprocessed(), &Environment::default());
            prop_assert!(!again.diagnostics.has_errors(), "{}\n{}", loaded.preprocessed(),
                again.diagnostics.render(&again.sources, Style::Plain));
            let names = |loaded: &Loaded| -> Vec<String> {
                loaded.config.sources.iter().map(|source| source.name.text.clone()).collect()
            };
            prop_assert_eq!(names(&loaded), names(&again));
            prop_assert_eq!(loaded.config.log_paths.len(), again.config.log_paths.len());
            let code = |loaded: &Loaded| -> Vec<String> {
                loaded.config.python.iter().map(|block| block.text.clone()).collect()
            };
            prop_assert_eq!(code(&loaded), code(&again));
        }
    }

    /// So does that of statements that are all right, blocks and backticks in them.
    #[test]
    fn preprocessing_keeps_the_statements(statements in prop::collection::vec(statement(), 0..12)) {
        let text = format!("{}\n@define g \"h i\"\n{}", BLOCKS, statements.join("\n"));
        let loaded = load_text("t.conf", &text, &Environment::default());
        prop_assert!(!loaded.diagnostics.has_errors(), "{text}\n{}",
            loaded.diagnostics.render(&loaded.sources, Style::Plain));
        let again = load_text("t.conf", loaded.preprocessed(), &Environment::default());
        prop_assert_eq!(without_places(&loaded), without_places(&again), "{}", loaded.preprocessed());
    }

    /// Python code is found again between its braces, whatever strings and comments it has.
    #[test]
    fn python_code_is_kept(lines in prop::collection::vec(python_line(), 0..12)) {
        let code = format!("\n{}\n", lines.join("\n"));
        let text = format!("python {{{code}}};\nlog {{ }};\n");
        let loaded = digest(text.as_bytes());
        prop_assert_eq!(loaded.config.python.len(), 1);
        prop_assert_eq!(&loaded.config.python[0].text, &code);
        prop_assert_eq!(loaded.config.log_paths.len(), 1);
    }
}

/// A line of Python that is complete by itself.
fn python_line() -> impl Strategy<Value = String> {
    let string = prop_oneof![
        "[a-z {}#\"]{0,8}".prop_map(|inner| format!("'{inner}'")),
        "[a-z {}#']{0,8}".prop_map(|inner| format!("\"{inner}\"")),
        "[a-z {}#'\n]{0,8}".prop_map(|inner| format!("\"\"\"{inner}\"\"\"")),
        "[a-z {}#\"\n]{0,8}".prop_map(|inner| format!("'''{inner}'''")),
        "[a-z {}]{0,8}".prop_map(|inner| format!("'it\\'s {inner}'")),
        "[a-z {}]{0,8}".prop_map(|inner| format!("r'\\'{inner}'")),
        "[a-z]{1,5}".prop_map(|name| format!("f'{{{name}[\"}}\"]!r:>10}} {{{{ }}}}'")),
        "[a-z]{1,5}".prop_map(|name| format!("f'{{{name}['}}']}}'")),
    ];
    prop_oneof![
        string.clone().prop_map(|string| format!("x = {string}")),
        (string.clone(), string).prop_map(|(key, value)| format!("x = {{{key}: [{value}, {{}}]}}")),
        "[a-z {}#'\"`]{0,10}".prop_map(|comment| format!("pass # {comment}")),
        Just("def f(): return {}".to_owned()),
    ]
}

const BLOCKS: &str = "@define allow-config-dups 1
block source net(port(1) tag('t') ...) { network(port(`port`) tags(`tag` \"x`tag`y\" '`tag`') `__VARARGS__`); };
block root path(from()) { log { source(`from`); }; python { x = '`from`' }; };
block inner-dest buffer(n(2)) { disk-buffer(size(`n`)) };
block filter named(p(\"x\")) { program(`p`) };";

/// A statement without mistakes.
fn statement() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        "[a-z/$*][a-z0-9_/$-]{0,6}[.]?[a-z]",
        "[0-9]{1,6}",
        "[0-9]{1,3}[.][0-9]{1,3}",
        r"[ -&(-_a-~\n]{0,10}".prop_map(|inner| format!("'{inner}'")),
        r"([ !#-\[\]-_a-~\n]|\\[ -_a-mp-w]|``|`g`){0,10}".prop_map(|inner| format!("\"{inner}\"")),
        Just("`g`".to_owned()),
        Just("[a, 'b' 3]".to_owned()),
    ];
    let scalar =
        prop_oneof!["[a-z]{1,6}", "[0-9]{1,4}", "[a-z (]{0,4}".prop_map(|inner| format!("'{inner}'"))];
    prop_oneof![
        value.clone().prop_map(|value| format!("source s {{ file({value}, flags(no-parse) # why ``\n); }};")),
        scalar
            .clone()
            .prop_map(|value| format!("source s {{ net(port({value})); net(tag({value}) more(1)); }};")),
        value.clone().prop_map(|value| format!("destination d {{ file(x a-b({value}) buffer()); }};")),
        scalar.prop_map(|value| format!("filter f {{ not named(p({value})) and (\"$A\" == {value}); }};")),
        value.prop_map(|value| format!("log {{ if (f({value})) {{ destination(d); }} else {{ }}; }};")),
        "[a-z]{1,4}".prop_map(|name| format!("path(from(x{name}));")),
        "[a-z`' \n]{0,8}[a-z ]".prop_map(|code| format!("python {{ \"\"\"{code} }} \"\"\" }};")),
        "[a-z`]{0,8}".prop_map(|words| format!("# {words}\nlog {{ }};")),
    ]
}

/// What was understood, and nothing of where it stood.
fn without_places(loaded: &Loaded) -> String {
    let config = &loaded.config;
    let all =
        format!("{:?} {:?} {:?} {:?}", config.sources, config.destinations, config.filters, config.log_paths);
    let code: Vec<&str> = config.python.iter().map(|block| block.text.as_str()).collect();
    let mut out = format!("{code:?}");
    for (index, part) in all.split("Span { file").enumerate() {
        out.push_str(if index == 0 { part } else { part.split_once('}').map_or("", |(_, rest)| rest) });
    }
    out
}
