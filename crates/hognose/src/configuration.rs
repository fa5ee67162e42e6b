//! From a file to a plan, with all that is wrong on the way.
//!
//! Loading, compiling and looking at the Python each report everything they find. What they find is kept in two
//! heaps, because syslog-ng ends with 1 for what it sees when it reads a configuration, and with 2 for what it sees
//! when it starts one.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use conf::ast::Config;
use conf::globals::Statistics;
use conf::span::Sources;
use conf::{Diagnostic, Diagnostics, Environment, GlobalOptions, Loaded, Style};
use control::LogLevel;
use pipeline::{Compiled, Metrics, Prepared, Registry};
use python::PythonGenerators;
use python::inspect::{Finding, Severity};
use sha2::{Digest, Sha256};
use store::Persist;

use crate::cli::INCLUDE_DIRS;

mod confgen;
mod outline;
mod show;

/// What the daemon has to know of a configuration that it runs.
#[derive(Clone)]
pub(crate) struct Configuration {
    /// The file and what stood in it.
    pub(crate) text: Text,
    /// `stop-timeout()`
    pub(crate) stop_timeout: Duration,
    /// `log-level()`
    pub(crate) log_level: LogLevel,
    /// `stats(…)`
    pub(crate) statistics: Statistics,
    /// `stats(prometheus())`
    pub(crate) prometheus: Option<SocketAddr>,
}

/// A configuration as text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Text {
    /// The file.
    pub(crate) path: PathBuf,
    /// What stands in it.
    pub(crate) original: String,
    /// The same, includes and blocks put in.
    pub(crate) preprocessed: String,
    /// The files it was read from, and those it names.
    pub(crate) files: Vec<String>,
    /// The way of its messages, as JSON.
    pub(crate) graph: String,
    /// `@config-id`
    label: Option<String>,
}

/// What drivers are made with.
#[derive(Clone)]
pub(crate) struct Means {
    /// Every counter.
    pub(crate) metrics: Arc<Metrics>,
    /// What outlives the daemon.
    pub(crate) persist: Persist,
}

impl Means {
    /// Means that leave no trace.
    pub(crate) fn to_look() -> Means {
        Means { metrics: Metrics::new(), persist: Persist::in_memory() }
    }
}

/// Why a configuration is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be started.
    Start,
    /// To see what is wrong with it.
    Look,
}

/// What was found, for the eye and for the exit code.
#[derive(Default)]
pub(crate) struct Findings {
    sources: Sources,
    /// What syslog-ng finds when it reads a configuration.
    on_reading: Diagnostics,
    /// What it finds when it starts one.
    on_starting: Diagnostics,
    python: Vec<Finding>,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It can be started.
    Good,
    /// It cannot be read.
    Unreadable,
    /// It can be read, but not started.
    Unstartable,
}

/// Everything that can be built.
pub(crate) fn registry() -> Registry {
    Registry {
        sources: vec![builtin::SOURCES, python::SOURCES],
        destinations: vec![builtin::DESTINATIONS, python::DESTINATIONS],
        parsers: vec![builtin::PARSERS, python::PARSERS],
        rewrites: vec![builtin::REWRITES],
        filters: vec![builtin::FILTERS],
        functions: builtin::FUNCTIONS,
        http_headers: vec![python::HTTP_HEADERS],
        foreign: vec![python::functions],
    }
}

