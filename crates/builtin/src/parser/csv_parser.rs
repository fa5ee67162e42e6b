//! `csv-parser()`: columns between delimiters.

use std::sync::Arc;

use conf::Options;
use conf::ast::{Argument, Call};
use conf::diagnostic::{Diagnostic, Diagnostics};
use conf::options::{FromArguments, Given, Spanned};
use message::{Draft, Message, ValueType};
use pipeline::{Compile, Matched, Parser, ParserSpec};

use super::csv::{Dialect, Scanner, Syntax};
use super::input::{InputOptions, Prefix, text};
use crate::matches;
use crate::value_source::ValueSource;

pub(super) const SPEC: ParserSpec = ParserSpec { names: &["csv-parser"], options: CsvOptions::DOCS, compile };

conf::options! {
    /// Read columns: each becomes the value of its name, in the order written.
    ///
    /// Without names they become `$1`, `$2` and so on.
    pub struct CsvOptions {
        /// Which text is read.
        input: InputOptions = flatten,
        /// What the names of the values begin with.
        prefix: String = inherit,
        /// Names of the columns, with a type where they are not text: `int("size")`.
        columns: Vec<Column> = repeated,
        /// Characters each of which ends a column; or `chars("…")` and `strings("…" "…")`.
        delimiters: Delimiters = Delimiters::default(),
        /// Characters that quote, each closed by itself.
        quotes: String = inherit,
        /// Pairs of characters that open and close a quote: `"''()"`.
        quote_pairs: String = inherit,
        /// How quotes are escaped within quotes.
        dialect: Dialect = inherit,
        /// `strip-whitespace`, `greedy`, `drop-invalid`, or a dialect.
        flags: Vec<Spanned<String>> = repeated,
        /// A column of this text is left out.
        null: String = inherit,
        /// Drop messages that have too few or too many columns.
        drop_invalid: bool = false,
        /// What a column is worth that is not of its type. Such a column is left out.
        on_type_error: OnTypeError = OnTypeError::DropProperty,
    }
}

conf::choices! {
    /// What becomes of a value that is not of the type it should have.
    pub enum OnTypeError {
        /// It is left out.
        DropProperty = "drop-property" | "silently-drop-property",
        /// The message is dropped from its branch.
        DropMessage = "drop-message" | "silently-drop-message",
        /// It is kept as text.
        FallbackToString = "fallback-to-string" | "silently-fallback-to-string",
    }
}

/// A column's name, with the type of its values.
#[derive(Debug, Clone)]
pub(super) struct Column {
    name: String,
    kind: ValueType,
}

impl FromArguments for Column {
    const TYPE: &'static str = "name";

    fn from_arguments(given: &Given<'_>, diagnostics: &mut Diagnostics) -> Option<Column> {
        match given.arguments {
            [Argument::Value(value)] => {
                Some(Column { name: value.text().to_owned(), kind: ValueType::String })
            }
            [Argument::Call(Call { name, arguments, .. })]
                if let (Some(kind), [Argument::Value(value)]) =
                    (ValueType::from_hint(&name.text), &arguments[..]) =>
            {
                Some(Column { name: value.text().to_owned(), kind })
            }
            _ => {
                given.wrong(given.span, "a name, or a type with a name, such as `int(\"size\")`", diagnostics)
            }
        }
    }
}

/// What ends a column.
#[derive(Debug, Clone, Default)]
pub(super) struct Delimiters {
    chars: Option<String>,
    strings: Vec<String>,
}

conf::options! {
    /// Characters and texts that end a column.
    pub struct DelimiterOptions {
        /// Characters, each of which ends a column.
        chars: String = inherit,
        /// Texts, each of which ends a column.
        strings: Vec<String> = repeated,
    }
}

impl FromArguments for Delimiters {
    const TYPE: &'static str = "characters";

    fn from_arguments(given: &Given<'_>, diagnostics: &mut Diagnostics) -> Option<Delimiters> {
        if let [Argument::Value(value)] = given.arguments {
            return Some(Delimiters { chars: Some(value.text().to_owned()), strings: Vec::new() });
        }
        let options = DelimiterOptions::read_arguments(given.name, given.arguments, given.span, diagnostics)?;
        let chars = options.chars.or_else(|| (!options.strings.is_empty()).then(String::new));
        Some(Delimiters { chars, strings: options.strings })
    }
}

