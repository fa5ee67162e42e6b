//! Patterns: regular expressions, plain strings, globs.
//!
//! A regular expression that is a plain word is searched for as one: that is what most of them are, and the search is
//! an order of magnitude cheaper.

use memchr::memmem::Finder;
use message::Draft;
use pcre2::bytes::{Regex, RegexBuilder};

use crate::matches;

/// How a pattern is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// `type(pcre)`
    #[default]
    Pcre,
    /// `type(string)`: the whole value, unless a flag says otherwise.
    String,
    /// `type(glob)`: the whole value; `*` is any bytes, `?` one character.
    Glob,
}

/// `flags()` of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags {
    /// Every match, not just the first; for `subst()`.
    pub global: bool,
    /// Letters match whatever their case.
    pub ignore_case: bool,
    /// Line breaks may be CR, LF or both.
    pub newline: bool,
    /// Characters are UTF-8.
    pub utf8: bool,
    /// Groups become `$1` and so on, and named groups name-value pairs.
    pub store_matches: bool,
    /// `type(string)`: anywhere in the value.
    pub substring: bool,
    /// `type(string)`: at the beginning of the value.
    pub prefix: bool,
    /// Do not compile the expression to machine code.
    pub disable_jit: bool,
}

type SetFlag = fn(&mut Flags);

/// Words that `flags()` of a pattern knows, with what they set.
const FLAGS: [(&str, SetFlag); 10] = [
    ("global", |flags| flags.global = true),
    ("ignore-case", |flags| flags.ignore_case = true),
    ("icase", |flags| flags.ignore_case = true),
    ("newline", |flags| flags.newline = true),
    ("utf8", |flags| flags.utf8 = true),
    ("store-matches", |flags| flags.store_matches = true),
    ("substring", |flags| flags.substring = true),
    ("prefix", |flags| flags.prefix = true),
    ("disable-jit", |flags| flags.disable_jit = true),
    // Every named group may occur twice already where alternatives reset them; kept for old configurations.
    ("dupnames", |_| {}),
];

impl Kind {
    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Kind> {
        match name {
            "pcre" | "posix" => Some(Kind::Pcre),
            "string" => Some(Kind::String),
            "glob" => Some(Kind::Glob),
            _ => None,
        }
    }
}

impl Flags {
    /// Sets what `word` says; false where it says nothing.
    pub fn apply(&mut self, word: &str) -> bool {
        let word = word.replace('_', "-");
        let known = FLAGS.iter().find(|(name, _)| *name == word);
        known.is_some_and(|(_, set)| {
            set(self);
            true
        })
    }

    /// The words.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FLAGS.iter().map(|(name, _)| *name)
    }
}

/// A compiled pattern.
#[derive(Debug)]
pub struct Matcher {
    pattern: Pattern,
    ignore_case: bool,
    store_matches: bool,
}

#[derive(Debug)]
enum Pattern {
    // Boxed, as the regular expression is: they are much larger than the others.
    Anywhere(Box<Finder<'static>>),
    Start(Vec<u8>),
    Whole(Vec<u8>),
    Glob(Vec<u8>),
    Pcre(Box<Regex>),
}

/// A pattern that cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Failed to compile PCRE expression >>>{pattern}<<< `{what}` at character {offset}")]
pub struct BadPattern {
    pattern: String,
    what: String,
    offset: usize,
}

impl Matcher {
    /// Compiles `pattern`.
    pub fn new(pattern: &str, kind: Kind, flags: Flags) -> Result<Matcher, BadPattern> {
        let folded = || if flags.ignore_case { pattern.to_ascii_lowercase() } else { pattern.to_owned() };
        let pattern = match kind {
            Kind::Glob => Pattern::Glob(folded().into_bytes()),
            Kind::String if flags.prefix => Pattern::Start(folded().into_bytes()),
            Kind::String if flags.substring && flags.ignore_case => regex(&escaped(pattern), flags)?,
            Kind::String if flags.substring => anywhere(pattern),
            Kind::String => Pattern::Whole(folded().into_bytes()),
            Kind::Pcre if flags.ignore_case || flags.store_matches => regex(pattern, flags)?,
            Kind::Pcre if is_plain(pattern) => anywhere(pattern),
            Kind::Pcre => match pattern.strip_prefix('^') {
                Some(start) if is_plain(start) => Pattern::Start(start.as_bytes().to_vec()),
                _ => regex(pattern, flags)?,
            },
        };
        Ok(Matcher { pattern, ignore_case: flags.ignore_case, store_matches: flags.store_matches })
    }

