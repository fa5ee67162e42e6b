//! The preprocessed text says the same as the files.

use conf::{Environment, load_text};

fn preprocessed(text: &str) -> String {
    let environment =
        Environment::default().with_variables(|name| (name == "HOME").then(|| "/home/me".to_owned()));
    load_text("t", text, &environment).preprocessed().to_owned()
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let once = preprocessed(text);
    assert_eq!(once, expected);
    assert_eq!(preprocessed(&once), expected, "a second time");
}

#[test]
fn texts() {
    check("", "");
    check("@version: 4.2\n# why\nlog { source(s); };\n", "@version: 4.2\n# why\nlog { source(s); };\n");
    check("source s { file(`HOME`/x \"``\"); };", "source s { file(/home/me/x \"``\"); };");
    check(
        "block source b(x(1)) { f(`x`); };\nsource s { b(); b(x(2)); };\n",
        ";\nsource s {  f(1); ;  f(2); ; };\n",
    );
    check("python { `HOME` '`' };\n", "python { `HOME` '`' };\n");
    check("filter f { not a() and b(); };", "filter f { not a() and b(); };");
    check("source s { a(\"x\ny\"); };", "source s { a(\"x\ny\"); };");
}

#[test]
fn includes_are_put_in() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).expect("a file");
    write("main.conf", "log { };\n@include \"a.conf\"\n@include \"*.inc\"\nlog { };\n");
    write("a.conf", "source a { x(); };\n");
    write("1.inc", "# one\n");
    write("2.inc", "# two\n");
    let loaded = conf::load(&directory.path().join("main.conf"), &Environment::default());
    assert_eq!(loaded.preprocessed(), "log { };\nsource a { x(); };\n\n# one\n# two\n\nlog { };\n");
}
