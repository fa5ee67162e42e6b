//! Lists as they stand in a value: elements with commas between, quoted where they need it.

use std::borrow::Cow;

/// Appends one element, quoted if it is empty or has a comma, a blank, a quote or a backslash. The comma between
/// elements is the caller's.
pub fn append(out: &mut Vec<u8>, element: &[u8]) {
    let special = |byte: &u8| *byte <= b' ' || matches!(byte, b',' | b'"' | b'\'' | b'\\');
    if !element.is_empty() && !element.iter().any(special) {
        out.extend_from_slice(element);
        return;
    }
    out.push(b'"');
    for byte in element {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', *byte]),
            b'\t' => out.extend(b"\\t"),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            _ => out.push(*byte),
        }
    }
    out.push(b'"');
}

/// A list of these elements.
pub fn join<'a>(elements: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    for (i, element) in elements.into_iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        append(&mut out, element);
    }
    out
}

/// The elements of a list, quotes taken off. An empty text is an empty list.
pub fn elements(list: &[u8]) -> impl Iterator<Item = Cow<'_, [u8]>> {
    let mut rest = (!list.is_empty()).then_some(list);
    std::iter::from_fn(move || {
        let text = rest?;
        let (element, len) = first(text);
        rest = (len < text.len()).then(|| &text[len + 1..]);
        Some(element)
    })
}

/// The first element, and where the comma behind it stands.
fn first(text: &[u8]) -> (Cow<'_, [u8]>, usize) {
    let plain = memchr::memchr(b',', text).unwrap_or(text.len());
    if !text[..plain].iter().any(|byte| matches!(byte, b'"' | b'\'')) {
        return (Cow::Borrowed(&text[..plain]), plain);
    }
    let (mut element, mut quote, mut at) = (Vec::new(), None, 0);
    while let Some(&byte) = text.get(at) {
        match (byte, quote) {
            (b',', None) => break,
            (b'"' | b'\'', None) => quote = Some(byte),
            (_, Some(open)) if byte == open => quote = None,
            (b'\\', Some(_)) if at + 1 < text.len() => {
                at += 1;
                element.push(match text[at] {
                    b't' => b'\t',
                    b'n' => b'\n',
                    b'r' => b'\r',
                    escaped => escaped,
                });
            }
            _ => element.push(byte),
        }
        at += 1;
    }
    (Cow::Owned(element), at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(items: &[&str], text: &str) {
        assert_eq!(String::from_utf8(join(items.iter().map(|item| item.as_bytes()))).unwrap(), text);
        let back: Vec<_> =
            elements(text.as_bytes()).map(|item| String::from_utf8(item.to_vec()).unwrap()).collect();
        assert_eq!(back, items);
    }

    #[test]
    fn elements_are_quoted_where_they_need_it() {
        check(&[], "");
        check(&["a", "b"], "a,b");
        check(&["x y", "q,r"], "\"x y\",\"q,r\"");
        check(&["a", "", "b"], "a,\"\",b");
        check(&["say \"x\"", "back\\slash", "tab\t"], "\"say \\\"x\\\"\",\"back\\\\slash\",\"tab\\t\"");
    }

    #[test]
    fn what_others_wrote_is_read() {
        let back = |text: &[u8]| elements(text).map(|item| item.into_owned()).collect::<Vec<_>>();
        assert_eq!(back(b"a,,b,"), [&b"a"[..], b"", b"b", b""]);
        assert_eq!(back(b"'a,b',\"open"), [&b"a,b"[..], b"open"]);
    }
}