fn compile(call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Parser>> {
    let options = CsvOptions::read(call, cx.diagnostics)?;
    let source = options.input.source(cx)?;
    let before = cx.diagnostics.error_count();
    let mut syntax = Syntax {
        delimiters: options.delimiters.chars.unwrap_or_else(|| " ".to_owned()).into_bytes(),
        strings: options.delimiters.strings.into_iter().map(String::into_bytes).collect(),
        quotes: vec![(b'"', b'"'), (b'\'', b'\'')],
        dialect: options.dialect.unwrap_or(Dialect::None),
        strips: options.flags.is_empty(),
    };
    syntax.strings.retain(|string| !string.is_empty());
    if let Some(quotes) = options.quotes {
        syntax.quotes = quotes.bytes().map(|quote| (quote, quote)).collect();
    }
    if let Some(pairs) = options.quote_pairs {
        syntax.quotes = pairs.as_bytes().chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
    }
    let (mut greedy, mut drop_invalid) = (false, options.drop_invalid);
    for flag in &options.flags {
        match flag.value.replace('_', "-").as_str() {
            "strip-whitespace" => syntax.strips = true,
            "greedy" => greedy = true,
            "drop-invalid" => drop_invalid = true,
            "escape-none" => syntax.dialect = Dialect::None,
            "escape-backslash" => syntax.dialect = Dialect::Backslash,
            "escape-backslash-with-sequences" => syntax.dialect = Dialect::Sequences,
            "escape-double-char" => syntax.dialect = Dialect::DoubleChar,
            other => {
                let known = ["strip-whitespace", "greedy", "drop-invalid", "escape-none", "escape-backslash"];
                let message = format!("csv-parser() knows no flag `{other}`");
                cx.diagnostics.push(Diagnostic::error(message, flag.span).suggest(other, known));
            }
        }
    }
    let good = cx.diagnostics.error_count() == before;
    good.then(|| {
        Arc::new(CsvParser {
            source,
            prefix: Prefix::new(options.prefix),
            columns: options.columns,
            syntax,
            greedy,
            null: options.null.map(String::into_bytes),
            drop_invalid,
            on_type_error: options.on_type_error,
        }) as _
    })
}

struct CsvParser {
    source: ValueSource,
    prefix: Prefix,
    columns: Vec<Column>,
    syntax: Syntax,
    greedy: bool,
    null: Option<Vec<u8>>,
    drop_invalid: bool,
    on_type_error: OnTypeError,
}

impl Parser for CsvParser {
    fn parse<'a>(&self, message: Message<'a>, draft: &mut Draft<'a>) -> Matched {
        let text = text(&self.source, message);
        let mut scanner = Scanner::new(&text, &self.syntax);
        if self.columns.is_empty() {
            let mut number = 0;
            while number + 1 < matches::GROUPS_MAX
                && let Some(column) = scanner.column()
            {
                number += 1;
                matches::set(draft, number, &column);
            }
            matches::clear_from(draft, number + 1);
            return Matched::Yes;
        }
        let last = self.columns.len() - 1;
        for (i, column) in self.columns.iter().enumerate() {
            let value = if self.greedy && i == last { scanner.rest() } else { scanner.column() };
            let Some(value) = value else {
                return if self.drop_invalid { Matched::No } else { Matched::Yes };
            };
            if self.null.as_ref() == Some(&value) {
                continue;
            }
            let mut kind = column.kind;
            if !is_of(kind, &value) {
                match self.on_type_error {
                    OnTypeError::DropProperty => continue,
                    OnTypeError::DropMessage => return Matched::No,
                    OnTypeError::FallbackToString => kind = ValueType::String,
                }
            }
            self.prefix.set(draft, column.name.as_bytes(), value, kind);
        }
        if self.drop_invalid && scanner.column().is_some() { Matched::No } else { Matched::Yes }
    }
}

/// Whether a text can be read as a value of this type.
fn is_of(kind: ValueType, text: &[u8]) -> bool {
    let number = |text: &str| match text.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16).is_ok(),
        None => text.parse::<i64>().is_ok(),
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return matches!(kind, ValueType::String | ValueType::Bytes | ValueType::Protobuf | ValueType::List);
    };
    match kind {
        ValueType::Integer => number(text),
        ValueType::Double => text.parse::<f64>().is_ok(),
        ValueType::Boolean => {
            matches!(text.as_bytes().first(), Some(b'T' | b't' | b'1' | b'F' | b'f' | b'0'))
        }
        ValueType::Json => serde_json::from_str::<serde_json::Value>(text).is_ok(),
        _ => true,
    }
}
