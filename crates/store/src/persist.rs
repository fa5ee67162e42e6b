//! The persist file: a store of keys and small values in which a change is made whole or not at all.
//!
//! One daemon holds it at a time. Its clones are one store, usable from every thread. [`Persist::commit`] returns once
//! the changes are on the disk. What changes many times a second goes through [`Persist::put_behind`]: the latest
//! value of a key is written within [`BEHIND_MAX`], together with all others that wait.
//!
//! An entry that no run of the daemon has asked for by name is forgotten in the end: see [`Persist::reap`].

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::{Condvar, Mutex};

mod error;
mod file;
mod key;

pub use error::{OpenError, PersistError};
pub use key::{Change, KEY_BYTES_MAX, Key, VALUE_BYTES_MAX};

use file::Database;

/// What was handed to [`Persist::put_behind`] is on the disk after this time, as long as the disk can keep up.
pub const BEHIND_MAX: Duration = Duration::from_millis(100);
/// An entry that is not asked for is kept for this long at least.
pub const UNUSED_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// Keys of which a value may wait; beyond that whoever changes one waits for the disk.
const WAITING_MAX: usize = 1 << 16;
/// A disk that failed is tried again after this time.
const RETRY: Duration = Duration::from_secs(1);

/// Values by the names they have in one namespace.
pub type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

/// See the module's text. Dropping the last clone writes what waits.
#[derive(Clone)]
pub struct Persist(Arc<Handle>);

struct Handle {
    shared: Arc<Shared>,
    /// The thread that writes what waits; started when there is something for the first time.
    writer: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    database: Database,
    /// Number of this run of the daemon.
    run: u64,
    host: u32,
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    /// Changes that are to be written; `None` deletes.
    waiting: HashMap<Key, Waiting>,
    /// Entries that were asked for in this run.
    used: HashSet<Key>,
    /// Those among them of which the file does not know that yet.
    unmarked: Vec<Key>,
    /// Grows with every change, so that a writer knows what has changed meanwhile.
    clock: u64,
    closed: bool,
}

struct Waiting {
    value: Option<Vec<u8>>,
    since: u64,
}

impl Persist {
    /// Opens the store in the file at `path`, and makes one where there is none.
    pub fn open(path: &Path) -> Result<Persist, OpenError> {
        Persist::start(Database::open(path)?)
    }

    /// A store that is forgotten with its last clone: for a daemon that keeps nothing, and for tests.
    pub fn in_memory() -> Persist {
        Persist::start(Database::in_memory()).unwrap_or_else(|error| panic!("a store in memory: {error}"))
    }

    fn start(database: Database) -> Result<Persist, OpenError> {
        let (run, host) = database.identity()?;
        let shared =
            Arc::new(Shared { database, run: run + 1, host, state: Mutex::default(), wake: Condvar::new() });
        Ok(Persist(Arc::new(Handle { shared, writer: Mutex::default() })))
    }

    /// The value of `key`, which counts as used.
    pub fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, PersistError> {
        let waiting = self.0.shared.state.lock().waiting.get(key).map(|waiting| waiting.value.clone());
        let value = match waiting {
            Some(value) => value,
            None => self.0.shared.database.get(key)?,
        };
        if value.is_some() {
            self.0.use_key(key);
        }
        Ok(value)
    }

    /// Makes `value` that of `key`, durably.
    pub fn put(&self, key: &Key, value: &[u8]) -> Result<(), PersistError> {
        self.commit(&[Change::Put(key.clone(), value.to_vec())])
    }

    /// Forgets `key`, durably; one that is not there is no error.
    pub fn delete(&self, key: &Key) -> Result<(), PersistError> {
        self.commit(&[Change::Delete(key.clone())])
    }

    /// Makes all changes, durably, or none of them. Of two that change one key the later counts.
    ///
    /// Fails when a key or value is too long, and when the disk is full or broken; what was there before is then
    /// there still, and the next call tries the disk anew.
    pub fn commit(&self, changes: &[Change]) -> Result<(), PersistError> {
        changes.iter().try_for_each(Change::check)?;
        self.0.shared.write(changes)
    }

    /// Makes `value` that of `key` soon: within [`BEHIND_MAX`] it is on the disk, unless a later one took its place.
    /// Does not wait for the disk. While the disk is full or broken the latest value is kept here, and tried again.
    pub fn put_behind(&self, key: &Key, value: &[u8]) -> Result<(), PersistError> {
        let change = Change::Put(key.clone(), value.to_vec());
        change.check()?;
        let mut state = self.0.shared.state.lock();
        if state.waiting.len() >= WAITING_MAX && !state.waiting.contains_key(key) {
            drop(state);
            return self.0.shared.write(&[change]);
        }
        state.clock += 1;
        let since = state.clock;
        state.waiting.insert(key.clone(), Waiting { value: Some(value.to_vec()), since });
        drop(state);
        self.0.wake_writer();
        Ok(())
    }

    /// Writes what waits, and returns once it is on the disk.
    pub fn sync(&self) -> Result<(), PersistError> {
        self.0.shared.write(&[])
    }

