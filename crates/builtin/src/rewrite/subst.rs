//! `subst()`: replaces what matches a pattern.

use std::sync::Arc;

use conf::Options;
use conf::ast::Call;
use conf::diagnostic::Diagnostic;
use conf::options::Spanned;
use message::{Draft, Message, Record, ValueType};
use pcre2::bytes::Regex;
use pipeline::{Compile, Rewrite, RewriteSpec};

use crate::matcher::{Kind, Matcher};
use crate::matches;
use crate::options::PatternOptions;
use crate::typed_template::{TypedTemplate, TypedText};
use crate::value_source::OwnedName;

pub(super) const SPEC: RewriteSpec = RewriteSpec { names: &["subst"], options: SubstOptions::DOCS, compile };

conf::options! {
    /// Replace what matches a pattern.
    pub struct SubstOptions {
        /// The pattern.
        pattern: Spanned<String> = positional,
        /// What stands in its place; a template in which `$1` is the first group.
        replacement: TypedText = positional,
        /// Name of the pair.
        value: Spanned<String> = required,
        /// How the pattern is written.
        how: PatternOptions = flatten,
    }
}

/// Replacements in one value.
const REPLACEMENTS_MAX: usize = 65_536;

fn compile(call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Rewrite>> {
    let options = SubstOptions::read(call, cx.diagnostics)?;
    let (kind, flags) = options.how.resolve(cx)?;
    if kind == Kind::Glob {
        let message = "subst() cannot replace what a glob matches";
        cx.diagnostics.push(Diagnostic::error(message, options.pattern.span));
        return None;
    }
    let name = OwnedName::writable(&options.value, cx);
    let matcher = options.how.matcher(&options.pattern, cx);
    let template = TypedTemplate::compile(&options.replacement, cx)?;
    Some(Arc::new(Subst { name: name?, matcher: matcher?, template, global: flags.global }))
}

struct Subst {
    name: OwnedName,
    matcher: Matcher,
    template: TypedTemplate,
    global: bool,
}

impl Rewrite for Subst {
    fn apply<'a>(&self, message: Message<'a>, draft: &mut Draft<'a>) {
        let Some((text, _)) = message.get(self.name.get()) else { return };
        let replaced = match self.matcher.regex() {
            Some(regex) => self.replace_groups(regex, text, message, draft),
            None => self.replace(text, message),
        };
        if let Some(replaced) = replaced {
            draft.set(self.name.get(), replaced, ValueType::String);
        }
    }
}

impl Subst {
    fn replace(&self, text: &[u8], message: Message<'_>) -> Option<Vec<u8>> {
        let mut found = self.matcher.find_at(text, 0)?;
        let (replacement, _) = self.template.render(message);
        let mut replaced = Vec::with_capacity(text.len() + replacement.len());
        let mut copied = 0;
        for _ in 0..REPLACEMENTS_MAX {
            replaced.extend_from_slice(&text[copied..found.0]);
            replaced.extend_from_slice(&replacement);
            copied = found.1;
            match self.matcher.find_at(text, copied) {
                Some(next) if self.global && next.1 > copied => found = next,
                _ => break,
            }
        }
        replaced.extend_from_slice(&text[copied..]);
        Some(replaced)
    }

    /// The same for a regular expression, whose groups the replacement may show. They stay in the message.
    fn replace_groups<'a>(
        &self,
        regex: &Regex,
        text: &[u8],
        message: Message<'a>,
        draft: &mut Draft<'a>,
    ) -> Option<Vec<u8>> {
        let mut groups = regex.capture_locations();
        let mut replaced = None;
        let (mut at, mut copied) = (0, 0);
        for _ in 0..REPLACEMENTS_MAX {
            // What runs into PCRE's limits does not match.
            if !matches!(regex.captures_read_at(&mut groups, text, at), Ok(Some(_))) {
                break;
            }
            let Some((start, end)) = groups.get(0) else { break };
            if start == end && start == text.len() && at > 0 {
                break;
            }
            matches::store(regex, &groups, text, draft);
            let out: &mut Vec<u8> = replaced.get_or_insert_default();
            out.extend_from_slice(&text[copied..start]);
            out.extend(self.render(message, draft));
            copied = end;
            // An empty match must not be found again.
            at = if end > start { end } else { end + 1 };
            if !self.global || at > text.len() {
                break;
            }
        }
        let mut replaced = replaced?;
        replaced.extend_from_slice(&text[copied..]);
        Some(replaced)
    }

    /// The replacement, as the message with the groups says it.
    fn render(&self, message: Message<'_>, draft: &Draft<'_>) -> Vec<u8> {
        if self.template.is_constant() {
            return self.template.render(message).0;
        }
        let mut bytes = Vec::new();
        draft.encode(&mut bytes);
        self.template.render(Message::new(Record::trusted(&bytes), message.origin())).0
    }
}
