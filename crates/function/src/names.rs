//! `$(names …)` and `$(values …)`: name-value pairs as lists.

use message::template::{Call, RenderScope, TemplateFunction};
use message::{Message, ValueType, list};

use super::pairs::{Pairs, no_other};
use super::{Entry, entry};

pub(super) const FUNCTIONS: &[Entry] =
    &[entry("names", |call| compile(call, Half::Names)), entry("values", |call| compile(call, Half::Values))];

#[derive(Debug, Clone, Copy)]
enum Half {
    Names,
    Values,
}

#[derive(Debug)]
struct Halves(Pairs, Half);

fn compile(call: &Call<'_>, half: Half) -> Result<Box<dyn TemplateFunction>, String> {
    Ok(Box::new(Halves(Pairs::read(call, no_other)?, half)))
}

impl TemplateFunction for Halves {
    fn render(&self, message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) -> ValueType {
        let found = self.0.find(message, scope);
        out.extend(list::join(found.iter().map(|(name, (value, _))| match self.1 {
            Half::Names => &name[..],
            Half::Values => &value[..],
        })));
        ValueType::List
    }
}
