//! What a configuration is made of, for operators: the files it names, and the way of its messages.

use std::collections::{BTreeSet, HashMap};

use conf::ast::{Argument, Call, Config, Expr, Item, LogPath, Reference, ValueKind};
use conf::span::Sources;
use serde::Serialize;

/// Every file of the disk that the configuration was read from, or names in an argument; sorted, each once. Names
/// that depend on the message are left out.
pub(super) fn files(config: &Config, sources: &Sources) -> Vec<String> {
    let mut found = BTreeSet::new();
    found.extend(sources.paths().filter(|path| path.starts_with('/')).map(str::to_owned));
    let mut visit = |call: &Call| named_files(call, &mut found);
    let bodies = [&config.sources, &config.destinations, &config.parsers, &config.rewrites];
    bodies.iter().flat_map(|list| list.iter()).for_each(|named| calls(&named.body, &mut visit));
    config.filters.iter().for_each(|filter| calls_of(&filter.expr, &mut visit));
    config.log_paths.iter().for_each(|path| calls(&path.items, &mut visit));
    config.options.iter().for_each(&mut visit);
    found.into_iter().collect()
}

fn named_files(call: &Call, found: &mut BTreeSet<String>) {
    for argument in &call.arguments {
        match argument {
            Argument::Value(value)
                if !matches!(value.kind, ValueKind::Integer(..) | ValueKind::Float(..)) =>
            {
                let text = value.text();
                if text.len() > 1 && text.starts_with('/') && !text.contains(['$', '*', '?', '\n']) {
                    found.insert(text.to_owned());
                }
            }
            Argument::Call(inner) => named_files(inner, found),
            _ => {}
        }
    }
}

/// Every driver and filter function in `items`.
fn calls(items: &[Item], visit: &mut impl FnMut(&Call)) {
    for item in items {
        match item {
            Item::Driver(call) => visit(call),
            Item::Source(Reference::Inline(body, _))
            | Item::Destination(Reference::Inline(body, _))
            | Item::Parser(Reference::Inline(body, _))
            | Item::Rewrite(Reference::Inline(body, _)) => calls(body, visit),
            Item::Filter(Reference::Inline(expr, _)) => calls_of(expr, visit),
            Item::Junction(branches, _) => branches.iter().for_each(|path| calls(&path.items, visit)),
            Item::Path(path) => calls(&path.items, visit),
            Item::If(conditional) => {
                for (condition, path) in &conditional.branches {
                    condition.iter().for_each(|expr| calls_of(expr, visit));
                    calls(&path.items, visit);
                }
                conditional.otherwise.iter().for_each(|path| calls(&path.items, visit));
            }
            _ => {}
        }
    }
}

fn calls_of(expr: &Expr, visit: &mut impl FnMut(&Call)) {
    match expr {
        Expr::And(left, right) | Expr::Or(left, right) => {
            calls_of(left, visit);
            calls_of(right, visit);
        }
        Expr::Not(inner) => calls_of(inner, visit),
        Expr::Call(call) => visit(call),
        Expr::Compare(..) => {}
    }
}

/// The way of the messages as `EXPORT_CONFIG_GRAPH` shows it.
#[derive(Debug, Default, Serialize, PartialEq)]
struct Graph {
    nodes: Vec<Node>,
    arcs: Vec<Arc>,
}

#[derive(Debug, Serialize, PartialEq)]
struct Node {
    node: String,
    /// The names of its drivers and functions.
    info: Vec<String>,
}

#[derive(Debug, Serialize, PartialEq)]
struct Arc {
    from: String,
    to: String,
    r#type: &'static str,
}

/// The graph as JSON.
pub(super) fn graph(config: &Config) -> String {
    let mut drawing = Drawing {
        config,
        graph: Graph::default(),
        nodes: BTreeSet::new(),
        arcs: BTreeSet::new(),
        anonymous: HashMap::new(),
    };
    for (index, path) in config.log_paths.iter().enumerate() {
        let name = match &path.name {
            Some(name) => name.text.clone(),
            None => format!("#anon-log{index}"),
        };
        drawing.log(&name, path);
    }
    // A structure of texts is always JSON.
    serde_json::to_string(&drawing.graph).unwrap_or_default()
}

struct Drawing<'c> {
    config: &'c Config,
    graph: Graph,
    nodes: BTreeSet<String>,
    arcs: BTreeSet<(String, String)>,
    anonymous: HashMap<&'static str, usize>,
}

