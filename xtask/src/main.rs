//! `cargo run -p xtask`: writes the documents that are made of the code.

use std::fs;
use std::process::ExitCode;

fn main() -> ExitCode {
    for page in xtask::documents::pages() {
        let path = xtask::root().join(&page.path);
        let directory = path.parent().map_or(Ok(()), fs::create_dir_all);
        if let Err(error) = directory.and_then(|()| fs::write(&path, &page.text)) {
            eprintln!("{}: {error}", page.path.display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
