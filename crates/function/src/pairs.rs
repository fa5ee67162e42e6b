//! Which name-value pairs and macros of a message are meant, as `$(format-json)` and its kin are told.
//!
//! `--scope` begins with whole sets; then `--key` takes in and `--exclude` takes out, in the order written; then
//! come the pairs that are spelled out.

use std::collections::BTreeMap;

use message::syslog::SDATA_PREFIX;
use message::template::{Call, RenderScope, Template, macros};
use message::{Builtin, Message, Name, ValueType};

use crate::matcher::glob_matches;

/// Pairs of one message, by name.
pub(super) type Found = BTreeMap<Vec<u8>, (Vec<u8>, ValueType)>;

/// What is meant.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    scope: Scope,
    patterns: Vec<Pattern>,
    /// Macros that a scope or a pattern takes in, compiled.
    macros: Vec<(String, Template)>,
    spelled: Vec<Spelled>,
    rekeys: Vec<Rekey>,
    /// `--cast`: every value is text.
    cast: bool,
    /// `--omit-empty-values`
    omit_empty: bool,
    /// `--include-bytes`
    include_bytes: bool,
}

#[derive(Debug, Default)]
struct Scope {
    plain: bool,
    dotted: bool,
    sdata: bool,
    macros: Vec<&'static str>,
    all_macros: bool,
}

#[derive(Debug)]
struct Pattern {
    glob: String,
    takes_in: bool,
}

/// `name=template`
#[derive(Debug)]
struct Spelled {
    name: String,
    template: Template,
    kind: Option<ValueType>,
}

/// `--rekey GLOB` and what follows it.
#[derive(Debug)]
struct Rekey {
    glob: String,
    changes: Vec<Change>,
}

#[derive(Debug)]
enum Change {
    Shift(usize),
    ShiftLevels(usize),
    AddPrefix(String),
    ReplacePrefix(String, String),
    Upper,
    Lower,
}

const RFC3164: [&str; 7] = ["FACILITY", "PRIORITY", "HOST", "PROGRAM", "PID", "MESSAGE", "DATE"];

/// The built-in values that a scope of name-value pairs has.
const PLAIN: [Builtin; 7] = [
    Builtin::Message,
    Builtin::Host,
    Builtin::HostFrom,
    Builtin::Program,
    Builtin::Pid,
    Builtin::Msgid,
    Builtin::Source,
];

impl Pairs {
    /// Reads the arguments of a call. What it does not know is offered to `other`, which takes it or refuses it.
    pub(super) fn read(
        call: &Call<'_>,
        mut other: impl FnMut(&str, &mut dyn FnMut() -> Option<String>) -> Result<(), String>,
    ) -> Result<Pairs, String> {
        let mut pairs = Pairs::default();
        let mut args = call.args.iter().cloned();
        while let Some(arg) = args.next() {
            let Some(option) = arg.strip_prefix("--") else {
                match arg.split_once('=') {
                    Some((name, text)) => pairs.spell(name, text, call)?,
                    None => pairs.patterns.push(Pattern { glob: arg, takes_in: true }),
                }
                continue;
            };
            let (option, mut attached) = match option.split_once('=') {
                Some((option, value)) => (option, Some(value.to_owned())),
                None => (option, None),
            };
            let mut next = || attached.take().or_else(|| args.next());
            let mut value = || next().ok_or_else(|| format!("`--{option}` wants a value"));
            match option {
                "scope" | "s" => value()?.split(',').try_for_each(|scope| pairs.scope.add(scope.trim()))?,
                "key" | "k" => pairs.patterns.push(Pattern { glob: value()?, takes_in: true }),
                "exclude" | "x" => pairs.patterns.push(Pattern { glob: value()?, takes_in: false }),
                "pair" | "p" => {
                    let pair = value()?;
                    let (name, text) =
                        pair.split_once([':', '=']).ok_or_else(|| format!("`{pair}` is no pair"))?;
                    pairs.spell(name, text, call)?;
                }
                "rekey" | "r" => pairs.rekeys.push(Rekey { glob: value()?, changes: Vec::new() }),
                "shift" | "S" => pairs.change(Change::Shift(count(&value()?)?))?,
                "shift-levels" => pairs.change(Change::ShiftLevels(count(&value()?)?))?,
                "add-prefix" | "A" => pairs.change(Change::AddPrefix(value()?))?,
                "replace-prefix" | "replace" | "R" => {
                    let (old, new) = (value()?, value()?);
                    pairs.change(Change::ReplacePrefix(old, new))?;
                }
                "upper" => pairs.change(Change::Upper)?,
                "lower" => pairs.change(Change::Lower)?,
                "cast" => pairs.cast = true,
                "no-cast" | "auto-cast" => pairs.cast = false,
                "include-bytes" => pairs.include_bytes = true,
                "omit-empty-values" => pairs.omit_empty = true,
                unknown => other(unknown, &mut next)?,
            }
        }
        pairs.find_macros(call)?;
        Ok(pairs)
    }

