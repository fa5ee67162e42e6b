//! One mistake does not hide the next, and is not told twice.

use super::check;

#[test]
fn the_rest_is_still_read() {
    check(
        "source { a(); };\nsource s { b(); };\nsuorce x { c(); };\nlog { source(s); };",
        "source s {b()}
         log {source(s)}
         ! 1:8 expected the name of the source, found `{`
         ! 3:1 there is no statement `suorce`",
    );
    check(
        "source s { a; b(); 'c'; d(); };",
        "source s {b() d()}
         ! 1:13 expected `(` after `a`, found `;`
         ! 1:20 expected something of source `s`, found a string",
    );
    check("} source s { a(); };", "source s {a()}\n! 1:1 this `}` closes nothing");
    check(") source s { a(); }; log { };", "log {}\n! 1:1 expected a statement, found `)`");
    check(
        "application x { a }; transformation y[z] { }; log { };",
        "log {}\n! 1:15 expected `[` and the topic of application `x`, found `{`\n! 1:22 `transformation` is not supported",
    );
}

#[test]
fn missing_signs() {
    check(
        "source s { a(\"x\" b(1);\n};\nlog { };",
        "source s {a(\"x\" b(1i) ;)}
         log {}
         ! 1:13 this `(` is never closed",
    );
    check(
        "source s { a();\ndestination d { b(); };\nlog { };",
        "source s {a()}
         destination d {b()}
         log {}
         ! 2:1 source `s` is not closed before this",
    );
    check(
        "log { source(s); \n options { a(1); };\n log { };",
        "option a(1i)
         log {source(s)}
         log {}
         ! 2:2 the log path is not closed before this",
    );
    check(
        "log { source(s; destination(d); };",
        "log {source(s) destination(d)}\n! 1:15 expected `)` after `s`, found `;`",
    );
    check("log { source(a b); };", "log {source(a)}\n! 1:16 expected `)` after `a`, found `b`");
    check(
        "source s { a(",
        "source s {a()}\n! 1:13 this `(` is never closed\n! 1:10 source `s` is never closed",
    );
    check("source s {", "source s {}\n! 1:10 source `s` is never closed");
    check("filter f { a(1; };", "filter f {a(1i ;)}\n! 1:13 this `(` is never closed");
    check("filter f { a() { x } };", "filter f {a()}\n! 1:16 expected an expression, found `{`");
    check("source s { a(]); };", "source s {a()}\n! 1:14 this `]` closes nothing");
    check("source s { a([f(x)]); };", "source s {a([])}\n! 1:15 a list holds strings, words and numbers");
}

#[test]
fn misspelt_python() {
    check(
        "pyhton {\n x = 'it\\'s }'\n};\nlog { };",
        "log {}
         ! 1:1 there is no statement `pyhton`",
    );
}

#[test]
fn open_strings() {
    check("source s { a(\"x); };", "source s {a()}\n! 1:14 unterminated quote");
    check("source s { a('x); };", "source s {a()}\n! 1:14 unterminated quote");
    check("source s { a(\"x\\", "source s {a()}\n! 1:14 unterminated quote");
    check(
        "source s { a(\"x); };\nsource t { b(\"y\"); };",
        "source s {a(\"x); };\\nsource t { b(\" y)}\n! 2:16 unterminated quote",
    );
}

#[test]
fn bytes_that_are_no_text() {
    check("source s { a(b\\c); };", "source s {a(b c)}\n? 1:15 a backslash means nothing here");
    check("source s { a(\0); };", "source s {a()}\n! 1:14 a NUL byte cannot be part of a configuration");
    check(
        "source s { a('\0'); };",
        "source s {a(\"\\0\")}\n! 1:14 a NUL byte cannot be part of a configuration",
    );
    check("# \0\nlog { };\r\nlog\t{ };\r\n", "log {}\nlog {}");
    check("\u{feff}log { };", "log {}");
    check(
        "source s { a(\"\\xff\"); };",
        "source s {a(\"\u{fffd}\")}\n! 1:14 the escapes of this string make up bytes that are not UTF-8",
    );
}

#[test]
fn depth_is_limited() {
    let deep = format!("source s {{ {} }};", "a(".repeat(100_000));
    assert!(super::outcome(&deep).ends_with("\n! 1:139 this is nested deeper than 64 levels"));
    let repeated = ["log { ", "log { if { ", "log { junction { channel { ", "log { source { channel { "];
    for open in repeated {
        assert!(super::outcome(&open.repeat(50_000)).contains("nested deeper"), "{open}");
    }
    let inside = format!("log {{ filter {{ {}", "(not".repeat(50_000));
    assert!(super::outcome(&inside).contains("nested deeper"));
}
