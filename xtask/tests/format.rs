//! Every Rust file is as rustfmt would have it.

use std::env;
use std::process::Command;

#[test]
fn rust_is_formatted() {
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let ran = Command::new(&cargo).args(["fmt", "--all", "--check"]).current_dir(xtask::root()).output();
    let ran = ran.expect("cargo fmt runs");
    let said = String::from_utf8_lossy(&ran.stdout);
    let files: Vec<&str> = said.lines().filter(|line| line.starts_with("Diff in ")).collect();
    assert!(ran.status.success(), "run `cargo fmt --all`:\n{}", files.join("\n"));
}