    /// Whether `text` matches. A regular expression that runs into PCRE's limits does not.
    pub fn matches(&self, text: &[u8]) -> bool {
        match &self.pattern {
            Pattern::Anywhere(finder) => finder.find(text).is_some(),
            Pattern::Start(start) => text.get(..start.len()).is_some_and(|text| self.same(text, start)),
            Pattern::Whole(whole) => self.same(text, whole),
            Pattern::Glob(glob) => glob_matches(glob, text, self.ignore_case),
            Pattern::Pcre(regex) => regex.is_match(text).unwrap_or(false),
        }
    }

    /// Whether it is to store what it finds: a regular expression with `flags(store-matches)`.
    pub fn stores(&self) -> bool {
        self.store_matches && self.regex().is_some()
    }

    /// [`Matcher::matches`], with `$0`, `$1` and named groups written to `draft`.
    pub fn matches_and_stores(&self, text: &[u8], draft: &mut Draft<'_>) -> bool {
        let Some(regex) = self.regex().filter(|_| self.store_matches) else { return self.matches(text) };
        let mut groups = regex.capture_locations();
        let found = matches!(regex.captures_read(&mut groups, text), Ok(Some(_)));
        if found {
            matches::store(regex, &groups, text, draft);
        }
        found
    }

    /// The first match at `start` or behind it.
    pub fn find_at(&self, text: &[u8], start: usize) -> Option<(usize, usize)> {
        match &self.pattern {
            Pattern::Anywhere(finder) => {
                let at = start + finder.find(text.get(start..)?)?;
                Some((at, at + finder.needle().len()))
            }
            Pattern::Pcre(regex) => {
                let found = regex.find_at(text, start).ok()??;
                Some((found.start(), found.end()))
            }
            Pattern::Start(head) => (start == 0 && self.matches(text)).then_some((0, head.len())),
            Pattern::Whole(_) | Pattern::Glob(_) => {
                (start == 0 && self.matches(text)).then_some((0, text.len()))
            }
        }
    }

    /// The regular expression, where it is one.
    pub fn regex(&self) -> Option<&Regex> {
        match &self.pattern {
            Pattern::Pcre(regex) => Some(regex),
            _ => None,
        }
    }

    fn same(&self, text: &[u8], folded: &[u8]) -> bool {
        if self.ignore_case { text.eq_ignore_ascii_case(folded) } else { text == folded }
    }
}

fn anywhere(pattern: &str) -> Pattern {
    Pattern::Anywhere(Box::new(Finder::new(pattern).into_owned()))
}

/// Whether a regular expression means itself.
fn is_plain(pattern: &str) -> bool {
    !pattern.is_empty() && !pattern.bytes().any(|byte| b"\\^$.|?*+()[]{}".contains(&byte))
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for char in text.chars() {
        if char.is_ascii_punctuation() {
            escaped.push('\\');
        }
        escaped.push(char);
    }
    escaped
}

fn regex(pattern: &str, flags: Flags) -> Result<Pattern, BadPattern> {
    let mut builder = RegexBuilder::new();
    builder
        .caseless(flags.ignore_case)
        .crlf(flags.newline)
        .utf(flags.utf8)
        .jit_if_available(!flags.disable_jit);
    match builder.build(pattern) {
        Ok(regex) => Ok(Pattern::Pcre(Box::new(regex))),
        Err(error) => Err(BadPattern {
            pattern: pattern.to_owned(),
            offset: error.offset().unwrap_or(0),
            what: error.to_string(),
        }),
    }
}

/// Whether `glob` matches all of `text`. Takes time of the order of the product of their lengths at worst.
pub fn glob_matches(glob: &[u8], text: &[u8], ignore_case: bool) -> bool {
    let fold = |byte: u8| if ignore_case { byte.to_ascii_lowercase() } else { byte };
    let (mut at, mut text_at) = (0, 0);
    // Where to go on when what follows the last `*` did not match: the `*` takes one byte more.
    let mut star: Option<(usize, usize)> = None;
    loop {
        match (glob.get(at), text.get(text_at)) {
            (Some(b'*'), _) => {
                star = Some((at + 1, text_at));
                at += 1;
                continue;
            }
            (Some(b'?'), Some(_)) => {
                at += 1;
                text_at += char_bytes(&text[text_at..]);
                continue;
            }
            (Some(wanted), Some(byte)) if *wanted == fold(*byte) => {
                at += 1;
                text_at += 1;
                continue;
            }
            (None, None) => return true,
            _ => {}
        }
        match star {
            Some((glob_at, taken)) if taken < text.len() => {
                star = Some((glob_at, taken + 1));
                (at, text_at) = (glob_at, taken + 1);
            }
            _ => return false,
        }
    }
}

/// Bytes of the UTF-8 character that `text` begins with; 1 where it is none.
fn char_bytes(text: &[u8]) -> usize {
    let expected = match text.first() {
        Some(0xC2..=0xDF) => 2,
        Some(0xE0..=0xEF) => 3,
        Some(0xF0..=0xF4) => 4,
        _ => return 1,
    };
    let whole = text.get(..expected).is_some_and(|char| std::str::from_utf8(char).is_ok());
    if whole { expected } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, kind: Kind, flags: &[&str], matching: &[&str], others: &[&str]) {
        let mut set = Flags::default();
        assert!(flags.iter().all(|flag| set.apply(flag)), "unknown flag");
        let matcher = Matcher::new(pattern, kind, set).unwrap();
        for text in matching {
            assert!(matcher.matches(text.as_bytes()), "{pattern} does not match {text}");
        }
        for text in others {
            assert!(!matcher.matches(text.as_bytes()), "{pattern} matches {text}");
        }
    }

