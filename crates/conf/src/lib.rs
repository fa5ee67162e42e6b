//! The configuration language: text to statements, with every mistake shown where it was made.
