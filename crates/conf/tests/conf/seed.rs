//! The configurations of the mission's own text, and our equivalents of them.

use std::path::Path;

use conf::{
    Environment, Loaded, Style,
    ast::{Argument, Call, Item, Reference},
    load_text,
    python_options::{self, PyValue},
};

const FETCHER: &str = r#"@version: 3.21

log {
    source { python-fetcher(class("Fetcher") options("server" "127.0.0.1")  flags(no-parse)); };
    destination { file("/dev/stdout"); };
};

python {

from syslogng import LogFetcher, LogMessage

class Fetcher(LogFetcher):
    def fetch(self):
        # return LogFetcher.FETCH_ERROR,
        return LogFetcher.FETCH_SUCCESS, LogMessage("it's {}")
};
"#;

const SOURCE: &str = r#"@version: 3.21

log {
  source { python(class("Ticker") options("freq" "1") flags(no-parse)); };
  destination { file(/dev/stdout); };
};

python {
from syslogng import LogSource, LogMessage

class Ticker(LogSource):
    def run(self):
        self.post_message(LogMessage("hello world"))

    def request_exit(self):
        pass
};
"#;

/// The driver of the one source, the one destination's path, and the code.
fn parts(loaded: &Loaded) -> (&Call, &str, &str) {
    let shown = loaded.diagnostics.render(&loaded.sources, Style::Plain);
    assert!(!loaded.diagnostics.has_errors(), "{shown}");
    assert!(shown.contains("config-version='3.21'"), "{shown}");
    let [path] = loaded.config.log_paths.as_slice() else { panic!("one log path") };
    let [Item::Source(Reference::Inline(source, _)), Item::Destination(Reference::Inline(destination, _))] =
        path.items.as_slice()
    else {
        panic!("a source and a destination")
    };
    let ([Item::Driver(driver)], [Item::Driver(file)]) = (source.as_slice(), destination.as_slice()) else {
        panic!("one driver each")
    };
    let [Argument::Value(path)] = file.arguments.as_slice() else { panic!("a path") };
    (driver, path.text(), &loaded.config.python[0].text)
}

#[track_caller]
fn check(text: &str, driver_name: &str, options: &[(&str, &str)]) {
    let loaded = load_text("seed.conf", text, &Environment::default());
    let (driver, path, code) = parts(&loaded);
    assert_eq!(driver.name.text, driver_name);
    assert_eq!(path, "/dev/stdout");
    assert!(code.starts_with('\n') && code.contains("from syslogng import"), "{code}");
    assert!(code.ends_with('\n'), "{code}");
    let calls = driver.arguments.iter().filter_map(|argument| match argument {
        Argument::Call(call) if call.name.is("options") => Some(call),
        _ => None,
    });
    let read = python_options::read(calls, &mut conf::Diagnostics::default());
    let expected: Vec<(String, PyValue)> =
        options.iter().map(|(key, value)| ((*key).to_owned(), PyValue::Str((*value).to_owned()))).collect();
    assert_eq!(read, expected);
}

#[test]
fn our_equivalents() {
    check(FETCHER, "python-fetcher", &[("server", "127.0.0.1")]);
    check(SOURCE, "python", &[("freq", "1")]);
}

#[test]
fn the_seed_itself() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/seed/python-source.md");
    let Ok(text) = std::fs::read_to_string(&file) else {
        return eprintln!("skipped: {} is not beside the checkout", file.display());
    };
    let configurations: Vec<&str> =
        text.split("```").skip(1).step_by(2).filter(|block| block.contains("@version")).collect();
    assert_eq!(configurations.len(), 3);
    check(configurations[0].trim_start(), "python-fetcher", &[("server", "127.0.0.1")]);
    check(configurations[1].trim_start(), "python", &[("freq", "1")]);
    check(configurations[2].trim_start(), "python", &[]);
}