    fn spell(&mut self, name: &str, text: &str, call: &Call<'_>) -> Result<(), String> {
        let hinted = text.strip_suffix(')').and_then(|text| text.split_once('('));
        let (text, kind) = match hinted.and_then(|(hint, inner)| Some((inner, ValueType::from_hint(hint)?))) {
            Some((inner, kind)) => (unquoted(inner), Some(kind)),
            None => (text, None),
        };
        self.spelled.push(Spelled { name: name.to_owned(), template: call.template(text)?, kind });
        Ok(())
    }

    fn change(&mut self, change: Change) -> Result<(), String> {
        let rekey = self.rekeys.last_mut().ok_or("say --rekey first: which names are to change")?;
        rekey.changes.push(change);
        Ok(())
    }

    fn find_macros(&mut self, call: &Call<'_>) -> Result<(), String> {
        let mut names: Vec<String> = self.scope.macros.iter().map(|name| (*name).to_owned()).collect();
        let wanted = |name: &str| {
            self.scope.all_macros
                || self
                    .patterns
                    .iter()
                    .any(|pattern| pattern.takes_in && glob(&pattern.glob, name.as_bytes()))
        };
        names.extend(macros::names().filter(|name| wanted(name) && !matches!(name.as_str(), "_" | "*")));
        names.sort_unstable();
        names.dedup();
        for name in names {
            let template = call.template(&format!("${{{name}}}"))?;
            self.macros.push((name, template));
        }
        Ok(())
    }

    /// The pairs of `message`.
    pub(super) fn find(&self, message: Message<'_>, scope: &mut RenderScope<'_>) -> Found {
        let mut found = Found::new();
        let mut put = |name: &[u8], value: Vec<u8>, kind: ValueType| {
            let hidden = matches!(kind, ValueType::Bytes | ValueType::Protobuf) && !self.include_bytes;
            if hidden || self.omit_empty && value.is_empty() {
                return;
            }
            let kind = if self.cast { ValueType::String } else { kind };
            found.insert(self.renamed(name), (value, kind));
        };
        for entry in message.pairs() {
            if self.has(entry.name) {
                put(entry.name.as_bytes(), entry.value.to_vec(), entry.kind);
            }
        }
        for (name, template) in &self.macros {
            let by_scope = self.scope.all_macros || self.scope.macros.contains(&name.as_str());
            if !self.decided(name.as_bytes(), by_scope) {
                continue;
            }
            let mut value = Vec::new();
            let kind = template.render_typed(message, scope, &mut value);
            // A macro that has nothing to say is not there.
            if !value.is_empty() {
                put(name.as_bytes(), value, kind);
            }
        }
        for pair in &self.spelled {
            let mut value = Vec::new();
            let own = pair.template.render_typed(message, scope, &mut value);
            put(pair.name.as_bytes(), value, pair.kind.unwrap_or(own));
        }
        found
    }

