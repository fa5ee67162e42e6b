//! Options of drivers, declared once.
//!
//! [`options!`](crate::options!) makes a struct of a declaration: its fields with their defaults, the function that
//! reads it from a call, and the table that the reference page and the suggestions are made of. An option is one
//! line and a doc comment:
//!
//! ```
//! conf::options! {
//!     /// Write messages to a file.
//!     pub struct FileOptions {
//!         /// Name of the file.
//!         path: String = positional,
//!         /// Create missing parent directories.
//!         create_dirs: bool = inherit,
//!         /// Sync to disk after every batch.
//!         fsync: bool = false,
//!     }
//! }
//! ```
//!
//! What stands behind the `=` says where the value comes from:
//!
//! | declaration | in the configuration | field |
//! |---|---|---|
//! | `name: T = expression` | `name(value)`, else the expression | `T` |
//! | `name: T = inherit` | `name(value)`, else `None`: a global option decides | `Option<T>` |
//! | `name: T = required` | `name(value)` | `T` |
//! | `name: Vec<T> = repeated` | every `name(…)`, one after the other | `Vec<T>` |
//! | `name: T = positional` | the next value that is no option | `T` |
//! | `name: T = positional(expression)` | the same, else the expression | `T` |
//! | `name: Vec<T> = rest` | all further values that are no options | `Vec<T>` |
//! | `name: T = flatten` | the options of `T`, beside these | `T` |
//!
//! `name | other | third: T = …` answers to all three names. `-` and `_` are the same. Of an option that is written
//! twice the last one counts. A struct of options is itself a type that an option can have: `tls(key-file("k"))`.

use crate::{
    ast::{Argument, Call},
    diagnostic::{Diagnostic, Diagnostics},
    span::Span,
};

mod choices;
mod declare;
mod doc;
mod free_form;
mod from_arguments;
mod reader;
#[cfg(test)]
mod tests;
mod values;

pub use doc::{OptionDoc, OptionKind, plain_name};
pub use free_form::FreeForm;
pub use from_arguments::{FromArguments, Given};
pub use reader::Reader;
pub use values::{Permissions, Seconds, Spanned};

/// An enum that [`choices!`](crate::choices!) declared.
pub trait Choice: Copy + 'static {
    /// The words, those of one meaning after each other.
    const WORDS: &'static [&'static str];

    /// The proper word for it.
    fn word(self) -> &'static str;

    /// What `word` means; `-` and `_` are the same.
    fn from_word(word: &str) -> Option<Self>;

    /// Reads the one word given; one that means nothing is reported.
    fn read_word(given: &Given<'_>, diagnostics: &mut Diagnostics) -> Option<Self> {
        let value = given.value("a word", diagnostics)?;
        let word = value.text();
        let found = Self::from_word(word);
        if found.is_none() {
            diagnostics.push(
                Diagnostic::error(format!("{} does not take `{word}`", given.subject()), value.span)
                    .suggest(word, Self::WORDS.iter().copied())
                    .note(format!("one of {}", Self::WORDS.join(", "))),
            );
        }
        found
    }
}

/// A struct that [`options!`](crate::options!) declared.
pub trait Options: Sized {
    /// What the declaration says about the whole, then every option in the order declared.
    const DOCS: &'static [OptionDoc];
    /// What the declaration says about the whole.
    const HELP: &'static str;

    /// Takes its options out of what `reader` has; `None` when one without a default is missing, which is reported.
    fn take(reader: &mut Reader<'_>) -> Option<Self>;

    /// Reads the arguments of what a message calls `owner`, and which stands at `span`.
    ///
    /// `None` when anything is wrong; all of it is in the diagnostics then.
    fn read_arguments(
        owner: &str,
        arguments: &[Argument],
        span: Span,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let mut reader = Reader::new(owner, arguments, span);
        let options = Self::take(&mut reader);
        if reader.finish(Self::DOCS, diagnostics) { options } else { None }
    }

    /// Reads the arguments of `call`; see [`Options::read_arguments`].
    fn read(call: &Call, diagnostics: &mut Diagnostics) -> Option<Self> {
        Self::read_arguments(&format!("`{}()`", call.name.text), &call.arguments, call.span, diagnostics)
    }

    /// What the options are when nothing is written; `None` when something must be.
    fn defaults() -> Option<Self> {
        Self::read_arguments("", &[], Span::default(), &mut Diagnostics::default())
    }
}
