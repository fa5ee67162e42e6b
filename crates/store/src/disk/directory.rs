//! A directory of the system.

use std::any::Any;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate};

use super::{Disk, DiskFile};

/// See the module's text.
pub struct Directory(PathBuf);

/// Who may read what is buffered: it may be a secret.
const FILE_PERM: u32 = 0o600;
const DIR_PERM: u32 = 0o700;

impl Directory {
    /// The directory at `path`, made if it is not there.
    pub fn make(path: &Path) -> io::Result<Directory> {
        DirBuilder::new().recursive(true).mode(DIR_PERM).create(path)?;
        Ok(Directory(path.to_owned()))
    }

    /// The directory at `path`, which must be there.
    pub fn at(path: &Path) -> io::Result<Directory> {
        path.read_dir().map(|_| Directory(path.to_owned()))
    }
}

impl Disk for Directory {
    fn list(&self) -> io::Result<Vec<String>> {
        let names = self.0.read_dir()?.map(|entry| Ok(entry?.file_name().into_string().ok()));
        names.filter_map(Result::transpose).collect()
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(OpenOptions::new().read(true).write(true).open(self.0.join(name))?))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let options = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(FILE_PERM)
            .open(self.0.join(name));
        Ok(Box::new(options?))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.0.join(name))
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.0)?.sync_all()
    }

    fn lock(&self) -> io::Result<Box<dyn Any + Send>> {
        let directory = File::open(&self.0)?;
        match directory.try_lock() {
            Ok(()) => Ok(Box::new(directory)),
            Err(TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

impl DiskFile for File {
    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(self, into, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        FileExt::write_at(self, bytes, offset)
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        Ok(fallocate(self, FallocateFlags::empty(), 0, bytes)?)
    }

    fn truncate(&self, bytes: u64) -> io::Result<()> {
        if self.metadata()?.len() > bytes { self.set_len(bytes) } else { Ok(()) }
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}
