//! `json-parser()`: JSON texts.

use std::sync::Arc;

use conf::Options;
use conf::ast::Call;
use conf::diagnostic::Diagnostic;
use conf::options::Spanned;
use message::{Draft, Message, Name, ValueType};
use pipeline::{Compile, Matched, Parser, ParserSpec};
use serde_json::Value;

use super::input::{InputOptions, Prefix, text};
use crate::matches;
use crate::value_source::ValueSource;

pub(super) const SPEC: ParserSpec =
    ParserSpec { names: &["json-parser"], options: JsonOptions::DOCS, compile };

conf::options! {
    /// Read a JSON object: its members become values, those of an object within it with its name before theirs.
    ///
    /// Members of a list that is the whole text become `$1`, `$2` and so on. A text that is neither drops the message
    /// from its branch.
    pub struct JsonOptions {
        /// Which text is read.
        input: InputOptions = flatten,
        /// What the names of the values begin with.
        prefix: String = inherit,
        /// Text that has to stand before the JSON, such as `@cee:`.
        marker: String = inherit,
        /// Read only this part of it: `a.b[0]`.
        extract_prefix: String = inherit,
        /// The character between the names of objects within each other.
        key_delimiter: Spanned<String> = Spanned::synthetic(".".to_owned()),
    }
}

fn compile(call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Parser>> {
    let options = JsonOptions::read(call, cx.diagnostics)?;
    let source = options.input.source(cx)?;
    let &[delimiter] = options.key_delimiter.value.as_bytes() else {
        let message = "key-delimiter() takes one character";
        cx.diagnostics.push(Diagnostic::error(message, options.key_delimiter.span));
        return None;
    };
    Some(Arc::new(JsonParser {
        source,
        prefix: Prefix::new(options.prefix),
        marker: options.marker.map(String::into_bytes),
        pointer: options.extract_prefix.as_deref().map(pointer),
        delimiter,
    }))
}

/// `a.b[0]` as a JSON pointer.
fn pointer(path: &str) -> String {
    let steps = path.split(['.', '[']).map(|step| step.trim_end_matches(']'));
    let steps = steps.filter(|step| !step.is_empty());
    steps.map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1"))).collect()
}

struct JsonParser {
    source: ValueSource,
    prefix: Prefix,
    marker: Option<Vec<u8>>,
    pointer: Option<String>,
    delimiter: u8,
}

impl Parser for JsonParser {
    fn parse<'a>(&self, message: Message<'a>, draft: &mut Draft<'a>) -> Matched {
        let text = text(&self.source, message);
        let json = match &self.marker {
            Some(marker) => match text.strip_prefix(&marker[..]) {
                Some(rest) => rest,
                None => return Matched::No,
            },
            None => &text[..],
        };
        // Only the first value counts: what follows it is not looked at.
        let Some(Ok(value)) = serde_json::Deserializer::from_slice(json).into_iter::<Value>().next() else {
            return Matched::No;
        };
        let found = match &self.pointer {
            Some(pointer) => value.pointer(pointer),
            None => Some(&value),
        };
        match found {
            Some(Value::Object(members)) => {
                self.members(members, &mut Vec::new(), draft);
                Matched::Yes
            }
            Some(Value::Array(elements)) => {
                for (i, element) in elements.iter().enumerate().take(matches::GROUPS_MAX - 1) {
                    if let Some((text, kind)) = scalar(element) {
                        draft.put(Name::new((i + 1).to_string().as_bytes()), text, kind);
                    }
                }
                matches::clear_from(draft, elements.len() + 1);
                Matched::Yes
            }
            _ => Matched::No,
        }
    }
}

impl JsonParser {
    fn members(&self, members: &serde_json::Map<String, Value>, path: &mut Vec<u8>, draft: &mut Draft<'_>) {
        let parent = path.len();
        for (key, value) in members {
            path.extend_from_slice(key.as_bytes());
            match value {
                Value::Object(inner) => {
                    path.push(self.delimiter);
                    self.members(inner, path, draft);
                }
                value => {
                    if let Some((text, kind)) = scalar(value) {
                        self.prefix.set(draft, path, text, kind);
                    }
                }
            }
            path.truncate(parent);
        }
    }
}

/// A member that is no object, as a value.
///
/// A list of strings is a list as syslog-ng has them; any other keeps its JSON.
fn scalar(value: &Value) -> Option<(Vec<u8>, ValueType)> {
    Some(match value {
        Value::Null => (Vec::new(), ValueType::Null),
        Value::Bool(truth) => (truth.to_string().into_bytes(), ValueType::Boolean),
        Value::Number(number) => number_text(number),
        Value::String(text) => (text.clone().into_bytes(), ValueType::String),
        Value::Array(elements) if !elements.is_empty() && elements.iter().all(Value::is_string) => {
            let texts = elements.iter().filter_map(Value::as_str).map(str::as_bytes);
            (message::list::join(texts), ValueType::List)
        }
        other => (serde_json::to_vec(other).ok()?, ValueType::Json),
    })
}

