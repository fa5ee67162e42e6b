//! The file that says which process the daemon is.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// A pid file. It is opened while the process may still open it anywhere, and written once the daemon is up, so that
/// one that does not come up leaves the file of another as it is. Taken away when dropped.
#[derive(Debug)]
pub(crate) struct PidFile {
    path: PathBuf,
    file: File,
    /// Whether there was none before.
    is_new: bool,
}

impl PidFile {
    /// Opens the file, which stays as it is for now.
    pub(crate) fn open(path: &Path) -> io::Result<PidFile> {
        let is_new = !path.exists();
        let file = File::options().write(true).create(true).truncate(false).open(path)?;
        Ok(PidFile { path: path.to_owned(), file, is_new })
    }

    /// Writes this process into it.
    pub(crate) fn write(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.write_all(own().as_bytes())
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        let says = fs::read_to_string(&self.path).unwrap_or_default();
        // Another daemon may have been given the same file meanwhile.
        let is_ours = says == own() || (self.is_new && says.is_empty());
        if is_ours && fs::remove_file(&self.path).is_err() {
            // The daemon is no longer who made the file, so that it may not remove it.
            let _ = self.file.set_len(0);
        }
    }
}

fn own() -> String {
    format!("{}\n", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_directory(test: impl FnOnce(&Path)) {
        let directory = tempfile::tempdir().unwrap();
        test(&directory.path().join("pid"));
    }

    #[test]
    fn it_comes_and_goes_with_the_daemon() {
        in_directory(|path| {
            let mut file = PidFile::open(path).unwrap();
            file.write().unwrap();
            assert_eq!(fs::read_to_string(path).unwrap(), own());
            drop(file);
            assert!(!path.exists());
        });
    }

    #[test]
    fn what_was_there_is_replaced_as_a_whole() {
        in_directory(|path| {
            fs::write(path, "a leftover that is much longer than a process id\n").unwrap();
            let mut file = PidFile::open(path).unwrap();
            file.write().unwrap();
            assert_eq!(fs::read_to_string(path).unwrap(), own());
        });
    }

    #[test]
    fn a_daemon_that_does_not_come_up_leaves_things_as_they_were() {
        in_directory(|path| {
            drop(PidFile::open(path).unwrap());
            assert!(!path.exists());
            fs::write(path, "1\n").unwrap();
            drop(PidFile::open(path).unwrap());
            assert_eq!(fs::read_to_string(path).unwrap(), "1\n");
        });
    }

    #[test]
    fn that_of_another_daemon_stays() {
        in_directory(|path| {
            let mut file = PidFile::open(path).unwrap();
            file.write().unwrap();
            fs::write(path, "1\n").unwrap();
            drop(file);
            assert_eq!(fs::read_to_string(path).unwrap(), "1\n");
        });
    }
}
