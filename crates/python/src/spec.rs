//! `python()` and `python-fetcher()` in a configuration: their options, and the plan that these come to.

use std::sync::Arc;
use std::time::Duration;

use channel::protocol::{
    Block, Driver as WorkerDriver, DriverKind, Hello, Level, Mode, PROTOCOL, ParseOptions as WorkerParse,
    SuspendedPost, TemplateTerms,
};
use conf::ast::{Call, Config, PythonBlock};
use conf::globals::{GlobalOptions, SuspendedPost as WhenSuspended};
use conf::options::{Choice, Options, Seconds};
use conf::span::Sources;
use message::syslog::{ParseFlags, ParseOptions};
use pipeline::options::{MessageOptions, SourceOptions};
use pipeline::{Compile, SourcePlan, SourceSpec};

use crate::binding::BindingOptions;
use crate::drive::{Driver, Made, StartOver};
use crate::home;
use crate::interpreter;
use crate::report::Known;
use crate::staff::{Member, Staff, WORKERS_MAX};
use crate::worker::Launch;

/// Every source driver of this crate, in alphabetical order.
pub const SOURCES: &[SourceSpec] = &[
    SourceSpec { names: &["python"], options: PythonOptions::DOCS, compile: compile_source },
    SourceSpec { names: &["python-fetcher"], options: PythonOptions::DOCS, compile: compile_fetcher },
];

conf::options! {
    /// Run a source written in Python.
    ///
    /// `python()` runs a class derived from `syslogng.LogSource`, `python-fetcher()` one derived from
    /// `syslogng.LogFetcher`, in a process of its own.
    pub struct PythonOptions {
        /// Which class, and in which Python.
        binding: BindingOptions = flatten,
        /// When the class is started again: after a failure, always, or never.
        restart: Restart = Restart::OnFailure,
        /// What a post does while the source is suspended: it is dropped (and says so), it blocks, or it raises.
        suspended_post: WhenSuspended = inherit,
        /// Wait before a fetcher is opened again.
        time_reopen: Seconds = inherit,
        /// Wait after a fetcher had no data.
        fetch_no_data_delay: Seconds = inherit,
        /// Accepted for compatibility.
        read_old_records: bool = inherit,
        /// The options of every source.
        source: SourceOptions = flatten,
        /// How `LogMessage.parse` reads text.
        message: MessageOptions = flatten,
    }
}

conf::choices! {
    /// When a driver whose `run` has ended is started again.
    pub enum Restart {
        /// After an exception and after the death of its worker; not after `run()` returned.
        OnFailure = "on-failure",
        /// Also after `run()` returned.
        Always = "always",
        /// Not before the next reload.
        Never = "never",
    }
}

/// Wait before a fetcher is opened again when no `time-reopen()` is written, as scripts are used to.
const TIME_REOPEN: Duration = Duration::from_secs(1);
/// Wait after `FETCH_NO_DATA` when nothing is written.
const NO_DATA_DELAY: Duration = Duration::from_secs(60);

fn compile_source(call: &Call, cx: &mut Compile<'_>) -> Option<SourcePlan> {
    compile(call, DriverKind::Source, cx)
}

fn compile_fetcher(call: &Call, cx: &mut Compile<'_>) -> Option<SourcePlan> {
    compile(call, DriverKind::Fetcher, cx)
}

fn compile(call: &Call, kind: DriverKind, cx: &mut Compile<'_>) -> Option<SourcePlan> {
    let options = PythonOptions::read(call, cx.diagnostics)?;
    let class = options.binding.class(call, cx)?;
    let common = options.source.resolve(cx, call.span);
    let mut stamping = common.stamping;
    let parse = options.message.resolve(ParseFlags::PYTHON, cx);
    // A given default is for every message that is posted, whatever priority it sets (python-api C-127).
    stamping.pri = parse.default_pri;
    let driver = worker_driver(call, kind, &class, &options, &parse, cx);
    let launch = options.binding.launch(call, cx)?;
    let (name, module) = match kind {
        DriverKind::Fetcher => ("python-fetcher", "python-fetcher"),
        _ => ("python", "python-source"),
    };
    let persist_name = match &options.source.persist_name {
        Some(given) => format!("{module}.{given}"),
        // Syslog-ng would refuse two drivers of one class; they have no state in common, so there is no need.
        None => format!("{module}({class})#{}", cx.id),
    };
    let made = Made {
        known: Known { id: cx.id.clone(), class: class.clone(), location: cx.location(call) },
        launch,
        hello: Hello { driver: Some(driver), ..hello(Mode::Run, cx.config, cx.sources, cx.globals) },
        restart: options.restart,
        window: common.window,
        stop_timeout: cx.globals.stop_timeout.duration(),
        origin: common.origin,
        persist: cx.persist.clone(),
        persist_name: persist_name.clone(),
        over: StartOver::default(),
    };
    let made = cx.resident(&format!("python source {}", cx.id.clone()), || made);
    Some(SourcePlan {
        driver: name,
        instance: class,
        persist_name: Some(persist_name),
        stamping,
        about: Some(made.clone()),
        make: Box::new(move || Box::new(Driver::new(made.clone()))),
    })
}

