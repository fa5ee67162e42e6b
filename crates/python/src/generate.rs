//! Config generators: functions of the `python { }` blocks that write parts of the configuration while it is read.
//!
//! They run in a short-lived worker, which is started when the first name is met that nobody else answers to and some
//! block stands before it. A configuration without such names costs nothing.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use channel::UplinkOptions;
use channel::protocol::{FromWorker, Mode, ToWorker};
use conf::Diagnostics;
use conf::generator::{GenerateError, Generators, Question};
use conf::globals::GlobalOptions;

use crate::report;
use crate::spec;
use crate::worker::{Worker, describe};

/// How long the blocks and the generators of one configuration may take, together.
const GENERATION_TIME_MAX: Duration = Duration::from_secs(60);

/// The config generators that Python has registered in one configuration.
pub struct PythonGenerators<'a> {
    interpreter: Option<&'a str>,
    /// Whether a name in a context is somebody else's.
    known: &'a dyn Fn(&str, &str) -> bool,
    /// What it said, by `context/name`: a configuration says the same names over and over.
    remembered: HashMap<String, bool>,
    state: State,
}

enum State {
    /// No name was met that could be a generator's.
    Idle,
    /// The blocks so far were executed.
    Running(Box<Session>),
    /// There is no worker, or no more. Why is said by whoever looks at the Python next.
    Over,
}

/// A worker that has executed some blocks.
struct Session {
    worker: Worker,
    deadline: Instant,
    /// How many blocks of the configuration it knows.
    blocks: usize,
    registered: HashSet<(String, String)>,
    /// What it printed last: when it dies, that is why.
    printed: Option<String>,
}

impl<'a> PythonGenerators<'a> {
    /// The generators of a configuration that is about to be read. `interpreter` is `--python`; `known` tells which
    /// names are no generator's, given a context and a name with `_` for every `-`.
    pub fn new(interpreter: Option<&'a str>, known: &'a dyn Fn(&str, &str) -> bool) -> PythonGenerators<'a> {
        PythonGenerators { interpreter, known, remembered: HashMap::new(), state: State::Idle }
    }

    fn is_known(&mut self, question: &Question<'_>) -> bool {
        let key = format!("{}/{}", question.context, question.name);
        let known = self.known;
        *self.remembered.entry(key).or_insert_with(|| known(question.context, question.name))
    }

    /// The session, with all blocks of the configuration so far executed.
    fn session(&mut self, question: &Question<'_>) -> Option<&mut Session> {
        if let State::Idle = self.state {
            self.state = match Session::start(self.interpreter, question) {
                Ok(session) => State::Running(Box::new(session)),
                Err(error) => {
                    tracing::warn!(%error, "Config generators cannot be run");
                    State::Over
                }
            };
        }
        let State::Running(session) = &mut self.state else { return None };
        if let Err(error) = session.keep_up(question) {
            tracing::warn!(%error, "Config generators cannot be run any more");
            self.state = State::Over;
        }
        match &mut self.state {
            State::Running(session) => Some(session),
            _ => None,
        }
    }
}

impl Generators for PythonGenerators<'_> {
    fn has(&mut self, question: &Question<'_>) -> bool {
        if question.config.python.is_empty() || self.is_known(question) {
            return false;
        }
        let name = (question.context.to_owned(), question.name.to_owned());
        self.session(question).is_some_and(|session| session.registered.contains(&name))
    }

    fn generate(
        &mut self,
        question: &Question<'_>,
        arguments: &[(String, String)],
    ) -> Result<String, GenerateError> {
        let name = question.name;
        let plain = |message: String| GenerateError { message, details: None };
        let Some(session) = self.session(question) else {
            return Err(plain(format!("config generator `{name}` cannot be run: its worker is gone")));
        };
        let request = ToWorker::Generate {
            context: question.context.to_owned(),
            name: name.to_owned(),
            arguments: arguments.to_vec(),
        };
        let answer = session.ask(&request);
        if answer.is_err() {
            self.state = State::Over;
        }
        match answer.map_err(|why| plain(format!("config generator `{name}` failed: {why}")))? {
            FromWorker::Generated { text } => Ok(text),
            FromWorker::Failed { message, traceback, .. } => Err(GenerateError {
                message: format!("config generator `{name}` failed: {message}"),
                details: Some(traceback).filter(|text| !text.is_empty()),
            }),
            _ => Err(plain(format!("config generator `{name}` failed: its worker broke the protocol"))),
        }
    }
}

impl Session {
    fn start(interpreter: Option<&str>, question: &Question<'_>) -> Result<Session, String> {
        let mut diagnostics = Diagnostics::default();
        // Mistakes in the options are reported by whoever reads them for good.
        let mut globals = GlobalOptions::of(question.config, &mut diagnostics)
            .or_else(|| GlobalOptions::of(&conf::ast::Config::default(), &mut diagnostics))
            .ok_or("the global options cannot be read")?;
        if let Some(interpreter) = interpreter {
            globals.python = Some(interpreter.to_owned());
        }
        let launch = spec::find_launch(&globals)?;
        let hello = spec::hello(Mode::Generate, question.config, question.sources, &globals);
        let blocks = hello.blocks.len();
        let ring = UplinkOptions { ring_bytes: channel::RING_BYTES_MIN, ..UplinkOptions::default() };
        let worker = Worker::spawn(&launch, hello, &ring).map_err(|error| error.to_string())?;
        let deadline = Instant::now() + GENERATION_TIME_MAX;
        let mut session = Session { worker, deadline, blocks, registered: HashSet::new(), printed: None };
        session.take_registered()?;
        Ok(session)
    }

    /// Executes the blocks that were read since.
    fn keep_up(&mut self, question: &Question<'_>) -> Result<(), String> {
        while let Some(block) = question.config.python.get(self.blocks) {
            self.blocks += 1;
            let answer = self.ask(&ToWorker::Block(spec::block(block)))?;
            self.registered_are(answer)?;
        }
        Ok(())
    }

    fn take_registered(&mut self) -> Result<(), String> {
        let answer = self.answer()?;
        self.registered_are(answer)
    }

    fn registered_are(&mut self, answer: FromWorker) -> Result<(), String> {
        match answer {
            FromWorker::Registered { generators } => {
                self.registered = generators.into_iter().collect();
                Ok(())
            }
            FromWorker::Refused { message, .. } => Err(message),
            _ => Err("its worker broke the protocol".to_owned()),
        }
    }

    fn ask(&mut self, frame: &ToWorker) -> Result<FromWorker, String> {
        self.worker.offer(frame).map_err(|error| error.to_string())?;
        self.answer()
    }

    /// The next frame that is an answer; waits for it until the deadline.
    fn answer(&mut self) -> Result<FromWorker, String> {
        loop {
            let ended = self.worker.ended();
            self.worker.write();
            self.worker.output.read(Instant::now(), |_, line| self.printed = Some(line.to_owned()));
            for frame in self.worker.read()? {
                match frame {
                    FromWorker::Log { level, message, .. } => report::logged(level, &message),
                    answer => return Ok(answer),
                }
            }
            if let Some(status) = ended {
                self.worker.output.finish(|_, line| self.printed = Some(line.to_owned()));
                let last = self.printed.take().map(|line| format!(": {line}")).unwrap_or_default();
                return Err(format!("its worker {}{last}", describe(status)));
            }
            if Instant::now() >= self.deadline {
                let seconds = GENERATION_TIME_MAX.as_secs();
                return Err(format!("the config generators took longer than {seconds} seconds"));
            }
            self.worker.wait(Duration::from_millis(100));
        }
    }
}
