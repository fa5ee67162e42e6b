//! `example-msg-generator()`: messages out of nothing, to try a configuration with.

use std::time::Duration;

use conf::Options;
use conf::ast::{Argument, Call, Operator, Value};
use conf::diagnostic::Diagnostic;
use conf::options::Seconds;
use message::record::{Head, builder::Builder};
use message::syslog::priority::DEFAULT_PRI;
use message::template::{RenderScope, Template, TemplateOptions, ZoneUse};
use message::{Builtin, Draft, Message, Name, Record, ValueType, time};
use pipeline::options::{SourceCommon, SourceOptions};
use pipeline::{Compile, Exit, Post, Source, SourcePlan, SourceSpec};

use super::batch::Batch;
use crate::options::template_options;
use crate::resolver::own_host;

pub(super) const SPEC: SourceSpec =
    SourceSpec { names: &["example-msg-generator"], options: GeneratorOptions::DOCS, compile };

conf::options! {
    /// Make messages, for examples and tests.
    pub struct GeneratorOptions {
        /// Options of all sources.
        source: SourceOptions = flatten,
        /// Messages made; 0 for no end.
        num: u64 = 0,
        /// Seconds between two messages; 0 for none.
        freq: Seconds = Seconds::new(1),
        /// Their text.
        template: Value = inherit,
        /// Name-value pairs: `values("name" => "template")`.
        values: Call = inherit,
    }
}

/// The text where nobody says otherwise.
const TEXT: &str = "-- Generated message. --";

fn compile(call: &Call, cx: &mut Compile<'_>) -> Option<SourcePlan> {
    let options = GeneratorOptions::read(call, cx.diagnostics)?;
    let common = options.source.resolve(cx, call.span);
    let text = match &options.template {
        Some(template) => cx.template(template)?,
        None => Template::literal(TEXT),
    };
    let values = match &options.values {
        Some(values) => read_values(values, cx)?,
        None => Vec::new(),
    };
    let generator = Generator {
        host: own_host(&options.source, cx),
        templates: template_options(cx)?,
        num: (options.num > 0).then_some(options.num),
        freq: options.freq.duration(),
        common,
        text,
        values,
    };
    Some(SourcePlan {
        driver: "none",
        instance: String::new(),
        persist_name: options.source.persist_name.clone(),
        stamping: generator.common.stamping.clone(),
        make: Box::new(move || Box::new(generator.clone())),
        about: None,
    })
}

/// `"name" => "template"` as often as it stands there.
fn read_values(call: &Call, cx: &mut Compile<'_>) -> Option<Vec<(String, Template)>> {
    let mut values = Vec::new();
    let mut rest = &call.arguments[..];
    while !rest.is_empty() {
        let [Argument::Value(name), Argument::Operator(Operator::Arrow, _), Argument::Value(template), ..] =
            rest
        else {
            let message = "values() takes pairs of a name and a template: \"name\" => \"template\"";
            cx.diagnostics.push(Diagnostic::error(message, rest[0].span()));
            return None;
        };
        values.push((name.text().to_owned(), cx.template(template)?));
        rest = &rest[3..];
    }
    Some(values)
}

#[derive(Clone)]
struct Generator {
    common: SourceCommon,
    host: String,
    templates: TemplateOptions,
    num: Option<u64>,
    freq: Duration,
    text: Template,
    values: Vec<(String, Template)>,
}

impl Source for Generator {
    fn run(&mut self, post: Post, exit: &Exit) {
        let origin = self.common.origin.origin(&self.host, &[]);
        let window = super::window(self.common.window, post.flow_control());
        let mut batch = Batch::new(post, window.clone(), Default::default(), None);
        let mut left = self.num.unwrap_or(u64::MAX);
        while left > 0 && !exit.requested() {
            self.generate(&mut batch);
            left -= 1;
            if self.freq.is_zero() && left > 0 && !batch.is_full() {
                continue;
            }
            batch.post(&origin);
            if !window.wait(exit) || (!self.freq.is_zero() && left > 0 && exit.wait(self.freq)) {
                return;
            }
            batch.look();
        }
        batch.post(&origin);
    }
}

impl Generator {
    fn generate(&self, batch: &mut Batch) {
        let now = time::now();
        let head = Head {
            pri: DEFAULT_PRI,
            stamp: now.micros,
            stamp_zone: now.zone,
            received: now.micros,
            received_zone: now.zone,
            ..Head::default()
        };
        // What templates see: the message before it has anything of its own.
        let mut blank = Vec::new();
        Builder::begin(&mut blank, 0).finish(&head);
        let blank = Message::new(Record::trusted(&blank), None);
        let mut scope = RenderScope::new(&self.templates, ZoneUse::Send);
        let mut draft = Draft::new(head);
        let mut set = |name: Name<'_>, template: &Template| {
            let mut value = Vec::new();
            let kind = template.render_typed(blank, &mut scope, &mut value);
            draft.set(name, value, kind);
        };
        set(Name::Builtin(Builtin::Message), &self.text);
        for (name, template) in &self.values {
            set(Name::new(name.as_bytes()), template);
        }
        if self.text.is_constant() {
            // A text is a text, whatever the lone part of the template was.
            let text = self.text.constant().unwrap_or_default().to_vec();
            draft.set(Name::Builtin(Builtin::Message), text, ValueType::String);
        }
        batch.add_with(|out| draft.encode(out));
    }
}
