//! The file behind the store: a redb database, opened anew after the disk has failed.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::ops::Bound;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use parking_lot::{Mutex, MutexGuard, RwLock};
use redb::backends::{FileBackend, InMemoryBackend};
use redb::{Builder, DatabaseError, ReadableDatabase, ReadableTable, StorageError, TableDefinition};

use super::{Change, Entries, Key, OpenError, PersistError};

/// Namespace and name of an entry.
type Place = (&'static str, &'static [u8]);

/// The values.
const VALUES: TableDefinition<Place, &[u8]> = TableDefinition::new("values");
/// The last run that used an entry, and when that was, in seconds since 1970.
const USED: TableDefinition<Place, (u64, u64)> = TableDefinition::new("used");
/// What the file says of itself.
const ABOUT: TableDefinition<&str, u64> = TableDefinition::new("about");

/// Format of what is written here.
const VERSION: u64 = 1;
/// Bytes of the file that are kept in memory.
const CACHE_BYTES: usize = 1 << 20;
/// Who may read it: what Python drivers keep may be a secret.
const PERM: u32 = 0o600;
/// What a persist file of syslog-ng begins with.
const SYSLOG_NG: &[u8] = b"SLP";

pub(super) struct Database {
    path: PathBuf,
    open: Box<dyn Fn() -> Result<redb::Database, DatabaseError> + Send + Sync>,
    /// `None` after the disk has failed, until it is opened again.
    database: RwLock<Option<redb::Database>>,
    turn: Mutex<()>,
}

/// The right to write.
pub(super) struct Turn<'a> {
    database: &'a Database,
    _turn: MutexGuard<'a, ()>,
}

impl Database {
    pub(super) fn open(path: &Path) -> Result<Database, OpenError> {
        if begins_with(path, SYSLOG_NG) {
            return Err(OpenError::Foreign(path.to_owned()));
        }
        if !path.exists() {
            make(path)?;
        }
        let file = path.to_owned();
        Database::with(path.to_owned(), move || open_file(&file, false))
    }

    pub(super) fn in_memory() -> Database {
        let open = || builder().create_with_backend(InMemoryBackend::new());
        Database::with(PathBuf::from("(in memory)"), open)
            .unwrap_or_else(|error| panic!("a store in memory: {error}"))
    }

    /// A database that `open` opens, now and after every failure of the disk.
    pub(super) fn with(
        path: PathBuf,
        open: impl Fn() -> Result<redb::Database, DatabaseError> + Send + Sync + 'static,
    ) -> Result<Database, OpenError> {
        let database = open().map_err(|error| open_error(&path, error))?;
        let database = Database {
            path,
            open: Box::new(open),
            database: RwLock::new(Some(database)),
            turn: Mutex::new(()),
        };
        database.found()?;
        Ok(database)
    }

    /// Where the file is, if there is one.
    pub(super) fn directory(&self) -> Option<&Path> {
        self.path.parent().filter(|directory| !directory.as_os_str().is_empty())
    }

    /// Makes what every store has.
    fn found(&self) -> Result<(), OpenError> {
        let guard = self.database.read();
        let Some(database) = &*guard else { return Ok(()) };
        let found = (|| {
            let transaction = database.begin_write()?;
            transaction.open_table(VALUES)?;
            transaction.open_table(USED)?;
            let version = {
                let mut about = transaction.open_table(ABOUT)?;
                let version = about.get("version")?.map(|version| version.value());
                if version.is_none() {
                    about.insert("version", VERSION)?;
                    about.insert("run", 0)?;
                    about.insert("host", u64::from(drawn()))?;
                }
                version
            };
            if version.is_none() {
                transaction.commit()?;
            }
            Ok::<_, redb::Error>(version.unwrap_or(VERSION))
        })();
        match found {
            Ok(VERSION) => Ok(()),
            Ok(_) => Err(OpenError::Later(self.path.clone())),
            Err(redb::Error::Io(cause)) => Err(OpenError::Io { file: self.path.clone(), cause }),
            Err(error) => Err(OpenError::Damaged { file: self.path.clone(), reason: error.to_string() }),
        }
    }

    /// The run before this one, and the number of the host.
    pub(super) fn identity(&self) -> Result<(u64, u32), OpenError> {
        let read = self.read(|transaction| {
            let about = transaction.open_table(ABOUT)?;
            let number = |name| Ok::<_, redb::Error>(about.get(name)?.map_or(0, |number| number.value()));
            Ok((number("run")?, number("host")? as u32))
        });
        read.map_err(|error| OpenError::Damaged { file: self.path.clone(), reason: error.to_string() })
    }

    pub(super) fn set_run(&self, run: u64) -> Result<(), PersistError> {
        let _turn = self.turn.lock();
        self.change(|transaction| {
            transaction.open_table(ABOUT)?.insert("run", run)?;
            Ok(())
        })
    }

    pub(super) fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, PersistError> {
        self.read(|transaction| {
            let value = transaction.open_table(VALUES)?.get((key.space(), key.name()))?;
            Ok(value.map(|value| value.value().to_vec()))
        })
    }

    pub(super) fn entries(&self, space: &str) -> Result<Entries, PersistError> {
        self.read(|transaction| {
            let values = transaction.open_table(VALUES)?;
            let mut entries = Entries::new();
            for entry in
                values.range::<(&str, &[u8])>((Bound::Included((space, &[][..])), Bound::Unbounded))?
            {
                let (key, value) = entry?;
                let (found, name) = key.value();
                if found != space {
                    break;
                }
                entries.insert(name.to_vec(), value.value().to_vec());
            }
            Ok(entries)
        })
    }