/// What the worker is told about its driver.
fn worker_driver(
    call: &Call,
    kind: DriverKind,
    class: &str,
    options: &PythonOptions,
    parse: &ParseOptions,
    cx: &mut Compile<'_>,
) -> WorkerDriver {
    // The driver's own wait, else the global one where it is written, else what scripts are used to.
    let reopen = options.time_reopen.or(cx.globals.time_reopen).map(Seconds::duration);
    let no_data = options.fetch_no_data_delay.map(Seconds::duration).or(reopen);
    WorkerDriver {
        flags: parse.flags.python().into_iter().map(|(name, on)| (name.to_owned(), on)).collect(),
        parse: worker_parse(options, parse),
        persist_name: options.source.persist_name.clone(),
        time_reopen_ms: reopen.unwrap_or(TIME_REOPEN).as_millis() as u64,
        no_data_delay_ms: no_data.unwrap_or(NO_DATA_DELAY).as_millis() as u64,
        suspended_post: match options.suspended_post.unwrap_or(cx.globals.suspended_post) {
            WhenSuspended::Drop => SuspendedPost::Drop,
            WhenSuspended::Block => SuspendedPost::Block,
            WhenSuspended::Raise => SuspendedPost::Raise,
        },
        ..options.binding.driver(call, kind, class, cx)
    }
}

fn worker_parse(options: &PythonOptions, parse: &ParseOptions) -> WorkerParse {
    WorkerParse {
        format: options.message.format.as_ref().map(|format| format.value.clone()).unwrap_or_default(),
        flags: options.message.flags.iter().map(|flag| flag.value.replace('_', "-")).collect(),
        default_pri: parse.default_pri,
        time_zone: options.message.time_zone.as_ref().map(|zone| zone.value.clone()),
        sdata_prefix: options.message.sdata_prefix.clone(),
    }
}

/// `workers()`, between 1 and [`WORKERS_MAX`].
pub(crate) fn workers(given: u32, call: &Call, cx: &mut Compile<'_>) -> Option<u32> {
    if (1..=WORKERS_MAX).contains(&given) {
        return Some(given);
    }
    cx.error(call, format!("workers({given}) is not between 1 and {WORKERS_MAX}"));
    None
}

/// The processes that the driver being compiled is in: its own, or those of `worker("NAME")`.
///
/// Whoever shares a name shares what the processes are started with: one that wants something else is a mistake.
pub(crate) fn staff(
    shared: Option<&str>,
    component: &'static str,
    known: Known,
    launch: Launch,
    hello: Hello,
    call: &Call,
    cx: &mut Compile<'_>,
) -> Option<Arc<Staff>> {
    let name = shared.or(cx.globals.python_worker.as_deref());
    let (key, known) = match name {
        Some(name) => {
            let known = Known { id: format!("worker:{name}"), class: name.to_owned(), ..known };
            (format!("python worker {name}"), known)
        }
        None => (format!("python {} {}", component, known.id), known),
    };
    let wanted = launch.clone();
    let persist = cx.persist.clone();
    let staff = cx.resident(&key, || Staff::new(known, component, launch, persist, hello));
    if *staff.launch() != wanted {
        let name = name.unwrap_or_default();
        cx.error(
            call,
            format!(
                "the worker \"{name}\" has another Python already: give this driver a worker() of its own"
            ),
        );
        return None;
    }
    Some(staff)
}

/// The first `count` processes of a driver.
pub(crate) fn members(
    staff: &Staff,
    count: u32,
    call: &Call,
    cx: &mut Compile<'_>,
) -> Option<Vec<Arc<Member>>> {
    staff.members(count).map_err(|error| cx.error(call, error.to_string())).ok()
}

/// What a worker is started with, as the global options say.
pub(crate) fn find_launch(globals: &GlobalOptions) -> Result<Launch, String> {
    let interpreter = interpreter::choose(globals.python.as_deref()).map_err(|error| error.to_string())?;
    let home = home::find().map_err(|error| error.to_string())?;
    Ok(Launch::new(interpreter, home))
}

/// A block as workers know it.
pub(crate) fn block(block: &PythonBlock) -> Block {
    Block { file: block.file.clone(), line: block.line, text: block.text.clone() }
}

/// Everything a worker has to know, but for its driver.
pub(crate) fn hello(mode: Mode, config: &Config, sources: &Sources, globals: &GlobalOptions) -> Hello {
    Hello {
        protocol: PROTOCOL,
        mode,
        product_version: env!("CARGO_PKG_VERSION").to_owned(),
        config_version: (config.version.major, config.version.minor),
        config_file: sources.main_path().to_owned(),
        blocks: config.python.iter().map(block).collect(),
        sys_path_front: vec![SITE_MODULES.to_owned()],
        argv0: "syslog-ng".to_owned(),
        log_level: Some(log_level()),
        templates: templates(globals),
        stop_timeout_ms: globals.stop_timeout.duration().as_millis() as u64,
        await_init: false,
        driver: None,
        drivers: Vec::new(),
    }
}

/// What `LogTemplateOptions()` is to be. The plan is compiled with the same options, so a bad zone is told there.
fn templates(globals: &GlobalOptions) -> TemplateTerms {
    let own_host = if globals.use_fqdn { message::host::fqdn() } else { message::host::short() };
    let readable = |zone: &Option<String>| zone.clone().filter(|zone| message::Zone::parse(zone).is_ok());
    TemplateTerms {
        ts_format: globals.ts_format.word().to_owned(),
        frac_digits: globals.frac_digits,
        send_time_zone: readable(&globals.send_time_zone),
        local_time_zone: readable(&globals.local_time_zone),
        template_escape: globals.template_escape,
        own_host: own_host.into(),
    }
}

/// The least grave lines that somebody wants of a worker.
fn log_level() -> Level {
    use tracing::level_filters::LevelFilter;
    match LevelFilter::current() {
        LevelFilter::TRACE => Level::Trace,
        LevelFilter::DEBUG => Level::Debug,
        LevelFilter::INFO => Level::Info,
        LevelFilter::WARN => Level::Warning,
        _ => Level::Error,
    }
}

/// Where an administrator puts modules of his own.
const SITE_MODULES: &str = "/etc/syslog-ng/python";
