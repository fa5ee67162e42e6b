//! Source statements: their drivers, and what stands in their bodies behind the drivers.

use conf::ast::{Call, Item, LogPath, Named, Reference};
use conf::diagnostic::Diagnostic;

use super::Build;
use crate::path::{Branch, Step};
use crate::plan::{About, SourceNode, SourcePlan};
use crate::registry;

/// A compiled source driver that waits for the log paths it feeds.
pub(super) struct PendingSource {
    id: String,
    statement: String,
    plan: SourcePlan,
    /// Processing inside the source statement, before any log path.
    pre: Vec<Step>,
}

impl Build<'_> {
    /// Compiles a named source statement.
    pub(super) fn source_statement(&mut self, statement: &Named) {
        let mut drivers = Vec::new();
        self.source_body(&statement.name.text, &statement.body, &[], &mut drivers);
        self.source_statements.insert(statement.name.text.clone(), drivers);
    }

    /// Compiles an inline source; returns its drivers.
    pub(super) fn inline_source(&mut self, body: &[Item]) -> Vec<usize> {
        let name = self.anonymous("source");
        let mut drivers = Vec::new();
        self.source_body(&name, body, &[], &mut drivers);
        drivers
    }

    fn source_body(&mut self, statement: &str, body: &[Item], pre: &[Step], drivers: &mut Vec<usize>) {
        for item in body {
            match item {
                Item::Driver(call) => self.source_driver(statement, call, pre, drivers),
                Item::Path(path) => self.source_channel(statement, path, drivers),
                Item::Junction(branches, _) => {
                    branches.iter().for_each(|branch| self.source_channel(statement, branch, drivers));
                }
                _ => self.misplaced(item, "a source statement"),
            }
        }
    }

    /// `channel { source { … }; parser { … }; }` in a source statement: the messages leave it processed.
    fn source_channel(&mut self, statement: &str, path: &LogPath, drivers: &mut Vec<usize>) {
        let is_source = |item: &&Item| matches!(item, Item::Source(_));
        let rest: Vec<Item> = path.items.iter().filter(|item| !is_source(item)).cloned().collect();
        let steps = self.steps(&rest, false);
        for item in path.items.iter().filter(is_source) {
            match item {
                Item::Source(Reference::Inline(body, _)) => {
                    self.source_body(statement, body, &steps, drivers)
                }
                _ => self.misplaced(item, "a source statement"),
            }
        }
    }

    fn source_driver(&mut self, statement: &str, call: &Call, pre: &[Step], drivers: &mut Vec<usize>) {
        let Some(spec) = registry::find(&self.cx.registry.sources, &call.name.text) else {
            let names = registry::names(&self.cx.registry.sources);
            self.cx.unknown("source driver", &call.name, &names);
            return;
        };
        self.cx.place(statement, drivers.len());
        let Some(plan) = (spec.compile)(call, &mut self.cx) else { return };
        if let Some(name) = &plan.persist_name
            && self.sources.iter().any(|other| other.plan.persist_name.as_ref() == Some(name))
        {
            self.cx.persist_name_clash(name, call);
        }
        drivers.push(self.sources.len());
        let (id, statement) = (self.cx.id.clone(), statement.to_owned());
        self.sources.push(PendingSource { id, statement, plan, pre: pre.to_vec() });
    }

    pub(super) fn misplaced(&mut self, item: &Item, place: &str) {
        let span = super::paths::span_of(item);
        self.cx.diagnostics.push(Diagnostic::error(format!("this cannot stand in {place}"), span));
    }

    /// What the drivers compiled so far have to say of themselves.
    pub(super) fn about(&self) -> Vec<About> {
        let sources = self.sources.iter().filter_map(|source| source.plan.about.clone());
        sources.chain(self.cx.about.iter().cloned()).collect()
    }

    /// The nodes of the plan: a source that no log path names is not started.
    pub(super) fn finish(self) -> (Vec<SourceNode>, Vec<crate::plan::DestinationNode>) {
        let mut nodes = Vec::new();
        for (index, source) in self.sources.into_iter().enumerate() {
            let fed = |path: &&super::paths::TopPath| path.catch_all || path.sources.contains(&index);
            let branches: Vec<Branch> =
                self.paths.iter().filter(fed).map(|path| path.branch.clone()).collect();
            if branches.is_empty() {
                tracing::debug!(source = %source.id, "Source is not used by any log path");
                continue;
            }
            let flow_control = branches.iter().any(|branch| super::paths::waits(&branch.steps));
            let branches: Vec<Branch> = if source.pre.is_empty() {
                branches
            } else {
                let mut steps = source.pre;
                steps.push(Step::Junction(branches.into()));
                vec![Branch { steps: steps.into(), is_final: false, fallback: false }]
            };
            nodes.push(SourceNode {
                id: source.id,
                statement: source.statement,
                plan: source.plan,
                branches: branches.into(),
                flow_control,
            });
        }
        (nodes, self.destinations)
    }
}
