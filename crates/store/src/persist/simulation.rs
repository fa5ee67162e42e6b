//! The persist file on a disk that loses, tears and reorders what was not synced when the power goes.

use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;

use redb::{BackendError, StorageBackend};

use super::file::{self, Database};
use super::*;
use crate::disk::simulated::{Rng, SimulatedDisk, simulate};
use crate::disk::{Disk, DiskFile, read_full, write_all};

/// A file of the simulated disk, as redb wants it.
struct Backend(Mutex<Box<dyn DiskFile>>);

impl std::fmt::Debug for Backend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Backend")
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.0.lock().size()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let read = read_full(&**self.0.lock(), out, offset)?;
        if read == out.len() { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let file = self.0.lock();
        if file.size()? < len { file.allocate(len) } else { file.truncate(len) }
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.lock().sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        write_all(&**self.0.lock(), data, offset)
    }

    fn try_lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, BackendError> {
        Ok(true)
    }

    fn unlock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), BackendError> {
        Ok(())
    }
}

fn open(disk: &SimulatedDisk, is_made: bool) -> Persist {
    let (directory, disk) = (disk.clone(), disk.clone());
    let open = move || {
        let file = disk.open("persist").or_else(|_| disk.create("persist"))?;
        // A real file is in its directory for good before anything is promised.
        disk.sync()?;
        file::builder().create_with_backend(Backend(Mutex::new(file)))
    };
    let database = match Database::with("persist".into(), open.clone()) {
        // A real file has its name only once it is made.
        Err(_) if !is_made => {
            let _ = directory.remove("persist");
            Database::with("persist".into(), open)
        }
        opened => opened,
    };
    database.and_then(Persist::start).unwrap_or_else(|error| panic!("{error}"))
}

/// Commits by lot, with crashes between: what was promised is there after each.
fn run(disk: &SimulatedDisk, rng: &mut Rng) {
    let mut promised: BTreeMap<u64, u64> = BTreeMap::new();
    for round in 0..1 + rng.below(4) {
        let persist = open(disk, round > 0);
        let entries = persist.all().unwrap();
        let found: BTreeMap<u64, u64> =
            entries.iter().map(|(key, value)| (number(key.name()), number(value))).collect();
        assert_eq!(found, promised);
        for _ in 0..rng.below(8) {
            let mut changes = Vec::new();
            for _ in 0..1 + rng.below(6) {
                let (key, value) = (rng.below(20), rng.next());
                if rng.once_in(4) {
                    promised.remove(&key);
                    changes.push(Change::Delete(Key::new(key.to_le_bytes())));
                } else {
                    promised.insert(key, value);
                    changes.push(Change::Put(Key::new(key.to_le_bytes()), value.to_le_bytes().to_vec()));
                }
            }
            persist.commit(&changes).unwrap();
        }
        if rng.once_in(2) {
            disk.crash();
        } else {
            disk.kill();
        }
        drop(persist);
    }
}

fn number(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes.try_into().unwrap())
}

#[test]
fn what_was_committed_is_there_when_the_power_goes() {
    simulate(run);
}
