//! `$(python NAME …)`: template functions written in Python.
//!
//! All of a configuration are in one worker, as the names of its blocks and modules. Who renders a batch lets a call
//! look ahead, and the whole batch is one request; a message alone is one too.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use channel::AREA_BYTES;
use channel::protocol::{Driver as WorkerDriver, DriverKind, Hello, Mode};
use channel::request::{AnswerHead, RequestHead, Verb, put_bytes, take_bytes};
use conf::ast::Config;
use conf::globals::GlobalOptions;
use conf::span::Sources;
use message::template::{Call, FunctionSpec, Functions, RenderScope, Template, TemplateFunction};
use message::{Message, ValueType};
use parking_lot::Mutex;
use pipeline::{About, ForeignFunctions, Resident};
use store::Persist;

use crate::report::{self, Known};
use crate::spec;
use crate::staff::{Failure, Member, Staff};

/// How long one call may take before the worker is killed.
const STALL: Duration = Duration::from_secs(60);
/// What stands in the text where a call comes to nothing, as in syslog-ng.
const ERROR: &[u8] = b"<error>";
/// Requests in a row that a worker may die of without having begun with any message, before one is given up.
const FRUITLESS_MAX: u32 = 3;

/// The template functions in Python of one configuration.
pub fn functions(
    config: &Config,
    sources: &Sources,
    globals: &GlobalOptions,
    persist: &Persist,
) -> Box<dyn ForeignFunctions> {
    Box::new(PythonFunctions {
        hello: spec::hello(Mode::Run, config, sources, globals),
        globals: globals.clone(),
        persist: persist.clone(),
        made: Mutex::default(),
    })
}

struct PythonFunctions {
    hello: Hello,
    globals: GlobalOptions,
    persist: Persist,
    /// The worker, made by the first call, and the number of each name in it.
    made: Mutex<Option<Made>>,
}

struct Made {
    staff: Arc<Staff>,
    numbers: HashMap<String, u32>,
}

impl Functions for PythonFunctions {
    fn find(&self, name: &str) -> Option<&dyn FunctionSpec> {
        (name == "python").then_some(self)
    }
}

impl FunctionSpec for PythonFunctions {
    fn compile(&self, call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
        let mut args = call.templates(0)?;
        if args.is_empty() {
            return Err("$(python) needs the name of a function".to_owned());
        }
        let name = match args[0].constant() {
            Some(name) => String::from_utf8_lossy(name).into_owned(),
            // The worker finds it in the first argument.
            None => String::new(),
        };
        if !name.is_empty() {
            args.remove(0);
        }
        let (staff, object) = self.number(&name)?;
        let member = staff.members(1).map_err(|error| error.to_string())?.remove(0);
        Ok(Box::new(PythonFunction { member, object, name, args }))
    }
}

impl PythonFunctions {
    /// The worker, and the number of this name in it.
    fn number(&self, name: &str) -> Result<(Arc<Staff>, u32), String> {
        let mut made = self.made.lock();
        let Made { staff, numbers } = match &mut *made {
            Some(made) => made,
            none => {
                let launch = spec::find_launch(&self.globals)?;
                let known = Known {
                    id: "template-functions".to_owned(),
                    class: "$(python)".to_owned(),
                    location: self.hello.config_file.clone(),
                };
                let staff =
                    Staff::new(known, "template.python", launch, self.persist.clone(), self.hello.clone());
                none.insert(Made { staff: Arc::new(staff), numbers: HashMap::new() })
            }
        };
        let number = *numbers.entry(name.to_owned()).or_insert_with(|| {
            staff.employ(WorkerDriver {
                id: format!("$(python {name})"),
                kind: DriverKind::Function,
                class: name.to_owned(),
                ..WorkerDriver::default()
            })
        });
        Ok((staff.clone(), number))
    }
}

impl ForeignFunctions for PythonFunctions {
    fn finish(&self) -> Option<(Arc<dyn Resident>, About)> {
        let made = self.made.lock();
        let staff = &made.as_ref()?.staff;
        Some((staff.clone(), staff.clone()))
    }
}

/// One call.
struct PythonFunction {
    member: Arc<Member>,
    object: u32,
    name: String,
    args: Vec<Template>,
}

impl fmt::Debug for PythonFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PythonFunction").field("name", &self.name).field("args", &self.args).finish()
    }
}

impl TemplateFunction for PythonFunction {
    fn render(&self, message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) -> ValueType {
        if let Some((text, kind)) = scope.ahead.get(self.place(), message) {
            out.extend_from_slice(text);
            return kind;
        }
        let mut kind = ValueType::String;
        self.ask(&[message], scope, |text, found, _| {
            out.extend_from_slice(text);
            kind = found;
        });
        kind
    }