/// Reads the configuration at `path` and makes a plan of it; `interpreter` is `--python`.
///
/// There is a configuration exactly when the verdict on the findings is good; its drivers are prepared where it is to
/// be started. Then they look at their Python themselves, all at a time; otherwise, and where they cannot be prepared
/// because of other mistakes, a worker that does nothing else looks at all of it.
pub(crate) fn prepare(
    path: &Path,
    interpreter: Option<&str>,
    means: &Means,
    purpose: Purpose,
) -> (Option<(Configuration, Option<Prepared>)>, Findings) {
    let loaded = load(path, interpreter);
    let mut findings = Findings::default();
    let given = GlobalOptions::of(&loaded.config, &mut findings.on_reading);
    // With mistakes in options { } the rest is looked at as if it stood alone, so that all is said at once.
    let alone = || GlobalOptions::of(&Config::default(), &mut Diagnostics::default());
    let Some(mut globals) = given.or_else(alone) else {
        findings.add(loaded);
        return (None, findings);
    };
    if let Some(interpreter) = interpreter {
        globals.python = Some(interpreter.to_owned());
    }
    let statistics = globals.statistics();
    let prometheus = address(&statistics, &mut findings.on_reading);
    let Compiled { plan, diagnostics, at_start, about } =
        pipeline::compile(&loaded, &globals, &registry(), &means.metrics, &means.persist);
    findings.on_reading.append(diagnostics);
    findings.on_starting.append(at_start);
    let good = findings.verdict() == Verdict::Good && !loaded.diagnostics.has_errors();
    let mut prepared = None;
    if let (Purpose::Start, Some(plan)) = (purpose, plan.filter(|_| good)) {
        match Prepared::of(Arc::new(plan)) {
            Ok(started) => prepared = Some(started),
            Err(error) => findings.add_on_starting(error.to_string()),
        }
    }
    match prepared.as_mut().filter(|_| !about.is_empty()).map(Prepared::examine) {
        Some(said) => findings.add_python(said.iter().filter_map(|it| it.downcast_ref().cloned()).collect()),
        None => match python::inspect::inspect(&loaded, &globals, &about) {
            Ok(found) => findings.add_python(found),
            Err(error) => findings.add_on_starting(error.to_string()),
        },
    }
    let text = Text::of(path, &loaded);
    findings.add(loaded);
    let good = findings.verdict() == Verdict::Good;
    let configuration = good.then(|| {
        let configuration = Configuration {
            text,
            stop_timeout: globals.stop_timeout.duration(),
            log_level: level(globals.log_level),
            statistics,
            prometheus,
        };
        (configuration, prepared)
    });
    (configuration, findings)
}

/// Reads the configuration at `path` as text only; `interpreter` is `--python`.
pub(crate) fn read(path: &Path, interpreter: Option<&str>) -> (Text, Findings) {
    let loaded = load(path, interpreter);
    let text = Text::of(path, &loaded);
    let mut findings = Findings::default();
    findings.add(loaded);
    (text, findings)
}

/// Reads the file with all that it includes and generates.
fn load(path: &Path, interpreter: Option<&str>) -> Loaded {
    let registry = registry();
    let known = |context: &str, name: &str| registry.knows(context, name);
    let mut python = PythonGenerators::new(interpreter, &known);
    let mut programs = confgen::Programs(&mut python);
    conf::load_with(path, &environment(&registry), &mut scl::Conditions(Some(&mut programs)))
}

/// The global options of the configuration at `path`; its mistakes, where they cannot be had.
pub(crate) fn globals(path: &Path) -> Result<GlobalOptions, String> {
    let registry = registry();
    let loaded = conf::load(path, &environment(&registry));
    let mut findings = Findings::default();
    let globals = GlobalOptions::of(&loaded.config, &mut findings.on_reading);
    findings.add(loaded);
    globals.ok_or_else(|| findings.render(Style::Plain, false))
}

/// Whether the file can be opened, in syslog-ng's words where not.
pub(crate) fn is_there(path: &Path) -> bool {
    let Err(error) = File::open(path) else { return true };
    let filename = path.display();
    tracing::error!(%filename, error = system_words(&error), "Error opening configuration file");
    false
}

/// `No such file or directory (2)`: what the system says, as syslog-ng writes it.
pub(crate) fn system_words(error: &io::Error) -> String {
    error.to_string().replace(" (os error ", " (")
}

fn environment(registry: &Registry) -> Environment {
    let journal = registry.knows("source", "systemd-journal") && Path::new(SYSTEMD).is_dir();
    Environment::of_process(INCLUDE_DIRS.map(PathBuf::from).to_vec())
        .with_library(scl::LIBRARY)
        .with_parts(move |part| part == "systemd-journal" && journal)
}

/// There where systemd is what started this machine.
const SYSTEMD: &str = "/run/systemd/system";

/// `stats(prometheus())`
fn address(statistics: &Statistics, diagnostics: &mut Diagnostics) -> Option<SocketAddr> {
    let written = statistics.prometheus.as_ref()?;
    let address = written.value.parse();
    if address.is_err() {
        let message = format!("`{}` is no address to listen on", written.value);
        let diagnostic = Diagnostic::error(message, written.span);
        diagnostics.push(diagnostic.label("an IP address with a port, as in \"127.0.0.1:9577\""));
    }
    address.ok()
}

