//! `regexp-parser()`: texts that match a regular expression.

use std::sync::Arc;

use conf::Options;
use conf::ast::Call;
use conf::diagnostic::Diagnostic;
use conf::options::Spanned;
use message::{Draft, Message, ValueType};
use pcre2::bytes::{CaptureLocations, Regex};
use pipeline::{Compile, Matched, Parser, ParserSpec};

use super::input::{InputOptions, Prefix, text};
use crate::matcher::{Flags, Matcher};
use crate::matches;
use crate::options::PatternOptions;
use crate::value_source::ValueSource;

pub(super) const SPEC: ParserSpec =
    ParserSpec { names: &["regexp-parser"], options: RegexpOptions::DOCS, compile };

conf::options! {
    /// Match regular expressions: the named groups of the first that matches become values, all its groups `$1` and so on.
    ///
    /// A text that none matches drops the message from its branch.
    pub struct RegexpOptions {
        /// Which text is read.
        input: InputOptions = flatten,
        /// What the names of the values begin with.
        prefix: String = inherit,
        /// The expressions, tried one after the other.
        patterns: Vec<Spanned<String>> = repeated,
        /// `ignore-case`, `newline`, `utf8`, `dupnames` and the like.
        flags: Vec<Spanned<String>> = repeated,
    }
}

fn compile(call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Parser>> {
    let options = RegexpOptions::read(call, cx.diagnostics)?;
    let source = options.input.source(cx)?;
    if options.patterns.is_empty() {
        cx.error(call, "regexp-parser() needs a pattern: patterns(\"…\")");
        return None;
    }
    let how = PatternOptions { r#type: None, flags: options.flags };
    let (kind, flags) = how.resolve(cx)?;
    // Groups are stored whatever the flags say; so it is compiled as an expression that stores them.
    let flags = Flags { store_matches: true, ..flags };
    let mut patterns = Vec::new();
    for pattern in &options.patterns {
        match Matcher::new(&pattern.value, kind, flags) {
            Ok(matcher) => patterns.push(matcher),
            Err(error) => {
                let message = format!("compiling the regexp failed, error={error}");
                cx.diagnostics.push(Diagnostic::error(message, pattern.span));
            }
        }
    }
    let all = patterns.len() == options.patterns.len();
    let prefix = options.prefix.filter(|prefix| !prefix.is_empty());
    all.then(|| {
        Arc::new(RegexpParser { source, prefix: prefix.map(|it| Prefix::new(Some(it))), patterns }) as _
    })
}

struct RegexpParser {
    source: ValueSource,
    prefix: Option<Prefix>,
    patterns: Vec<Matcher>,
}

impl Parser for RegexpParser {
    fn parse<'a>(&self, message: Message<'a>, draft: &mut Draft<'a>) -> Matched {
        let text = text(&self.source, message);
        for regex in self.patterns.iter().filter_map(Matcher::regex) {
            let mut groups = regex.capture_locations();
            // What runs into PCRE's limits does not match.
            if matches!(regex.captures_read(&mut groups, &text), Ok(Some(_))) {
                self.store(regex, &groups, &text, draft);
                return Matched::Yes;
            }
        }
        Matched::No
    }
}

impl RegexpParser {
    fn store(&self, regex: &Regex, groups: &CaptureLocations, text: &[u8], draft: &mut Draft<'_>) {
        let Some(prefix) = &self.prefix else {
            matches::store(regex, groups, text, draft);
            return;
        };
        let found = (0..groups.len()).filter_map(|number| Some((number, groups.get(number)?)));
        for (number, (start, end)) in found {
            matches::set(draft, number, &text[start..end]);
            if let Some(Some(name)) = regex.capture_names().get(number) {
                prefix.set(draft, name.as_bytes(), text[start..end].to_vec(), ValueType::String);
            }
        }
        matches::clear_from(draft, groups.len());
    }
}
