//! What the documents name exists.

use std::fs;

use xtask::{crates, root, sources};

fn document(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn links_lead_somewhere() {
    let mut dead = Vec::new();
    for page in sources(&[".md"]) {
        let beside = root().join(page.path.parent().unwrap_or(&page.path));
        for link in page.text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            let elsewhere = file.is_empty() || file.contains("://") || file.contains(char::is_whitespace);
            if !elsewhere && !beside.join(file).exists() {
                dead.push(format!("{}: {link}", page.path.display()));
            }
        }
    }
    assert!(dead.is_empty(), "{dead:#?}");
}

#[test]
fn scripts_of_the_readme_exist_and_can_be_run() {
    use std::os::unix::fs::PermissionsExt;
    let readme = document("README.md");
    let named: Vec<&str> = readme
        .split(|c: char| c.is_whitespace() || "`()".contains(c))
        .filter(|word| word.starts_with("scripts/"))
        .collect();
    assert!(!named.is_empty(), "the README names no script");
    for script in named {
        let about = fs::metadata(root().join(script)).unwrap_or_else(|error| panic!("{script}: {error}"));
        assert!(about.permissions().mode() & 0o111 != 0, "{script} cannot be executed");
    }
}

#[test]
fn recipes_of_the_documents_exist() {
    let justfile = document("justfile");
    let recipe = |name: &str| {
        justfile.lines().any(|line| {
            !line.starts_with([' ', '#', '_'])
                && line.split([' ', ':']).next() == Some(name)
                && line.contains(':')
        })
    };
    for page in ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"] {
        for named in document(page).split("`just ").skip(1).filter_map(|rest| rest.split([' ', '`']).next()) {
            assert!(recipe(named), "{page} names the recipe {named}, which is not in the justfile");
        }
    }
}

#[test]
fn ci_runs_the_very_test_command_of_the_readme() {
    let run = document(".ci/run");
    assert!(run.lines().any(|line| line.starts_with("exec ") && line.contains("scripts/test")), "{run}");
    assert!(document("README.md").contains("\nscripts/test\n"));
}

#[test]
fn the_map_shows_every_crate() {
    let map = document("ARCHITECTURE.md");
    for it in crates() {
        let name =
            it.directory.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        assert!(map.contains(&format!("`{name}`")), "ARCHITECTURE.md does not show {name}");
    }
}

#[test]
fn every_example_has_one_block_of_python() {
    // Each example holds one block of Python, so that a reader finds everything in one place.
    for example in sources(&[".conf"]).into_iter().filter(|it| it.path.starts_with("examples")) {
        assert_eq!(example.text.matches("\npython {\n").count(), 1, "{}", example.path.display());
        assert!(example.text.starts_with("@version: "), "{}", example.path.display());
    }
}
