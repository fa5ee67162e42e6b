//! The configuration language: text to statements, with every mistake shown where it was made.

#![forbid(unsafe_code)]

pub mod ast;
pub mod diagnostic;
pub mod expr;
mod input;
mod lexer;
mod load;
pub mod options;
mod parse;
pub mod span;

pub use diagnostic::{Diagnostic, Diagnostics, Severity, Style};
pub use input::{DEPTH_MAX, FILE_BYTES_MAX, TEXT_BYTES_MAX};
pub use load::{Environment, Loaded, load, load_text};
pub use options::{Choice, FromArguments, Given, OptionDoc, Options, Permissions, Seconds, Spanned};
pub use parse::NESTING_MAX;
pub use span::{FileId, Sources, Span};
