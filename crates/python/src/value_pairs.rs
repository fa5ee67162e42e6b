//! `value-pairs(…)` as it stands in a configuration, in the words that [`function::ValuePairs`] knows.

use conf::ast::{Argument, Call};
use conf::diagnostic::Diagnostic;
use function::ValuePairs;
use pipeline::Compile;

/// The selection that these calls of `value-pairs()` come to. `None` after reporting a mistake.
pub(crate) fn read<'a>(calls: impl Iterator<Item = &'a Call>, cx: &mut Compile<'_>) -> Option<ValuePairs> {
    let mut args = Vec::new();
    let mut span = conf::Span::default();
    for call in calls {
        span = call.span;
        for argument in &call.arguments {
            match argument {
                Argument::Call(option) => read_option(option, &mut args, cx)?,
                Argument::Value(value) => {
                    cx.diagnostics.push(
                        Diagnostic::error(
                            format!("value-pairs() cannot take `{}`", value.text()),
                            value.span,
                        )
                        .label("scope(), key(), exclude(), pair() and rekey() say what is wanted"),
                    );
                    return None;
                }
                Argument::List(_, _) | Argument::Group(_, _) | Argument::Operator(_, _) => {
                    cx.error(call, "value-pairs() takes scope(), key(), exclude(), pair() and rekey()");
                    return None;
                }
            }
        }
    }
    match ValuePairs::read(args, cx.functions) {
        Ok(pairs) => Some(pairs),
        Err(why) => {
            cx.diagnostics.push(Diagnostic::error(format!("value-pairs(): {why}"), span));
            None
        }
    }
}

fn read_option(option: &Call, args: &mut Vec<String>, cx: &mut Compile<'_>) -> Option<()> {
    let texts = texts(option);
    let mut put = |option: &str, values: &[String]| {
        args.push(format!("--{option}"));
        args.extend_from_slice(values);
    };
    match option.name.text.replace('_', "-").as_str() {
        "scope" => put("scope", &[texts.join(",")]),
        "key" => {
            for name in &texts {
                put("key", std::slice::from_ref(name));
            }
            changes(option, texts.first(), args, cx)?;
        }
        "exclude" => texts.iter().for_each(|glob| put("exclude", std::slice::from_ref(glob))),
        "pair" => match texts.as_slice() {
            [name, template] => args.push(format!("{name}={template}")),
            _ => return wrong(option, "pair() takes a name and a template", cx),
        },
        "rekey" => changes(option, texts.first(), args, cx)?,
        "cast" => put(if texts.iter().any(|text| text == "no") { "no-cast" } else { "cast" }, &[]),
        "omit-empty-values" if texts.iter().all(|text| text == "yes") => put("omit-empty-values", &[]),
        "include-bytes" if texts.iter().all(|text| text == "yes") => put("include-bytes", &[]),
        "omit-empty-values" | "include-bytes" => {}
        other => return wrong(option, &format!("value-pairs() has no option `{other}`"), cx),
    }
    Some(())
}

/// `rekey("glob" shift(1) …)`, or `key("glob" rekey(shift(1) …))`.
fn changes(option: &Call, glob: Option<&String>, args: &mut Vec<String>, cx: &mut Compile<'_>) -> Option<()> {
    let calls = || {
        option.arguments.iter().filter_map(|argument| match argument {
            Argument::Call(call) => Some(call),
            _ => None,
        })
    };
    if calls().next().is_none() {
        return Some(());
    }
    let Some(glob) = glob else { return wrong(option, "rekey() needs the names that are to change", cx) };
    args.extend(["--rekey".to_owned(), glob.clone()]);
    for call in calls() {
        let name = call.name.text.replace('_', "-");
        match name.as_str() {
            "rekey" => {
                let inner = call.arguments.iter().filter_map(|argument| match argument {
                    Argument::Call(call) => Some(call),
                    _ => None,
                });
                for change in inner {
                    args.push(format!("--{}", change.name.text.replace('_', "-")));
                    args.extend(self::texts(change));
                }
            }
            "shift" | "shift-levels" | "add-prefix" | "replace-prefix" | "replace" | "upper" | "lower" => {
                args.push(format!("--{name}"));
                args.extend(self::texts(call));
            }
            other => return wrong(call, &format!("rekey() has no change `{other}`"), cx),
        }
    }
    Some(())
}

fn texts(call: &Call) -> Vec<String> {
    let text = |argument: &Argument| match argument {
        Argument::Value(value) => Some(value.text().to_owned()),
        // `type("text")`, as in pair("name" int("$X")).
        Argument::Call(typed) if call.name.is("pair") => {
            Some(format!("{}({})", typed.name.text, texts(typed).join(" ")))
        }
        _ => None,
    };
    call.arguments.iter().filter_map(text).collect()
}

fn wrong<T>(call: &Call, why: &str, cx: &mut Compile<'_>) -> Option<T> {
    cx.error(call, why);
    None
}
