//! How patterns are written.

use conf::diagnostic::Diagnostic;
use conf::options::Spanned;
use pipeline::Compile;

use crate::matcher::{self, Matcher};

conf::options! {
    /// How a pattern is written.
    pub struct PatternOptions {
        /// `pcre`, `string` or `glob`.
        r#type: Spanned<String> = inherit,
        /// `ignore-case`, `store-matches`, `global`, `substring`, `prefix` and the like.
        flags: Vec<Spanned<String>> = repeated,
    }
}

impl PatternOptions {
    /// The compiled pattern; `None` after reporting what is wrong with it.
    pub(crate) fn matcher(&self, pattern: &Spanned<String>, cx: &mut Compile<'_>) -> Option<Matcher> {
        let (kind, flags) = self.resolve(cx)?;
        match Matcher::new(&pattern.value, kind, flags) {
            Ok(matcher) => Some(matcher),
            Err(error) => {
                let message = format!("compiling the regexp failed, error={error}");
                cx.diagnostics.push(Diagnostic::error(message, pattern.span));
                None
            }
        }
    }

    /// What is written.
    pub(crate) fn resolve(&self, cx: &mut Compile<'_>) -> Option<(matcher::Kind, matcher::Flags)> {
        let mut good = true;
        let mut flags = matcher::Flags::default();
        for word in &self.flags {
            if !flags.apply(&word.value) {
                let message = format!("Unknown flag \"{}\"", word.value);
                let diagnostic = Diagnostic::error(message, word.span);
                cx.diagnostics.push(diagnostic.suggest(&word.value, matcher::Flags::names()));
                good = false;
            }
        }
        let kind = match &self.r#type {
            None => matcher::Kind::default(),
            Some(word) => match matcher::Kind::from_name(&word.value) {
                Some(kind) => kind,
                None => {
                    let message = format!("there is no type of pattern `{}`", word.value);
                    let diagnostic = Diagnostic::error(message, word.span);
                    cx.diagnostics.push(diagnostic.suggest(&word.value, ["pcre", "string", "glob"]));
                    return None;
                }
            },
        };
        good.then_some((kind, flags))
    }
}
