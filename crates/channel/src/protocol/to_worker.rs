//! What the daemon says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Acked, FRAME_BYTES_MAX, Frame, HELLO_BYTES_MAX, Level, PersistAnswer};

/// A frame of the daemon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum ToWorker {
    /// The first frame: everything the worker has to know.
    Hello(Box<Hello>),
    /// Where `hello` says to wait for it: make the object and call `init()`.
    Init,
    /// After `ready`: call `run()`, or open and fetch.
    Start,
    /// Credits are there again after a suspension: call `wakeup()`.
    Wakeup,
    /// In generate mode: execute one more block, and tell again what is registered.
    Block(Block),
    /// In generate mode: call a config generator.
    Generate {
        /// The context it is registered for.
        context: String,
        /// Its name, with `_`.
        name: String,
        /// Its arguments: names with `_`, values as written.
        arguments: Vec<(String, String)>,
    },
    /// What became of records, for a worker that asked ([`crate::Flow::want_acks`]).
    Acked {
        /// In the order in which it was settled. Every record is told once.
        ranges: Vec<Acked>,
    },
    /// The answer to a request for the persist file.
    Persisted {
        /// The request's number.
        id: u64,
        /// The answer.
        answer: PersistAnswer,
    },
    /// Call `request_exit()`, let `run()` or the fetch loop end, call `deinit()`, and exit.
    RequestExit,
}

impl Frame for ToWorker {
    fn bytes_max(first: bool) -> usize {
        if first { HELLO_BYTES_MAX } else { FRAME_BYTES_MAX }
    }

    fn own_bytes_max(&self) -> usize {
        Self::bytes_max(matches!(self, ToWorker::Hello(_)))
    }
}

/// What a worker is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Run [`Hello::driver`], or answer for [`Hello::drivers`].
    #[default]
    Run,
    /// Look at [`Hello::drivers`] and report what is wrong with them; run nothing.
    Inspect,
    /// Execute the blocks and call the config generators that they register, as asked.
    Generate,
}

/// Everything a worker has to know.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Hello {
    /// [`super::PROTOCOL`].
    pub protocol: u32,
    /// What the worker is for.
    pub mode: Mode,
    /// The daemon's version, for `syslogng` to show.
    pub product_version: String,
    /// `@version` of the configuration.
    pub config_version: (u16, u16),
    /// The main configuration file.
    pub config_file: String,
    /// The `python {}` blocks, in the order they are to be executed.
    pub blocks: Vec<Block>,
    /// Directories to put in front of `sys.path`, first one first.
    pub sys_path_front: Vec<String>,
    /// `sys.argv[0]`.
    pub argv0: String,
    /// The least grave lines the daemon logs; what is below need not be sent. None: all are wanted.
    pub log_level: Option<Level>,
    /// The global options of templates.
    pub templates: TemplateTerms,
    /// How long the worker may take to end after `request_exit`, in milliseconds.
    pub stop_timeout_ms: u64,
    /// Execute the blocks, look at the driver and tell what is wrong (`inspected`), then wait for `init` before the object
    /// is made: another configuration still runs.
    pub await_init: bool,
    /// The driver to run.
    pub driver: Option<Driver>,
    /// The drivers to inspect, or those that the worker is asked for: requests name them by their place here.
    pub drivers: Vec<Driver>,
}

/// How templates show dates and values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TemplateTerms {
    /// `ts-format()`
    pub ts_format: String,
    /// `frac-digits()`
    pub frac_digits: u8,
    /// `send-time-zone()`
    pub send_time_zone: Option<String>,
    /// `local-time-zone()`
    pub local_time_zone: Option<String>,
    /// `template-escape()`
    pub template_escape: bool,
    /// The name of this machine, as `use-fqdn()` wants it.
    pub own_host: String,
}

impl Default for TemplateTerms {
    /// What holds where no option is set, on a machine without a name.
    fn default() -> TemplateTerms {
        TemplateTerms {
            ts_format: "bsd".to_owned(),
            frac_digits: 0,
            send_time_zone: None,
            local_time_zone: None,
            template_escape: false,
            own_host: String::new(),
        }
    }
}

