//! The language from the outside: text in, configuration and diagnostics out.

mod diagnostics;
mod generators;
mod includes;
mod preprocessed;
mod properties;
mod python;
mod seed;
mod size;
