//! A daemon in a test: a configuration with the native drivers, started and stopped.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use conf::{Diagnostics, Environment, GlobalOptions, Style};
use pipeline::{Carry, Compiled, Metrics, Prepared, Registry, Running, Stop};
use store::Persist;

/// How long something may take that is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// How long a stop waits for messages that cannot be delivered.
const STOP_PATIENCE: Duration = Duration::from_secs(1);

/// A started configuration, and a directory of its own.
pub(crate) struct Trial {
    running: Option<Running>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) persist: Persist,
    dir: Arc<tempfile::TempDir>,
}

pub(crate) fn registry() -> Registry {
    Registry {
        sources: vec![crate::SOURCES],
        destinations: vec![crate::DESTINATIONS],
        parsers: vec![crate::PARSERS],
        rewrites: vec![crate::REWRITES],
        filters: vec![crate::FILTERS],
        functions: crate::FUNCTIONS,
        http_headers: Vec::new(),
        foreign: Vec::new(),
    }
}

/// Compiles a configuration; gives what is said about it, too.
pub(crate) fn compile(text: &str, metrics: &Arc<Metrics>, persist: &Persist) -> (Compiled, String) {
    let loaded = conf::load_text("test.conf", text, &Environment::default());
    let mut said = Diagnostics::default();
    let globals = GlobalOptions::of(&loaded.config, &mut said)
        .unwrap_or_else(|| GlobalOptions::of(&Default::default(), &mut Diagnostics::default()).unwrap());
    let compiled = pipeline::compile(&loaded, &globals, &registry(), metrics, persist);
    for list in [&loaded.diagnostics, &compiled.diagnostics, &compiled.at_start] {
        list.iter().for_each(|one| said.push(one.clone()));
    }
    let text = said.render(&loaded.sources, Style::Plain);
    (compiled, text)
}

/// What is said about a configuration that is not started.
pub(crate) fn said_about(text: &str) -> String {
    compile(&format!("@version: 4.11\n{text}"), &Metrics::new(), &Persist::in_memory()).1
}

impl Trial {
    /// Starts a configuration; `DIR` in it is the trial's directory.
    pub(crate) fn start(text: &str) -> Trial {
        let dir = Arc::new(tempfile::tempdir().unwrap());
        Trial::start_in(dir, text, Metrics::new(), Persist::in_memory(), Carry::default())
    }

    fn start_in(
        dir: Arc<tempfile::TempDir>,
        text: &str,
        metrics: Arc<Metrics>,
        persist: Persist,
        carry: Carry,
    ) -> Trial {
        let text = text.replace("DIR", dir.path().to_str().unwrap());
        let (compiled, said) = compile(&format!("@version: 4.11\n{text}"), &metrics, &persist);
        let plan = Arc::new(compiled.plan.unwrap_or_else(|| panic!("no plan:\n{said}")));
        let prepared = Prepared::of(plan).unwrap();
        let running = Running::start(prepared, carry).unwrap_or_else(|failed| panic!("no start: {failed}"));
        Trial { running: Some(running), metrics, persist, dir }
    }

    /// Goes on with another configuration.
    pub(crate) fn reload(mut self, text: &str) -> Trial {
        let carry = self.running.take().unwrap().stop(Stop::ForReload, Instant::now() + PATIENCE);
        Trial::start_in(self.dir.clone(), text, self.metrics.clone(), self.persist.clone(), carry)
    }

    /// Stops, and starts as a daemon does that is started again: only what is persistent is left.
    pub(crate) fn restart(self, text: &str) -> Trial {
        self.restart_after(text, |_| ())
    }

    /// [`Trial::restart`], with something done to the trial's directory while nothing runs.
    pub(crate) fn restart_after(mut self, text: &str, meanwhile: impl FnOnce(&Path)) -> Trial {
        drop(self.running.take().unwrap().stop(Stop::ForGood, Instant::now() + STOP_PATIENCE));
        meanwhile(self.dir.path());
        Trial::start_in(self.dir.clone(), text, self.metrics.clone(), self.persist.clone(), Carry::default())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Waits until every source has ended by itself, then stops.
    pub(crate) fn run_out(self) -> Outcome {
        self.wait("the sources to end", |trial| {
            trial.running.as_ref().unwrap().sources_ended().then_some(())
        });
        self.stop()
    }

    /// Stops, with what is queued delivered.
    pub(crate) fn stop(mut self) -> Outcome {
        drop(self.running.take().unwrap().stop(Stop::ForGood, Instant::now() + PATIENCE));
        Outcome { metrics: self.metrics.clone(), dir: self.dir.clone() }
    }

    pub(crate) fn reopen(&self) {
        self.running.as_ref().unwrap().reopen();
    }

    /// Waits until `look` sees something.
    #[track_caller]
    pub(crate) fn wait<T>(&self, what: &str, mut look: impl FnMut(&Trial) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            assert!(Instant::now() < deadline, "waited in vain for {what}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until a file says this.
    #[track_caller]
    pub(crate) fn wait_for_text(&self, name: &str, expected: &str) {
        let path = self.path(name);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = read(&path);
            if text == expected {
                return;
            }
            assert!(Instant::now() < deadline, "waited in vain\n got: {text:?}\nwant: {expected:?}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// The sum of the counters of a kind.
    pub(crate) fn count(&self, component: &str, kind: &str) -> u64 {
        count(&self.metrics, component, kind)
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            drop(running.stop(Stop::ForReload, Instant::now() + PATIENCE));
        }
    }
}

/// What a stopped configuration left.
pub(crate) struct Outcome {
    metrics: Arc<Metrics>,
    dir: Arc<tempfile::TempDir>,
}

impl Outcome {
    pub(crate) fn text(&self, name: &str) -> String {
        read(&self.dir.path().join(name))
    }

    pub(crate) fn count(&self, component: &str, kind: &str) -> u64 {
        count(&self.metrics, component, kind)
    }
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
}

fn count(metrics: &Metrics, component: &str, kind: &str) -> u64 {
    let rows = metrics.rows();
    rows.iter().filter(|(key, ..)| key.component == component && key.kind == kind).map(|(_, n, _)| n).sum()
}
