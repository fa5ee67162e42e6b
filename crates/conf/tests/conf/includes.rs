//! `@include`: which files, in which order, from where.

use std::{fs, path::Path};

use conf::{Environment, Severity, Style, load, load_text};

/// Writes `files` into a directory of their own, loads `main.conf` there, and gives the names of the sources in
/// order, or the first error as it is shown.
fn outcome(files: &[(&str, &str)]) -> Result<String, String> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().expect("a file has a parent")).expect("a directory");
        fs::write(path, text).expect("a file");
    }
    let environment = Environment::new(vec![directory.path().join("share")]);
    let loaded = load(&directory.path().join("main.conf"), &environment);
    if loaded.diagnostics.has_errors() {
        let shown = loaded.diagnostics.render(&loaded.sources, Style::Plain);
        return Err(shown.replace(&directory.path().display().to_string(), "DIR"));
    }
    Ok(loaded.config.sources.iter().map(|source| source.name.text.clone()).collect::<Vec<_>>().join(" "))
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: &str) {
    assert_eq!(outcome(files).as_deref(), Ok(expected));
}

#[track_caller]
fn refused(files: &[(&str, &str)], expected: &[&str]) {
    let shown = outcome(files).expect_err("a mistake");
    for part in expected {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
}

#[test]
fn a_file_takes_the_place_of_the_line() {
    check(
        &[
            ("main.conf", "source a { x(); };\n@include \"b.conf\"\nsource c { x(); };"),
            ("b.conf", "source b { x(); };"),
        ],
        "a b c",
    );
    check(&[("main.conf", "source a {\n@include b.conf\n};"), ("b.conf", "x();\n")], "a");
    check(
        &[
            ("main.conf", "source a {\n@include b.conf\n};"),
            ("b.conf", "x();\n@include \"c.conf\""),
            ("c.conf", "y();"),
        ],
        "a",
    )
}

#[test]
fn directories_are_searched() {
    check(&[("main.conf", "@include \"b.conf\"\n"), ("share/b.conf", "source b { x(); };")], "b");
    check(
        &[
            ("main.conf", "@include \"b.conf\"\n"),
            ("b.conf", "source here { x(); };"),
            ("share/b.conf", "source there { x(); };"),
        ],
        "here",
    );
    // Relative to the main file, not to the one that includes.
    check(
        &[
            ("main.conf", "@include \"sub/b.conf\"\n"),
            ("sub/b.conf", "@include \"c.conf\"\n"),
            ("c.conf", "source top { x(); };"),
            ("sub/c.conf", "source sub { x(); };"),
        ],
        "top",
    );
}

#[test]
fn patterns_and_directories_are_sorted() {
    let files = [
        ("d/20-b.conf", "source b { x(); };"),
        ("d/10-a.conf", "source a { x(); };"),
        ("d/30-c.txt", "source c { x(); };"),
        ("d/.hidden.conf", "source hidden { x(); };"),
        ("d/odd~", "source odd { x(); };"),
        ("d/sub/z.conf", "source z { x(); };"),
    ];
    let with = |main: &'static str| [&[("main.conf", main)][..], &files].concat();
    check(&with("@include \"d/*.conf\"\n"), "a b");
    check(&with("@include \"d\"\n"), "a b c");
    check(&with("@include \"d/\"\n"), "a b c");
    check(&with("@include \"d/[12]0-?.conf\"\n"), "a b");
    check(&with("@include \"*/*.conf\"\n"), "a b");
    check(&with("@include \"d/*.nothing\"\n@include \"nowhere/*.conf\"\n"), "");
}

#[test]
fn what_is_not_there() {
    refused(
        &[("main.conf", "\n@include \"nosuch.conf\"\n")],
        &["include file `nosuch.conf` not found", "DIR/main.conf:2:10", "looked for in DIR, DIR/share"],
    );
    refused(&[("main.conf", "@include \"/nosuch.conf\"\n")], &["include file `/nosuch.conf` not found"]);
    refused(&[("main.conf", "@include\n")], &["`@include` needs a value"]);
}

#[test]
fn the_library_is_found_without_a_disk() {
    const LIBRARY: &[(&str, &str)] = &[
        ("scl.conf", "@include \"scl/one.conf\"\n@include \"scl/two.conf\"\nsource s { x(); };\n"),
        ("scl/one.conf", "block source one() { a(); };\n"),
        (
            "scl/two.conf",
            "@requires here\nsource two { one(); };\n@requires elsewhere\nsource three { x(); };\n",
        ),
    ];
    let environment = Environment::default().with_library(LIBRARY).with_parts(|part| part == "here");
    let names = |text: &str| {
        let loaded = load_text("/etc/nowhere/main.conf", text, &environment);
        let names = loaded.config.sources.iter().map(|source| source.name.text.clone());
        (names.collect::<Vec<_>>().join(" "), loaded.diagnostics.has_errors())
    };
    assert_eq!(names("@include \"scl.conf\"\nsource a { one(); };"), ("two s a".to_owned(), false));
    assert_eq!(names("@include \"`scl-root`/two.conf\"\n"), ("two".to_owned(), false));
    assert!(names("@include \"scl/three.conf\"\n").1);
}

#[test]
fn a_circle_is_found() {
    refused(
        &[("main.conf", "@include \"main.conf\"\n@include \"main.conf\"\n")],
        &["nest deeper than 256", "included from DIR/main.conf:1:10", "steps more"],
    );
}

#[test]
fn a_mistake_names_the_way_there() {
    refused(
        &[
            ("main.conf", "@include \"a.conf\"\n"),
            ("a.conf", "\n@include \"b.conf\"\n"),
            ("b.conf", "wrong x;\n"),
        ],
        &["DIR/b.conf:1:1", "included from DIR/a.conf:2:10", "included from DIR/main.conf:1:10"],
    );
}

#[test]
fn globals_cross_files() {
    check(
        &[
            ("main.conf", "@define dir sub\n@include \"`dir`/b.conf\"\nsource `name` { x(); };"),
            ("sub/b.conf", "@define name n\n"),
        ],
        "n",
    );
    check(
        &[
            (
                "main.conf",
                "@define include-path \"nowhere:DIR2\"\n@include \"`syslog-ng-sysconfdir`/b.conf\"\n",
            ),
            ("share/b.conf", "source s { x(); };"),
        ],
        "s",
    );
}

#[test]
fn an_include_file_may_require_what_is_not_there() {
    check(
        &[
            ("main.conf", "@include \"b.conf\"\nsource c { x(); };"),
            ("b.conf", "source a { x(); };\n@requires http\nsource b { x(); };"),
        ],
        "a c",
    );
    refused(
        &[("main.conf", "@include \"b.conf\"\n"), ("b.conf", "@requires http \"it is needed\"\n")],
        &["cannot load required module `http`", "it is needed"],
    );
}

#[test]
fn text_that_is_not_utf_8() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let load_bytes = |bytes: &[u8]| {
        let path = directory.path().join("x.conf");
        fs::write(&path, bytes).expect("a file");
        load(&path, &Environment::default())
    };
    let loaded = load_bytes(b"# gr\xfc\xdfe\nsource a { x(); };\n");
    assert!(!loaded.diagnostics.has_errors());
    let loaded = load_bytes(b"source a { x(\"gr\xfc\xdfe\"); };\nsource b\xff { };");
    let errors = loaded.diagnostics.iter().filter(|one| one.severity == Severity::Error);
    assert_eq!(errors.map(|one| one.message.as_str()).collect::<Vec<_>>(), ["the text is not UTF-8"; 2]);
}

#[test]
fn what_cannot_be_read_is_said() {
    let loaded = load(Path::new("/"), &Environment::default());
    assert!(loaded.diagnostics.has_errors());
    let loaded = load(Path::new("/dev/zero"), &Environment::default());
    let shown = loaded.diagnostics.render(&loaded.sources, Style::Plain);
    assert!(shown.contains("larger than 32 MiB"), "{shown}");
}