fn level(level: conf::globals::LogLevel) -> LogLevel {
    match level {
        conf::globals::LogLevel::Default => LogLevel::Default,
        conf::globals::LogLevel::Verbose => LogLevel::Verbose,
        conf::globals::LogLevel::Debug => LogLevel::Debug,
        conf::globals::LogLevel::Trace => LogLevel::Trace,
    }
}

impl Text {
    fn of(path: &Path, loaded: &Loaded) -> Text {
        Text {
            path: path.to_owned(),
            original: loaded.sources.main_text().to_owned(),
            preprocessed: loaded.preprocessed().to_owned(),
            label: loaded.config.id.clone(),
            files: outline::files(&loaded.config, &loaded.sources),
            graph: outline::graph(&loaded.config),
        }
    }

    /// A short name of it: the hash of what it says, and the `@config-id` it gives itself.
    pub(crate) fn id(&self) -> String {
        let hash: String =
            Sha256::digest(self.preprocessed.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        match &self.label {
            Some(label) => format!("{label} ({hash})"),
            None => hash,
        }
    }
}

impl Findings {
    /// Takes over what loading found, and the texts to show it with.
    fn add(&mut self, loaded: Loaded) {
        let compiled = std::mem::replace(&mut self.on_reading, loaded.diagnostics);
        self.on_reading.append(compiled);
        self.sources = loaded.sources;
    }

    /// Adds what was found in the Python; every driver executes the same blocks, so what is wrong there comes often.
    fn add_python(&mut self, found: Vec<Finding>) {
        for finding in found {
            if !self.python.contains(&finding) {
                self.python.push(finding);
            }
        }
    }

    /// Adds a mistake of starting that has no place in the text, unless it is known already: every Python driver
    /// needs an interpreter, and each says so where there is none.
    fn add_on_starting(&mut self, message: String) {
        if !self.on_starting.iter().any(|other| other.message == message) {
            self.on_starting.push(Diagnostic::error(message, conf::Span::default()));
        }
    }

    /// How bad it is.
    pub(crate) fn verdict(&self) -> Verdict {
        let wrong = |in_driver: bool| {
            let is_wrong = |finding: &&Finding| finding.severity == Severity::Error;
            self.python.iter().filter(is_wrong).any(|finding| finding.driver.is_some() == in_driver)
        };
        if self.on_reading.has_errors() || wrong(false) {
            Verdict::Unreadable
        } else if self.on_starting.has_errors() || wrong(true) {
            Verdict::Unstartable
        } else {
            Verdict::Good
        }
    }

    /// Whether a class lacks a method that it must have.
    pub(crate) fn misses_methods(&self) -> bool {
        self.python.iter().any(|finding| finding.kind == "missing_method")
    }

    /// Whether there is anything to be said short of a mistake.
    pub(crate) fn has_warnings(&self) -> bool {
        let both = self.on_reading.iter().chain(&self.on_starting);
        !self.python.is_empty()
            || both.into_iter().any(|diagnostic| diagnostic.severity == conf::Severity::Warning)
    }

    /// All of them, in the order of the text, each with its excerpt; remarks only on demand.
    pub(crate) fn render(&self, style: Style, remarks: bool) -> String {
        let mut all = Diagnostics::default();
        let on_both = self.on_reading.iter().chain(&self.on_starting);
        for diagnostic in on_both.filter(|diagnostic| remarks || diagnostic.severity > conf::Severity::Info) {
            all.push(diagnostic.clone());
        }
        let mut elsewhere = String::new();
        for finding in &self.python {
            match show::in_text(finding, &self.sources) {
                Some(diagnostic) => all.push(diagnostic),
                None => show::elsewhere(&mut elsewhere, finding),
            }
        }
        all.sort();
        all.render(&self.sources, style) + &elsewhere
    }

    /// Logs each mistake and each warning, for those who do not see stderr.
    pub(crate) fn log(&self) {
        let both = self.on_reading.iter().chain(&self.on_starting);
        for diagnostic in both.filter(|diagnostic| diagnostic.severity > conf::Severity::Info) {
            let location = self.sources.location(diagnostic.span);
            let location =
                location.map(|at| format!("{}:{}:{}", at.path, at.line, at.column)).unwrap_or_default();
            show::log(diagnostic.severity == conf::Severity::Error, &location, &diagnostic.message);
        }
        for finding in &self.python {
            let location = format!("{}:{}", finding.file.as_deref().unwrap_or(""), finding.line.unwrap_or(0));
            show::log(finding.severity == Severity::Error, &location, &finding.message);
        }
    }
}

#[cfg(test)]
mod tests;
