use super::check;

#[test]
fn empty() {
    for text in ["", " \n\t ", "# nothing", ";;;", "log {};", "options {};", "log{}; ; ;"] {
        let expected = if text.starts_with("log") { "log {}" } else { "" };
        check(text, expected);
    }
    check(
        "destination d {}; source s {}; parser p {}; rewrite r {};",
        "source s {}\ndestination d {}\nparser p {}\nrewrite r {}",
    );
}

#[test]
fn drivers() {
    check(
        "source s { network(port(25500), ip(127.0.0.1) , flags(no-parse,no-multi-line)); };",
        "source s {network(port(25500i) ip(127.0.0.1) flags(no-parse no-multi-line))}",
    );
    check(
        "destination d { file(/var/log/$HOST.log create-dirs(yes) perm(0600)); };",
        "destination d {file(/var/log/$HOST.log create-dirs(yes) perm(384i))}",
    );
    check(
        "log { source { a(); }; destination { b(\"x\\n\" 'y\\n'); }; };",
        "log {source{a()} destination{b(\"x\\n\" \"y\\\\n\")}}",
    );
}

#[test]
fn applications() {
    check(
        "application sudo[syslog] { filter { program(\"sudo\"); }; parser { a(); b(1); }; };",
        "application sudo[syslog] filter program(\"sudo\") parser {a() b(1i)}",
    );
    check(
        "application \"a b\"[*] { }; application c[x] { filter { a() or b() }; };",
        "application a b[*]\napplication c[x] filter (or a() b())",
    );
    check("application a { };", "! 1:15 expected `[` and the topic of application `a`, found `{`");
    check(
        "application a[b] { pasrer { }; };",
        "application a[b]\n! 1:20 `pasrer` cannot stand in an application",
    );
    check(
        "application a[b] { filter { x() }; filter { y() }; };",
        "application a[b] filter y()\n! 1:36 an application has one `filter`",
    );
}
