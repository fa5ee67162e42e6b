//! The plan: a configuration compiled, and inert. No thread, no file, no socket, no worker.
//!
//! A plan is started by [`Running::start`](crate::Running::start), as often as needed: a reload that fails starts the
//! old plan again through the same function.

use std::sync::Arc;

use message::{Builtin, Origin};
use store::Persist;

use crate::carry::Carry;
use crate::compile::NamedTemplates;
use crate::destination::Destination;
use crate::disk_queue::DiskSettings;
use crate::exit::Exit;
use crate::inlet::Inlet;
use crate::metrics::Metrics;
use crate::path::Branch;
use crate::resident::Resident;
use crate::source::{Source, Stamping};

/// A configuration, ready to start.
pub struct Plan {
    pub(crate) sources: Vec<SourceNode>,
    pub(crate) destinations: Vec<DestinationNode>,
    pub(crate) residents: Vec<Arc<dyn Resident>>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) persist: Persist,
    /// Templates that messages name; the other templates only borrow them.
    #[expect(dead_code, reason = "kept for those who borrow it")]
    pub(crate) named_templates: Arc<NamedTemplates>,
}

/// One source driver and the log paths it feeds.
pub(crate) struct SourceNode {
    pub(crate) id: String,
    pub(crate) statement: String,
    pub(crate) plan: SourcePlan,
    pub(crate) branches: Arc<[Branch]>,
    pub(crate) flow_control: bool,
}

/// One destination driver and its mouth.
pub(crate) struct DestinationNode {
    pub(crate) inlet: Arc<Inlet>,
    pub(crate) plan: DestinationPlan,
    pub(crate) disk: Option<DiskSettings>,
}

/// What compiling a source driver yields.
pub struct SourcePlan {
    /// `file`, `network`, `python` …; `stats` shows it as `src.file`.
    pub driver: &'static str,
    /// File name, address, class …, for the counters.
    pub instance: String,
    /// Key under which its state outlives a restart; two drivers with one key cannot start together.
    pub persist_name: Option<String>,
    /// What every message of it gets.
    pub stamping: Stamping,
    /// Makes the driver. Called at every start.
    pub make: MakeSource,
    /// What the driver's crate wants to find again in [`Compiled::about`](crate::Compiled).
    pub about: Option<About>,
}

/// Makes a source driver.
pub type MakeSource = Box<dyn Fn() -> Box<dyn Source> + Send + Sync>;

/// Makes a destination driver.
pub type MakeDestination = Box<dyn Fn(&Exit, &mut Carry) -> Box<dyn Destination> + Send + Sync>;

/// Something only the crate that made it can read.
pub type About = Arc<dyn std::any::Any + Send + Sync>;

/// What compiling a destination driver yields.
pub struct DestinationPlan {
    /// `file`, `network` …; `stats` shows it as `dst.file`.
    pub driver: &'static str,
    /// File name, address …, for the counters.
    pub instance: String,
    /// Key of its queue over a reload; two drivers with one key cannot start together.
    pub persist_name: String,
    /// `log-fifo-size()`, messages.
    pub fifo_size: usize,
    /// `time-reopen()`.
    pub time_reopen: std::time::Duration,
    /// `workers()`: threads that take from its queue, each with a driver of its own. With more than one, the order
    /// of messages is not kept.
    pub workers: usize,
    /// `retries()`: times in a row that messages may fail; the last one drops them.
    pub retries: u32,
    /// Makes the driver. Called at every start, once for each of the workers, with the request to end that it must
    /// watch while it waits.
    pub make: MakeDestination,
}

/// The values all messages of a source share, as far as its configuration fixes them. A driver adds those of the
/// connection, and has the origin.
#[derive(Debug, Clone, Default)]
pub struct OriginBase {
    /// `source` statement.
    pub statement: String,
    /// `host-override()`.
    pub host: Option<String>,
    /// `program-override()`.
    pub program: Option<String>,
    /// `use-syslogng-pid(yes)`: the daemon's own.
    pub pid: Option<String>,
    /// `tags()`; `.source.STATEMENT` is added.
    pub tags: Vec<String>,
}

impl OriginBase {
    /// The origin of messages that `host_from` handed us, with what the driver knows of the connection.
    pub fn origin(&self, host_from: &str, connection: &[(Builtin, &[u8])]) -> Arc<Origin> {
        self.origin_with(host_from, connection, &[])
    }

    /// [`OriginBase::origin`], with name-value pairs beside the values: `.unix.pid` and the like.
    pub fn origin_with(
        &self,
        host_from: &str,
        connection: &[(Builtin, &[u8])],
        pairs: &[(&str, &[u8])],
    ) -> Arc<Origin> {
        let mut tags = self.tags.join(",");
        if !tags.is_empty() {
            tags.push(',');
        }
        tags.push_str(".source.");
        tags.push_str(&self.statement);
        let host = self.host.as_deref().unwrap_or(host_from);
        let mut entries: Vec<(Builtin, &[u8])> = vec![
            (Builtin::Host, host.as_bytes()),
            (Builtin::HostFrom, host_from.as_bytes()),
            (Builtin::Source, self.statement.as_bytes()),
            (Builtin::Tags, tags.as_bytes()),
        ];
        entries.extend(self.program.as_deref().map(|program| (Builtin::Program, program.as_bytes())));
        entries.extend(self.pid.as_deref().map(|pid| (Builtin::Pid, pid.as_bytes())));
        entries.extend_from_slice(connection);
        Arc::new(Origin::with_pairs(&entries, pairs))
    }
}

impl Plan {
    /// Ids of the sources, in the order they start.
    pub fn source_ids(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().map(|node| node.id.as_str())
    }

    /// The mouths of the destinations, in the order they start.
    pub fn inlets(&self) -> impl Iterator<Item = &Arc<Inlet>> {
        self.destinations.iter().map(|node| &node.inlet)
    }
}
