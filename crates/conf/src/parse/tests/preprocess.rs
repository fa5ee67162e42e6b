//! Pragmas, backticks and blocks, as the statements see them.

use super::check;

#[test]
fn versions() {
    let old = "Configuration file format is too old, running in compatibility mode; config-version";
    check("@version: 4.2\n", "");
    check("@version: current\n", "");
    check("@version:4.10\n@module mod-python\n", "");
    check("@version: 4.27\n", "");
    check("@version: 3.21", &format!("? 1:11 {old}='3.21'"));
    check("@version: 3.0\n", &format!("? 1:11 {old}='3.0'"));
    check("@version: 2.1\n", "! 1:11 configurations of versions before 3.0 are not understood");
    check("@version: 9.9\n", "? 1:11 the configuration asks for a version newer than 4.27");
    check("@version: 4.2\n@version: 4.3\n", "? 2:1 a second `@version` has no effect");
    check("@version: abc\n", "! 1:11 `abc` is no version");
    check("@version:\n", "! 1:1 `@version` needs a value");
    check("@version: 4.2 log { };\nlog { };", "log {}\n! 1:15 `@version` takes one value");
}

#[test]
fn other_pragmas() {
    check("@module mod-python use-virtualenv(no)\nlog { };", "log {}");
    check("@module nosuch\n", "! 1:9 there is no module `nosuch`");
    check("@requires mod-python\n", "");
    check("@requires nosuch\nlog { };", "log {}\n! 1:11 cannot load required module `nosuch`");
    check("@requires http \"install it\"\n", "! 1:11 cannot load required module `http`");
    check("@config-id: \"mine\"\n", "");
    check("@verison: 4.2\n", "! 1:1 there is no `@verison`");
    check("@\nlog { };", "log {}\n! 1:1 a name must follow the `@` at the start of a line");
    check(" @version: 4.2\nlog { };", "! 1:2 expected a statement, found `@`");
    check("@define x", "! 1:1 `@define` needs a value");
    check("source s { a(\"\n@version: 1.0\n\"); };", "source s {a(\"\\n@version: 1.0\\n\")}");
    check("@line \"other.conf\" 100 5\nx y;\n", "! 100:5 there is no statement `x`");
    check(
        "@line \"other.conf\" 100 5\n;x y;\n@line\nx y;",
        "! 100:6 there is no statement `x`\n! 4:1 there is no statement `x`",
    );
}

#[test]
fn backticks() {
    check(
        "@define a-b \"x y\"\nsource s { f(`a_b` \"`a-b`\" '`a_b`'); };",
        "source s {f(x y \"x y\" \"x y\")}",
    );
    check("@define port 514\nsource s { f(`port`0 a`port`.log); };", "source s {f(5140i a514.log)}");
    check("source s { f(`HOME` `nosuch` \"``\"); };", "source s {f(/home/nobody \"`\")}");
    check("@define HOME x\nsource s { f(`HOME`); };", "source s {f(x)}");
    check(
        "source s { f(\"`HOME); };\nlog { };",
        "source s {f()}\n! 1:15 missing closing backtick\n! 1:14 unterminated quote",
    );
    check("# a ` in a comment\nlog { };", "log {}\n? 1:5 missing closing backtick");
    check("# don't `HOME`\nlog { };", "log {}");
    check(
        "@define q \"it's\"\nsource s { f('`q`'); };",
        "source s {f(\"\")}\n! 2:15 a value with a single quote in it cannot stand in a single-quoted string",
    );
    check(
        "source s { f(\"\\`HOME`\"); };",
        "source s {f(\" \")}\n! 1:16 a reference cannot stand directly after a backslash in a string",
    );
    check("@define v '\"a\\\"b\"'\nsource s { f(`v` \"`v`\"); };", "source s {f(\"a\\\"b\" \"a\\\"b\")}");
    check("@define semi 'log { };'\n`semi` `semi`", "log {}\nlog {}");
    check("source s { f(\"one\n`HOME`\nthree\"); };", "source s {f(\"one\\n/home/nobody\\nthree\")}");
}

