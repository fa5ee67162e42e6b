//! `input()` and `output()`: the two ends of a scenario, as drivers.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use conf::Options;
use conf::ast::{Call, Value};
use message::template::{RenderScope, Template, TemplateOptions, ZoneUse};
use message::{Builtin, time};
use parking_lot::Mutex;
use pipeline::options::{MessageOptions, SourceOptions};
use pipeline::{
    Ack, Answer, Compile, Destination, DestinationPlan, DestinationSpec, Exit, Flow, Outcome, Position, Post,
    SendError, Source, SourcePlan, SourceSpec,
};

/// The drivers.
pub(crate) const SOURCES: &[SourceSpec] =
    &[SourceSpec { names: &["input"], options: InputOptions::DOCS, compile: compile_input }];
pub(crate) const DESTINATIONS: &[DestinationSpec] =
    &[DestinationSpec { names: &["output"], options: OutputOptions::DOCS, compile: compile_output }];

conf::options! {
    /// The input of a scenario.
    pub struct InputOptions {
        /// Its name.
        name: String = positional(String::new()),
        /// Options of all sources.
        source: SourceOptions = flatten,
        /// How lines are read.
        message: MessageOptions = flatten,
        /// Name of the host that the lines come from.
        from: String = "input-host".to_owned(),
        /// Post each line as a batch of its own.
        singly: bool = false,
    }
}

conf::options! {
    /// The output of a scenario.
    pub struct OutputOptions {
        /// Its name.
        name: String = positional(String::new()),
        /// What is shown of a message.
        template: Value = inherit,
        /// It is out of reach, always.
        down: bool = false,
        /// Messages that its queue holds.
        log_fifo_size: usize = 10_000,
    }
}

/// What a scenario feeds and collects.
#[derive(Default)]
pub(crate) struct Stage {
    pub(crate) inputs: Mutex<HashMap<String, Vec<u8>>>,
    pub(crate) outputs: Mutex<HashMap<String, Vec<u8>>>,
    pub(crate) acked: Mutex<HashMap<String, u32>>,
}

thread_local! {
    /// The stage of the configuration that is being compiled on this thread: a driver's entry is a constant, and
    /// cannot hold it.
    static CURRENT: RefCell<Option<Arc<Stage>>> = const { RefCell::new(None) };
}

/// Makes `stage` the one of what is compiled on this thread from now on.
pub(crate) fn enter(stage: &Arc<Stage>) {
    CURRENT.with_borrow_mut(|current| *current = Some(stage.clone()));
}

fn current() -> Arc<Stage> {
    CURRENT.with_borrow(|current| current.clone()).unwrap_or_default()
}

fn compile_input(call: &Call, cx: &mut Compile<'_>) -> Option<SourcePlan> {
    let options = InputOptions::read(call, cx.diagnostics)?;
    let common = options.source.resolve(cx, call.span);
    let parse = options.message.resolve(Default::default(), cx);
    let stage = current();
    let origin = common.origin.origin(&options.from, &[(Builtin::Transport, b"input")]);
    Some(SourcePlan {
        driver: "input",
        instance: options.name.clone(),
        persist_name: None,
        stamping: common.stamping,
        make: Box::new(move || {
            Box::new(Input {
                name: options.name.clone(),
                stage: stage.clone(),
                parse: parse.clone(),
                origin: origin.clone(),
                singly: options.singly,
            })
        }),
        about: None,
    })
}

struct Input {
    name: String,
    stage: Arc<Stage>,
    parse: message::ParseOptions,
    origin: Arc<message::Origin>,
    singly: bool,
}

impl Source for Input {
    fn run(&mut self, post: Post, _exit: &Exit) {
        let text = self.stage.inputs.lock().remove(&self.name).unwrap_or_default();
        let text = text.strip_suffix(b"\n").unwrap_or(&text);
        if text.is_empty() {
            return;
        }
        let (mut bytes, mut count) = (Vec::new(), 0);
        let posted = |bytes: &mut Vec<u8>, count: &mut u32| {
            let answer = Arc::new(Acked { stage: self.stage.clone(), name: self.name.clone() });
            let ack = Ack::new(answer, *count, Position::default());
            post.post(std::mem::take(bytes), std::mem::take(count), &self.origin, ack);
        };
        for line in text.split(|byte| *byte == b'\n') {
            if message::parse_into(line, time::now(), &self.parse, &mut bytes) == message::Parsed::Record {
                count += 1;
            }
            if self.singly && count > 0 {
                posted(&mut bytes, &mut count);
            }
        }
        posted(&mut bytes, &mut count);
    }
}

struct Acked {
    stage: Arc<Stage>,
    name: String,
}

impl Answer for Acked {
    fn answered(&self, messages: u32, _position: Position, aborted: bool) {
        if !aborted {
            *self.stage.acked.lock().entry(self.name.clone()).or_default() += messages;
        }
    }
}

fn compile_output(call: &Call, cx: &mut Compile<'_>) -> Option<DestinationPlan> {
    let options = OutputOptions::read(call, cx.diagnostics)?;
    let template = match &options.template {
        Some(template) => cx.template(template)?,
        None => Template::parse("$MSG\n", cx.functions).ok()?,
    };
    let stage = current();
    let name = options.name.clone();
    Some(DestinationPlan {
        driver: "output",
        instance: name.clone(),
        persist_name: format!("output({name})"),
        fifo_size: options.log_fifo_size,
        time_reopen: std::time::Duration::from_millis(10),
        workers: 1,
        retries: pipeline::destination::RETRIES,
        make: Box::new(move |_exit, _carry| {
            Box::new(Output {
                name: name.clone(),
                stage: stage.clone(),
                template: template.clone(),
                down: options.down,
            })
        }),
    })
}

struct Output {
    name: String,
    stage: Arc<Stage>,
    template: Template,
    down: bool,
}

impl Destination for Output {
    fn open(&mut self) -> Result<(), SendError> {
        if self.down { Err(SendError::new("this output is down")) } else { Ok(()) }
    }

    fn send(&mut self, batch: &Flow) -> Outcome {
        let options = TemplateOptions::default();
        let mut scope = RenderScope::new(&options, ZoneUse::Send);
        let mut outputs = self.stage.outputs.lock();
        let text = outputs.entry(self.name.clone()).or_default();
        batch.messages().for_each(|message| self.template.render(message, &mut scope, text));
        Outcome::Success
    }
}
