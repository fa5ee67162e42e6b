//! Running a scenario.

use std::collections::HashMap;
use std::fmt;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use conf::{Diagnostics, Environment, GlobalOptions, Style};
use pipeline::{Carry, Metrics, Plan, Prepared, Registry, Running, Stop};
use store::Persist;

use crate::peers::{PATIENCE, Receiver, free_port, send};
use crate::scenario::{Block, Scenario};
use crate::stage::{self, Stage};

/// Why a scenario failed.
#[derive(Debug)]
pub struct Failure {
    /// The line of the block that is not met.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

/// How long a follower may see nothing before it is taken that nothing more will come.
const SETTLE: Duration = Duration::from_millis(5);

/// A scenario on its way.
struct Run {
    stage: Arc<Stage>,
    metrics: Arc<Metrics>,
    persist: Persist,
    dir: tempfile::TempDir,
    ports: HashMap<String, u16>,
    receivers: HashMap<String, Receiver>,
    running: Option<Running>,
    /// A block `said` will look at what is said.
    expects_mistakes: bool,
}

/// Runs `scenario`; the first block that is not met is the failure.
pub fn run(scenario: &Scenario) -> Result<(), Failure> {
    let first = scenario.blocks.first().map_or(0, |block| block.line);
    let failure = |line: usize| move |what: String| Failure { line, what };
    let mut run = Run::new().map_err(failure(first))?;
    run.expects_mistakes = scenario.blocks.iter().any(|block| block.kind() == "said");
    for block in &scenario.blocks {
        run.prepare(block).map_err(failure(block.line))?;
    }
    for block in &scenario.blocks {
        run.act(block).map_err(failure(block.line))?;
    }
    // Files and receivers are waited for while everything runs, since a source that follows a file never ends.
    for block in &scenario.blocks {
        run.await_block(block).map_err(failure(block.line))?;
    }
    run.stop();
    for block in &scenario.blocks {
        run.check(block).map_err(failure(block.line))?;
    }
    Ok(())
}

impl Run {
    fn new() -> Result<Run, String> {
        Ok(Run {
            stage: Arc::default(),
            metrics: Metrics::new(),
            persist: Persist::in_memory(),
            dir: tempfile::tempdir().map_err(|error| error.to_string())?,
            ports: HashMap::new(),
            receivers: HashMap::new(),
            running: None,
            expects_mistakes: false,
        })
    }

    /// What must be there before the start.
    fn prepare(&mut self, block: &Block) -> Result<(), String> {
        match block.kind() {
            "input" => {
                self.stage.inputs.lock().insert(block.word(0).to_owned(), block.text.clone());
            }
            "file" => {
                let path = self.dir.path().join(block.word(0));
                if let Some(dir) = path.parent() {
                    std::fs::create_dir_all(dir).map_err(|error| error.to_string())?;
                }
                std::fs::write(path, &block.text).map_err(|error| error.to_string())?;
            }
            "receive" => {
                let place = self.place(block.word(1))?;
                let key = format!("{} {}", block.word(0), block.word(1));
                self.receivers.insert(key, Receiver::new(block.word(0), &place)?);
            }
            "conf" | "output" | "acked" | "append" | "written" | "send" | "reload" | "said" | "counters" => {}
            other => return Err(format!("there is no block `{other}`")),
        }
        Ok(())
    }

    fn act(&mut self, block: &Block) -> Result<(), String> {
        match block.kind() {
            "conf" | "reload" => self.load(block),
            "append" => {
                let path = self.dir.path().join(block.word(0));
                let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
                file.and_then(|mut file| file.write_all(&block.text)).map_err(|error| error.to_string())
            }
            "send" => {
                let place = self.place(block.word(1))?;
                send(block.word(0), &place, &block.text)
            }
            _ => Ok(()),
        }
    }

    fn load(&mut self, block: &Block) -> Result<(), String> {
        let text = format!("@version: 4.11\n{}", self.fill(&block.string())?);
        let (plan, said) = self.compile(&text);
        if plan.is_none() && !self.expects_mistakes {
            return Err(format!("there is a mistake in the configuration:\n{said}"));
        }
        self.stage.outputs.lock().insert(SAID.to_owned(), said.into_bytes());
        let Some(plan) = plan else { return Ok(()) };
        let prepared = Prepared::of(Arc::new(plan)).map_err(|error| error.to_string())?;
        let carry = match self.running.take() {
            Some(running) => running.stop(Stop::ForReload, Instant::now() + PATIENCE),
            None => Carry::default(),
        };
        let running = Running::start(prepared, carry);
        self.running = Some(running.map_err(|failed| format!("the configuration does not start: {failed}"))?);
        Ok(())
    }

