//! What every Python driver of a configuration has: a class, its options, and the Python it runs in.

use std::collections::BTreeMap;

use channel::protocol::{Driver as WorkerDriver, DriverKind, Location, OptionValue};
use conf::ast::Call;
use conf::diagnostic::Diagnostic;
use conf::options::{FreeForm, Spanned};
use conf::python_options::{self, PyValue};
use pipeline::Compile;

use crate::interpreter;
use crate::spec::find_launch;
use crate::worker::{Launch, User};

conf::options! {
    /// The class of a Python driver, and the Python it runs in.
    pub struct BindingOptions {
        /// The class: a name from the `python { }` blocks, or `package.module.Class`.
        class: Spanned<String> = inherit,
        /// Modules to import before the class is looked up.
        loaders | imports: Vec<String> = repeated,
        /// What `init(options)` receives.
        options: Vec<FreeForm> = repeated,
        /// The interpreter, where it is not that of the others: a path, or a name on the path.
        python: Spanned<String> = inherit,
        /// The virtual environment whose interpreter and packages it has.
        venv: Spanned<String> = inherit,
        /// Variables of its environment: `"NAME=value"`.
        environment: Vec<Spanned<String>> = repeated,
        /// Bytes of address space that its process may have; more is a `MemoryError`.
        memory_limit: u64 = inherit,
        /// The user that its process runs as, by name or number; the daemon has to be root.
        user: Spanned<String> = inherit,
    }
}

/// The smallest `memory-limit()`, bytes: below, no interpreter starts.
const MEMORY_BYTES_MIN: u64 = 64 * 1024 * 1024;

impl BindingOptions {
    /// `class()`, which must be given.
    pub(crate) fn class(&self, call: &Call, cx: &mut Compile<'_>) -> Option<String> {
        if self.class.is_none() {
            let message = format!("{}() needs class(\"…\")", call.name.text);
            cx.start_error(Diagnostic::error(message, call.span));
        }
        self.class.as_ref().map(|class| class.value.clone())
    }

    /// What the worker is told of every driver.
    pub(crate) fn driver(
        &self,
        call: &Call,
        kind: DriverKind,
        class: &str,
        cx: &mut Compile<'_>,
    ) -> WorkerDriver {
        let calls = self.options.iter().map(|option| &option.0);
        WorkerDriver {
            id: cx.id.clone(),
            kind,
            class: class.to_owned(),
            loaders: self.loaders.clone(),
            options: python_options::read(calls, cx.diagnostics)
                .into_iter()
                .map(|(name, value)| (name, option(value)))
                .collect(),
            location: location(call, cx),
            ..WorkerDriver::default()
        }
    }

    /// What its worker is started with; a part that is missing is a mistake of the start.
    pub(crate) fn launch(&self, call: &Call, cx: &mut Compile<'_>) -> Option<Launch> {
        let mut globals = cx.globals.clone();
        if let Some(python) = &self.python {
            globals.python = Some(python.value.clone());
        }
        if let Some(venv) = &self.venv {
            match interpreter::of_venv(&venv.value) {
                Ok(python) => globals.python = Some(python),
                Err(error) => {
                    cx.start_error(Diagnostic::error(error.to_string(), venv.span));
                    return None;
                }
            }
        }
        let mut launch = match find_launch(&globals) {
            Ok(launch) => launch,
            Err(message) => {
                let span = self.python.as_ref().map_or(call.name.span, |python| python.span);
                cx.start_error(Diagnostic::error(message, span));
                return None;
            }
        };
        launch.environment = self.variables(cx)?;
        launch.memory_bytes = self.memory_limit;
        if self.memory_limit.is_some_and(|bytes| bytes < MEMORY_BYTES_MIN) {
            let message =
                format!("memory-limit() is below {MEMORY_BYTES_MIN} bytes, which no interpreter starts in");
            cx.error(call, message);
        }
        if let Some(user) = &self.user {
            match User::find(&user.value) {
                Ok(found) => launch.user = Some(found),
                Err(why) => cx.start_error(Diagnostic::error(why, user.span)),
            }
        }
        Some(launch)
    }

    fn variables(&self, cx: &mut Compile<'_>) -> Option<BTreeMap<String, String>> {
        let mut variables = BTreeMap::new();
        for variable in &self.environment {
            let Some((name, value)) = variable.value.split_once('=').filter(|(name, _)| !name.is_empty())
            else {
                let message = format!("environment(\"{}\") is not NAME=value", variable.value);
                cx.diagnostics.push(Diagnostic::error(message, variable.span));
                return None;
            };
            variables.insert(name.to_owned(), value.to_owned());
        }
        Some(variables)
    }
}

/// Where a driver stands.
pub(crate) fn location(call: &Call, cx: &Compile<'_>) -> Location {
    let at = cx.sources.location(call.name.span);
    at.map(|at| Location { file: at.path.to_owned(), line: at.line, column: at.column }).unwrap_or_default()
}

fn option(value: PyValue) -> OptionValue {
    match value {
        PyValue::Str(text) => OptionValue::String(text),
        PyValue::Int(number) => OptionValue::Integer(number),
        PyValue::Float(number) => OptionValue::Float(number),
        PyValue::Bool(truth) => OptionValue::Boolean(truth),
        PyValue::List(texts) => OptionValue::List(texts),
        PyValue::Template(text) => OptionValue::Template(text),
    }
}
