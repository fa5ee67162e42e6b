//! Log paths: the elements between source and destination, nested as the configuration nests them.

use std::sync::Arc;

use conf::ast::{Argument, Call, Conditional, Expr, Ident, Item, LogPath, Named, Reference};
use conf::diagnostic::Diagnostic;
use conf::span::Span;

use super::{APP_PARSER, Build};
use crate::path::{Branch, Case, FilterCounters, ParserCounters, Step};
use crate::registry;
use crate::steps::Filter;

/// A `log` statement.
pub(super) struct TopPath {
    /// Indices of the sources it names.
    pub(super) sources: Vec<usize>,
    /// Whether every source feeds it.
    pub(super) catch_all: bool,
    /// What it does.
    pub(super) branch: Branch,
}

/// `flags(…)` of a log path.
#[derive(Clone, Copy, Default)]
struct Flags {
    is_final: bool,
    fallback: bool,
    catch_all: bool,
    flow_control: Option<bool>,
}

impl Build<'_> {
    /// Compiles a `log` statement.
    pub(super) fn top_path(&mut self, path: &LogPath) {
        let flags = self.flags(path);
        let mut sources = Vec::new();
        let mut body = Vec::new();
        for item in &path.items {
            match item {
                Item::Source(reference) => {
                    if !body.is_empty() {
                        self.late_source(reference);
                    }
                    sources.extend(self.source_reference(reference));
                }
                other => body.push(other.clone()),
            }
        }
        let steps = self.steps(&body, flags.flow_control.unwrap_or(self.cx.globals.log_flow_control));
        let branch = Branch { steps: steps.into(), is_final: flags.is_final, fallback: flags.fallback };
        self.paths.push(TopPath { sources, catch_all: flags.catch_all, branch });
    }

    fn late_source(&mut self, reference: &Reference<Vec<Item>>) {
        let message = "Error compiling sequence, source-pipe follows a non-source one, \
                       please list source references/definitions first";
        self.cx.at_start.push(Diagnostic::error(message, reference_span(reference)));
    }

    fn source_reference(&mut self, reference: &Reference<Vec<Item>>) -> Vec<usize> {
        match reference {
            Reference::Inline(body, _) => self.inline_source(body),
            Reference::Named(name) => match self.source_statements.get(&name.text) {
                Some(drivers) => drivers.clone(),
                None => {
                    self.unresolved("source", name, |config| {
                        config.sources.iter().map(|s| &s.name).collect()
                    });
                    Vec::new()
                }
            },
        }
    }

    /// The steps of a body. `flow_control` is what the path around it says.
    pub(super) fn steps(&mut self, items: &[Item], flow_control: bool) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut embedded = Vec::new();
        for item in items {
            match item {
                Item::Path(path) => embedded.push(self.branch(path, flow_control)),
                Item::Filter(reference) => steps.extend(self.filter_step(reference)),
                Item::Parser(Reference::Named(name)) => {
                    match self.statement(name, |config| &config.parsers) {
                        Some(statement) => {
                            self.used_parsers.insert(name.text.clone());
                            steps.extend(self.named_parsers(&statement));
                        }
                        None => {
                            self.unresolved("parser", name, |c| c.parsers.iter().map(|s| &s.name).collect())
                        }
                    }
                }
                Item::Parser(Reference::Inline(body, _)) => {
                    let name = self.anonymous("parser");
                    steps.extend(self.parser_body(&name, body, flow_control));
                }
                Item::Rewrite(Reference::Named(name)) => {
                    match self.statement(name, |config| &config.rewrites) {
                        Some(statement) => steps.extend(self.named_rewrites(&statement)),
                        None => {
                            self.unresolved("rewrite", name, |c| c.rewrites.iter().map(|s| &s.name).collect())
                        }
                    }
                }
                Item::Rewrite(Reference::Inline(body, _)) => {
                    steps.extend(self.rewrite_body(body, flow_control))
                }
                Item::Destination(reference) => steps.extend(self.destination_steps(reference, flow_control)),
                Item::Junction(branches, _) => {
                    let branches: Vec<Branch> =
                        branches.iter().map(|path| self.branch(path, flow_control)).collect();
                    steps.push(Step::Junction(branches.into()));
                }
                Item::If(conditional) => steps.push(self.conditional(conditional, flow_control)),
                Item::Source(_) | Item::Driver(_) => self.misplaced(item, "this place of a log path"),
            }
        }
        if !embedded.is_empty() {
            steps.push(Step::Junction(embedded.into()));
        }
        steps
    }

    fn branch(&mut self, path: &LogPath, outer: bool) -> Branch {
        let flags = self.flags(path);
        if flags.catch_all {
            self.cx
                .diagnostics
                .push(Diagnostic::error("catch-all is for log statements at the top", path.span));
        }
        let steps = self.steps(&path.items, flags.flow_control.unwrap_or(outer));
        Branch { steps: steps.into(), is_final: flags.is_final, fallback: flags.fallback }
    }

    fn conditional(&mut self, conditional: &Conditional, flow_control: bool) -> Step {
        let mut cases = Vec::new();
        for (condition, path) in &conditional.branches {
            let compiled = condition.as_ref().map(|expr| self.cx.filter(expr));
            let steps = self.branch(path, flow_control).steps;
            match compiled {
                None => cases.push(Case { condition: None, steps }),
                Some(Some(condition)) => cases.push(Case { condition: Some(condition), steps }),
                // Its mistake is reported; there will be no plan.
                Some(None) => {}
            }
        }
        if let Some(path) = &conditional.otherwise {
            let everything: Arc<dyn Filter> = Arc::new(Everything);
            cases.push(Case { condition: Some(everything), steps: self.branch(path, flow_control).steps });
        }
        Step::If(cases.into())
    }

    fn filter_step(&mut self, reference: &Reference<Expr>) -> Option<Step> {
        let (name, filter) = match reference {
            Reference::Inline(expr, _) => (self.anonymous("filter"), self.cx.filter(expr)?),
            Reference::Named(name) => (name.text.clone(), super::filters::named(&mut self.cx, name)?),
        };
        let counter = |kind| self.metrics.counter("filter", &name, "", kind);
        let counters = FilterCounters { matched: counter("matched"), not_matched: counter("not_matched") };
        Some(Step::Filter(filter, counters))
    }

    pub(super) fn named_parsers(&mut self, statement: &Named) -> Vec<Step> {
        self.parser_body(&statement.name.text, &statement.body, false)
    }

    fn parser_body(&mut self, name: &str, body: &[Item], flow_control: bool) -> Vec<Step> {
        let mut steps = Vec::new();
        for (index, item) in body.iter().enumerate() {
            let Item::Driver(call) = item else {
                steps.extend(self.steps(std::slice::from_ref(item), flow_control));
                continue;
            };
            if call.name.is(APP_PARSER) {
                steps.extend(self.app_parser(call, flow_control));
                continue;
            }
            let Some(spec) = registry::find(&self.cx.registry.parsers, &call.name.text) else {
                let names = registry::names(&self.cx.registry.parsers);
                self.cx.unknown("parser", &call.name, &names);
                continue;
            };
            self.cx.place(name, index);
            if let Some(parser) = (spec.compile)(call, &mut self.cx) {
                let counter = |kind| self.metrics.counter("parser", name, "", kind);
                let counters =
                    ParserCounters { processed: counter("processed"), discarded: counter("discarded") };
                steps.push(Step::Parser(parser, counters));
            }
        }
        steps
    }

    pub(super) fn named_rewrites(&mut self, statement: &Named) -> Vec<Step> {
        self.rewrite_body(&statement.body, false)
    }

    fn rewrite_body(&mut self, body: &[Item], flow_control: bool) -> Vec<Step> {
        let mut steps = Vec::new();
        for item in body {
            match item {
                Item::Driver(call) => steps.extend(self.rewrite(call)),
                other => steps.extend(self.steps(std::slice::from_ref(other), flow_control)),
            }
        }
        steps
    }

    /// A rewrite operation; `condition()` makes it one arm of a conditional.
    fn rewrite(&mut self, call: &Call) -> Option<Step> {
        let Some(spec) = registry::find(&self.cx.registry.rewrites, &call.name.text) else {
            let names = registry::names(&self.cx.registry.rewrites);
            self.cx.unknown("rewrite operation", &call.name, &names);
            return None;
        };
        let is_condition =
            |argument: &&Argument| matches!(argument, Argument::Call(c) if c.name.is("condition"));
        let condition = call.arguments.iter().find(is_condition).cloned();
        let arguments = call.arguments.iter().filter(|argument| !is_condition(argument)).cloned().collect();
        let step = Step::Rewrite((spec.compile)(&Call { arguments, ..call.clone() }, &mut self.cx)?);
        let Some(Argument::Call(condition)) = condition else { return Some(step) };
        let expr = conf::expr::from_arguments(&condition.arguments, self.cx.diagnostics)?;
        let condition = Some(self.cx.filter(&expr)?);
        Some(Step::If([Case { condition, steps: [step].into() }].into()))
    }

    fn destination_steps(&mut self, reference: &Reference<Vec<Item>>, flow_control: bool) -> Vec<Step> {
        let steps = match reference {
            Reference::Inline(body, _) => {
                let name = self.anonymous("destination");
                self.destination_body(&name, body)
            }
            Reference::Named(name) => match self.destination_statements.get(&name.text) {
                Some(steps) => steps.clone(),
                None => {
                    let Some(statement) = self.statement(name, |config| &config.destinations) else {
                        self.unresolved("destination", name, |c| {
                            c.destinations.iter().map(|s| &s.name).collect()
                        });
                        return Vec::new();
                    };
                    let steps = self.destination_body(&name.text, &statement.body);
                    self.destination_statements.insert(name.text.clone(), steps.clone());
                    steps
                }
            },
        };
        steps.iter().map(|step| with_flow_control(step, flow_control)).collect()
    }

    /// The drivers of a destination statement; what else stands there is done on a copy.
    pub(super) fn destination_body(&mut self, statement: &str, body: &[Item]) -> Arc<[Step]> {
        let mut steps = Vec::new();
        let mut index = 0;
        for item in body {
            match item {
                Item::Driver(call) => {
                    let inlet = self.destination_driver(statement, index, call);
                    steps.extend(inlet.map(|inlet| Step::Destination { inlet, flow_control: false }));
                    index += 1;
                }
                Item::Path(path) => {
                    let branch = self.branch(path, false);
                    steps.push(Step::Aside([branch].into()));
                }
                other => self.misplaced(other, "a destination statement"),
            }
        }
        steps.into()
    }

    /// The statement of this name.
    fn statement(&self, name: &Ident, list: impl Fn(&conf::ast::Config) -> &Vec<Named>) -> Option<Named> {
        list(self.cx.config).iter().find(|statement| statement.name.text == name.text).cloned()
    }

    fn unresolved(&mut self, content: &str, name: &Ident, known: impl Fn(&conf::ast::Config) -> Vec<&Ident>) {
        let known: Vec<&str> = known(self.cx.config).into_iter().map(|ident| ident.text.as_str()).collect();
        self.cx.unresolved(content, name, &known);
    }

    fn flags(&mut self, path: &LogPath) -> Flags {
        const KNOWN: [&str; 6] =
            ["final", "fallback", "catch-all", "flow-control", "no-flow-control", "drop-unmatched"];
        let mut flags = Flags::default();
        for flag in &path.flags {
            let wanted = match () {
                () if flag.is("flow-control") => Some(true),
                () if flag.is("no-flow-control") => Some(false),
                () => None,
            };
            if wanted.is_some() {
                if flags.flow_control.is_some_and(|already| Some(already) != wanted) {
                    let message = "incompatible flags were specified";
                    self.cx.diagnostics.push(Diagnostic::error(message, flag.span));
                }
                flags.flow_control = wanted;
            } else if flag.is("final") {
                flags.is_final = true;
            } else if flag.is("fallback") {
                flags.fallback = true;
            } else if flag.is("catch-all") || flag.is("catchall") {
                flags.catch_all = true;
            } else if flag.is("drop-unmatched") {
                let message = "drop-unmatched was removed in 4.1 and has no effect";
                self.cx.diagnostics.push(Diagnostic::warning(message, flag.span));
            } else {
                let message = format!("Unknown log statement flag; flag='{}'", flag.text);
                self.cx.diagnostics.push(Diagnostic::warning(message, flag.span).suggest(&flag.text, KNOWN));
            }
        }
        flags
    }
}