    /// The plan, and what is said about the configuration.
    fn compile(&self, text: &str) -> (Option<Plan>, String) {
        stage::enter(&self.stage);
        let loaded = conf::load_text_with(
            "scenario.conf",
            text,
            &Environment::default().with_library(scl::LIBRARY),
            &mut scl::Conditions(None),
        );
        let mut said = Diagnostics::default();
        let globals = GlobalOptions::of(&loaded.config, &mut said);
        let registry = Registry {
            sources: vec![builtin::SOURCES, stage::SOURCES],
            destinations: vec![builtin::DESTINATIONS, stage::DESTINATIONS],
            parsers: vec![builtin::PARSERS],
            rewrites: vec![builtin::REWRITES],
            filters: vec![builtin::FILTERS],
            functions: builtin::FUNCTIONS,
            http_headers: Vec::new(),
            foreign: Vec::new(),
        };
        let compiled = globals
            .map(|globals| pipeline::compile(&loaded, &globals, &registry, &self.metrics, &self.persist));
        loaded.diagnostics.iter().for_each(|one| said.push(one.clone()));
        let mut plan = None;
        if let Some(compiled) = compiled {
            compiled
                .diagnostics
                .iter()
                .chain(compiled.at_start.iter())
                .for_each(|one| said.push(one.clone()));
            plan = compiled.plan;
        }
        let bad = said.has_errors();
        (plan.filter(|_| !bad), said.render(&loaded.sources, Style::Plain))
    }

    fn await_block(&self, block: &Block) -> Result<(), String> {
        let Some(running) = &self.running else { return Ok(()) };
        let deadline = Instant::now() + PATIENCE;
        let met = |got: Vec<u8>| same(block, &got);
        loop {
            let outcome = match block.kind() {
                "written" => met(read(&self.dir.path().join(block.word(0)))),
                "receive" => {
                    let key = format!("{} {}", block.word(0), block.word(1));
                    met(self.receivers.get(&key).map(Receiver::got).unwrap_or_default())
                }
                // An input that has ended has posted everything.
                "output" if running.sources_ended() => Ok(()),
                "output" => met(self.stage.outputs.lock().get(block.word(0)).cloned().unwrap_or_default()),
                "counters" => self.counters(block),
                _ => Ok(()),
            };
            match outcome {
                Ok(()) => return Ok(()),
                Err(what) if Instant::now() > deadline => return Err(what),
                Err(_) => thread::sleep(SETTLE),
            }
        }
    }

    fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            drop(running.stop(Stop::ForGood, Instant::now() + Duration::from_millis(500)));
        }
    }

    fn check(&self, block: &Block) -> Result<(), String> {
        let got = |name: &str| self.stage.outputs.lock().get(name).cloned().unwrap_or_default();
        match block.kind() {
            "output" => same(block, &got(block.word(0))),
            "written" => same(block, &read(&self.dir.path().join(block.word(0)))),
            "acked" => {
                let acked = self.stage.acked.lock().get(block.word(0)).copied().unwrap_or_default();
                let wanted = block.string();
                if wanted.trim() == acked.to_string() {
                    Ok(())
                } else {
                    Err(format!("{acked} acked, not {wanted}"))
                }
            }
            "said" => {
                let said = String::from_utf8_lossy(&got(SAID)).into_owned();
                let missing = |line: &&str| !said.contains(line.trim());
                match block.string().lines().find(missing) {
                    Some(line) => Err(format!("this is not said: {line}\nbut:\n{said}")),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    fn counters(&self, block: &Block) -> Result<(), String> {
        let rows = self.metrics.rows();
        for line in block.string().lines() {
            let mut words = line.split_whitespace();
            let (component, kind) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let wanted = words.next().unwrap_or_default();
            let is_meant = |key: &pipeline::metrics::Key| key.component == component && key.kind == kind;
            let sum: u64 = rows.iter().filter(|(key, ..)| is_meant(key)).map(|(_, number, _)| number).sum();
            if sum.to_string() != wanted {
                return Err(format!("{component} {kind} is {sum}, not {wanted}"));
            }
        }
        Ok(())
    }

    /// `text` with ports and directory filled in.
    fn fill(&mut self, text: &str) -> Result<String, String> {
        let mut text = text.replace("DIR", &self.dir.path().display().to_string());
        for number in 1..=9 {
            let name = format!("PORT{number}");
            if text.contains(&name) {
                text = text.replace(&name, &self.port(&name)?.to_string());
            }
        }
        Ok(text)
    }

    fn place(&mut self, word: &str) -> Result<String, String> {
        if word.starts_with("PORT") { self.port(word).map(|port| port.to_string()) } else { self.fill(word) }
    }

    fn port(&mut self, name: &str) -> Result<u16, String> {
        if let Some(port) = self.ports.get(name) {
            return Ok(*port);
        }
        let port = free_port().ok_or("there is no free port")?;
        self.ports.insert(name.to_owned(), port);
        Ok(port)
    }
}

/// Where what is said about the configuration is kept among the outputs: no output has such a name.
const SAID: &str = "\0said";

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_default()
}

fn same(block: &Block, got: &[u8]) -> Result<(), String> {
    if got == block.text {
        return Ok(());
    }
    let shown = |bytes: &[u8]| bytes.escape_ascii().to_string().replace("\\n", "\\n\n");
    Err(format!(
        "`{}` is not met\n--- expected\n{}\n--- got\n{}",
        block.words.join(" "),
        shown(&block.text),
        shown(got)
    ))
}
