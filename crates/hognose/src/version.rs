//! `--version` and `--module-registry`.

use std::fmt::Write as _;

use conf::ast::Version;
use pipeline::Spec;

use crate::cli::INCLUDE_DIRS;
use crate::configuration::registry;

/// This daemon's version.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// `--version`, in syslog-ng's lines.
pub(crate) fn version() -> String {
    let Version { major, minor } = Version::default();
    let libraries = python::home::find()
        .map_or_else(|error| error.to_string(), |home| home.package.display().to_string());
    let mut out = format!("hognose {VERSION}, runs configurations of syslog-ng 3.x to {major}.{minor}\n");
    let debug = if cfg!(debug_assertions) { "on" } else { "off" };
    let modules: Vec<&str> = names().into_iter().flat_map(|(_, names)| names).collect();
    let lines = [
        ("Config version", format!("{major}.{minor}")),
        ("Installer-Version", VERSION.to_owned()),
        ("Revision", VERSION.to_owned()),
        ("Compile-Date", "not recorded, so that builds can be repeated".to_owned()),
        ("Module-Directory", "none, everything is built in".to_owned()),
        ("Module-Path", "none, everything is built in".to_owned()),
        ("Include-Path", INCLUDE_DIRS.join(":")),
        ("Python-Package", libraries),
        ("Available-Modules", modules.join(",")),
        ("Enable-Debug", debug.to_owned()),
        ("Enable-IPv6", "on".to_owned()),
        ("Enable-Linux-Caps", "on".to_owned()),
        ("Enable-Python", "on".to_owned()),
        ("Enable-Systemd", "off".to_owned()),
    ];
    for (name, value) in lines {
        let _ = writeln!(out, "{name}: {value}");
    }
    out
}

/// `--module-registry`: every driver, by kind.
pub(crate) fn drivers() -> String {
    let mut out = String::new();
    for (kind, names) in names() {
        let _ = writeln!(out, "{kind}: {}", names.join(" "));
    }
    out
}

fn names() -> Vec<(&'static str, Vec<&'static str>)> {
    fn of<T>(lists: &[&'static [Spec<T>]]) -> Vec<&'static str> {
        let mut names: Vec<&str> =
            lists.iter().flat_map(|list| list.iter()).flat_map(|spec| spec.names.iter().copied()).collect();
        names.sort_unstable();
        names
    }
    let registry = registry();
    vec![
        ("sources", of(&registry.sources)),
        ("destinations", of(&registry.destinations)),
        ("parsers", of(&registry.parsers)),
        ("rewrites", of(&registry.rewrites)),
        ("filters", of(&registry.filters)),
    ]
}
