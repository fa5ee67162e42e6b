//! Which Python runs the workers.

use std::env;
use std::path::{Path, PathBuf};

/// The interpreter of a driver, in the order of precedence: what the command line or the configuration names, the
/// active virtual environment, `python3` on the path.
pub fn choose(configured: Option<&str>) -> Result<PathBuf, InterpreterError> {
    choose_from(configured, env::var_os("VIRTUAL_ENV").map(PathBuf::from), env::var_os("PATH"))
}

/// The interpreter of a virtual environment that the configuration names.
pub fn of_venv(directory: &str) -> Result<String, InterpreterError> {
    let python = Path::new(directory).join("bin/python");
    executable(&python)
        .map(|python| python.display().to_string())
        .ok_or_else(|| InterpreterError::ConfiguredVenv(directory.to_owned()))
}

/// Why no interpreter was found.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InterpreterError {
    /// The one that is named is not there.
    #[error(
        "the Python interpreter {0} does not exist or cannot be executed (from --python, options {{ python(); }} or the driver's python())"
    )]
    Configured(String),
    /// The virtual environment of a driver has none.
    #[error("the virtual environment {0} has no executable bin/python: make it with python3 -m venv {0}")]
    ConfiguredVenv(String),
    /// The virtual environment has none.
    #[error("the virtual environment {0} named by $VIRTUAL_ENV has no executable bin/python")]
    VirtualEnv(String),
    /// No `python3` on the path.
    #[error(
        "no python3 on the PATH: install Python 3.10 or newer, or name one with --python or options {{ python(); }}"
    )]
    None,
}

fn choose_from(
    configured: Option<&str>,
    virtual_env: Option<PathBuf>,
    path: Option<std::ffi::OsString>,
) -> Result<PathBuf, InterpreterError> {
    if let Some(name) = configured {
        let found = if name.contains('/') { executable(Path::new(name)) } else { on_path(name, path) };
        return found.ok_or_else(|| InterpreterError::Configured(name.to_owned()));
    }
    if let Some(directory) = virtual_env.filter(|directory| !directory.as_os_str().is_empty()) {
        return executable(&directory.join("bin/python"))
            .ok_or_else(|| InterpreterError::VirtualEnv(directory.display().to_string()));
    }
    on_path("python3", path).ok_or(InterpreterError::None)
}

fn on_path(name: &str, path: Option<std::ffi::OsString>) -> Option<PathBuf> {
    env::split_paths(&path?).find_map(|directory| executable(&directory.join(name)))
}

fn executable(path: &Path) -> Option<PathBuf> {
    let runs = rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok() && path.is_file();
    // The link itself is kept: a virtual environment is known by the name it is called by.
    runs.then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_one_comes_first() {
        assert_eq!(choose_from(Some("/bin/sh"), Some("/nowhere".into()), None), Ok("/bin/sh".into()));
    }

    #[test]
    fn a_missing_one_is_an_error_not_a_fallback() {
        let error = choose_from(Some("/no/python"), None, Some("/bin".into()));
        assert_eq!(error, Err(InterpreterError::Configured("/no/python".into())));
        let error = choose_from(None, Some("/no/venv".into()), Some("/bin".into()));
        assert_eq!(error, Err(InterpreterError::VirtualEnv("/no/venv".into())));
    }

    #[test]
    fn a_bare_name_is_looked_up() {
        assert_eq!(choose_from(Some("sh"), None, Some("/nowhere:/bin".into())), Ok("/bin/sh".into()));
    }
}