    /// The entries of a namespace in the order of their names; none of them counts as used by that. The namespace is
    /// met exactly: `a` does not see what is in `ab`.
    pub fn entries(&self, space: &str) -> Result<Entries, PersistError> {
        let mut entries = self.0.shared.database.entries(space)?;
        for (key, waiting) in &self.0.shared.state.lock().waiting {
            if key.space() == space {
                match &waiting.value {
                    Some(value) => entries.insert(key.name().to_vec(), value.clone()),
                    None => entries.remove(key.name()),
                };
            }
        }
        Ok(entries)
    }

    /// Every entry, by namespace and name; none of them counts as used by that.
    pub fn all(&self) -> Result<Vec<(Key, Vec<u8>)>, PersistError> {
        self.sync()?;
        self.0.shared.database.all()
    }

    /// The directory that the file is in; `None` for a store in memory.
    pub fn directory(&self) -> Option<&Path> {
        self.0.shared.database.directory()
    }

    /// Number of this run: 1 for the first one that the file knows of. `$RUNID`.
    pub fn run_id(&self) -> u64 {
        self.0.shared.run
    }

    /// A number that this installation drew by lot when the file was made. `$HOSTID`.
    pub fn host_id(&self) -> u32 {
        self.0.shared.host
    }

    /// The daemon is about to start what its configuration says: from now on this run counts as one.
    pub fn begin_run(&self) -> Result<(), PersistError> {
        self.0.shared.database.set_run(self.0.shared.run)
    }

    /// The daemon has started: forgets the entries that neither this run nor the whole one before asked for by name,
    /// if that is longer ago than [`UNUSED_KEPT`]. Returns how many. A source that is left out of the configuration
    /// for some weeks finds its position again.
    pub fn reap(&self) -> Result<usize, PersistError> {
        self.sync()?;
        let before = unix_seconds().saturating_sub(UNUSED_KEPT.as_secs());
        self.0.shared.database.reap(self.0.shared.run, before)
    }
}

impl Handle {
    fn use_key(&self, key: &Key) {
        let mut state = self.shared.state.lock();
        if !state.used.contains(key) {
            state.used.insert(key.clone());
            state.unmarked.push(key.clone());
            drop(state);
            self.wake_writer();
        }
    }

    fn wake_writer(&self) {
        let mut writer = self.writer.lock();
        if writer.is_none() {
            let shared = self.shared.clone();
            let thread = std::thread::Builder::new().name("persist".into());
            match thread.spawn(move || shared.write_behind()) {
                Ok(thread) => *writer = Some(thread),
                // The next change tries again; whatever waits is written at the end at the latest.
                Err(error) => {
                    tracing::error!(%error, "Error starting the thread that writes the persist file")
                }
            }
        }
        self.shared.wake.notify_one();
    }
}

impl Shared {
    /// Writes what waits and then `changes`, in one transaction.
    fn write(&self, changes: &[Change]) -> Result<(), PersistError> {
        // One writer at a time, or a later value could be overtaken by an earlier one.
        let turn = self.database.turn();
        let (waiting, marks, until) = {
            let mut state = self.state.lock();
            let waiting: Vec<Change> =
                state.waiting.iter().map(|(key, waiting)| waiting.change(key)).collect();
            (waiting, std::mem::take(&mut state.unmarked), state.clock)
        };
        if waiting.is_empty() && changes.is_empty() && marks.is_empty() {
            return Ok(());
        }
        let used = (self.run, unix_seconds());
        let written = turn.write(waiting.iter().chain(changes), &marks, used);
        let mut state = self.state.lock();
        match written {
            Ok(()) => state.waiting.retain(|_, waiting| waiting.since > until),
            Err(_) => state.unmarked.extend(marks),
        }
        written
    }

    /// The thread that writes what waits.
    fn write_behind(&self) {
        let mut failed = false;
        loop {
            let closed = self.wait_for_work(if failed { RETRY } else { BEHIND_MAX });
            let written = self.write(&[]);
            match &written {
                Ok(()) if failed => tracing::info!("The persist file can be written again"),
                Ok(()) => {}
                Err(error) if !failed || closed => {
                    tracing::error!(%error, "Error writing the persist file, its latest changes are kept in memory");
                }
                Err(_) => {}
            }
            failed = written.is_err();
            if closed {
                return;
            }
        }
    }

    /// Waits until there is work, then for `pause`, so that more comes together; a store that closes has no time.
    fn wait_for_work(&self, pause: Duration) -> bool {
        let mut state = self.state.lock();
        while !state.closed && !state.has_work() {
            self.wake.wait(&mut state);
        }
        let until = Instant::now() + pause;
        while !state.closed && !self.wake.wait_until(&mut state, until).timed_out() {}
        state.closed
    }
}

impl State {
    fn has_work(&self) -> bool {
        !self.waiting.is_empty() || !self.unmarked.is_empty()
    }
}

impl Waiting {
    fn change(&self, key: &Key) -> Change {
        match &self.value {
            Some(value) => Change::Put(key.clone(), value.clone()),
            None => Change::Delete(key.clone()),
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.state.lock().closed = true;
        self.shared.wake.notify_one();
        match self.writer.lock().take() {
            // A writer that panicked has said so.
            Some(writer) => drop(writer.join()),
            None => {
                if let Err(error) = self.shared.write(&[]) {
                    tracing::error!(%error, "Error writing the persist file, its latest changes are lost");
                }
            }
        }
    }
}

fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