/// A `python {}` block.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Block {
    /// The file it stands in.
    pub file: String,
    /// The line of that file on which `text` begins.
    pub line: u32,
    /// Its text as written.
    pub text: String,
}

/// A place in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Location {
    /// The file.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
}

/// Which base class a driver's class must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriverKind {
    /// `python()`: a `LogSource`.
    #[default]
    Source,
    /// `python-fetcher()`: a `LogFetcher`.
    Fetcher,
    /// `python()` in a parser: a `LogParser`.
    Parser,
    /// `python()` in a destination: a `LogDestination`.
    Destination,
    /// `$(python NAME …)`: the function NAME; no name: the first argument names it.
    Function,
    /// `python-http-header()`.
    Header,
}

/// What becomes of a post while the source is suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuspendedPost {
    /// It is dropped and counted, and `post_message` returns `False`.
    #[default]
    Drop,
    /// It waits for credit.
    Block,
    /// It raises.
    Raise,
}

/// One Python driver of the configuration.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Driver {
    /// The driver's name in logs and counters.
    pub id: String,
    /// What kind of class it needs.
    pub kind: DriverKind,
    /// `class()`: a name in the blocks, or `package.module.Class`.
    pub class: String,
    /// `loaders()`: modules to import first.
    pub loaders: Vec<String>,
    /// `options()` in the order written, keys normalised; a later one of the same name wins.
    pub options: Vec<(String, OptionValue)>,
    /// `self.flags` as the class sees it.
    pub flags: BTreeMap<String, bool>,
    /// `self.parse_options`.
    pub parse: ParseOptions,
    /// `persist-name()`.
    pub persist_name: Option<String>,
    /// Where the driver stands.
    pub location: Location,
    /// `time-reopen()`: the wait before a fetcher is opened again, in milliseconds.
    pub time_reopen_ms: u64,
    /// The wait after `FETCH_NO_DATA`, in milliseconds.
    pub no_data_delay_ms: u64,
    /// `suspended-post()`.
    pub suspended_post: SuspendedPost,
    /// What only a destination has.
    pub destination: DestinationTerms,
}

impl Driver {
    /// Whether an operator may mean this one: by its id, its statement, or its class.
    pub fn is_called(&self, name: &str) -> bool {
        let statement = self.id.split('#').next();
        name == self.id || statement == Some(name) || name == self.class
    }
}

/// How a destination's worker is to treat its messages.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DestinationTerms {
    /// `batch-lines()`: messages that are queued before `flush()` is called.
    pub batch_lines: u32,
    /// `value-pairs()` is given: `send()` gets dicts.
    pub value_pairs: bool,
    /// Messages made on this machine are numbered.
    pub seqnum: bool,
    /// So are all others.
    pub seqnum_all: bool,
}

/// The value of one option, with the type it was written in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub enum OptionValue {
    /// `"text"`, `'text'`, a bare word.
    String(String),
    /// `5`, `0x1f`, `10k`.
    Integer(i64),
    /// `1.5`. Finite: JSON has no other.
    Float(f64),
    /// `yes`, `off`, `True`.
    Boolean(bool),
    /// `["a", "b"]`.
    List(Vec<String>),
    /// `LogTemplate("…")`: its text.
    Template(String),
}

/// How `LogMessage.parse` reads a message.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ParseOptions {
    /// `format()`; empty means syslog.
    pub format: String,
    /// The parsing flags that are on, in the dashed spelling, `no-…` ones as written.
    pub flags: Vec<String>,
    /// `default-facility()` and `default-level()` as one priority, when either is given.
    pub default_pri: Option<u16>,
    /// `time-zone()`, for stamps that have none.
    pub time_zone: Option<String>,
    /// `sdata-prefix()`, when given.
    pub sdata_prefix: Option<String>,
}
