use crate::{Environment, load_text, parse::tests::show};

#[track_caller]
fn check(text: &str, expected: &str) {
    let loaded = load_text("t", format!("filter f {{ {text} }};"), &Environment::default());
    let actual = match loaded.config.filters.as_slice() {
        [filter] => show::expr(&filter.expr),
        _ => {
            let errors = loaded.diagnostics.iter().filter(|one| one.severity == crate::Severity::Error);
            errors.map(|one| format!("! {}", one.message)).collect::<Vec<_>>().join(" ")
        }
    };
    assert_eq!(actual, expected, "{text}");
}

#[test]
fn precedence() {
    check("a()", "a()");
    check("not a() and b()", "(and (not a()) b())");
    check("a() or b() and c()", "(or a() (and b() c()))");
    check("a() and b() or c()", "(or (and a() b()) c())");
    check("a() or b(); c()", "(and (or a() b()) c())");
    check("not (a() or b())", "(not (or a() b()))");
    check("not not a()", "a()");
    check("(a(); b()) or c();", "(or (and a() b()) c())");
    check("a() and b() and c()", "(and a() (and b() c()))");
    check("((a()))", "a()");
}

#[test]
fn comparisons() {
    check("\"$A\" eq \"b\"", "(\"$A\" Text(Equal) \"b\")");
    check("\"$N\" >= 5", "(\"$N\" Typed(GreaterEqual) 5i)");
    check("int(\"$N\") === 5 and a()", "(and (int(\"$N\") Same 5i) a())");
    check("$A !== int(3)", "($A NotSame int(3i))");
    check("not \"a\" lt \"b\"", "(not (\"a\" Text(Less) \"b\"))");
    check("a() eq b", "(a() Text(Equal) b)");
}

#[test]
fn mistakes() {
    check("", "! a filter needs an expression");
    check(";", "! a filter needs an expression");
    check("()", "! a filter needs an expression");
    check("a() and", "! expected an expression after this");
    check("not", "! expected an expression after this");
    check("and a()", "! this is no filter");
    check("a() or or b()", "! this is no filter");
    check("program", "! this is no filter");
    check("\"x\"", "! this is no filter");
    check("\"x\" ==", "! expected a value to compare with after this");
    check("\"x\" == [a]", "! expected a value to compare with after this");
    check("[a]", "! expected a filter");
    check("== a", "! expected a filter");
}

#[test]
fn many_terms_make_a_low_tree() {
    let text = vec!["a()"; 100_000].join(" and ");
    let loaded = load_text(
        "t",
        format!("filter f {{ {text}; {} a() }};", "not ".repeat(100_001)),
        &Environment::default(),
    );
    assert_eq!(loaded.config.filters.len(), 1);
    assert!(show::expr(&loaded.config.filters[0].expr).ends_with("(not a()))"));
}
