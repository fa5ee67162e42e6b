//! The arguments of one call, from which options are taken until none is left.

use super::{FromArguments, Given, OptionDoc};
use crate::{
    ast::{Argument, Call, Operator, ValueKind, same_keyword},
    diagnostic::{Diagnostic, Diagnostics, nearest},
    span::Span,
};

/// The arguments of one call; each can be taken once.
pub struct Reader<'a> {
    owner: &'a str,
    arguments: &'a [Argument],
    taken: Vec<bool>,
    span: Span,
    diagnostics: Diagnostics,
}

impl<'a> Reader<'a> {
    /// Of what a message calls `owner`, and which stands at `span`.
    pub fn new(owner: &'a str, arguments: &'a [Argument], span: Span) -> Reader<'a> {
        Reader {
            owner,
            arguments,
            taken: vec![false; arguments.len()],
            span,
            diagnostics: Diagnostics::default(),
        }
    }

    /// The option of one of `names`; the default when it is not written, or wrong, which is reported.
    pub fn option<T: FromArguments>(&mut self, names: &[&str], default: impl FnOnce() -> T) -> T {
        self.inherited(names).unwrap_or_else(default)
    }

    /// The option of one of `names`; `None` when it is not written, or wrong, which is reported.
    pub fn inherited<T: FromArguments>(&mut self, names: &[&str]) -> Option<T> {
        let mut last = None;
        for call in self.calls(names) {
            // All are read, so that a mistake in an earlier one is not hidden by a later one.
            last = T::from_arguments(&Given::of_call(call), &mut self.diagnostics);
        }
        last
    }

    /// The option of one of `names`; `None` when it is not written, or wrong, both of which are reported.
    pub fn required<T: FromArguments>(&mut self, names: &[&str]) -> Option<T> {
        let written = self.calls_left(names);
        let value = self.inherited(names);
        if !written {
            let name = names.first().map_or_else(String::new, |name| name.replace('_', "-"));
            self.missing(&format!("{name}({})", T::TYPE));
        }
        value
    }

    /// What all the options of one of `names` say together.
    pub fn repeated<T: FromArguments>(&mut self, names: &[&str]) -> Vec<T> {
        let mut values = Vec::new();
        for call in self.calls(names) {
            T::gather(&Given::of_call(call), &mut values, &mut self.diagnostics);
        }
        values
    }

    /// The next value without a name; `None` when there is none, or when it is wrong, both of which are reported.
    pub fn positional<T: FromArguments>(&mut self, name: &str) -> Option<T> {
        match self.next_positional::<T>() {
            Some(argument) => self.read_positional(name, argument),
            None => {
                self.missing(&format!("the {}", name.replace('_', "-")));
                None
            }
        }
    }

    /// The next value without a name; the default when there is none, or when it is wrong, which is reported.
    pub fn positional_or<T: FromArguments>(&mut self, name: &str, default: impl FnOnce() -> T) -> T {
        let argument = self.next_positional::<T>();
        argument.and_then(|argument| self.read_positional(name, argument)).unwrap_or_else(default)
    }

    /// All further values without a name.
    pub fn rest<T: FromArguments>(&mut self, name: &str) -> Vec<T> {
        let mut values = Vec::new();
        while let Some(argument) = self.next_positional::<T>() {
            values.extend(self.read_positional(name, argument));
        }
        values
    }

    /// Reports what nobody took, and hands over all that was reported. False when there was a mistake.
    pub fn finish(mut self, docs: &'static [OptionDoc], diagnostics: &mut Diagnostics) -> bool {
        let mut sign_before = None;
        for (argument, taken) in self.arguments.iter().zip(std::mem::take(&mut self.taken)) {
            // Of `user@host` the sign was reported, which is enough.
            let behind_sign = sign_before == Some(argument.span().start);
            sign_before = matches!(argument, Argument::Operator(..)).then_some(argument.span().end);
            if !taken && !behind_sign {
                let diagnostic = self.not_wanted(argument, docs);
                self.diagnostics.push(diagnostic);
            }
        }
        self.diagnostics.sort();
        let fine = !self.diagnostics.has_errors();
        diagnostics.append(self.diagnostics);
        fine
    }

    fn read_positional<T: FromArguments>(&mut self, name: &str, argument: &Argument) -> Option<T> {
        let given = Given::positional(name, std::slice::from_ref(argument));
        T::from_arguments(&given, &mut self.diagnostics)
    }

    /// The first argument that is left, if it is a value; values behind an option are in the wrong place.
    fn next_positional<T: FromArguments>(&mut self) -> Option<&'a Argument> {
        let index = self.taken.iter().position(|taken| !taken)?;
        let in_place = self.arguments[..index].iter().all(|before| !is_option::<T>(before));
        let argument = &self.arguments[index];
        if !in_place || is_option::<T>(argument) {
            return None;
        }
        self.taken[index] = true;
        Some(argument)
    }

    /// Takes the options of one of `names`.
    fn calls(&mut self, names: &[&str]) -> Vec<&'a Call> {
        let mut calls = Vec::new();
        for (argument, taken) in self.arguments.iter().zip(&mut self.taken) {
            if let Argument::Call(call) = argument
                && !*taken
                && is_named(call, names)
            {
                *taken = true;
                calls.push(call);
            }
        }
        calls
    }

    fn calls_left(&self, names: &[&str]) -> bool {
        let mut left = self.arguments.iter().zip(&self.taken).filter(|(_, taken)| !**taken);
        left.any(|(argument, _)| matches!(argument, Argument::Call(call) if is_named(call, names)))
    }

    fn missing(&mut self, what: &str) {
        self.diagnostics.push(Diagnostic::error(format!("{} needs {what}", self.owner), self.span));
    }

    fn not_wanted(&self, argument: &Argument, docs: &'static [OptionDoc]) -> Diagnostic {
        let known: Vec<String> = OptionDoc::named(docs)
            .iter()
            .flat_map(|doc| doc.names.iter())
            .map(|name| name.replace('_', "-"))
            .collect();
        let names = || known.iter().map(String::as_str);
        let owner = self.owner;
        match argument {
            Argument::Call(call) => {
                let wrong = &call.name.text;
                Diagnostic::error(format!("{owner} has no option `{wrong}`"), call.name.span)
                    .suggest(wrong, names())
            }
            Argument::Value(value) => {
                let diagnostic = Diagnostic::error(format!("{owner} does not take this value"), value.span);
                let near = match &value.kind {
                    ValueKind::Word(word) => nearest(word, names()),
                    _ => None,
                };
                let behind_option = self
                    .arguments
                    .iter()
                    .take_while(|other| *other != argument)
                    .any(|other| matches!(other, Argument::Call(_)));
                match (near, behind_option) {
                    (Some(name), _) => diagnostic.label(format!("did you mean `{name}(…)`?")),
                    (None, true) => diagnostic.label("values without a name stand before the options"),
                    (None, false) => diagnostic.label("one value too many"),
                }
            }
            Argument::Operator(Operator::At | Operator::Colon | Operator::Dot | Operator::Range, span) => {
                Diagnostic::error(format!("{owner} does not take this"), *span)
                    .label("a value with such a sign in it needs quotes")
            }
            other => Diagnostic::error(format!("{owner} does not take this"), other.span()),
        }
    }
}

fn is_named(call: &Call, names: &[&str]) -> bool {
    names.iter().any(|name| same_keyword(&call.name.text, name))
}

/// Whether `argument` is an option, and not a value that looks like a call (as `int("$N")` does).
fn is_option<T: FromArguments>(argument: &Argument) -> bool {
    matches!(argument, Argument::Call(call) if !T::is_value_call(&call.name.text))
}
