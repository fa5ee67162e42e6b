//! Everything that the daemon can build, as the daemon has it; a test holds the two lists together.

use pipeline::Registry;

/// What `crates/hognose` hands to the pipeline.
pub fn registry() -> Registry {
    Registry {
        sources: vec![builtin::SOURCES, python::SOURCES],
        destinations: vec![builtin::DESTINATIONS, python::DESTINATIONS],
        parsers: vec![builtin::PARSERS, python::PARSERS],
        rewrites: vec![builtin::REWRITES],
        filters: vec![builtin::FILTERS],
        functions: builtin::FUNCTIONS,
        http_headers: vec![python::HTTP_HEADERS],
        foreign: vec![python::functions],
    }
}
