//! From a file to a configuration.

use std::{collections::HashMap, fmt, path::Path, path::PathBuf, sync::Arc};

use crate::{
    ast::Config,
    diagnostic::{Diagnostic, Diagnostics},
    generator::Generators,
    input::Input,
    parse,
    span::{Sources, Span},
};

/// What a configuration sees of the machine, besides its files.
#[derive(Clone, Default)]
pub struct Environment {
    /// Where relative names of `@include` are looked for, after the directory of the configuration file.
    pub include_dirs: Vec<PathBuf>,
    /// What `` `name` `` may stand for besides arguments and `@define`: environment variables.
    variables: Option<Arc<Lookup>>,
    /// Files that `@include` finds without a disk, by name; `scl.conf` among them is never looked for elsewhere.
    library: &'static [(&'static str, &'static str)],
    /// Whether a part that `@requires` names is there, besides the modules of the language.
    parts: Option<Arc<Parts>>,
}

type Parts = dyn Fn(&str) -> bool + Send + Sync;

type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

/// What the names of the library's files but `scl.conf` start with.
const LIBRARY_ROOT: &str = "scl";

/// What came of a file.
#[derive(Debug)]
pub struct Loaded {
    /// As much of the configuration as could be understood; not to be run when there are errors.
    pub config: Config,
    /// Every mistake and remark.
    pub diagnostics: Diagnostics,
    /// The texts, to show diagnostics with.
    pub sources: Sources,
    preprocessed: String,
}

/// Reads the configuration file `path` with all that it includes.
///
/// Never fails as a whole: what is wrong is in the diagnostics, all of it, and what is right is in the configuration.
pub fn load(path: &Path, environment: &Environment) -> Loaded {
    let mut input = Input::new(environment, None);
    input.open_main(path);
    finish(input)
}

/// As [`load`]; names that `generators` has are replaced by what it generates for them.
pub fn load_with(path: &Path, environment: &Environment, generators: &mut dyn Generators) -> Loaded {
    let mut input = Input::new(environment, Some(generators));
    input.open_main(path);
    finish(input)
}

/// Reads a configuration that is in memory; `name` stands for its path in diagnostics and for relative includes.
pub fn load_text(name: &str, text: impl AsRef<[u8]>, environment: &Environment) -> Loaded {
    let mut input = Input::new(environment, None);
    input.open_text(name, text.as_ref());
    finish(input)
}

/// As [`load_text`], with `generators`.
pub fn load_text_with(
    name: &str,
    text: impl AsRef<[u8]>,
    environment: &Environment,
    generators: &mut dyn Generators,
) -> Loaded {
    let mut input = Input::new(environment, Some(generators));
    input.open_text(name, text.as_ref());
    finish(input)
}

impl Environment {
    /// These directories, and no environment variables.
    pub fn new(include_dirs: Vec<PathBuf>) -> Environment {
        Environment { include_dirs, ..Environment::default() }
    }

    /// The environment of this process, and these directories.
    pub fn of_process(include_dirs: Vec<PathBuf>) -> Environment {
        Environment::new(include_dirs).with_variables(|name| std::env::var(name).ok())
    }

    /// With `lookup` for environment variables.
    pub fn with_variables(
        mut self,
        lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Environment {
        self.variables = Some(Arc::new(lookup));
        self
    }

    /// With the files of `library`, each by the name it is included by.
    pub fn with_library(mut self, library: &'static [(&'static str, &'static str)]) -> Environment {
        self.library = library;
        self
    }

    /// With `parts` to tell whether something that `@requires` asks for is there.
    pub fn with_parts(mut self, parts: impl Fn(&str) -> bool + Send + Sync + 'static) -> Environment {
        self.parts = Some(Arc::new(parts));
        self
    }

    /// The text of the library's file `name`.
    pub(crate) fn in_library(&self, name: &str) -> Option<&'static str> {
        self.library.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
    }

    pub(crate) fn has_part(&self, name: &str) -> bool {
        self.parts.as_ref().is_some_and(|parts| parts(name))
    }

    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        self.variables.as_ref()?(name)
    }

    /// The globals that are there before the first `@define`.
    pub(crate) fn globals(&self) -> HashMap<String, String> {
        let path =
            std::env::join_paths(&self.include_dirs).unwrap_or_default().to_string_lossy().into_owned();
        let first = self.include_dirs.first().map(|path| path.display().to_string()).unwrap_or_default();
        HashMap::from([
            ("include_path".to_owned(), path),
            ("syslog_ng_sysconfdir".to_owned(), first.clone()),
            ("syslog_ng_include".to_owned(), first),
            ("scl_root".to_owned(), LIBRARY_ROOT.to_owned()),
        ])
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment").field("include_dirs", &self.include_dirs).finish_non_exhaustive()
    }
}

impl Loaded {
    /// The text with includes and blocks put in and backticks replaced; it loads to the same configuration.
    pub fn preprocessed(&self) -> &str {
        &self.preprocessed
    }
}

fn finish(input: Input<'_>) -> Loaded {
    let mut input = parse::parse(input);
    if !input.has_version() && !input.is_stopped() {
        let message = "setting current version as config version, since there is no `@version`";
        input.report(Diagnostic::info(message, Span::default()));
    }
    let preprocessed = input.take_preprocessed();
    let Input { sources, diagnostics, config, .. } = input;
    Loaded { config, diagnostics, sources, preprocessed }
}
