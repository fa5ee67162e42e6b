//! From a configuration to a plan: names resolved, options typed, log paths nested.
//!
//! Every mistake is reported, not just the first. Mistakes that syslog-ng finds while it reads the file are kept
//! apart from those it finds while it starts, because its users' scripts know the two exit codes.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use conf::Loaded;
use conf::ast::{Call, Config, Expr, Ident, Named, Value};
use conf::diagnostic::{Diagnostic, Diagnostics};
use conf::globals::GlobalOptions;
use conf::span::Sources;
use message::template::{Functions, Template};
use store::Persist;

use crate::disk_queue::DiskSettings;
use crate::http_headers::HttpHeaders;
use crate::inlet::{Inlet, InletOptions};
use crate::metrics::Metrics;
use crate::plan::{About, DestinationNode, OriginBase, Plan};
use crate::registry::{self, Registry};
use crate::resident::{Housed, Resident};
use crate::steps::Filter;

mod applications;
mod filters;
mod functions;
mod paths;
mod sources;

pub(crate) use applications::APP_PARSER;
pub use applications::APP_PARSER_OPTIONS;
pub use filters::filter_of_text;
pub use functions::NamedTemplates;

/// The outcome: a plan, unless there are errors.
pub struct Compiled {
    /// The plan; `None` when either list of diagnostics has an error.
    pub plan: Option<Plan>,
    /// What syslog-ng reports when it reads the configuration (exit code 1).
    pub diagnostics: Diagnostics,
    /// What syslog-ng reports when it starts (exit code 2): unresolved names, clashing persist-names.
    pub at_start: Diagnostics,
    /// What the source drivers have to say of themselves, also where there is no plan.
    pub about: Vec<About>,
}

/// What a driver sees of the configuration while it is compiled.
pub struct Compile<'a> {
    /// The whole configuration.
    pub config: &'a Config,
    /// The texts it was read from, for places in messages.
    pub sources: &'a Sources,
    /// `options { … }`.
    pub globals: &'a GlobalOptions,
    /// Template functions.
    pub functions: &'a dyn Functions,
    /// What outlives the daemon; a clone of it may go into the driver.
    pub persist: &'a Persist,
    /// Where mistakes go.
    pub diagnostics: &'a mut Diagnostics,
    /// The daemon's counters.
    pub metrics: &'a Arc<Metrics>,
    /// Name of the statement the driver stands in; anonymous ones have a made-up name.
    pub statement: String,
    /// Id of the driver: `s_local#0`.
    pub id: String,
    registry: &'a Registry,
    /// Names of the filters being compiled, to notice one that refers to itself.
    open_filters: Vec<String>,
    at_start: &'a mut Diagnostics,
    residents: Vec<Housed>,
    about: Vec<About>,
    /// What is compiled is not going to be used: only its mistakes count.
    trial: bool,
}

/// Compiles `loaded` with what `registry` knows; what its drivers have to remember goes into `persist`.
pub fn compile(
    loaded: &Loaded,
    globals: &GlobalOptions,
    registry: &Registry,
    metrics: &Arc<Metrics>,
    persist: &Persist,
) -> Compiled {
    let (mut diagnostics, mut at_start) = (Diagnostics::default(), Diagnostics::default());
    let config = &loaded.config;
    duplicate_paths(config, &mut at_start);
    let make = |make: &registry::MakeForeign| make(config, &loaded.sources, globals, persist);
    let foreign: Vec<_> = registry.foreign.iter().map(make).collect();
    let functions = functions::Configured::new(config, registry.functions, &foreign);
    let mut build = Build {
        cx: Compile {
            config,
            sources: &loaded.sources,
            globals,
            persist,
            functions: &functions,
            metrics,
            diagnostics: &mut diagnostics,
            statement: String::new(),
            id: String::new(),
            registry,
            open_filters: Vec::new(),
            at_start: &mut at_start,
            residents: Vec::new(),
            about: Vec::new(),
            trial: false,
        },
        metrics: metrics.clone(),
        sources: Vec::new(),
        source_statements: HashMap::new(),
        destinations: Vec::new(),
        destination_statements: HashMap::new(),
        anonymous: HashMap::new(),
        paths: Vec::new(),
        used_parsers: HashSet::new(),
        used_topics: HashSet::new(),
    };
    build.all();
    let mut about = build.about();
    let mut residents: Vec<_> = build.cx.residents.drain(..).map(|housed| housed.resident).collect();
    for (resident, said) in foreign.iter().filter_map(|foreign| foreign.finish()) {
        residents.push(resident);
        about.push(said);
    }
    let (sources, destinations) = build.finish();
    let failed = diagnostics.has_errors() || at_start.has_errors();
    let plan = (!failed).then(|| Plan {
        sources,
        destinations,
        residents,
        metrics: metrics.clone(),
        persist: persist.clone(),
        named_templates: functions.finish(),
    });
    Compiled { plan, diagnostics, at_start, about }
}

