//! `key=value` texts, taken apart.
//!
//! A key is what stands before the separator as far as it is made of letters, digits, `_`, `.` and `-`. Its value ends
//! at the pair separator, or where the next key begins.

/// How pairs are written.
#[derive(Debug, Clone)]
pub(super) struct Syntax {
    /// Between key and value.
    pub(super) value_separator: u8,
    /// Between pairs; one that is only blanks is found by the next key.
    pub(super) pair_separator: Vec<u8>,
}

/// Hands each pair, and each text that stands between pairs, to its function, in the order of the text.
pub(super) fn scan(
    text: &[u8],
    syntax: &Syntax,
    mut pair: impl FnMut(&[u8], &[u8]),
    mut stray: impl FnMut(&[u8]),
) {
    let mut at = 0;
    while let Some(key) = next_key(text, at, syntax.value_separator) {
        stray(&text[at..key.start]);
        let (value, end) = syntax.value(text, key.separator + 1);
        pair(&text[key.start..key.end], &value);
        at = end;
    }
    stray(&text[at..]);
}

/// Where a key stands.
struct Key {
    start: usize,
    end: usize,
    separator: usize,
}

/// The next separator at `from` or behind it that has a key before it.
fn next_key(text: &[u8], from: usize, separator: u8) -> Option<Key> {
    let mut at = from;
    loop {
        let found = at + memchr::memchr(separator, text.get(at..)?)?;
        let before = &text[from..found];
        let blanks = before.iter().rev().take_while(|byte| **byte == b' ').count();
        let end = found - blanks;
        let len = text[from..end].iter().rev().take_while(|byte| is_key(**byte)).count();
        if len > 0 {
            return Some(Key { start: end - len, end, separator: found });
        }
        at = found + 1;
    }
}

fn is_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}

impl Syntax {
    /// The value that begins at `start`, and where to go on.
    fn value(&self, text: &[u8], start: usize) -> (Vec<u8>, usize) {
        let blanks = text[start..].iter().take_while(|byte| **byte == b' ').count();
        if let Some(quote @ (b'"' | b'\'')) = text.get(start + blanks).copied() {
            match unquote(text, start + blanks + 1, quote) {
                Some((value, end)) => {
                    if let Some(end) = self.end_of_pair(text, end) {
                        return (value, end);
                    }
                }
                None => return (text[start + blanks..].to_vec(), text.len()),
            }
            let end = self.end_of_value(text, start);
            return (text[start + blanks..end.0].to_vec(), end.1);
        }
        let (end, next) = self.end_of_value(text, start);
        (text[start..end].trim_ascii().to_vec(), next)
    }

    /// Where the pair behind a quoted value ends, if the quote was its end.
    fn end_of_pair(&self, text: &[u8], at: usize) -> Option<usize> {
        let rest = &text[at..];
        let blanks = rest.iter().take_while(|byte| **byte == b' ').count();
        let separator = self.pair_separator.trim_ascii();
        if !separator.is_empty() && rest[blanks..].starts_with(separator) {
            return Some(at + blanks + separator.len());
        }
        (rest.is_empty() || blanks > 0).then_some(at + blanks)
    }

    /// Where a value without quotes ends, and where to go on.
    fn end_of_value(&self, text: &[u8], start: usize) -> (usize, usize) {
        let rest = &text[start..];
        let separator = &self.pair_separator[..];
        let at_separator = match separator {
            [] => None,
            separator => memchr::memmem::find(rest, separator),
        };
        let limit = at_separator.unwrap_or(rest.len());
        let next = at_separator.map_or(text.len(), |at| start + at + separator.len());
        let mut from = start;
        while let Some(key) = next_key(&text[..start + limit], from, self.value_separator) {
            // A key has a blank before it; anything else is part of the value, as in `a=b=c`.
            if key.start > start && text[key.start - 1] == b' ' {
                return (key.start, key.start);
            }
            from = key.separator + 1;
        }
        (start + limit, next)
    }
}

/// The text up to the closing `quote`, escapes resolved, and the place behind the quote.
fn unquote(text: &[u8], start: usize, quote: u8) -> Option<(Vec<u8>, usize)> {
    let mut value = Vec::new();
    let mut at = start;
    loop {
        match *text.get(at)? {
            byte if byte == quote => return Some((value, at + 1)),
            b'\\' => {
                match *text.get(at + 1)? {
                    b'b' => value.push(8),
                    b'f' => value.push(12),
                    b'n' => value.push(b'\n'),
                    b'r' => value.push(b'\r'),
                    b't' => value.push(b'\t'),
                    escaped if escaped == quote || escaped == b'\\' => value.push(escaped),
                    // Not an escape: the backslash was meant.
                    other => value.extend([b'\\', other]),
                }
                at += 2;
            }
            byte => {
                value.push(byte);
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn syntax(value_separator: u8, pair_separator: &str) -> Syntax {
        Syntax { value_separator, pair_separator: pair_separator.into() }
    }

    fn pairs(text: &str, syntax: &Syntax) -> Vec<(String, String)> {
        let text_of = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut found = Vec::new();
        scan(text.as_bytes(), syntax, |key, value| found.push((text_of(key), text_of(value))), |_| ());
        found
    }

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let expected: Vec<_> =
            expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        assert_eq!(pairs(text, &syntax(b'=', ", ")), expected, "{text}");
    }

    #[test]
    fn pairs_are_found() {
        check("a=b c d=e", &[("a", "b c"), ("d", "e")]);
        check("a=b, c=d", &[("a", "b"), ("c", "d")]);
        check("a=b,c=d", &[("a", "b,c=d")]);
        check("k=1;j=2", &[("k", "1;j=2")]);
        check("a= b=c", &[("a", ""), ("b", "c")]);
        check("=x a=b", &[("a", "b")]);
        check("a=b=c", &[("a", "b=c")]);
        check("a-b.c_d=1 é=2", &[("a-b.c_d", "1 é=2")]);
        check("no pairs", &[]);
    }

    #[test]
    fn quotes_end_where_a_pair_ends() {
        check(r#"a="x\"y" b="t\tz\n""#, &[("a", "x\"y"), ("b", "t\tz\n")]);
        check(r#"a="unterminated b=c"#, &[("a", "\"unterminated b=c")]);
        check(r#"a="b"c d=e"#, &[("a", "\"b\"c "), ("d", "e")]);
        check("a='b c', d=e", &[("a", "b c"), ("d", "e")]);
    }

    #[test]
    fn separators_can_be_chosen() {
        let expected = vec![("y".to_owned(), "1".to_owned())];
        assert_eq!(pairs("x y:1;z", &syntax(b':', ";")), expected);
    }

    proptest! {
        #[test]
        fn any_text_is_taken_apart(text in any::<Vec<u8>>()) {
            scan(&text, &syntax(b'=', ", "), |key, _| assert!(!key.is_empty()), |_| ());
        }

        #[test]
        fn what_is_quoted_comes_back(values in prop::collection::vec("[a-z =,;:'-]{0,12}", 0..8)) {
            let text: Vec<String> =
                values.iter().enumerate().map(|(i, value)| format!("k{i}=\"{value}\"")).collect();
            let found = pairs(&text.join(" "), &syntax(b'=', ", "));
            let expected: Vec<_> =
                values.into_iter().enumerate().map(|(i, value)| (format!("k{i}"), value)).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
