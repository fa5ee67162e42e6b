//! The configuration language: text to statements, with every mistake shown where it was made.

#![forbid(unsafe_code)]
// `options!` takes a declaration apart field by field, and the global options have many.
#![recursion_limit = "256"]

pub mod ast;
pub mod diagnostic;
pub mod expr;
pub mod generator;
pub mod globals;
mod input;
mod lexer;
mod load;
pub mod options;
mod parse;
pub mod python_options;
pub mod span;

pub use diagnostic::{Diagnostic, Diagnostics, Severity, Style};
pub use globals::GlobalOptions;
pub use input::{DEPTH_MAX, FILE_BYTES_MAX, TEXT_BYTES_MAX, TOKENS_MAX};
pub use load::{Environment, Loaded, load, load_text, load_text_with, load_with};
pub use options::{Choice, FromArguments, Given, OptionDoc, Options, Permissions, Seconds, Spanned};
pub use parse::NESTING_MAX;
pub use span::{FileId, Sources, Span};
