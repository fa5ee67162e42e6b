//! A disk that does what disks do at their worst, the same for the same seed.

use std::any::Any;
use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Disk, DiskFile};

/// Seeds of a test run; `HOGNOSE_SEEDS` asks for another number (`just simulate SEEDS`).
const SEEDS: u64 = 60;

/// Runs `check` with every seed. A seed that fails prints itself, and `HOGNOSE_SEED` runs it alone.
pub(crate) fn simulate(check: impl Fn(&SimulatedDisk, &mut Rng) + std::panic::RefUnwindSafe) {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let seeds: Range<u64> = match number("HOGNOSE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("HOGNOSE_SEEDS").unwrap_or(SEEDS),
    };
    for seed in seeds {
        let run = std::panic::catch_unwind(|| check(&SimulatedDisk::new(seed), &mut Rng::new(!seed)));
        assert!(run.is_ok(), "failed with HOGNOSE_SEED={seed}");
    }
}

/// Numbers by lot, the same for the same seed (splitmix64).
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next() % bound }
    }

    /// True once in so many times.
    pub(crate) fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

/// What goes wrong while the machine runs: once in so many calls; 0 for never.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Faults {
    pub(crate) errors: u64,
    pub(crate) short: u64,
    /// Bytes that fit.
    pub(crate) room: Option<u64>,
}

/// See the module's text. Clones are one disk.
#[derive(Clone)]
pub(crate) struct SimulatedDisk(Arc<Mutex<State>>);

struct State {
    rng: Rng,
    faults: Faults,
    /// What is there now, by name.
    files: BTreeMap<String, u64>,
    /// What is there after a crash.
    durable: BTreeMap<String, u64>,
    contents: BTreeMap<u64, Content>,
    born: u64,
    locked: bool,
    /// Counts crashes: what was opened before one is of no use after it.
    life: u64,
}

#[derive(Default)]
struct Content {
    now: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Change>,
}

#[derive(Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Change::Write(at, what) => {
                if bytes.len() < at + what.len() {
                    bytes.resize(at + what.len(), 0);
                }
                bytes[*at..at + what.len()].copy_from_slice(what);
            }
            Change::Length(length) => bytes.resize(*length, 0),
        }
    }
}

impl SimulatedDisk {
    pub(crate) fn new(seed: u64) -> SimulatedDisk {
        SimulatedDisk(Arc::new(Mutex::new(State {
            rng: Rng::new(seed),
            faults: Faults::default(),
            files: BTreeMap::new(),
            durable: BTreeMap::new(),
            contents: BTreeMap::new(),
            born: 0,
            locked: false,
            life: 0,
        })))
    }

    pub(crate) fn set_faults(&self, faults: Faults) {
        self.0.lock().faults = faults;
    }

    /// The power goes: of what was not synced, every part may be there, torn or not; in any order.
    pub(crate) fn crash(&self) {
        let mut guard = self.0.lock();
        let State { rng, files, durable, contents, locked, life, .. } = &mut *guard;
        *locked = false;
        *life += 1;
        for (name, file) in &*files {
            if !durable.contains_key(name) && rng.once_in(2) {
                durable.insert(name.clone(), *file);
            }
        }
        durable.retain(|name, _| files.contains_key(name) || rng.once_in(2));
        for content in contents.values_mut() {
            let mut bytes = std::mem::take(&mut content.durable);
            let mut changes = std::mem::take(&mut content.unsynced);
            while !changes.is_empty() {
                let mut change = changes.swap_remove(rng.below(changes.len() as u64) as usize);
                match rng.below(3) {
                    0 => continue,
                    1 => {
                        if let Change::Write(_, what) = &mut change {
                            what.truncate(rng.below(what.len() as u64 + 1) as usize);
                        }
                    }
                    _ => {}
                }
                change.apply(&mut bytes);
            }
            (content.now, content.durable) = (bytes.clone(), bytes);
        }
        *files = durable.clone();
    }

    /// The process is killed: what it wrote is with the system, and stays.
    pub(crate) fn kill(&self) {
        let mut state = self.0.lock();
        state.locked = false;
        state.life += 1;
    }

    /// Flips a bit somewhere in a file whose name `chosen` likes; false if there is none.
    pub(crate) fn flip_bit(&self, chosen: impl Fn(&str) -> bool) -> bool {
        let mut guard = self.0.lock();
        let State { rng, files, contents, .. } = &mut *guard;
        let candidates: Vec<u64> =
            files.iter().filter(|(name, _)| chosen(name)).map(|(_, file)| *file).collect();
        if candidates.is_empty() {
            return false;
        }
        let file = candidates[rng.below(candidates.len() as u64) as usize];
        let Some(content) = contents.get_mut(&file).filter(|content| !content.now.is_empty()) else {
            return false;
        };
        let bit = rng.below(content.now.len() as u64 * 8) as usize;
        content.now[bit / 8] ^= 1 << (bit % 8);
        if let Some(byte) = content.durable.get_mut(bit / 8) {
            *byte ^= 1 << (bit % 8);
        }
        true
    }
}