#[test]
fn block_expansion() {
    check(
        "block source mine(port() flags(\"x\")) {\n network(port(`port`) flags(`flags`, \"`flags`\"));\n};\nsource s { mine(port(514)); mine(port(1) flags(a b)); };",
        "source s {network(port(514i) flags(\"x\" \"x\")) network(port(1i) flags(a b \"a b\"))}",
    );
    check("block source one(a(1)) { f(`a`); };\nsource s { one(); };", "source s {f(1i)}");
    check(
        "block root r(n()) { log { source(`n`); }; };\nr(n(x)); r(n(y));",
        "log {source(x)}\nlog {source(y)}",
    );
    check(
        "block source v(a(1) ...) { f(`a` `__VARARGS__`); };\nsource s { v(b(2) c-d(\"x\")); };",
        "source s {f(1i b(2i) c-d(\"x\"))}",
    );
    check(
        "block destination f() { g(); };\nsource s { f(); }; destination d { f(); };",
        "source s {f()}\ndestination d {g()}",
    );
    check("block source a() { b(); }; block source b() { c(); };\nsource s { a(); };", "source s {c()}");
    check(
        "block source outer(x(1)) { inner(y(`x`)); }; block source inner(y(2)) { f(`y`); };\nsource s { outer(x(3)); };",
        "source s {f(3i)}",
    );
    check(
        "block filter f(p()) { program(\"`p`\") }; \nfilter x { f(p(a)) and not f(p(b)); };",
        "filter x {(and program(\"a\") (not program(\"b\")))}",
    );
    check("block log l() { filter { a(); }; }; \nlog { source(s); l(); };", "log {source(s) filter{a()}}");
    check("block options o() { keep-hostname(yes); };\noptions { o(); };", "option keep-hostname(yes)");
    check(
        "block inner-dest buffer() { disk-buffer(x(1)) };\ndestination d { file(\"x\" buffer()); };",
        "destination d {file(\"x\" disk-buffer(x(1i)))}",
    );
    check("block source b() { f() };\nsource s { b(); };", "source s {f()}");
    check("block source b() { # it's } \n f(\"}\"); };\nsource s { b(); };", "source s {f(\"}\")}");
    check("block root p(n()) { python { x = \"`n`\" }; };\np(n(5));", "python \" x = \\\"5\\\" \"");
    check(
        "block root make(n()) { block source `n`() { f(`n`); }; };\nmake(n(x));\nsource s { x(); };",
        "source s {f(x)}",
    );
    check("block source a() { f(1); }; block source a() { f(2); };\nsource s { a(); };", "source s {f(2i)}");
    check("block source a(x(')')) { f(`x`); };\nsource s { a(x((1) # )\n)); };", "source s {f(<1i>)}");
}

#[test]
fn block_mistakes() {
    check(
        "block source b(p()) { f(`p`); };\nsource s { b(); };",
        "source s {}\n! 2:12 block `b` needs `p(…)`",
    );
    check(
        "block source b(p(1)) { f(`p`); };\nsource s { b(q(2)); c(); };",
        "source s {c()}\n! 2:14 block `b` has no parameter `q`",
    );
    check(
        "block source b() { b(); };\nsource s { b(); };",
        "source s {}\n! 1:20 includes and blocks nest deeper than 256; does block `b` use itself?",
    );
    check("block sauce b() { };\n", "! 1:7 `block` needs the context it is for");
    check("block source b() { f(;\n", "! 1:18 the body of block `b` is never closed");
    check("block source b(x) { };\nlog { };", "log {}\n! 1:17 expected `(` and the parameter's default");
    check(
        "block source b() { f(nope=); prot(`x; };\nsource s { b(); };",
        "source s {f(nope=) prot(`x ; ;)}\n! 1:35 missing closing backtick\n! 1:34 this `(` is never closed",
    );
    check("block source b() { f(); }\nlog { };", "log {}\n! 1:26 expected `;` after the `block` statement");
    check(
        "block source b() { };\nsource s { b(1); c(); };",
        "source s {c()}\n! 2:14 an argument of a block is written `name(value)`",
    );
}

#[test]
fn growth_is_limited() {
    let mut text = String::from("block source b0() { f(); };\n");
    for level in 1..40 {
        text.push_str(&format!("block source b{level}() {{ b{0}(); b{0}(); }};\n", level - 1));
    }
    text.push_str("source s { b39(); };\n");
    assert!(super::outcome(&text).contains("is larger than 64 MiB"));

    let mut text = String::from("@define v xxxxxxxxxxxxxxxx\n");
    (0..40).for_each(|_| text.push_str("@define v \"`v``v`\"\n"));
    assert!(super::outcome(&text).contains("is larger than 64 MiB"));
}