    fn looks_ahead(&self) -> bool {
        // A sequence number is only known once a message is rendered.
        let mut names = self.args.iter().flat_map(Template::names);
        names.all(|name| name != b"SEQNUM")
    }

    fn look_ahead(&self, messages: &[Message<'_>], scope: &mut RenderScope<'_>) {
        scope.ahead.begin(self.place(), messages);
        self.ask(messages, scope, |text, kind, scope| scope.ahead.add(text, kind));
    }
}

impl PythonFunction {
    fn place(&self) -> usize {
        std::ptr::from_ref(self) as usize
    }

    /// Calls the function for every message, and hands each result to `take`, in order.
    fn ask(
        &self,
        messages: &[Message<'_>],
        scope: &mut RenderScope<'_>,
        mut take: impl FnMut(&[u8], ValueType, &mut RenderScope<'_>),
    ) {
        let known = self.member.known();
        let (mut done, mut fruitless) = (0, 0);
        // The end of the next request: the message behind it is one that the worker died of.
        let mut end = messages.len();
        while done < messages.len() {
            if done == end {
                end = messages.len();
            }
            let Some(line) = self.member.line() else {
                // The daemon stops, and the worker had all the time there was.
                messages[done..].iter().for_each(|_| take(ERROR, ValueType::String, scope));
                return;
            };
            let (request, origin, count) = self.request(&messages[done..end], scope);
            let origin_bytes = origin.len() as u32;
            let head =
                RequestHead { verb: Verb::Render, object: self.object, count, origin_bytes, number: 0 };
            let asked = line.ask(&[&head.encode(), origin, &request]);
            let failure = match asked.and_then(|asked| asked.answer(Some(STALL))) {
                Ok(answer) => match read(&answer, count) {
                    Some(results) if !results.is_empty() => {
                        fruitless = 0;
                        done += results.len();
                        results.into_iter().for_each(|(kind, text)| take(text, kind, scope));
                        continue;
                    }
                    _ => {
                        report::distrusted(known, "it gave an answer that cannot be read");
                        line.kill();
                        Failure::Died(channel::Progress::default())
                    }
                },
                Err(failure) => failure,
            };
            self.member.hang_up(&line);
            fruitless += 1;
            let begun = match failure {
                Failure::TooLarge(_) => 1,
                Failure::Died(progress) | Failure::Stalled(progress) => progress.begun,
            };
            if begun > 1 {
                // Those in front of it come first: their results are lost with the worker.
                end = (done + begun as usize - 1).min(end);
                fruitless = 0;
            } else if begun == 1 || fruitless >= FRUITLESS_MAX {
                report::lost(known, &self.name, "its worker died of a message, which shows <error>");
                take(ERROR, ValueType::String, scope);
                (done, fruitless) = (done + 1, 0);
            }
        }
    }

    /// The records of as many messages as one request takes, each with its arguments; their origin, their number.
    fn request<'m>(&self, messages: &[Message<'m>], scope: &mut RenderScope<'_>) -> (Vec<u8>, &'m [u8], u32) {
        let origin = messages[0].origin();
        let origin_bytes = origin.map_or(&[][..], |origin| origin.as_bytes());
        let limit = AREA_BYTES - RequestHead::BYTES - origin_bytes.len();
        let (mut request, mut count) = (Vec::new(), 0);
        let mut text = scope.buffer();
        for message in messages {
            if message.origin() != origin {
                break;
            }
            let before = request.len();
            request.extend_from_slice(message.record().as_bytes());
            let start = request.len();
            request.extend_from_slice(&(self.args.len() as u32).to_le_bytes());
            for arg in &self.args {
                text.clear();
                arg.render(*message, scope, &mut text);
                put_bytes(&mut request, &text);
            }
            request.resize(start + (request.len() - start).next_multiple_of(8), 0);
            if request.len() > limit && count > 0 {
                request.truncate(before);
                break;
            }
            count += 1;
        }
        scope.give_back(text);
        (request, origin_bytes, count)
    }
}

/// The results in an answer, for `count` messages at most; `None`: nothing an honest worker says.
fn read(answer: &[u8], count: u32) -> Option<Vec<(ValueType, &[u8])>> {
    let (head, mut rest) = AnswerHead::decode(answer)?;
    if head.count > count {
        return None;
    }
    let mut results = Vec::with_capacity(head.count as usize);
    for _ in 0..head.count {
        let (kind, behind) = rest.split_first()?;
        rest = behind;
        results.push((ValueType::from_byte(*kind)?, take_bytes(&mut rest)?));
    }
    Some(results)
}
