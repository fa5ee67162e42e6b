//! `add-contextual-data()`: values out of a table.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use conf::Options;
use conf::ast::{Call, Value, ValueKind};
use conf::diagnostic::Diagnostic;
use conf::options::Spanned;
use message::{Draft, Message, ValueType};
use pipeline::{Compile, Matched, Parser, ParserSpec};

use super::csv::{Dialect, Scanner, Syntax};
use super::input::Prefix;
use crate::options::NoEffect;
use crate::typed_template::{TypedTemplate, TypedText};

pub(super) const SPEC: ParserSpec =
    ParserSpec { names: &["add-contextual-data"], options: ContextOptions::DOCS, compile };

conf::options! {
    /// Give the message the values that a table has for its selector.
    ///
    /// The table is read when the configuration is: lines of `selector,name,value`, in which a value may be a template.
    pub struct ContextOptions {
        /// What is looked up: a template, such as `"$HOST"`.
        selector: TypedText = required,
        /// What is looked up where the table does not have that.
        default_selector: String = inherit,
        /// The table: a file whose name ends in `.csv`.
        database: Spanned<String> = required,
        /// What the names of the values begin with.
        prefix: String = inherit,
        /// Whether letters of selectors match whatever their case.
        ignore_case: bool = false,
        /// Hide the parser from statistics.
        internal: NoEffect = inherit,
    }
}

/// Bytes a table may have.
const TABLE_BYTES_MAX: u64 = 256 * 1024 * 1024;

fn compile(call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Parser>> {
    let options = ContextOptions::read(call, cx.diagnostics)?;
    let selector = TypedTemplate::compile(&options.selector, cx);
    let rows = table(&options.database, cx)?;
    let mut by_selector: HashMap<Vec<u8>, Vec<(Vec<u8>, TypedTemplate)>> = HashMap::new();
    for [key, name, text] in rows {
        let text = String::from_utf8_lossy(&text).into_owned();
        let value = Value { kind: ValueKind::String(text), span: options.database.span };
        let template = TypedTemplate::inline(&value, cx)?;
        by_selector.entry(folded(key, options.ignore_case)).or_default().push((name, template));
    }
    let default = options.default_selector.map(|key| folded(key.into_bytes(), options.ignore_case));
    Some(Arc::new(AddContextualData {
        selector: selector?,
        default,
        by_selector,
        prefix: Prefix::new(options.prefix),
        ignore_case: options.ignore_case,
    }))
}

fn folded(mut key: Vec<u8>, ignore_case: bool) -> Vec<u8> {
    if ignore_case {
        key.make_ascii_lowercase();
    }
    key
}

/// The rows of the table; `None` after reporting what is wrong with it.
fn table(database: &Spanned<String>, cx: &mut Compile<'_>) -> Option<Vec<[Vec<u8>; 3]>> {
    let name = &database.value;
    let mut fail = |message: String| {
        cx.diagnostics.push(Diagnostic::error(message, database.span));
        None
    };
    if Path::new(name).extension().is_none_or(|extension| extension != "csv") {
        return fail(format!("the table `{name}` is not supported: its name has to end in .csv"));
    }
    let text = match std::fs::metadata(name) {
        Ok(file) if file.len() > TABLE_BYTES_MAX => {
            return fail(format!("the table `{name}` has more than {TABLE_BYTES_MAX} bytes"));
        }
        _ => std::fs::read(name),
    };
    let text = match text {
        Ok(text) => text,
        Err(error) => return fail(format!("cannot read the table `{name}`: {error}")),
    };
    let mut rows = Vec::new();
    for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.trim_ascii().is_empty() {
            continue;
        }
        match row(line) {
            Some(row) => rows.push(row),
            None => {
                let place = format!("line {} of the table `{name}`", number + 1);
                return fail(format!("{place} is not of the form `selector,name,value`"));
            }
        }
    }
    Some(rows)
}

/// Selector, name and value of a line.
fn row(line: &[u8]) -> Option<[Vec<u8>; 3]> {
    let syntax = Syntax {
        delimiters: b",".to_vec(),
        strings: Vec::new(),
        quotes: vec![(b'"', b'"')],
        dialect: Dialect::DoubleChar,
        strips: false,
    };
    let mut scanner = Scanner::new(line, &syntax);
    let row = [scanner.column()?, scanner.column()?, scanner.column()?];
    (scanner.column().is_none() && !row[1].is_empty()).then_some(row)
}

struct AddContextualData {
    selector: TypedTemplate,
    default: Option<Vec<u8>>,
    by_selector: HashMap<Vec<u8>, Vec<(Vec<u8>, TypedTemplate)>>,
    prefix: Prefix,
    ignore_case: bool,
}

impl Parser for AddContextualData {
    fn parse<'a>(&self, message: Message<'a>, draft: &mut Draft<'a>) -> Matched {
        let key = folded(self.selector.render(message).0, self.ignore_case);
        let found = self.by_selector.get(&key);
        let found = found.or_else(|| self.by_selector.get(self.default.as_ref()?));
        for (name, template) in found.into_iter().flatten() {
            self.prefix.set(draft, name, template.render(message).0, ValueType::String);
        }
        Matched::Yes
    }
}

#[cfg(test)]
mod tests {
    use super::row;

    #[test]
    fn a_line_has_three_columns() {
        let found = row(b"host,name,\"a, \"\"b\"\"\"").unwrap();
        assert_eq!(found, [b"host".to_vec(), b"name".to_vec(), b"a, \"b\"".to_vec()]);
        for bad in ["", "a", "a,b", "a,,c", "a,b,c,d"] {
            assert_eq!(row(bad.as_bytes()), None, "{bad}");
        }
    }
}