    #[test]
    fn regular_expressions_match_anywhere() {
        check("ss", Kind::Pcre, &[], &["ss", "sshd", "ass"], &["s", "", "SS"]);
        check("^ss", Kind::Pcre, &[], &["sshd"], &["ass", "s"]);
        check("^ssh?d$", Kind::Pcre, &[], &["sshd", "ssd"], &["sshd ", "xsshd"]);
        check("ss", Kind::Pcre, &["ignore-case"], &["SS", "aSshd"], &["s"]);
        check("(?<!no )ham", Kind::Pcre, &[], &["ham", "some ham"], &["no ham"]);
        check("", Kind::Pcre, &[], &["", "x"], &[]);
    }

    #[test]
    fn strings_match_as_a_whole_unless_told_otherwise() {
        check("a.b", Kind::String, &[], &["a.b"], &["a.bc", "xa.b", "axb", "A.B"]);
        check("a.b", Kind::String, &["prefix"], &["a.b", "a.bc"], &["xa.b"]);
        check("a.b", Kind::String, &["substring"], &["a.b", "xa.bc"], &["axb"]);
        check("A.b", Kind::String, &["icase"], &["a.b", "A.B"], &["a.bc"]);
        check("A.b", Kind::String, &["icase", "substring"], &["xxa.Bc"], &["axb"]);
        check("A.b", Kind::String, &["icase", "prefix"], &["a.BC"], &["xa.b"]);
    }

    #[test]
    fn globs_match_as_a_whole() {
        check("a*c", Kind::Glob, &[], &["ac", "abc", "abcc"], &["abcd", "xac"]);
        check("?", Kind::Glob, &[], &["x", "ö"], &["", "xx"]);
        check("*a*b*", Kind::Glob, &[], &["ab", "xaxbx"], &["ba", ""]);
        check("*", Kind::Glob, &[], &["", "x"], &[]);
        check("A*", Kind::Glob, &["ignore-case"], &["abc", "ABC"], &["xa"]);
    }

    #[test]
    fn a_glob_does_not_explode() {
        let glob = "a*".repeat(50) + "b";
        check(&glob, Kind::Glob, &[], &[], &["a".repeat(2000).as_str()]);
    }

    #[test]
    fn a_bad_expression_says_where() {
        let error = Matcher::new("(", Kind::Pcre, Flags::default()).unwrap_err();
        assert!(error.to_string().starts_with("Failed to compile PCRE expression >>>(<<<"), "{error}");
        assert!(error.to_string().ends_with("at character 1"), "{error}");
    }
}
