//! Names of hosts that messages come from.
//!
//! Nobody who moves messages waits for the domain name system: a thread asks it, and what it says is kept. A new
//! connection waits a moment for the name of its peer; datagrams show the address until the name is known.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, OnceLock, mpsc};
use std::time::{Duration, Instant};

use conf::globals::UseDns;
use parking_lot::Mutex;
use pipeline::{Compile, options::SourceOptions};
use tokio::sync::Notify;

/// The system's own table of hosts.
const HOSTS: &str = "/etc/hosts";
/// How long a new connection waits for the name of its peer.
const PATIENCE: Duration = Duration::from_secs(1);
/// Questions that may wait for the thread; beyond, an address stays without a name for now.
const QUESTIONS_MAX: usize = 1024;
/// Bytes of a file of hosts that are read.
const HOSTS_BYTES_MAX: usize = 4 << 20;

/// How a source turns addresses into names.
#[derive(Clone, Debug)]
pub(crate) struct Resolving {
    dns: UseDns,
    fqdn: bool,
    lower_case: bool,
    /// Names that are known without asking: `dns-cache-hosts()` and the system's own.
    hosts: Arc<HashMap<IpAddr, String>>,
    limits: Limits,
}

/// How much is remembered, and for how long.
#[derive(Clone, Copy, Debug)]
struct Limits {
    names: usize,
    known: Duration,
    unknown: Duration,
}

impl Resolving {
    /// As the options of a source say.
    pub(crate) fn new(options: &SourceOptions, cx: &Compile<'_>) -> Resolving {
        let globals = cx.globals;
        let dns = options.use_dns.unwrap_or(globals.use_dns);
        let own = globals.dns_cache_hosts.as_ref().map(|path| read_hosts(Path::new(path)));
        let mut hosts = own.unwrap_or_default();
        if dns == UseDns::Yes {
            // The system would look there first; so these names are known without asking it.
            for (ip, name) in read_hosts(Path::new(HOSTS)) {
                hosts.entry(ip).or_insert(name);
            }
        }
        Resolving {
            dns,
            fqdn: options.use_fqdn.unwrap_or(globals.use_fqdn),
            lower_case: options.normalize_hostnames.unwrap_or(globals.normalize_hostnames),
            hosts: Arc::new(hosts),
            limits: Limits {
                names: globals.dns_cache_size.get() as usize,
                known: globals.dns_cache_expire.duration(),
                unknown: globals.dns_cache_expire_failed.duration(),
            },
        }
    }

    /// The name of this machine.
    pub(crate) fn own(&self) -> String {
        own_name(self.fqdn, self.lower_case)
    }

    /// The name of an address as far as it is known now: the address itself where it has none. `None`: somebody asks.
    pub(crate) fn known(&self, ip: IpAddr) -> Option<String> {
        if self.dns == UseDns::No {
            return Some(ip.to_string());
        }
        if let Some(name) = self.hosts.get(&ip) {
            return Some(self.shown(name));
        }
        if self.dns == UseDns::PersistOnly {
            return Some(ip.to_string());
        }
        match resolver().known(ip, self.limits)? {
            Some(name) => Some(self.shown(&name)),
            None => Some(ip.to_string()),
        }
    }

    /// The name of an address, or the address itself; waits a moment for it.
    pub(crate) async fn name(&self, ip: IpAddr) -> String {
        let asking = async {
            loop {
                let answered = resolver().answered.notified();
                tokio::pin!(answered);
                // Before looking, or an answer that comes in between is missed.
                answered.as_mut().enable();
                match self.known(ip) {
                    Some(name) => return name,
                    None => answered.await,
                }
            }
        };
        tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| ip.to_string())
    }

    fn shown(&self, name: &str) -> String {
        let name = if self.fqdn { name } else { name.split('.').next().unwrap_or(name) };
        if self.lower_case { name.to_lowercase() } else { name.to_owned() }
    }
}

/// The name of this machine, as a source whose messages are made here shows it.
pub(crate) fn own_host(options: &SourceOptions, cx: &Compile<'_>) -> String {
    let fqdn = options.use_fqdn.unwrap_or(cx.globals.use_fqdn);
    own_name(fqdn, options.normalize_hostnames.unwrap_or(cx.globals.normalize_hostnames))
}

fn own_name(fqdn: bool, lower_case: bool) -> String {
    let name = if fqdn { message::host::fqdn() } else { message::host::short() };
    if lower_case { name.to_lowercase() } else { name.to_owned() }
}