/// The plan in the making.
struct Build<'a> {
    cx: Compile<'a>,
    metrics: Arc<Metrics>,
    sources: Vec<sources::PendingSource>,
    /// Which of `sources` a named statement holds.
    source_statements: HashMap<String, Vec<usize>>,
    destinations: Vec<DestinationNode>,
    destination_statements: HashMap<String, Arc<[crate::path::Step]>>,
    /// How many statements of a kind had no name.
    anonymous: HashMap<&'static str, usize>,
    paths: Vec<paths::TopPath>,
    /// Parser statements that a log path refers to.
    used_parsers: HashSet<String>,
    /// Topics of applications that some `app-parser()` asks for.
    used_topics: HashSet<String>,
}

impl Build<'_> {
    /// Compiles what is referred to, and checks the rest too: a mistake in an unused statement is a mistake.
    fn all(&mut self) {
        let config = self.cx.config;
        for statement in &config.sources {
            self.source_statement(statement);
        }
        for path in &config.log_paths {
            self.top_path(path);
        }
        self.cx.trial = true;
        for statement in &config.destinations {
            if !self.destination_statements.contains_key(&statement.name.text) {
                self.check_unused(statement);
            }
        }
        for statement in &config.parsers {
            if !self.used_parsers.contains(&statement.name.text) {
                self.named_parsers(statement);
            }
        }
        for statement in &config.rewrites {
            self.named_rewrites(statement);
        }
        for statement in &config.filters {
            self.cx.filter(&statement.expr);
        }
        self.check_applications();
        self.templates();
    }

    /// Compiles a destination nobody refers to, for its mistakes only.
    fn check_unused(&mut self, statement: &Named) {
        let before = self.destinations.len();
        self.destination_body(&statement.name.text, &statement.body);
        self.destinations.truncate(before);
    }

    fn templates(&mut self) {
        let config = self.cx.config;
        for statement in config.templates.iter().chain(&config.template_functions) {
            self.cx.parse_template(&statement.text);
        }
    }

    /// `#anon-source0`, `#anon-destination1` …, numbered by kind.
    fn anonymous(&mut self, kind: &'static str) -> String {
        let number = self.anonymous.entry(kind).or_default();
        *number += 1;
        format!("#anon-{kind}{}", *number - 1)
    }

    /// The mouth of a new destination driver.
    fn destination_driver(&mut self, statement: &str, index: usize, call: &Call) -> Option<Arc<Inlet>> {
        let Some(spec) = registry::find(&self.cx.registry.destinations, &call.name.text) else {
            let names = registry::names(&self.cx.registry.destinations);
            self.cx.unknown("destination driver", &call.name, &names);
            return None;
        };
        self.cx.place(statement, index);
        let plan = (spec.compile)(call, &mut self.cx)?;
        if self.destinations.iter().any(|other| other.plan.persist_name == plan.persist_name) {
            self.cx.persist_name_clash(&plan.persist_name, call);
        }
        let disk = DiskSettings::of_driver(call, &mut self.cx);
        let inlet = Arc::new(Inlet::new(
            InletOptions {
                id: self.cx.id.clone(),
                statement: statement.to_owned(),
                driver: plan.driver,
                instance: plan.instance.clone(),
                fifo_size: plan.fifo_size,
                time_reopen: plan.time_reopen,
                disk: disk.is_some(),
            },
            &self.metrics,
        ));
        self.destinations.push(DestinationNode { inlet: inlet.clone(), plan, disk });
        Some(inlet)
    }
}

