//! The worker processes behind Python parsers, destinations and template functions.
//!
//! What stands in a log path is a proxy that asks one of them. All drivers of one key are in the same processes, as
//! objects of their own: every reference to a named parser is one. With `workers(n)` there are n processes.

mod line;
mod member;

use std::sync::Arc;
use std::time::Instant;

use channel::protocol::{Driver as WorkerDriver, Hello};
use parking_lot::Mutex;
use pipeline::{About, Metrics, Resident, StartError};
use store::Persist;

pub(crate) use line::{Asked, Failure, Line};
pub(crate) use member::Member;

use crate::counters::Counters;
use crate::report::Known;
use crate::worker::Launch;

/// Processes that a driver may have.
pub(crate) const WORKERS_MAX: u32 = 256;
/// Part of the time to stop that is left for the end itself, however long a driver's last call takes.
const END_SHARE: f64 = 0.2;

/// See the module's text.
pub(crate) struct Staff {
    known: Known,
    /// The part of `stats` that its counters are in: `dst.python` …
    component: &'static str,
    launch: Launch,
    persist: Persist,
    hello: Hello,
    /// Its objects, and its processes: both grow while the configuration is compiled.
    made: Mutex<Made>,
}

#[derive(Default)]
struct Made {
    drivers: Vec<WorkerDriver>,
    members: Vec<Arc<Member>>,
}

impl Staff {
    pub(crate) fn new(
        known: Known,
        component: &'static str,
        launch: Launch,
        persist: Persist,
        hello: Hello,
    ) -> Staff {
        Staff { known, component, launch, persist, hello, made: Mutex::default() }
    }

    /// Adds an object, which the requests name by the number returned.
    pub(crate) fn employ(&self, driver: WorkerDriver) -> u32 {
        let drivers = &mut self.made.lock().drivers;
        drivers.push(driver);
        drivers.len() as u32 - 1
    }

    /// Its first `count` processes, made as far as they are not there.
    pub(crate) fn members(&self, count: u32) -> Result<Vec<Arc<Member>>, StartError> {
        let members = &mut self.made.lock().members;
        while members.len() < count as usize {
            let member = Member::new(self.known.clone(), self.launch.clone(), self.persist.clone())
                .map_err(|error| StartError::new(format!("no descriptor left: {error}")))?;
            members.push(Arc::new(member));
        }
        Ok(members[..count as usize].to_vec())
    }

    /// What its processes are started with.
    pub(crate) fn launch(&self) -> &Launch {
        &self.launch
    }

    /// Its objects so far.
    pub(crate) fn drivers(&self) -> Vec<WorkerDriver> {
        self.made.lock().drivers.clone()
    }

    fn all(&self) -> Vec<Arc<Member>> {
        self.made.lock().members.clone()
    }
}

impl Resident for Staff {
    fn id(&self) -> String {
        self.known.id.clone()
    }

    fn prepare(&self, metrics: &Arc<Metrics>) -> Result<(), StartError> {
        let hello = Hello { drivers: self.drivers(), ..self.hello.clone() };
        let counters = Counters::new(metrics, self.component, &self.known.id, &self.known.class);
        self.all().iter().try_for_each(|member| member.prepare(hello.clone(), counters.clone()))
    }

    fn examine(&self) -> Vec<About> {
        let found = self.all().into_iter().flat_map(|member| member.findings());
        found.map(|finding| Arc::new(finding) as About).collect()
    }

    fn begin(&self) {
        self.all().iter().for_each(|member| member.begin());
    }

    fn init(&self) -> Result<(), StartError> {
        self.all().iter().try_for_each(|member| member.await_ready())
    }

    fn restart(&self, name: &str) -> Vec<String> {
        let ids: Vec<String> = self
            .drivers()
            .into_iter()
            .filter(|driver| self.known.id == name || driver.is_called(name))
            .map(|driver| driver.id)
            .collect();
        if !ids.is_empty() {
            self.all().iter().for_each(|member| member.restart());
        }
        ids
    }

    fn stopping(&self, deadline: Instant) {
        let time = deadline.saturating_duration_since(Instant::now());
        let kill_at = deadline - time.mul_f64(END_SHARE);
        self.all().iter().for_each(|member| member.stopping(kill_at));
    }

    fn deinit(&self, deadline: Instant) {
        // Side by side: each may take all of the time.
        let members = self.all();
        std::thread::scope(|scope| {
            for member in &members {
                scope.spawn(move || member.end(deadline));
            }
        });
    }
}
