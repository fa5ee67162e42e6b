//! Documents that are made of the code are fresh, and keep what they promise.

use std::fs;

use xtask::compatibility::{self, Outcome};
use xtask::{documents, root};

#[test]
fn every_page_is_fresh() {
    let stale = |page: &&xtask::Source| {
        fs::read_to_string(root().join(&page.path)).ok().as_deref() != Some(page.text.as_str())
    };
    let pages = documents::pages();
    let stale: Vec<_> = pages.iter().filter(stale).map(|page| page.path.display().to_string()).collect();
    assert!(stale.is_empty(), "run `cargo run -p xtask`: {stale:?}");
}

#[test]
fn no_name_is_ignored_without_a_word() {
    let mut ignored = Vec::new();
    for line in compatibility::lines() {
        for name in &line.names {
            match compatibility::outcome(&line, name) {
                Outcome::Ignored => ignored.push(format!("{} {} {name}", line.kind, line.owner)),
                Outcome::Refused(message) | Outcome::Warned(message) => {
                    assert!(!message.is_empty(), "{name}")
                }
                Outcome::Works | Outcome::Library => {}
            }
        }
    }
    assert!(ignored.is_empty(), "{ignored:#?}");
}

#[test]
fn what_does_not_exist_is_refused() {
    for line in compatibility::lines() {
        if line.kind == "macro" || line.kind == "command" {
            continue;
        }
        let outcome = compatibility::outcome(&line, "nonesuch");
        let refused = matches!(outcome, Outcome::Refused(_))
            // syslog-ng itself only warns of a flag of a log path that it does not know.
            || line.kind == "log-flag" && matches!(outcome, Outcome::Warned(_));
        assert!(refused, "{} {}: {outcome:?}", line.kind, line.owner);
    }
}

#[test]
fn what_the_daemon_can_build_is_what_the_pages_show() {
    let body = |path: &str| {
        let text = fs::read_to_string(root().join(path)).expect(path);
        let (_, behind) = text.split_once("Registry {\n        sources:").expect("a registry");
        behind.split_once("\n    }\n").expect("its end").0.to_owned()
    };
    assert_eq!(body("crates/hognose/src/configuration.rs"), body("xtask/src/registry.rs"));
}

#[test]
fn every_function_that_is_explained_exists() {
    for (call, _) in function::help::FUNCTION_HELP {
        let name = function::help::name(call);
        assert!(builtin::FUNCTIONS.find(name).is_some(), "{call}");
    }
}
