//! `options("key" "value" key => value …)` of the Python drivers: what their `init(options)` receives.

use crate::{
    ast::{Argument, Call, Operator, Value, ValueKind},
    diagnostic::{Diagnostic, Diagnostics},
    span::Span,
};

/// A value that Python receives.
#[derive(Debug, Clone, PartialEq)]
pub enum PyValue {
    /// `str`: `"text"`, `'text'`, `word`.
    Str(String),
    /// `int`: `10`, `0x1F`, `5MiB`.
    Int(i64),
    /// `float`: `1.5`.
    Float(f64),
    /// `bool`: `yes`, `no`, `on`, `off`, `True`, `False`, without quotes.
    Bool(bool),
    /// `list` of `str`: `["a" "b"]`.
    List(Vec<String>),
    /// `syslogng.LogTemplate`: `LogTemplate("$HOST")`. The text is not looked into here.
    Template(String),
}

/// What the `options(…)` of one driver say together, in the order of the keys' first appearance; the last value of a
/// key counts. In keys every `-` is a `_`.
///
/// Values may also stand as `key("value")`. What cannot be read is reported and left out.
pub fn read<'a>(
    calls: impl IntoIterator<Item = &'a Call>,
    diagnostics: &mut Diagnostics,
) -> Vec<(String, PyValue)> {
    let mut options: Vec<(String, PyValue)> = Vec::new();
    for call in calls {
        let mut rest = call.arguments.as_slice();
        while let Some((key, behind)) = rest.split_first() {
            let (key, value, behind) = match pair(key, behind, diagnostics) {
                Pair::Read(key, value, behind) => (key, value, behind),
                Pair::Wrong(behind) => {
                    rest = behind;
                    continue;
                }
            };
            rest = behind;
            match options.iter_mut().find(|(other, _)| *other == key) {
                Some((_, before)) => *before = value,
                None => options.push((key, value)),
            }
        }
    }
    options
}

/// One key with its value, and what follows.
enum Pair<'a> {
    Read(String, PyValue, &'a [Argument]),
    Wrong(&'a [Argument]),
}

fn pair<'a>(key: &'a Argument, behind: &'a [Argument], diagnostics: &mut Diagnostics) -> Pair<'a> {
    let name = match key {
        Argument::Call(call) if call.name.text != "LogTemplate" => {
            let Some(value) = single(call, diagnostics) else { return Pair::Wrong(behind) };
            return Pair::Read(normal(&call.name.text), value, behind);
        }
        Argument::Value(value) => match &value.kind {
            ValueKind::String(text) => text,
            ValueKind::Word(text) if !text.contains("=>") => text,
            ValueKind::Word(text) => {
                glued(value.span, diagnostics);
                return Pair::Wrong(if text.ends_with("=>") { past_pair(behind) } else { behind });
            }
            ValueKind::Integer(..) | ValueKind::Float(..) => {
                return not_a_key(value.span, behind, diagnostics);
            }
        },
        other => return not_a_key(other.span(), behind, diagnostics),
    };
    let behind_arrow = match behind {
        [Argument::Operator(Operator::Arrow, _), rest @ ..] => rest,
        rest => rest,
    };
    let Some((value, rest)) = behind_arrow.split_first() else {
        diagnostics.push(Diagnostic::error(format!("option `{name}` has no value"), key.span()));
        return Pair::Wrong(&[]);
    };
    match read_value(value, diagnostics) {
        Some(value) => Pair::Read(normal(name), value, rest),
        None => Pair::Wrong(rest),
    }
}

/// Reports an arrow that the lexer had to take for a part of a word.
fn glued(span: Span, diagnostics: &mut Diagnostics) {
    let diagnostic = Diagnostic::error("`=>` needs a blank on both sides", span);
    diagnostics.push(diagnostic.label("without them this is one word"));
}

fn not_a_key<'a>(span: Span, behind: &'a [Argument], diagnostics: &mut Diagnostics) -> Pair<'a> {
    let diagnostic = Diagnostic::error("the key of an option must be a string or a word", span);
    diagnostics.push(diagnostic.note("options are pairs: `options(\"key\" \"value\" \"other\" 10)`"));
    Pair::Wrong(past_pair(behind))
}

/// What follows the value of a key that is wrong, so that the value is not taken for a key.
fn past_pair(behind: &[Argument]) -> &[Argument] {
    match behind {
        [Argument::Operator(Operator::Arrow, _), _, rest @ ..] => rest,
        [_, rest @ ..] => rest,
        [] => &[],
    }
}

/// `key(value)`.
fn single(call: &Call, diagnostics: &mut Diagnostics) -> Option<PyValue> {
    match call.arguments.as_slice() {
        [value] => read_value(value, diagnostics),
        _ => {
            diagnostics
                .push(Diagnostic::error(format!("option `{}` takes one value", call.name.text), call.span));
            None
        }
    }
}

