//! House rules as tests: a rule that a machine can hold is held by one. The tests are in `tests/`.

#![forbid(unsafe_code)]

pub mod compatibility;
pub mod documents;
pub mod reference;
pub mod registry;

use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// Directories that hold no source of ours.
const SKIPPED: [&str; 5] = ["target", "__pycache__", "node_modules", "build", "corpus"];

/// A text file of the project.
#[derive(Debug)]
pub struct Source {
    /// Relative to the root.
    pub path: PathBuf,
    /// All of it; bytes that are no UTF-8 are replaced.
    pub text: String,
}

/// The root of the checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

/// Every file of the project whose name ends in one of `endings`, sorted; hidden and built ones are left out.
pub fn sources(endings: &[&str]) -> Vec<Source> {
    let root = root();
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    paths.sort();
    paths
        .into_iter()
        .filter(|path| endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)))
        .map(|path| Source {
            text: String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()).into_owned(),
            path: path.strip_prefix(&root).unwrap_or(&path).to_owned(),
        })
        .collect()
}

fn collect(directory: &Path, paths: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || SKIPPED.contains(&name.as_str()) {
            continue;
        }
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => collect(&entry.path(), paths),
            Ok(kind) if kind.is_file() => paths.push(entry.path()),
            _ => {}
        }
    }
}

/// A crate of the workspace, as its `Cargo.toml` describes it.
#[derive(Debug)]
pub struct Crate {
    /// Name of the package.
    pub name: String,
    /// Its directory.
    pub directory: PathBuf,
    /// What `[package.metadata.hognose]` says; None where it says nothing.
    pub floor: Option<i64>,
    /// Packages that the crate itself needs, by their real names.
    pub dependencies: Vec<String>,
    /// Packages that its tests need besides.
    pub dev_dependencies: Vec<String>,
}

/// Every crate in `crates/`, by name.
pub fn crates() -> Vec<Crate> {
    let root = root();
    let renamed = renames(&read(&root.join("Cargo.toml")));
    let mut found: Vec<Crate> = fs::read_dir(root.join("crates"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|directory| directory.join("Cargo.toml").is_file())
        .map(|directory| describe(directory, &renamed))
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// Reads a TOML file of the project.
///
/// # Panics
/// When it is not there or is no TOML: the test that asks fails with the reason.
pub fn read(path: &Path) -> Table {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn describe(directory: PathBuf, renamed: &Table) -> Crate {
    let manifest = read(&directory.join("Cargo.toml"));
    let package = &manifest["package"];
    let names = |table: &str| -> Vec<String> {
        let keys = manifest.get(table).and_then(Value::as_table).into_iter().flat_map(Table::keys);
        keys.map(|key| renamed.get(key).and_then(Value::as_str).unwrap_or(key).to_owned()).collect()
    };
    Crate {
        name: package["name"].as_str().unwrap_or_default().to_owned(),
        floor: package
            .get("metadata")
            .and_then(|metadata| metadata.get("hognose")?.get("floor")?.as_integer()),
        dependencies: [names("dependencies"), names("build-dependencies")].concat(),
        dev_dependencies: names("dev-dependencies"),
        directory,
    }
}

/// The short names by which the workspace calls its packages, with the real ones.
fn renames(workspace: &Table) -> Table {
    let dependencies = workspace["workspace"]["dependencies"].as_table().cloned().unwrap_or_default();
    dependencies.into_iter().filter_map(|(key, value)| Some((key, value.get("package")?.clone()))).collect()
}

/// A persist file that is none, to compile with.
pub fn no_persist() -> store::Persist {
    store::Persist::in_memory()
}
