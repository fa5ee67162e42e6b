//! `app-parser(topic(…))`: one branch for each `application` statement of the topic.

use std::sync::Arc;

use conf::Options;
use conf::ast::{Application, Call, Item, Reference};
use conf::options::{OptionDoc, Spanned};
use message::{Draft, Message, Name, ValueType};

use super::Build;
use crate::path::{Branch, Case, Step};
use crate::steps::Rewrite;

/// The topic whose applications complete those of the same name.
const EVERY_TOPIC: &str = "*";

conf::options! {
    /// Parse what known applications write: the first `application` statement of the topic whose filter accepts the
    /// message takes it, and `.app.name` tells its name. A message that none takes is dropped from its branch.
    pub struct AppParserOptions {
        /// The topic: `application NAME[topic]`.
        topic: Spanned<String> = required,
        /// `no`: messages pass unchanged.
        auto_parse: bool = true,
        /// Try all applications one after the other, not only up to the first that accepts; messages that none accepts
        /// pass.
        overlaps | allow_overlaps: bool = false,
        /// Only these applications.
        include: Vec<String> = repeated,
        /// Not these applications.
        exclude: Vec<String> = repeated,
    }
}

/// The name by which [`AppParserOptions`] are given.
pub(crate) const APP_PARSER: &str = "app-parser";

/// The options of `app-parser()`, for the reference page.
pub const APP_PARSER_OPTIONS: &[OptionDoc] = AppParserOptions::DOCS;

impl Build<'_> {
    /// The steps of `app-parser(…)`.
    pub(super) fn app_parser(&mut self, call: &Call, flow_control: bool) -> Vec<Step> {
        let Some(options) = AppParserOptions::read(call, self.cx.diagnostics) else { return Vec::new() };
        if !options.auto_parse {
            return Vec::new();
        }
        self.used_topics.insert(options.topic.value.clone());
        let config = self.cx.config;
        let mut branches = Vec::new();
        for application in &config.applications {
            let name = &application.name.text;
            let wanted = options.include.is_empty() || options.include.contains(name);
            if application.topic.text == options.topic.value && wanted && !options.exclude.contains(name) {
                let steps = self.application(application, flow_control);
                branches.push(Branch { steps: steps.into(), is_final: true, fallback: false });
            }
        }
        if !options.overlaps {
            return vec![Step::Junction(branches.into())];
        }
        let optional = |branch: Branch| Step::If([Case { condition: None, steps: branch.steps }].into());
        branches.into_iter().map(optional).collect()
    }

    /// Filter, parser and name of one application; what it lacks is taken from the one of every topic.
    fn application(&mut self, application: &Application, flow_control: bool) -> Vec<Step> {
        let config = self.cx.config;
        let name = &application.name.text;
        let general = config
            .applications
            .iter()
            .find(|other| other.topic.text == EVERY_TOPIC && other.name.text == *name);
        let filter = application.filter.as_ref().or(general.and_then(|general| general.filter.as_ref()));
        let parser = application.parser.as_ref().or(general.and_then(|general| general.parser.as_ref()));
        let mut items = Vec::new();
        items.extend(filter.map(|expr| Item::Filter(Reference::Inline(expr.clone(), application.span))));
        items.extend(parser.map(|body| Item::Parser(Reference::Inline(body.clone(), application.span))));
        let mut steps = self.steps(&items, flow_control);
        steps.push(Step::Rewrite(Arc::new(SetAppName(name.as_bytes().into()))));
        steps
    }

    /// Compiles the applications that no topic asks for, for their mistakes only.
    pub(super) fn check_applications(&mut self) {
        for application in &self.cx.config.applications {
            if !self.used_topics.contains(&application.topic.text) {
                self.application(application, false);
            }
        }
    }
}

/// Sets `.app.name`.
struct SetAppName(Box<[u8]>);

impl Rewrite for SetAppName {
    fn apply<'a>(&self, _message: Message<'a>, draft: &mut Draft<'a>) {
        draft.set(Name::new(b".app.name"), self.0.to_vec(), ValueType::String);
    }
}
