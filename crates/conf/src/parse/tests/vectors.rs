//! Configurations whose verdict was measured on the incumbent.

use super::check;

#[test]
fn names_and_keywords() {
    check("source file { internal(); };", "source file {internal()}");
    check("source \"source\" { internal(); };", "source source {internal()}");
    check("source source { internal(); };", "source source {internal()}\n! 1:8 `source` is a keyword here");
    check("log { source(source); };", "log {source(source)}\n! 1:14 `source` is a keyword here");
    check("source 10 { a(); };", "source 10 {a()}\n! 1:8 the name of the source cannot be a number");
    check(
        "source a { b(); }; destination a { b(); }; filter a { b(); };",
        "source a {b()}\ndestination a {b()}\nfilter a {b()}",
    );
    check("template a \"x\"; template a \"y\";", "template a \"y\"\n! 1:26 duplicate template `a`");
    check("source a { b(); };\nsource a { c(); };", "source a {c()}\n! 2:8 duplicate source `a`");
    check("@define allow-config-dups 1\nsource a { b(); }; source a { c(); };", "source a {c()}");
    check("source a-b { c(); }; source a_b { c(); };", "source a-b {c()}\nsource a_b {c()}");
}

#[test]
fn semicolons() {
    check("source s { a(); }", "source s {a()}\n! 1:18 expected `;` after the `source` statement");
    check("source s { a() };", "source s {a()}\n! 1:15 expected `;` after `a(…)`");
    check("source s {;; a();; b();;; };;;", "source s {a() b()}");
    check("filter f { a() };", "filter f {a()}");
    check("filter f { a(); };", "filter f {a()}");
    check("filter f {; a();; b(); };", "filter f {(and a() b())}");
    check("options { a(1) };", "option a(1i)\n! 1:15 expected `;` after `a(…)`");
    check("log { source(s) };", "log {source(s)}\n! 1:16 expected `;` after the source");
    check("log { junction { channel { }; } };", "log {junction[{}]}\n! 1:32 expected `;` after the junction");
    check(
        "log { if (a()) { } else { } };",
        "log {if a() {} else {}}\n! 1:28 expected `;` after the last branch",
    );
    check("python { x }", "python \" x \"\n! 1:13 expected `;` after the `python` statement");
    check("log { } log { };", "log {}\nlog {}\n! 1:8 expected `;` after the `log` statement");
}

#[test]
fn order_in_a_log_path() {
    check(
        "log { source(s); log { destination(d); }; channel { }; flags(final flow-control); };",
        "log {source(s) log{destination(d)} log{}} flags=final,flow-control",
    );
    check(
        "log { log { }; source(s); };",
        "log {log{} source(s)}\n! 1:16 nothing but `log`, `channel` and `flags(…)` may follow an embedded log path",
    );
    check(
        "log { flags(final); source(s); };",
        "log {source(s)} flags=final\n! 1:21 `flags(…)` must be the last element of a log path",
    );
    check("junction { };", "! 1:1 there is no statement `junction`");
    check("log { if (a()) { set(\"x\"); }; };", "log {if a() {}}\n! 1:18 `set(…)` cannot stand here");
    check("log { filter(f); source(s); };", "log {filter(f) source(s)}");
    check("log { flags(no_parse, final); };", "log {} flags=no_parse,final");
    check("log a { }; log a { };", "log a {}\nlog a {}");
    check("log \"a b\" { };", "log a b {}");
}

#[test]
fn log_paths() {
    check(
        "log { source(s); filter(f); parser { p(); q(); }; rewrite { set(\"x\" value(\"Y\")); }; destination(d); };",
        "log {source(s) filter(f) parser{p() q()} rewrite{set(\"x\" value(\"Y\"))} destination(d)}",
    );
    check(
        "log { junction { channel { filter { a(); }; }; log { flags(fallback); }; }; };",
        "log {junction[{filter{a()}} {} flags=fallback]}",
    );
    check(
        "log { if (a() and b()) { rewrite(r); } elif (\"$A\" eq 'b') { } else { destination(d); }; };",
        "log {if (and a() b()) {rewrite(r)} elif (\"$A\" Text(Equal) \"b\") {} else {destination(d)}}",
    );
    check("log { if { filter(f); } elif { } else { }; };", "log {if {filter(f)} elif {} else {}}");
    check(
        "log { if (a()) { } else if (b()) { }; };",
        "log {if a() {} elif b() {}}\n! 1:20 `else if` is written `elif`",
    );
    check("log { if (a()) { }; else { }; };", "log {if a() {}}\n! 1:21 `else` without an `if`");
    check("parser p { channel { parser(q); }; json(); };", "parser p {log{parser(q)} json()}");
    check("parser p { if (a()) { parser(q); }; };", "parser p {if a() {parser(q)}}");
    check("rewrite r { junction { channel { }; }; };", "rewrite r {junction[{}]}");
    check(
        "source s { channel { source { a(); }; parser { b(); }; }; };",
        "source s {log{source{a()} parser{b()}}}",
    );
    check(
        "destination d { log { destination { a(); }; }; b(); };",
        "destination d {log{destination{a()}} b()}",
    );
    check("log { parallelize(workers(4)); };", "log {}\n? 1:7 `parallelize` has no effect");
}

#[test]
fn arguments() {
    check(
        "source s { a(b(c(1), [x \"y\" 2]) => .. == z); };",
        "source s {a(b(c(1i) [x \"y\" 2i]) => .. == z)}",
    );
    check("source s { a(kern,mail kern..mail); };", "source s {a(kern mail kern .. mail)}");
    check("source s { a((b or c) d:e f|g @h); };", "source s {a(<b or c> d : e f | g @ h)}");
    check(
        "source s { a(-5 0x1F 017 10k 1.5 10s 1.2.3.4); };",
        "source s {a(-5i 31i 15i 10000i 1.5f 10s 1.2.3.4)}",
    );
    check("source s { a(\"x\" # comment ) \n 'y'); };", "source s {a(\"x\" \"y\")}");
    check(
        "source s { a(\"one \\\n two\" 'one \\\n two'); };",
        "source s {a(\"one  two\" \"one \\\\\\n two\")}",
    );
    check("source s { a(b \\\n c); };", "source s {a(b c)}");
    check("source s { a(99999999999999999999); };", "source s {a()}\n! 1:14 a number must fit in 64 bits");
}

#[test]
fn templates() {
    check("template t \"$MSG\\n\";", "template t \"$MSG\\n\"");
    check("template t $MSG;", "template t $MSG");
    check("template t { template(\"x\"); template-escape(yes); };", "template t \"x\" escape=true");
    check("template t { template_escape(0); template(x); };", "template t x escape=false");
    check("template t { };", "! 1:10 template `t` has no text");
    check(
        "template t { template(\"x\"); tempalte-escape(yes); };",
        "template t \"x\"\n! 1:29 a template has no option `tempalte-escape`",
    );
    check("template-function f \"$1\";", "template-function f \"$1\"");
}

#[test]
fn filters() {
    check("filter f { };", "! 1:10 a filter needs an expression");
    check("filter f { a() b(); };", "! 1:16 expected `and`, `or` or `;` between two expressions");
    check(
        "filter f { facility(kern, mail) and not level(err..emerg); };",
        "filter f {(and facility(kern mail) (not level(err .. emerg)))}",
    );
    check("log { filter { a(); b(); }; };", "log {filter{(and a() b())}}");
    check("log { filter { }; source(s); };", "log {source(s)}\n! 1:14 a filter needs an expression");
}
