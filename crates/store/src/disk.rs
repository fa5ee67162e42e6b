//! The seam to the disk: a directory of files, as far as the disk buffer needs one.
//!
//! What is written may be lost, torn or reordered by a crash until [`DiskFile::sync`] has returned; a file that was
//! created or removed may come back as it was until [`Disk::sync`] has. Every call may fail, and a write may be short.

use std::any::Any;
use std::io;

mod directory;
#[cfg(test)]
pub(crate) mod simulated;

pub use directory::Directory;

/// A directory.
pub trait Disk: Send + Sync {
    /// Names of the files in it, in no order.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Opens a file that is there.
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Makes a file that is not there yet.
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes what was created and removed so far durable.
    fn sync(&self) -> io::Result<()>;

    /// Takes the directory for this process until the guard is dropped; `WouldBlock` while another one has it.
    fn lock(&self) -> io::Result<Box<dyn Any + Send>>;
}

/// A file. Positions are bytes from its beginning.
pub trait DiskFile: Send {
    /// Its length.
    fn size(&self) -> io::Result<u64>;

    /// Reads what is at `offset`, less where the file ends; 0 behind its end.
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes at `offset` and says how much of it.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;

    /// Reserves room for so many bytes, which read as zeros until they are written.
    fn allocate(&self, bytes: u64) -> io::Result<()>;

    /// Cuts what is behind so many bytes.
    fn truncate(&self, bytes: u64) -> io::Result<()>;

    /// Makes everything written so far durable.
    fn sync(&self) -> io::Result<()>;
}

/// Writes all of `bytes`, or says why that is not possible; part of them may be written then.
pub(crate) fn write_all(file: &dyn DiskFile, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write_at(bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                bytes = &bytes[written..];
                offset += written as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads until `into` is full or the file ends; how much was read.
pub(crate) fn read_full(file: &dyn DiskFile, into: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < into.len() {
        match file.read_at(&mut into[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
