//! Where the worker's parts are: the `syslogng` package and the `_syslogng` extension.
//!
//! Found from the daemon's own binary, without any environment variable: in an installed tree they are in
//! `PREFIX/lib/hognose`, in a build tree the extension lies beside the binary and the package in the checkout.

use std::path::{Path, PathBuf};

/// The two parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// Directory that holds the package `syslogng`.
    pub package: PathBuf,
    /// The extension's shared object.
    pub bridge: PathBuf,
}

/// A part that is not where it should be.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// The system does not say where the binary is.
    #[error("cannot find out where the daemon's own binary is")]
    Binary(#[source] std::io::Error),
    /// Not found in any of the places.
    #[error("cannot find {what} for Python workers; looked for {looked_for}")]
    Missing {
        /// Which part.
        what: &'static str,
        /// The places.
        looked_for: String,
    },
}

/// Finds both parts.
pub fn find() -> Result<Home, HomeError> {
    let binary = std::env::current_exe().and_then(|path| path.canonicalize()).map_err(HomeError::Binary)?;
    find_from(&binary)
}

fn find_from(binary: &Path) -> Result<Home, HomeError> {
    let beside = binary.parent().unwrap_or(Path::new("/"));
    let installed = beside.join("../lib/hognose");
    let bridges = vec![
        installed.join("_syslogng.abi3.so"),
        beside.join("lib_syslogng.so"),
        beside.join("../lib_syslogng.so"),
    ];
    // From target/release, from target/x86_64-…/release, and from target/release/deps (tests).
    let checkouts = ["../../python", "../../../python"].map(|up| beside.join(up));
    let packages: Vec<PathBuf> = std::iter::once(installed.join("python")).chain(checkouts).collect();
    let bridge = first("the extension _syslogng", &bridges, |path| path.is_file())?;
    let package =
        first("the package syslogng", &packages, |path| path.join("syslogng/__init__.py").is_file())?;
    Ok(Home { package, bridge })
}

fn first(what: &'static str, places: &[PathBuf], good: impl Fn(&Path) -> bool) -> Result<PathBuf, HomeError> {
    let found = places.iter().find(|path| good(path)).and_then(|path| path.canonicalize().ok());
    found.ok_or_else(|| {
        let places: Vec<String> = places.iter().map(|path| path.display().to_string()).collect();
        HomeError::Missing { what, looked_for: places.join(", ") }
    })
}