fn read_value(argument: &Argument, diagnostics: &mut Diagnostics) -> Option<PyValue> {
    match argument {
        Argument::Value(Value { kind: ValueKind::Word(text), span }) if text.starts_with("=>") => {
            glued(*span, diagnostics);
            None
        }
        Argument::Value(value) => Some(scalar(value)),
        Argument::List(values, _) => {
            Some(PyValue::List(values.iter().map(|value| value.text().to_owned()).collect()))
        }
        Argument::Call(call) if call.name.text == "LogTemplate" => match call.arguments.as_slice() {
            [] => Some(PyValue::Template(String::new())),
            [Argument::Value(text)] => Some(PyValue::Template(text.text().to_owned())),
            _ => {
                diagnostics.push(Diagnostic::error("`LogTemplate()` takes one string", call.span));
                None
            }
        },
        other => {
            let diagnostic = Diagnostic::error("this cannot be the value of an option", other.span());
            diagnostics
                .push(diagnostic.note("strings, numbers, yes and no, lists and `LogTemplate(\"…\")` can"));
            None
        }
    }
}

fn scalar(value: &Value) -> PyValue {
    match &value.kind {
        ValueKind::Word(text) => match text.as_str() {
            "yes" | "on" | "True" => PyValue::Bool(true),
            "no" | "off" | "False" => PyValue::Bool(false),
            _ => PyValue::Str(text.clone()),
        },
        ValueKind::String(text) => PyValue::Str(text.clone()),
        ValueKind::Integer(number, _) => PyValue::Int(*number),
        ValueKind::Float(number, _) => PyValue::Float(*number),
    }
}

fn normal(key: &str) -> String {
    key.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Environment, ast::Item, load_text};

    fn outcome(options: &str) -> String {
        let loaded = load_text("t", format!("source s {{ python({options}); }};"), &Environment::default());
        let [Item::Driver(driver)] = loaded.config.sources[0].body.as_slice() else { panic!("{options}") };
        let calls = driver.arguments.iter().filter_map(|argument| match argument {
            Argument::Call(call) => Some(call),
            _ => None,
        });
        let mut diagnostics = loaded.diagnostics.clone();
        let mut lines: Vec<String> =
            read(calls, &mut diagnostics).iter().map(|(key, value)| format!("{key}={value:?}")).collect();
        let errors = diagnostics.iter().filter(|one| one.severity == crate::Severity::Error);
        lines.extend(errors.map(|one| format!("! {}", one.message)));
        lines.join(" ")
    }

    #[track_caller]
    fn check(options: &str, expected: &str) {
        assert_eq!(outcome(options), expected, "{options}");
    }

    #[test]
    fn spellings() {
        check(r#"options("k" "v")"#, r#"k=Str("v")"#);
        check(r#"options("k", "v",)"#, r#"k=Str("v")"#);
        check(r#"options("k" => "v")"#, r#"k=Str("v")"#);
        check(r#"options(k v)"#, r#"k=Str("v")"#);
        check(r#"options(k("v") other-key(10))"#, r#"k=Str("v") other_key=Int(10)"#);
        check(r#"options()"#, "");
        check(r#"options("a" 1) options("b" 2) options("a" 3)"#, "a=Int(3) b=Int(2)");
        check(r#"options("a-b" "x-y" a_b 'z\n')"#, r#"a_b=Str("z\\n")"#);
    }

    #[test]
    fn types() {
        check(
            "options(a 123 b -5 c 0x1F d 017 e 10k f 5MiB)",
            "a=Int(123) b=Int(-5) c=Int(31) d=Int(15) e=Int(10000) f=Int(5242880)",
        );
        check(r#"options(a 1.5 b "1" c "yes")"#, r#"a=Float(1.5) b=Str("1") c=Str("yes")"#);
        check(
            "options(a yes b no c on d off e True f False)",
            "a=Bool(true) b=Bool(false) c=Bool(true) d=Bool(false) e=Bool(true) f=Bool(false)",
        );
        check("options(a true b false)", r#"a=Str("true") b=Str("false")"#);
        check(
            r#"options(a ["x", "y"] b ["x" 1] c [])"#,
            r#"a=List(["x", "y"]) b=List(["x", "1"]) c=List([])"#,
        );
        check(
            r#"options(a LogTemplate("$HOST") b => LogTemplate())"#,
            r#"a=Template("$HOST") b=Template("")"#,
        );
    }

    #[test]
    fn mistakes() {
        check("options(a)", "! option `a` has no value");
        check("options(a 1 b =>)", "a=Int(1) ! option `b` has no value");
        check("options(10 x a 1)", "a=Int(1) ! the key of an option must be a string or a word");
        check("options(a=>1 a 1)", "a=Int(1) ! `=>` needs a blank on both sides");
        check(
            "options(\"a\"=>b c=> 1 d 2)",
            "d=Int(2) ! `=>` needs a blank on both sides ! `=>` needs a blank on both sides",
        );
        check("options(a f(x) b 1)", "b=Int(1) ! this cannot be the value of an option");
        check("options(a LogTemplate(1 2))", "! `LogTemplate()` takes one string");
        check("options(a [f(x)])", "a=List([]) ! a list holds strings, words and numbers");
        check("options(k(1 2))", "! option `k` takes one value");
    }
}
