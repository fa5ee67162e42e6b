//! What is known of an option besides its value.

/// One option, for the reference page and for suggestions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OptionDoc {
    /// Its names, the first one being the proper one; as Rust spells them, see [`OptionDoc::name`].
    pub names: &'static [&'static str],
    /// What it takes: `yes|no`, `number`, …
    pub type_name: &'static str,
    /// Where its value comes from.
    pub kind: OptionKind,
    /// Its doc comment.
    pub help: &'static str,
}

/// Where the value of an option comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OptionKind {
    /// No option: what the declaration says about the whole.
    About,
    /// `name(value)`, or this expression.
    Default(&'static str),
    /// `name(value)`, or the global option.
    Inherited,
    /// `name(value)`.
    Required,
    /// Every `name(…)`.
    Repeated,
    /// A value without a name, or this expression if there is one.
    Positional(Option<&'static str>),
    /// All further values without a name.
    Rest,
    /// Not one option but a group of them.
    Group(&'static [OptionDoc]),
}

impl OptionDoc {
    /// What is said about something that has no options of its own.
    pub const fn only_about(help: &'static str) -> OptionDoc {
        OptionDoc { names: &[], type_name: "", kind: OptionKind::About, help }
    }

    /// The name as a configuration spells it: with dashes.
    pub fn name(&self) -> String {
        self.names.first().map_or_else(String::new, |name| name.replace('_', "-"))
    }

    /// The default as a configuration spells it; `None` where there is none.
    pub fn default(&self) -> Option<&'static str> {
        let (OptionKind::Default(text) | OptionKind::Positional(Some(text))) = self.kind else { return None };
        Some(match text {
            "true" => "yes",
            "false" => "no",
            other => other,
        })
    }

    /// What the declaration of `docs` says about the whole.
    pub fn about(docs: &'static [OptionDoc]) -> &'static str {
        docs.iter().find(|doc| doc.kind == OptionKind::About).map_or("", |doc| doc.help)
    }

    /// Every option of `docs` that is written `name(…)`, those in groups included.
    pub fn named(docs: &'static [OptionDoc]) -> Vec<&'static OptionDoc> {
        let mut found = Vec::new();
        for doc in docs {
            match doc.kind {
                OptionKind::Group(inner) => found.extend(OptionDoc::named(inner)),
                OptionKind::About | OptionKind::Positional(_) | OptionKind::Rest => {}
                _ => found.push(doc),
            }
        }
        found
    }
}

/// The name of a field without the `r#` that Rust wants before its own keywords.
pub const fn plain_name(name: &'static str) -> &'static str {
    let bytes = name.as_bytes();
    if bytes.len() > 2 && bytes[0] == b'r' && bytes[1] == b'#' { name.split_at(2).1 } else { name }
}