impl Drawing<'_> {
    fn log(&mut self, name: &str, path: &LogPath) {
        let flags = path.flags.iter().map(|flag| flag.text.clone()).collect();
        let node = self.node(format!("log({name})"), flags);
        self.items(&path.items, vec![node.clone()], Some(&node));
    }

    /// Draws `items` behind the nodes `from`; gives the nodes that what follows is behind. Sources lead to `head`.
    fn items(&mut self, items: &[Item], mut from: Vec<String>, head: Option<&str>) -> Vec<String> {
        for item in items {
            match item {
                Item::Source(reference) => {
                    let node = self.reference("source", reference, |config| &config.sources);
                    if let Some(head) = head {
                        self.arc(&node, head);
                    }
                }
                Item::Destination(reference) => {
                    let node = self.reference("destination", reference, |config| &config.destinations);
                    from.iter().for_each(|before| self.arc(before, &node));
                }
                Item::Parser(reference) => {
                    let node = self.reference("parser", reference, |config| &config.parsers);
                    from = self.step(&from, node);
                }
                Item::Rewrite(reference) => {
                    let node = self.reference("rewrite", reference, |config| &config.rewrites);
                    from = self.step(&from, node);
                }
                Item::Filter(reference) => {
                    let node = self.filter(reference);
                    from = self.step(&from, node);
                }
                Item::Junction(branches, _) => {
                    let ends = branches.iter().map(|path| self.items(&path.items, from.clone(), None));
                    from = ends.collect::<Vec<_>>().concat();
                }
                Item::Path(path) => {
                    self.items(&path.items, from.clone(), None);
                }
                Item::If(conditional) => {
                    let mut ends = Vec::new();
                    let paths = conditional.branches.iter().map(|(_, path)| path);
                    for path in paths.chain(&conditional.otherwise) {
                        ends.extend(self.items(&path.items, from.clone(), None));
                    }
                    if conditional.otherwise.is_none() {
                        ends.extend(from);
                    }
                    from = ends;
                }
                Item::Driver(_) => {}
            }
            from.sort_unstable();
            from.dedup();
        }
        from
    }

    fn step(&mut self, from: &[String], node: String) -> Vec<String> {
        from.iter().for_each(|before| self.arc(before, &node));
        vec![node]
    }

    fn reference(
        &mut self,
        kind: &'static str,
        reference: &Reference<Vec<Item>>,
        list: impl Fn(&Config) -> &Vec<conf::ast::Named>,
    ) -> String {
        let mut info = Vec::new();
        let mut note = |call: &Call| info.push(format!("{}()", call.name.text));
        let name = match reference {
            Reference::Named(name) => {
                let found = list(self.config).iter().find(|statement| statement.name.text == name.text);
                found.into_iter().for_each(|statement| calls(&statement.body, &mut note));
                name.text.clone()
            }
            Reference::Inline(body, _) => {
                calls(body, &mut note);
                self.anonymous(kind)
            }
        };
        self.node(format!("{kind}({name})"), info)
    }

    fn filter(&mut self, reference: &Reference<Expr>) -> String {
        let mut info = Vec::new();
        let mut note = |call: &Call| info.push(format!("{}()", call.name.text));
        let name = match reference {
            Reference::Named(name) => {
                let found = self.config.filters.iter().find(|filter| filter.name.text == name.text);
                found.into_iter().for_each(|filter| calls_of(&filter.expr, &mut note));
                name.text.clone()
            }
            Reference::Inline(expr, _) => {
                calls_of(expr, &mut note);
                self.anonymous("filter")
            }
        };
        self.node(format!("filter({name})"), info)
    }

    fn anonymous(&mut self, kind: &'static str) -> String {
        let number = self.anonymous.entry(kind).or_default();
        *number += 1;
        format!("#anon-{kind}{}", *number - 1)
    }

    fn node(&mut self, node: String, info: Vec<String>) -> String {
        if self.nodes.insert(node.clone()) {
            self.graph.nodes.push(Node { node: node.clone(), info });
        }
        node
    }

    fn arc(&mut self, from: &str, to: &str) {
        if self.arcs.insert((from.to_owned(), to.to_owned())) {
            self.graph.arcs.push(Arc { from: from.to_owned(), to: to.to_owned(), r#type: "next-hop" });
        }
    }
}

#[cfg(test)]
mod tests {
    use conf::{Environment, load_text};

    use super::*;

    const TEXT: &str = "source s_in { file(\"/in.log\"); };
        destination d_out { file(\"/out/$HOST\"); network(\"h\" tls(ca-file('/ca.pem'))); };
        filter f_ok { in-list(\"/list\" value(\"HOST\")) or not program(x); };
        log main { source(s_in); filter(f_ok); if (program(y)) { rewrite { set(\"/no\" value(\"a\")); }; };
            destination(d_out); flags(final); };
        log { source(s_in); junction { channel { destination { stdout(); }; }; channel { filter { host(z); }; }; };
            destination(d_out); };";

    #[test]
    fn files_that_it_names() {
        let loaded = load_text("/etc/x.conf", TEXT, &Environment::default());
        assert_eq!(
            files(&loaded.config, &loaded.sources),
            ["/ca.pem", "/etc/x.conf", "/in.log", "/list", "/no"]
        );
    }

    #[test]
    fn the_way_of_the_messages() {
        let loaded = load_text("/etc/x.conf", TEXT, &Environment::default());
        let graph: serde_json::Value = serde_json::from_str(&graph(&loaded.config)).unwrap();
        let nodes: Vec<&str> =
            graph["nodes"].as_array().unwrap().iter().map(|node| node["node"].as_str().unwrap()).collect();
        assert_eq!(
            nodes,
            [
                "log(main)",
                "source(s_in)",
                "filter(f_ok)",
                "rewrite(#anon-rewrite0)",
                "destination(d_out)",
                "log(#anon-log1)",
                "destination(#anon-destination0)",
                "filter(#anon-filter0)",
            ]
        );
        let arcs: Vec<String> = graph["arcs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|arc| format!("{}>{}", arc["from"].as_str().unwrap(), arc["to"].as_str().unwrap()))
            .collect();
        assert_eq!(
            arcs,
            [
                "source(s_in)>log(main)",
                "log(main)>filter(f_ok)",
                "filter(f_ok)>rewrite(#anon-rewrite0)",
                "filter(f_ok)>destination(d_out)",
                "rewrite(#anon-rewrite0)>destination(d_out)",
                "source(s_in)>log(#anon-log1)",
                "log(#anon-log1)>destination(#anon-destination0)",
                "log(#anon-log1)>filter(#anon-filter0)",
                "filter(#anon-filter0)>destination(d_out)",
                "log(#anon-log1)>destination(d_out)",
            ]
        );
        assert_eq!(graph["nodes"][2]["info"], serde_json::json!(["in-list()", "program()"]));
    }
}
