//! The file that says which process the daemon is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A pid file of this process; removed when dropped.
#[derive(Debug)]
pub(crate) struct PidFile {
    path: PathBuf,
}

impl PidFile {
    /// Writes the file, whatever stood there before.
    pub(crate) fn create(path: &Path) -> io::Result<PidFile> {
        fs::write(path, own())?;
        Ok(PidFile { path: path.to_owned() })
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // Another daemon may have been given the same file meanwhile.
        if fs::read_to_string(&self.path).is_ok_and(|text| text == own()) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn own() -> String {
    format!("{}\n", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_with_the_daemon() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pid");
        let file = PidFile::create(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), own());
        drop(file);
        assert!(!path.exists());
    }

    #[test]
    fn that_of_another_daemon_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pid");
        let file = PidFile::create(&path).unwrap();
        fs::write(&path, "1\n").unwrap();
        drop(file);
        assert_eq!(fs::read_to_string(&path).unwrap(), "1\n");
    }
}