/// A number; a whole one beyond 64 bits is the nearest within.
fn number_text(number: &serde_json::Number) -> (Vec<u8>, ValueType) {
    let text = number.to_string();
    if let Some(integer) = number.as_i64() {
        return (integer.to_string().into_bytes(), ValueType::Integer);
    }
    if number.is_u64() {
        return (i64::MAX.to_string().into_bytes(), ValueType::Integer);
    }
    (text.into_bytes(), ValueType::Double)
}

#[cfg(test)]
mod tests {
    use message::{Head, Record};
    use proptest::prelude::*;

    use super::*;

    fn parser(configure: impl FnOnce(&mut JsonParser)) -> JsonParser {
        let mut parser = JsonParser {
            source: ValueSource::Pair(crate::value_source::OwnedName::new("MESSAGE")),
            prefix: Prefix::new(None),
            marker: None,
            pointer: None,
            delimiter: b'.',
        };
        configure(&mut parser);
        parser
    }

    fn parsed(parser: &JsonParser, text: &[u8]) -> Option<Vec<(String, String, ValueType)>> {
        let mut draft = Draft::new(Head::default());
        draft.put(Name::new(b"MESSAGE"), text.to_vec(), ValueType::String);
        let mut bytes = Vec::new();
        draft.encode(&mut bytes);
        let message = Message::new(Record::trusted(&bytes), None);
        let mut found = Draft::new(Head::default());
        if parser.parse(message, &mut found) == Matched::No {
            return None;
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Some(found.entries().map(|e| (text(e.name.as_bytes()), text(e.value), e.kind)).collect())
    }

    #[track_caller]
    fn check(parser: &JsonParser, text: &str, expected: &[(&str, &str, ValueType)]) {
        let mut found = parsed(parser, text.as_bytes()).expect("the text matches");
        found.sort_by(|a, b| a.0.cmp(&b.0));
        let found: Vec<_> = found.iter().map(|(k, v, t)| (k.as_str(), v.as_str(), *t)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn members_keep_their_types() {
        use ValueType::*;
        let text = r#"{"n":5,"f":1.50,"t":true,"z":null,"arr":[1,2],"o":{"p":{"q":"r"}},"eo":{},"ea":[],"l":["a","b c"]}"#;
        let expected = [
            ("arr", "[1,2]", Json),
            ("ea", "[]", Json),
            ("f", "1.5", Double),
            ("l", "a,\"b c\"", List),
            ("n", "5", Integer),
            ("o.p.q", "r", String),
            ("t", "true", Boolean),
            ("z", "", Null),
        ];
        check(&parser(|_| ()), text, &expected);
    }

    #[test]
    fn only_objects_and_lists_match() {
        let plain = parser(|_| ());
        check(&plain, "[1,2]", &[("1", "1", ValueType::Integer), ("2", "2", ValueType::Integer)]);
        check(&plain, "{\"a\":1} trailing", &[("a", "1", ValueType::Integer)]);
        check(&plain, "{\"a\":1,\"a\":2}", &[("a", "2", ValueType::Integer)]);
        check(&plain, "{\"a\":18446744073709551615}", &[("a", "9223372036854775807", ValueType::Integer)]);
        for text in ["\"str\"", "{a:1}", "", "5", "{"] {
            assert_eq!(parsed(&plain, text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_marker_has_to_stand_first() {
        let cee = parser(|parser| parser.marker = Some(b"@cee:".to_vec()));
        check(&cee, "@cee:{\"a\":\"b\"}", &[("a", "b", ValueType::String)]);
        check(&cee, "@cee: {\"a\":\"b\"}", &[("a", "b", ValueType::String)]);
        assert_eq!(parsed(&cee, b" @cee:{}"), None);
    }

    #[test]
    fn a_part_can_be_read() {
        let part = parser(|parser| parser.pointer = Some(pointer("a.b[1]")));
        check(&part, r#"{"a":{"b":[0,{"c":1}]}}"#, &[("c", "1", ValueType::Integer)]);
        assert_eq!(parsed(&part, br#"{"a":{"b":[0,5]}}"#), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<Vec<u8>>()) {
            let _ = parsed(&parser(|_| ()), &text);
        }

        #[test]
        fn strings_come_back(value: String) {
            let text = serde_json::to_vec(&serde_json::json!({ "k": value })).unwrap();
            let found = parsed(&parser(|_| ()), &text).unwrap();
            prop_assert_eq!(found, vec![("k".to_owned(), value, ValueType::String)]);
        }
    }
}
