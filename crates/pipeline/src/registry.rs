//! What can be built: every driver, filter, parser and rewrite, by the name it has in a configuration.
//!
//! The lists are explicit constants of the crates on floor 3; the daemon hands them in. Nothing registers itself.

use std::sync::Arc;

use conf::ast::{Call, Config, same_keyword};
use conf::globals::GlobalOptions;
use conf::options::{OptionDoc, Options};
use conf::span::Sources;
use message::template::Functions;
use store::Persist;

use crate::compile::{APP_PARSER, APP_PARSER_OPTIONS, Compile};
use crate::http_headers::HttpHeaders;
use crate::plan::{About, DestinationPlan, SourcePlan};
use crate::resident::Resident;
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

/// Something that adds headers to requests.
pub type HttpHeadersSpec = Spec<Arc<dyn HttpHeaders>>;

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
    /// What adds headers to the requests of `http()`.
    pub http_headers: Vec<&'static [HttpHeadersSpec]>,
    /// Template functions that are run elsewhere, and need to know the configuration.
    pub foreign: Vec<MakeForeign>,
}

/// Template functions of one configuration that are run by a resident of it.
pub trait ForeignFunctions: Functions {
    /// All templates are compiled: the resident that runs what they call, with what its crate wants to find again in
    /// [`crate::Compiled::about`]. `None`: nothing is called.
    fn finish(&self) -> Option<(Arc<dyn Resident>, About)>;
}

/// Makes the foreign functions of a configuration.
pub type MakeForeign = fn(&Config, &Sources, &GlobalOptions, &Persist) -> Box<dyn ForeignFunctions>;

impl Registry {
    /// Whether something answers to `name` where `context`, as in `block CONTEXT NAME`, may stand.
    ///
    /// Within the parentheses of a driver, that is every option of any driver: which one it is, is not looked at.
    pub fn knows(&self, context: &str, name: &str) -> bool {
        match context {
            "source" => find(&self.sources, name).is_some(),
            "destination" => find(&self.destinations, name).is_some(),
            "parser" => {
                find(&self.parsers, name).is_some()
                    || self.has_option(name)
                    || same_keyword(name, APP_PARSER)
                    || has(APP_PARSER_OPTIONS, name)
            }
            "rewrite" => find(&self.rewrites, name).is_some() || self.has_option(name),
            "filter" => find(&self.filters, name).is_some() || self.has_option(name) || name == "filter",
            "options" => has(GlobalOptions::DOCS, name),
            "log" => false,
            _ => self.has_option(name),
        }
    }

    /// Whether anything has an option of this name.
    fn has_option(&self, name: &str) -> bool {
        fn any<T>(lists: &[&'static [Spec<T>]], name: &str) -> bool {
            lists.iter().flat_map(|list| list.iter()).any(|spec| has(spec.options, name))
        }
        any(&self.sources, name)
            || any(&self.destinations, name)
            || any(&self.parsers, name)
            || any(&self.rewrites, name)
            || any(&self.filters, name)
    }
}

fn has(docs: &'static [OptionDoc], name: &str) -> bool {
    let answers = |doc: &&OptionDoc| doc.names.iter().any(|known| same_keyword(known, name));
    OptionDoc::named(docs).iter().any(answers)
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