    fn has(&self, name: Name<'_>) -> bool {
        let text = name.as_bytes();
        let by_scope = match name {
            Name::Builtin(builtin) => self.scope.plain && PLAIN.contains(&builtin),
            Name::Custom(..) if text.starts_with(SDATA_PREFIX.as_bytes()) => {
                self.scope.sdata || self.scope.dotted
            }
            Name::Custom(..) if text.starts_with(b".") => self.scope.dotted,
            // What a regular expression has left behind is nobody's name.
            Name::Custom(..) if text.iter().all(u8::is_ascii_digit) => false,
            Name::Custom(..) => self.scope.plain,
        };
        if matches!(name, Name::Builtin(builtin) if builtin.is_macro() || builtin == Builtin::LegacyMsghdr) {
            return false;
        }
        self.decided(text, by_scope)
    }

    fn decided(&self, name: &[u8], by_scope: bool) -> bool {
        let deciding = self.patterns.iter().rev().find(|pattern| glob(&pattern.glob, name));
        deciding.map_or(by_scope, |pattern| pattern.takes_in)
    }

    fn renamed(&self, name: &[u8]) -> Vec<u8> {
        let mut name = name.to_vec();
        for rekey in self.rekeys.iter().filter(|rekey| glob(&rekey.glob, &name)).collect::<Vec<_>>() {
            rekey.changes.iter().for_each(|change| change.apply(&mut name));
        }
        name
    }
}

impl Scope {
    fn add(&mut self, name: &str) -> Result<(), String> {
        match name.replace('_', "-").as_str() {
            "nv-pairs" => self.plain = true,
            "dot-nv-pairs" => self.dotted = true,
            "all-nv-pairs" => (self.plain, self.dotted) = (true, true),
            "rfc3164" | "core" | "base" => self.macros.extend(RFC3164),
            "rfc5424" | "syslog-proto" => {
                self.macros.extend(RFC3164);
                self.macros.push("MSGID");
                self.sdata = true;
            }
            "selected-macros" => {
                self.macros.extend(RFC3164);
                self.macros.extend(["TAGS", "SOURCEIP", "SEQNUM"]);
            }
            "all-macros" => self.all_macros = true,
            "sdata" => self.sdata = true,
            "everything" => {
                (self.plain, self.dotted, self.sdata, self.all_macros) = (true, true, true, true);
                self.macros.extend(RFC3164);
            }
            "none" => *self = Scope::default(),
            other => return Err(format!("there is no scope `{other}`")),
        }
        Ok(())
    }
}

impl Change {
    fn apply(&self, name: &mut Vec<u8>) {
        match self {
            Change::Shift(bytes) => drop(name.drain(..(*bytes).min(name.len()))),
            Change::ShiftLevels(levels) => {
                for _ in 0..*levels {
                    // A leading dot belongs to the first level.
                    let from = usize::from(name.first() == Some(&b'.'));
                    match name[from..].iter().position(|byte| *byte == b'.') {
                        Some(at) => drop(name.drain(..from + at + 1)),
                        None => name.clear(),
                    }
                }
            }
            Change::AddPrefix(prefix) => drop(name.splice(..0, prefix.bytes())),
            Change::ReplacePrefix(old, new) => {
                if name.starts_with(old.as_bytes()) {
                    name.splice(..old.len(), new.bytes());
                }
            }
            Change::Upper => name.make_ascii_uppercase(),
            Change::Lower => name.make_ascii_lowercase(),
        }
    }
}

fn glob(glob: &str, name: &[u8]) -> bool {
    glob_matches(glob.as_bytes(), name, false)
}

fn count(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}

/// The text in quotes that stand around all of it.
fn unquoted(text: &str) -> &str {
    let quoted = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    quoted('"').or_else(|| quoted('\'')).unwrap_or(text)
}

/// Refuses an option that nobody knows.
pub(super) fn no_other(option: &str, _next: &mut dyn FnMut() -> Option<String>) -> Result<(), String> {
    Err(format!("there is no option `--{option}`"))
}
