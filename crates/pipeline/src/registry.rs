//! What can be built: every driver, filter, parser and rewrite, by the name it has in a configuration.
//!
//! The lists are explicit constants of the crates on floor 3; the daemon hands them in. Nothing registers itself.

use std::sync::Arc;

use conf::ast::{Call, same_keyword};
use conf::options::OptionDoc;
use message::template::Functions;

use crate::compile::Compile;
use crate::plan::{DestinationPlan, SourcePlan};
use crate::steps::{Filter, Parser, Rewrite};

/// One kind of thing a configuration can name: how it is called, what it takes, how it is compiled.
pub struct Spec<T> {
    /// Its name, then other names it answers to; `-` and `_` are the same.
    pub names: &'static [&'static str],
    /// Its options, for suggestions and for the reference page.
    pub options: &'static [OptionDoc],
    /// Compiles one use of it. `None` after pushing at least one error.
    pub compile: fn(&Call, &mut Compile<'_>) -> Option<T>,
}

/// A source driver.
pub type SourceSpec = Spec<SourcePlan>;
/// A destination driver.
pub type DestinationSpec = Spec<DestinationPlan>;
/// A parser.
pub type ParserSpec = Spec<Arc<dyn Parser>>;
/// A rewrite operation. `condition()` is not its business: the log path sees to it.
pub type RewriteSpec = Spec<Arc<dyn Rewrite>>;
/// A filter function.
pub type FilterSpec = Spec<Arc<dyn Filter>>;

/// Everything that can be built.
pub struct Registry {
    /// Sources.
    pub sources: Vec<&'static [SourceSpec]>,
    /// Destinations.
    pub destinations: Vec<&'static [DestinationSpec]>,
    /// Parsers.
    pub parsers: Vec<&'static [ParserSpec]>,
    /// Rewrites.
    pub rewrites: Vec<&'static [RewriteSpec]>,
    /// Filters.
    pub filters: Vec<&'static [FilterSpec]>,
    /// Template functions.
    pub functions: &'static dyn Functions,
}

/// The entry of this name.
pub(crate) fn find<T>(lists: &[&'static [Spec<T>]], name: &str) -> Option<&'static Spec<T>> {
    let answers = |spec: &&'static Spec<T>| spec.names.iter().any(|known| same_keyword(known, name));
    lists.iter().flat_map(|list| list.iter()).find(answers)
}

/// Every name, for suggestions.
pub(crate) fn names<T>(lists: &[&'static [Spec<T>]]) -> Vec<&'static str> {
    lists.iter().flat_map(|list| list.iter()).flat_map(|spec| spec.names.iter().copied()).collect()
}