impl Compile<'_> {
    /// The template that `value` names, or is.
    ///
    /// A template is a named one only where the whole text is the name of a `template` statement.
    pub fn template(&mut self, value: &Value) -> Option<Template> {
        let named = self.config.templates.iter().find(|statement| statement.name.text == value.text());
        match named {
            Some(statement) => {
                let text = statement.text.clone();
                self.parse_template(&text)
            }
            None => self.parse_template(value),
        }
    }

    /// The template written in `value`.
    pub fn parse_template(&mut self, value: &Value) -> Option<Template> {
        match Template::parse(value.text(), self.functions) {
            Ok(template) => Some(template),
            Err(error) => {
                self.diagnostics.push(
                    Diagnostic::error("this template cannot be compiled", value.span)
                        .label(error.to_string()),
                );
                None
            }
        }
    }

    /// The resident under `key`, which everything in this configuration that asks for the key shares; made where
    /// there is none yet.
    pub fn resident<T: Resident + 'static>(&mut self, key: &str, make: impl FnOnce() -> T) -> Arc<T> {
        let known = self.residents.iter().find(|housed| housed.key == key && !self.trial);
        if let Some(shared) = known.and_then(|housed| housed.any.clone().downcast::<T>().ok()) {
            return shared;
        }
        let made = Arc::new(make());
        if !self.trial {
            let (resident, any) = (made.clone(), made.clone());
            self.residents.push(Housed { key: key.to_owned(), resident, any });
        }
        made
    }

    /// What adds headers to the requests of the destination being compiled: `call` stands within it.
    pub fn http_headers(&mut self, call: &Call) -> Option<Arc<dyn HttpHeaders>> {
        let Some(spec) = registry::find(&self.registry.http_headers, &call.name.text) else {
            self.unknown("header plugin", &call.name, &registry::names(&self.registry.http_headers));
            return None;
        };
        (spec.compile)(call, self)
    }

    /// Leaves something that the driver's crate wants to find again in [`Compiled::about`].
    pub fn tell(&mut self, about: About) {
        self.about.push(about);
    }

    /// The filter that `expr` describes, references resolved.
    pub fn filter(&mut self, expr: &Expr) -> Option<Arc<dyn Filter>> {
        filters::compile(self, expr)
    }

    /// An error at `call`, in these words.
    pub fn error(&mut self, call: &Call, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(message, call.span));
    }

    /// A mistake that syslog-ng finds only when it starts (exit code 2).
    pub fn start_error(&mut self, diagnostic: Diagnostic) {
        self.at_start.push(diagnostic);
    }

    /// What all messages of the source being compiled share.
    pub fn origin_base(&self) -> OriginBase {
        OriginBase { statement: self.statement.clone(), ..OriginBase::default() }
    }

    /// `FILE:LINE:COLUMN` of a call.
    pub fn location(&self, call: &Call) -> String {
        match self.sources.location(call.name.span) {
            Some(location) => format!("{}:{}:{}", location.path, location.line, location.column),
            None => String::new(),
        }
    }

    /// Sets which driver is compiled next.
    fn place(&mut self, statement: &str, index: usize) {
        self.statement = statement.to_owned();
        self.id = format!("{statement}#{index}");
    }

    pub(crate) fn unknown(&mut self, what: &str, name: &Ident, known: &[&str]) {
        self.diagnostics.push(
            Diagnostic::error(format!("there is no {what} `{}`", name.text), name.span)
                .suggest(&name.text, known.iter().copied()),
        );
    }

    /// A name that stands for no statement.
    fn unresolved(&mut self, content: &str, name: &Ident, known: &[&str]) {
        self.at_start.push(
            Diagnostic::error(
                format!("Error resolving reference; content='{content}', name='{}'", name.text),
                name.span,
            )
            .suggest(&name.text, known.iter().copied()),
        );
    }

    fn persist_name_clash(&mut self, persist_name: &str, call: &Call) {
        self.at_start.push(
            Diagnostic::error(
                format!(
                    "Automatic assignment of persist names failed, as conflicting persist-names were found; \
                     persist_name='{persist_name}'"
                ),
                call.span,
            )
            .label("give one of them a persist-name() of its own"),
        );
    }
}

/// Two log paths of one name, which syslog-ng finds only when it starts; the loader sees to all other names.
fn duplicate_paths(config: &Config, at_start: &mut Diagnostics) {
    let mut seen: HashMap<&str, &Ident> = HashMap::new();
    for name in config.log_paths.iter().filter_map(|path| path.name.as_ref()) {
        match seen.get(name.text.as_str()) {
            Some(first) => at_start.push(
                Diagnostic::error(format!("duplicate log path definition `{}`", name.text), name.span)
                    .note_at("it is defined here already", first.span),
            ),
            None => {
                seen.insert(&name.text, name);
            }
        }
    }
}