/// Accepts everything: `else`.
struct Everything;

impl Filter for Everything {
    fn accepts(&self, _message: message::Message<'_>) -> bool {
        true
    }
}

/// The same step where the path around it has, or has not, flow-control.
fn with_flow_control(step: &Step, flow_control: bool) -> Step {
    match step {
        Step::Destination { inlet, .. } => Step::Destination { inlet: inlet.clone(), flow_control },
        Step::Aside(branches) => {
            Step::Aside(branches.iter().map(|branch| inherit(branch, flow_control)).collect())
        }
        other => other.clone(),
    }
}

fn inherit(branch: &Branch, flow_control: bool) -> Branch {
    let steps = branch.steps.iter().map(|step| with_flow_control(step, flow_control)).collect();
    Branch { steps, ..branch.clone() }
}

/// Whether any destination below makes the source wait for delivery.
pub(super) fn waits(steps: &[Step]) -> bool {
    let any = |branches: &[Branch]| branches.iter().any(|branch| waits(&branch.steps));
    steps.iter().any(|step| match step {
        Step::Destination { flow_control, .. } => *flow_control,
        Step::Junction(branches) | Step::Aside(branches) => any(branches),
        Step::If(cases) => cases.iter().any(|case| waits(&case.steps)),
        Step::Filter(..) | Step::Rewrite(_) | Step::Parser(..) => false,
    })
}

fn reference_span<T>(reference: &Reference<T>) -> Span {
    match reference {
        Reference::Named(name) => name.span,
        Reference::Inline(_, span) => *span,
    }
}

/// Where an item stands.
pub(super) fn span_of(item: &Item) -> Span {
    match item {
        Item::Driver(call) => call.span,
        Item::Source(reference)
        | Item::Destination(reference)
        | Item::Parser(reference)
        | Item::Rewrite(reference) => reference_span(reference),
        Item::Filter(reference) => reference_span(reference),
        Item::Junction(_, span) => *span,
        Item::Path(path) => path.span,
        Item::If(conditional) => conditional.span,
    }
}
