//! Runs every scenario under `scenarios/`.

use std::path::{Path, PathBuf};

use testkit::Scenario;

fn pages(dir: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            pages(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

#[test]
fn every_scenario_holds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let mut found = Vec::new();
    pages(&root, &mut found);
    let only = std::env::var("SCENARIO").ok();
    let (mut ran, mut failed) = (0, Vec::new());
    for path in &found {
        let text = std::fs::read_to_string(path).unwrap();
        let shown = path.strip_prefix(&root).unwrap().display().to_string();
        let scenarios = match Scenario::read(path, &text) {
            Ok(scenarios) => scenarios,
            Err(what) => {
                failed.push(format!("scenarios/{shown}: {what}"));
                continue;
            }
        };
        for scenario in scenarios {
            let name = format!("scenarios/{shown}: {}", scenario.title);
            if only.as_ref().is_some_and(|only| !name.contains(only)) {
                continue;
            }
            ran += 1;
            if let Err(failure) = testkit::run(&scenario) {
                failed.push(format!("{name}\n{failure}"));
            }
        }
    }
    assert!(ran > 0, "no scenario was run");
    assert!(failed.is_empty(), "{} of {ran} scenarios failed:\n\n{}", failed.len(), failed.join("\n\n"));
}
