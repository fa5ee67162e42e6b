//! The files of `tls()`: keys, certificates, revocation lists.

use std::path::{Path, PathBuf};

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};

/// Files of `ca-dir()` or `crl-dir()` that are read.
const DIR_FILES_MAX: usize = 4096;
/// Bytes of the longest file that is read.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// The certificates in a file: at least one.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Vec<CertificateDer<'static>> = items(path)?;
    if found.is_empty() { Err(format!("no certificate in {}", path.display())) } else { Ok(found) }
}

/// The private key in a file.
pub(super) fn key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let text = read(path)?;
    match PrivateKeyDer::from_pem_slice(&text) {
        Ok(key) => Ok(key),
        Err(_) if memchr::memmem::find(&text, b"ENCRYPTED").is_some() => {
            Err(format!("the key in {} has a password, which is not supported yet", path.display()))
        }
        Err(error) => Err(format!("no private key in {}: {error}", path.display())),
    }
}

/// The certificates of a directory, in whatever files it has.
pub(super) fn certificates_of_dir(dir: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    of_dir(dir)
}

/// The revocation lists of a directory, in whatever files it has.
pub(super) fn revocations_of_dir(dir: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, String> {
    of_dir(dir)
}

/// Directories that `c_rehash` made have each file twice: by name and by hash.
fn of_dir<T: PemObject + PartialEq>(dir: &Path) -> Result<Vec<T>, String> {
    let wrong = |error: std::io::Error| format!("cannot read {}: {error}", dir.display());
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(wrong)?.take(DIR_FILES_MAX) {
        let path = entry.map_err(wrong)?.path().canonicalize();
        paths.extend(path.ok().filter(|path| path.is_file()));
    }
    paths.sort();
    paths.dedup();
    let mut found = Vec::new();
    for path in paths {
        for item in items::<T>(&path).unwrap_or_default() {
            if !found.contains(&item) {
                found.push(item);
            }
        }
    }
    Ok(found)
}

fn items<T: PemObject>(path: &Path) -> Result<Vec<T>, String> {
    T::pem_slice_iter(&read(path)?)
        .collect::<Result<Vec<T>, pem::Error>>()
        .map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let wrong = |error: std::io::Error| format!("cannot read {}: {error}", path.display());
    if std::fs::metadata(path).map_err(wrong)?.len() > FILE_BYTES_MAX {
        return Err(format!("{} is longer than {FILE_BYTES_MAX} bytes", path.display()));
    }
    std::fs::read(path).map_err(wrong)
}