    pub(super) fn all(&self) -> Result<Vec<(Key, Vec<u8>)>, PersistError> {
        self.read(|transaction| {
            let values = transaction.open_table(VALUES)?;
            let entries = values.iter()?.map(|entry| {
                let (key, value) = entry?;
                let (space, name) = key.value();
                Ok((Key::within(space, name), value.value().to_vec()))
            });
            entries.collect()
        })
    }

    /// Removes what no run since the one before `run` has used, if it was last used before `before`.
    pub(super) fn reap(&self, run: u64, before: u64) -> Result<usize, PersistError> {
        let _turn = self.turn.lock();
        self.change(|transaction| {
            let (mut values, mut used) = (transaction.open_table(VALUES)?, transaction.open_table(USED)?);
            let mut stale = Vec::new();
            for entry in used.iter()? {
                let (key, last) = entry?;
                let (last_run, seconds) = last.value();
                if last_run + 1 < run && seconds < before {
                    let (space, name) = key.value();
                    stale.push(Key::within(space, name));
                }
            }
            for key in &stale {
                values.remove((key.space(), key.name()))?;
                used.remove((key.space(), key.name()))?;
            }
            Ok(stale.len())
        })
    }

    /// Waits for the right to write.
    pub(super) fn turn(&self) -> Turn<'_> {
        Turn { database: self, _turn: self.turn.lock() }
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&redb::ReadTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, PersistError> {
        self.reopen()?;
        let guard = self.database.read();
        let Some(database) = &*guard else { return Err(self.error("the disk has failed")) };
        let result =
            database.begin_read().map_err(redb::Error::from).and_then(|transaction| read(&transaction));
        result.map_err(|error| self.error(error))
    }

    /// One durable transaction. A disk that failed is given another chance first.
    fn change<T>(
        &self,
        change: impl FnOnce(&redb::WriteTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, PersistError> {
        self.reopen()?;
        let result = {
            let guard = self.database.read();
            let Some(database) = &*guard else { return Err(self.error("the disk has failed")) };
            database.begin_write().map_err(redb::Error::from).and_then(|transaction| {
                let value = change(&transaction)?;
                transaction.commit()?;
                Ok(value)
            })
        };
        result.map_err(|error| {
            // After a failure of the disk a database does nothing any more; what is on the disk is still whole.
            self.database.write().take();
            self.error(error)
        })
    }

    fn reopen(&self) -> Result<(), PersistError> {
        if self.database.read().is_some() {
            return Ok(());
        }
        let mut database = self.database.write();
        if database.is_none() {
            *database = Some((self.open)().map_err(|error| self.error(error))?);
        }
        Ok(())
    }

    fn error(&self, reason: impl std::fmt::Display) -> PersistError {
        PersistError::Io { file: self.path.clone(), reason: reason.to_string() }
    }
}

impl Turn<'_> {
    /// Makes `changes`, and notes that `marks` and what is put were used.
    pub(super) fn write<'c>(
        &self,
        changes: impl Iterator<Item = &'c Change>,
        marks: &[Key],
        used_at: (u64, u64),
    ) -> Result<(), PersistError> {
        self.database.change(|transaction| {
            let (mut values, mut used) = (transaction.open_table(VALUES)?, transaction.open_table(USED)?);
            for key in marks {
                used.insert((key.space(), key.name()), used_at)?;
            }
            for change in changes {
                let key = change.key();
                let place = (key.space(), key.name());
                match change {
                    Change::Put(_, value) => {
                        values.insert(place, value.as_slice())?;
                        used.insert(place, used_at)?;
                    }
                    Change::Delete(_) => {
                        values.remove(place)?;
                        used.remove(place)?;
                    }
                }
            }
            Ok(())
        })
    }
}

pub(super) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
    builder
}

fn open_error(path: &Path, error: DatabaseError) -> OpenError {
    let file = path.to_owned();
    match error {
        DatabaseError::DatabaseAlreadyOpen => OpenError::InUse(file),
        DatabaseError::UpgradeRequired(_) => OpenError::Later(file),
        DatabaseError::Storage(StorageError::Io(cause)) if cause.kind() != io::ErrorKind::InvalidData => {
            OpenError::Io { file, cause }
        }
        error => OpenError::Damaged { file, reason: error.to_string() },
    }
}

/// Makes an empty store, under another name until it is whole.
fn make(path: &Path) -> Result<(), OpenError> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    let fail = |cause| OpenError::Io { file: path.to_owned(), cause };
    match std::fs::remove_file(&new) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(fail(cause)),
        _ => {}
    }
    let file = new.clone();
    drop(Database::with(path.to_owned(), move || open_file(&file, true))?);
    // Of two daemons that start at a time one may find the other's.
    match std::fs::hard_link(&new, path) {
        Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => return Err(fail(cause)),
        _ => {}
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::remove_file(&new).and_then(|()| File::open(directory)?.sync_all()).map_err(fail)
}

fn open_file(path: &Path, new: bool) -> Result<redb::Database, DatabaseError> {
    let file = OpenOptions::new().read(true).write(true).create_new(new).mode(PERM).open(path)?;
    builder().create_with_backend(FileBackend::new(file)?)
}

fn begins_with(path: &Path, magic: &[u8]) -> bool {
    let mut head = vec![0; magic.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok_and(|()| head == magic)
}

/// A number drawn by lot: the standard library seeds its hash tables from the system's entropy.
fn drawn() -> u32 {
    use std::hash::BuildHasher;
    std::hash::RandomState::new().hash_one(()) as u32
}