/// The names the process has been told.
struct Resolver {
    names: Mutex<HashMap<IpAddr, Known>>,
    questions: Option<mpsc::SyncSender<IpAddr>>,
    answered: Notify,
}

struct Known {
    /// `None` while it is asked for; then what was said.
    answer: Option<Option<String>>,
    since: Instant,
}

fn resolver() -> &'static Resolver {
    static RESOLVER: OnceLock<Resolver> = OnceLock::new();
    RESOLVER.get_or_init(|| {
        let (questions, asked) = mpsc::sync_channel(QUESTIONS_MAX);
        let thread = std::thread::Builder::new().name("resolver".into()).spawn(move || answer(&asked));
        let questions = thread.is_ok().then_some(questions);
        Resolver { names: Mutex::default(), questions, answered: Notify::new() }
    })
}

/// Asks the system for one name after the other.
fn answer(asked: &mpsc::Receiver<IpAddr>) {
    while let Ok(ip) = asked.recv() {
        // An address that has no name comes back as itself.
        let name = dns_lookup::lookup_addr(&ip).ok().filter(|name| name.parse::<IpAddr>().is_err());
        let resolver = resolver();
        resolver.names.lock().insert(ip, Known { answer: Some(name), since: Instant::now() });
        resolver.answered.notify_waiters();
    }
}

impl Resolver {
    /// What is known of an address; `None` while it is asked for.
    fn known(&self, ip: IpAddr, limits: Limits) -> Option<Option<String>> {
        let mut names = self.names.lock();
        if let Some(known) = names.get(&ip) {
            let keep = match &known.answer {
                None => return None,
                Some(Some(_)) => limits.known,
                Some(None) => limits.unknown,
            };
            if known.since.elapsed() < keep {
                return known.answer.clone();
            }
        }
        if names.len() >= limits.names {
            names.retain(|_, known| known.answer.is_none());
        }
        match self.questions.as_ref().map(|questions| questions.try_send(ip)) {
            Some(Ok(())) => {
                names.insert(ip, Known { answer: None, since: Instant::now() });
                None
            }
            // Too many questions, or nobody to ask: the address will have to do.
            _ => Some(None),
        }
    }
}

/// The names in a file like `/etc/hosts`; the first of an address counts.
fn read_hosts(path: &Path) -> HashMap<IpAddr, String> {
    match std::fs::read(path) {
        Ok(bytes) => parse_hosts(&String::from_utf8_lossy(&bytes[..bytes.len().min(HOSTS_BYTES_MAX)])),
        Err(error) => {
            tracing::error!(filename = %path.display(), %error, "Error loading hosts file");
            HashMap::new()
        }
    }
}

fn parse_hosts(text: &str) -> HashMap<IpAddr, String> {
    let mut hosts = HashMap::new();
    for line in text.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        if let (Some(ip), Some(name)) = (words.next().and_then(|ip| ip.parse().ok()), words.next()) {
            hosts.entry(ip).or_insert_with(|| name.to_owned());
        }
    }
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolving(dns: UseDns, fqdn: bool, hosts: &str) -> Resolving {
        let limits = Limits { names: 10, known: Duration::from_secs(60), unknown: Duration::from_secs(60) };
        Resolving { dns, fqdn, lower_case: true, hosts: Arc::new(parse_hosts(hosts)), limits }
    }

    const HOSTS: &str = "# no\n10.0.0.1 Web.example.org web\n10.0.0.1 other\nnonsense\n::1 six # yes\n";

    #[track_caller]
    fn check(dns: UseDns, fqdn: bool, ip: &str, expected: &str) {
        assert_eq!(resolving(dns, fqdn, HOSTS).known(ip.parse().unwrap()).as_deref(), Some(expected));
    }

    #[test]
    fn without_dns_an_address_is_its_own_name() {
        check(UseDns::No, true, "10.0.0.1", "10.0.0.1");
    }

    #[test]
    fn the_hosts_file_comes_first() {
        check(UseDns::PersistOnly, true, "10.0.0.1", "web.example.org");
        check(UseDns::PersistOnly, false, "10.0.0.1", "web");
        check(UseDns::Yes, false, "::1", "six");
        check(UseDns::PersistOnly, false, "10.0.0.2", "10.0.0.2");
    }

    #[test]
    fn the_system_is_asked() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let resolving = resolving(UseDns::Yes, false, "");
        let ip: IpAddr = "127.0.0.1".parse().unwrap();
        let name = runtime.block_on(resolving.name(ip));
        assert!(!name.is_empty());
        // What was said is kept: now it is known without waiting.
        assert!(resolving.known(ip).is_some());
    }
}
