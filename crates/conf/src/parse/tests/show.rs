//! A configuration as one line per statement, for tables of tests.

use crate::ast::*;

pub(super) fn config(config: &Config) -> String {
    let mut lines = Vec::new();
    let named = |kind: &str, list: &[Named]| -> Vec<String> {
        list.iter().map(|one| format!("{kind} {} {{{}}}", one.name.text, items(&one.body))).collect()
    };
    lines.extend(config.options.iter().map(|option| format!("option {}", call(option))));
    lines.extend(named("source", &config.sources));
    lines.extend(named("destination", &config.destinations));
    lines.extend(named("parser", &config.parsers));
    lines.extend(named("rewrite", &config.rewrites));
    lines
        .extend(config.filters.iter().map(|one| format!("filter {} {{{}}}", one.name.text, expr(&one.expr))));
    for (kind, list) in [("template", &config.templates), ("template-function", &config.template_functions)] {
        lines.extend(list.iter().map(|one| {
            let escape = one.escape.map(|escape| format!(" escape={escape}")).unwrap_or_default();
            format!("{kind} {} {}{escape}", one.name.text, value(&one.text))
        }));
    }
    lines.extend(config.applications.iter().map(|one| {
        let filter =
            one.filter.as_ref().map(|filter| format!(" filter {}", expr(filter))).unwrap_or_default();
        let parser =
            one.parser.as_ref().map(|body| format!(" parser {{{}}}", items(body))).unwrap_or_default();
        format!("application {}[{}]{filter}{parser}", one.name.text, one.topic.text)
    }));
    lines.extend(config.log_paths.iter().map(|one| format!("log {}", path(one))));
    lines.extend(config.python.iter().map(|one| format!("python {:?}", one.text)));
    lines.join("\n")
}

fn path(path: &LogPath) -> String {
    let name = path.name.as_ref().map(|name| format!("{} ", name.text)).unwrap_or_default();
    let flags: Vec<&str> = path.flags.iter().map(|flag| flag.text.as_str()).collect();
    let flags = if flags.is_empty() { String::new() } else { format!(" flags={}", flags.join(",")) };
    format!("{name}{{{}}}{flags}", items(&path.items))
}

fn items(items: &[Item]) -> String {
    items.iter().map(item).collect::<Vec<_>>().join(" ")
}

fn item(item: &Item) -> String {
    let reference = |kind: &str, reference: &Reference<Vec<Item>>| match reference {
        Reference::Named(name) => format!("{kind}({})", name.text),
        Reference::Inline(body, _) => format!("{kind}{{{}}}", items(body)),
    };
    match item {
        Item::Driver(driver) => call(driver),
        Item::Source(it) => reference("source", it),
        Item::Destination(it) => reference("destination", it),
        Item::Parser(it) => reference("parser", it),
        Item::Rewrite(it) => reference("rewrite", it),
        Item::Filter(Reference::Named(name)) => format!("filter({})", name.text),
        Item::Filter(Reference::Inline(it, _)) => format!("filter{{{}}}", expr(it)),
        Item::Junction(branches, _) => {
            format!("junction[{}]", branches.iter().map(path).collect::<Vec<_>>().join(" "))
        }
        Item::Path(it) => format!("log{}", path(it)),
        Item::If(it) => {
            let branch = |(condition, body): &(Option<Expr>, LogPath)| match condition {
                Some(condition) => format!("{} {}", expr(condition), path(body)),
                None => path(body),
            };
            let branches = it.branches.iter().map(branch).collect::<Vec<_>>().join(" elif ");
            let otherwise = it.otherwise.as_ref().map(|it| format!(" else {}", path(it))).unwrap_or_default();
            format!("if {branches}{otherwise}")
        }
    }
}

pub(crate) fn expr(it: &Expr) -> String {
    match it {
        Expr::And(a, b) => format!("(and {} {})", expr(a), expr(b)),
        Expr::Or(a, b) => format!("(or {} {})", expr(a), expr(b)),
        Expr::Not(a) => format!("(not {})", expr(a)),
        Expr::Call(it) => call(it),
        Expr::Compare(a, how, b, _) => format!("({} {how:?} {})", argument(a), argument(b)),
    }
}

fn call(call: &Call) -> String {
    format!("{}({})", call.name.text, arguments(&call.arguments))
}

fn arguments(list: &[Argument]) -> String {
    list.iter().map(argument).collect::<Vec<_>>().join(" ")
}

fn argument(it: &Argument) -> String {
    match it {
        Argument::Value(it) => value(it),
        Argument::Call(it) => call(it),
        Argument::List(list, _) => format!("[{}]", list.iter().map(value).collect::<Vec<_>>().join(" ")),
        Argument::Group(list, _) => format!("<{}>", arguments(list)),
        Argument::Operator(it, _) => it.text().to_owned(),
    }
}

fn value(it: &Value) -> String {
    match &it.kind {
        ValueKind::Word(text) => text.clone(),
        ValueKind::String(text) => format!("{text:?}"),
        ValueKind::Integer(number, _) => format!("{number}i"),
        ValueKind::Float(number, _) => format!("{number}f"),
    }
}
