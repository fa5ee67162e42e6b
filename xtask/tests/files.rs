//! What a file may be called, how long it may be, and what it must and must not hold.

use std::path::Path;

use xtask::{Source, crates, sources};

const LINES_MAX: usize = 500;

/// Names that say nothing about what is in a file.
const EMPTY_NAMES: [&str; 9] =
    ["util", "utils", "common", "helper", "helpers", "manager", "managers", "misc", "shared"];

/// Crates with a room where unsafe code is allowed, each site with its argument.
const UNSAFE_ROOMS: [&str; 2] = ["hognose-bridge", "hognose-channel"];

fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Fails with all that is wrong at once.
#[track_caller]
fn none(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_file_is_too_long() {
    let long = |it: &Source| it.text.lines().count() > LINES_MAX;
    none(
        sources(&[".rs", ".py", ".pyi"])
            .iter()
            .filter(|it| long(it))
            .map(|it| format!("{}: {} lines", it.path.display(), it.text.lines().count()))
            .collect(),
    );
}

#[test]
fn no_file_is_called_nothing() {
    let empty = |it: &Source| it.path.iter().any(|part| EMPTY_NAMES.contains(&stem(part.as_ref()).as_str()));
    none(
        sources(&[".rs", ".py"])
            .iter()
            .filter(|it| empty(it))
            .map(|it| it.path.display().to_string())
            .collect(),
    );
}

#[test]
fn modules_are_named_by_their_files() {
    none(
        sources(&["mod.rs"])
            .iter()
            .filter(|it| stem(&it.path) == "mod")
            .map(|it| it.path.display().to_string())
            .collect(),
    );
}

#[test]
fn every_crate_root_says_what_it_holds_of_unsafe_code() {
    let mut wrong = Vec::new();
    for it in crates() {
        let lint = if UNSAFE_ROOMS.contains(&it.name.as_str()) {
            "#![deny(unsafe_code)]"
        } else {
            "#![forbid(unsafe_code)]"
        };
        for root in ["src/lib.rs", "src/main.rs"].map(|root| it.directory.join(root)) {
            let Ok(text) = std::fs::read_to_string(&root) else { continue };
            if !text.contains(lint) {
                wrong.push(format!("{}: no {lint}", root.display()));
            }
        }
    }
    none(wrong);
}

#[test]
fn every_unsafe_site_carries_its_argument() {
    // Clippy says so too, but only where it is run.
    let mut wrong = Vec::new();
    for source in sources(&[".rs"]) {
        let lines: Vec<&str> = source.text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let code = line.trim_start();
            let opens = ["unsafe {", "= unsafe {", "unsafe impl"].iter().any(|site| code.contains(site));
            if !opens || code.starts_with("//") || source.path.starts_with("xtask") {
                continue;
            }
            let argued = lines[at.saturating_sub(8)..=at].iter().any(|above| above.contains("SAFETY:"));
            if !argued {
                wrong.push(format!("{}:{}", source.path.display(), at + 1));
            }
        }
    }
    none(wrong);
}

#[test]
fn no_path_of_somebodys_machine() {
    // In parts, so that this file does not hold what it looks for.
    let places = [["/ro", "ot/"], ["/wo", "rk/"]].map(|parts| parts.concat());
    let mut wrong = Vec::new();
    let kinds =
        [".rs", ".py", ".toml", ".md", ".conf", "justfile", "scripts/test", "scripts/setup", "scripts/hello"];
    for source in sources(&kinds) {
        for (at, line) in source.text.lines().enumerate() {
            if places.iter().any(|place| begins_a_path(line, place)) {
                wrong.push(format!("{}:{}: {}", source.path.display(), at + 1, line.trim()));
            }
        }
    }
    none(wrong);
}

/// Whether `place` stands in `line` as the beginning of a path, not in its middle.
fn begins_a_path(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        !line[..at]
            .chars()
            .next_back()
            .is_some_and(|before| before.is_alphanumeric() || "._-}~*/".contains(before))
    })
}
