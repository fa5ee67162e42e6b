//! Names that stand for statements: each once, unless the configuration says otherwise.

use std::collections::HashMap;

use crate::{
    ast::{Config, Ident, Named, NamedFilter, TemplateStatement},
    diagnostic::Diagnostic,
    input::Input,
};

/// The statements read so far, by kind and name.
#[derive(Default)]
pub(super) struct Names {
    places: HashMap<(&'static str, String), usize>,
}

/// A statement that has a name.
pub(super) trait HasName {
    fn name(&self) -> &Ident;
}

impl Names {
    /// Adds `statement` to the list of its kind. A second one of a name takes the place of the first where the
    /// configuration allows that, and is a mistake otherwise.
    pub(super) fn add<T: HasName>(
        &mut self,
        kind: &'static str,
        statement: T,
        input: &mut Input<'_>,
        list: impl Fn(&mut Config) -> &mut Vec<T>,
    ) {
        let name = statement.name().clone();
        let statements = list(&mut input.config);
        match self.places.get(&(kind, name.text.clone())) {
            None => {
                self.places.insert((kind, name.text), statements.len());
                statements.push(statement);
            }
            Some(place) => {
                let first = statements[*place].name().span;
                statements[*place] = statement;
                if !input.duplicates_allowed() {
                    input.report(
                        Diagnostic::error(format!("duplicate {kind} `{}`", name.text), name.span)
                            .note_at("the first one is here", first)
                            .note("after `@define allow-config-dups 1` the last one wins"),
                    );
                }
            }
        }
    }
}

impl HasName for Named {
    fn name(&self) -> &Ident {
        &self.name
    }
}

impl HasName for NamedFilter {
    fn name(&self) -> &Ident {
        &self.name
    }
}

impl HasName for TemplateStatement {
    fn name(&self) -> &Ident {
        &self.name
    }
}