impl State {
    fn call(&mut self) -> io::Result<()> {
        let errors = self.faults.errors;
        if errors > 0 && self.rng.once_in(errors) { Err(io::Error::other("simulated EIO")) } else { Ok(()) }
    }

    /// Whoever opened a file before a crash is dead.
    fn alive(&self, life: u64) -> io::Result<()> {
        if self.life == life { Ok(()) } else { Err(io::Error::other("used after a crash")) }
    }

    fn short(&mut self, bytes: usize) -> usize {
        let short = self.faults.short;
        if short > 0 && bytes > 1 && self.rng.once_in(short) {
            1 + self.rng.below(bytes as u64 - 1) as usize
        } else {
            bytes
        }
    }

    fn used(&self) -> u64 {
        self.files.values().map(|file| self.contents[file].now.len() as u64).sum()
    }
}

struct SimulatedFile {
    disk: SimulatedDisk,
    file: u64,
    life: u64,
}

impl SimulatedFile {
    fn with<T>(&self, work: impl FnOnce(&mut State, u64) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.disk.0.lock();
        state.alive(self.life)?;
        state.call()?;
        work(&mut state, self.file)
    }
}

impl Disk for SimulatedDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut state = self.0.lock();
        state.call()?;
        Ok(state.files.keys().cloned().collect())
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.0.lock();
        state.call()?;
        let file = *state.files.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(SimulatedFile { disk: self.clone(), file, life: state.life }))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.0.lock();
        state.call()?;
        if state.files.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        state.born += 1;
        let file = state.born;
        state.files.insert(name.to_owned(), file);
        state.contents.insert(file, Content::default());
        Ok(Box::new(SimulatedFile { disk: self.clone(), file, life: state.life }))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.0.lock();
        state.call()?;
        state.files.remove(name).map(|_| ()).ok_or(io::ErrorKind::NotFound.into())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.0.lock();
        state.call()?;
        state.durable = state.files.clone();
        Ok(())
    }

    fn lock(&self) -> io::Result<Box<dyn Any + Send>> {
        struct Guard(SimulatedDisk, u64);
        impl Drop for Guard {
            fn drop(&mut self) {
                let mut state = self.0.0.lock();
                if state.life == self.1 {
                    state.locked = false;
                }
            }
        }
        let mut state = self.0.lock();
        if std::mem::replace(&mut state.locked, true) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(Box::new(Guard(self.clone(), state.life)))
    }
}

impl DiskFile for SimulatedFile {
    fn size(&self) -> io::Result<u64> {
        self.with(|state, file| Ok(state.contents[&file].now.len() as u64))
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        self.with(|state, file| {
            let wanted = state.short(into.len());
            let bytes = &state.contents[&file].now;
            let rest = bytes.get(offset as usize..).unwrap_or_default();
            let read = wanted.min(rest.len());
            into[..read].copy_from_slice(&rest[..read]);
            Ok(read)
        })
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.with(|state, file| {
            let mut fits = state.short(bytes.len());
            if let Some(room) = state.faults.room {
                let length = state.contents[&file].now.len() as u64;
                let free = room.saturating_sub(state.used()) + length.saturating_sub(offset);
                fits = fits.min(free as usize);
                if fits == 0 {
                    return Err(io::ErrorKind::StorageFull.into());
                }
            }
            let change = Change::Write(offset as usize, bytes[..fits].to_vec());
            state.change(file, change);
            Ok(fits)
        })
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        self.with(|state, file| {
            state.change(file, Change::Length(bytes as usize));
            Ok(())
        })
    }

    fn truncate(&self, bytes: u64) -> io::Result<()> {
        self.with(|state, file| {
            if state.contents[&file].now.len() as u64 > bytes {
                state.change(file, Change::Length(bytes as usize));
            }
            Ok(())
        })
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.0.lock();
        state.alive(self.life)?;
        let failed = state.call();
        if let Some(content) = state.contents.get_mut(&self.file) {
            let changes = std::mem::take(&mut content.unsynced);
            // A sync that fails may have lost what was to be written, and the next one would not say so.
            if failed.is_ok() {
                changes.iter().for_each(|change| change.apply(&mut content.durable));
            }
        }
        failed
    }
}

impl State {
    fn change(&mut self, file: u64, change: Change) {
        if let Some(content) = self.contents.get_mut(&file) {
            change.apply(&mut content.now);
            content.unsynced.push(change);
        }
    }
}
