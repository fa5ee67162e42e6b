//! The seam to whoever writes parts of a configuration while it is read.
//!
//! A config generator is a function with the place and the looks of a block: where its name stands, its text is put in.
//! Who has the functions, and in which language, is not known here.

use crate::{ast::Config, span::Sources};

/// A configuration as far as it was read, and what is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Where the name stands: `source`, `inner-dest`, …, as in `block CONTEXT NAME`.
    pub context: &'a str,
    /// The name, with `_` for every `-`.
    pub name: &'a str,
    /// The statements before it; the `python { }` blocks among them are those that can have registered something.
    pub config: &'a Config,
    /// The texts of these.
    pub sources: &'a Sources,
}

/// All config generators of one configuration. Used for one load.
pub trait Generators {
    /// Whether there is a generator of this name. Asked for every name that is no block's, so it must be quick for
    /// names that somebody else answers to.
    fn has(&mut self, question: &Question<'_>) -> bool;

    /// Text that takes the place of the reference. `arguments` are in the order written: names with `_` for every `-`,
    /// values as they stand between the parentheses. Must come back within a time of its own.
    fn generate(
        &mut self,
        question: &Question<'_>,
        arguments: &[(String, String)],
    ) -> Result<String, GenerateError>;
}

/// Why there is no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenerateError {
    /// What went wrong, in one line.
    pub message: String,
    /// More about it: a traceback, say.
    pub details: Option<String>,
}
