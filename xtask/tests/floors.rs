//! Dependencies point down only (ARCHITECTURE.md, "Floors").

use std::collections::BTreeMap;

use xtask::{Crate, crates, read, root, sources};

/// Beside the floors: may use its own floor and those below, and nobody builds on it.
const BESIDE: [&str; 2] = ["hognose-bridge", "hognose-testkit"];

/// The only crate that knows Python's interface.
const BRIDGE: &str = "hognose-bridge";

fn floors(crates: &[Crate]) -> BTreeMap<&str, i64> {
    crates.iter().filter_map(|it| Some((it.name.as_str(), it.floor?))).collect()
}

#[test]
fn every_crate_states_its_floor() {
    let missing: Vec<_> = crates().into_iter().filter(|it| it.floor.is_none()).map(|it| it.name).collect();
    assert!(missing.is_empty(), "no [package.metadata.hognose] floor in {missing:?}");
}

#[test]
fn dependencies_point_down() {
    let crates = crates();
    let floors = floors(&crates);
    let mut wrong = Vec::new();
    for it in &crates {
        let floor = floors[it.name.as_str()];
        for dependency in &it.dependencies {
            let Some(&below) = floors.get(dependency.as_str()) else { continue };
            let beside = BESIDE.contains(&it.name.as_str());
            if below > floor || (below == floor && !beside) || BESIDE.contains(&dependency.as_str()) {
                wrong.push(format!("{} (floor {floor}) → {dependency} (floor {below})", it.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn pipeline_is_tested_without_any_trade() {
    let crates = crates();
    let pipeline = crates.iter().find(|it| it.name == "hognose-pipeline").expect("a pipeline");
    for trade in ["hognose-builtin", "hognose-python"] {
        let all = pipeline.dependencies.iter().chain(&pipeline.dev_dependencies);
        assert!(all.into_iter().all(|dependency| dependency != trade), "pipeline depends on {trade}");
    }
}

#[test]
fn only_the_bridge_knows_python() {
    let lock = read(&root().join("Cargo.lock"));
    let packages = lock["package"].as_array().expect("packages in Cargo.lock");
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let needs_python = package
            .get("dependencies")
            .and_then(|all| all.as_array())
            .into_iter()
            .flatten()
            .filter_map(|dependency| dependency.as_str())
            .any(|dependency| dependency.starts_with("pyo3"));
        assert!(!needs_python || name == BRIDGE || name.starts_with("pyo3"), "{name} links Python");
    }
}

#[test]
fn no_feature_switches_python() {
    // In two parts, so that this file does not hold what it looks for.
    let forbidden = ["feature = ", "\"python\""].concat();
    for source in sources(&[".rs", "Cargo.toml"]) {
        assert!(!source.text.contains(&forbidden), "{}", source.path.display());
    }
}
