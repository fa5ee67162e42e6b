//! Columns of a line, one after the other.

/// How columns are written.
#[derive(Debug, Clone)]
pub(super) struct Syntax {
    /// Characters that end a column.
    pub(super) delimiters: Vec<u8>,
    /// Texts that end a column; none is empty.
    pub(super) strings: Vec<Vec<u8>>,
    /// What opens a quote, with what closes it.
    pub(super) quotes: Vec<(u8, u8)>,
    /// What escapes within quotes.
    pub(super) dialect: Dialect,
    /// Whether blanks around a column are dropped.
    pub(super) strips: bool,
}

conf::choices! {
    /// How a quote is written within quotes.
    pub enum Dialect {
        /// Not at all.
        None = "escape-none",
        /// `\"`; a backslash before any other character means that character.
        Backslash = "escape-backslash",
        /// The same, and `\n`, `\t`, `\x41` and the like are control characters.
        Sequences = "escape-backslash-with-sequences",
        /// `""`
        DoubleChar = "escape-double-char",
    }
}

/// Reads columns.
pub(super) struct Scanner<'a> {
    text: &'a [u8],
    syntax: &'a Syntax,
    /// Whether a column is to come: there is one more than there are delimiters.
    more: bool,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a [u8], syntax: &'a Syntax) -> Scanner<'a> {
        Scanner { text, syntax, more: true }
    }

    /// The next column; `None` behind the last.
    pub(super) fn column(&mut self) -> Option<Vec<u8>> {
        if !std::mem::take(&mut self.more) {
            return None;
        }
        let mut column = Vec::new();
        let mut kept = 0;
        let open = if self.syntax.strips { self.after_blanks() } else { self.text };
        if let Some((first, rest)) = open.split_first()
            && let Some((_, close)) = self.syntax.quotes.iter().find(|(quote, _)| quote == first)
        {
            self.text = rest;
            self.quoted(*close, &mut column);
            kept = column.len();
        } else {
            self.text = open;
        }
        while let Some((byte, rest)) = self.text.split_first() {
            if let Some(len) = self.delimiter() {
                self.text = &self.text[len..];
                self.more = true;
                break;
            }
            column.push(*byte);
            self.text = rest;
        }
        if self.syntax.strips {
            let blanks = column[kept..].iter().rev().take_while(|byte| is_blank(**byte)).count();
            column.truncate(column.len() - blanks);
        }
        Some(column)
    }

    /// All that is left, delimiters and quotes included.
    pub(super) fn rest(&mut self) -> Option<Vec<u8>> {
        if !std::mem::take(&mut self.more) {
            return None;
        }
        let rest = std::mem::take(&mut self.text);
        let rest = if self.syntax.strips { rest.trim_ascii() } else { rest };
        Some(rest.to_vec())
    }

    /// The text without the blanks it begins with, as far as they end no column.
    fn after_blanks(&self) -> &'a [u8] {
        let is_padding = |byte: &&u8| is_blank(**byte) && !self.syntax.delimiters.contains(byte);
        &self.text[self.text.iter().take_while(is_padding).count()..]
    }

    /// Length of the delimiter that stands here.
    fn delimiter(&self) -> Option<usize> {
        let string = self.syntax.strings.iter().find(|string| self.text.starts_with(string));
        match string {
            Some(string) => Some(string.len()),
            None => self.syntax.delimiters.contains(self.text.first()?).then_some(1),
        }
    }

    /// What stands up to the closing quote, or to the end where there is none.
    fn quoted(&mut self, close: u8, column: &mut Vec<u8>) {
        while let Some((byte, rest)) = self.text.split_first() {
            self.text = rest;
            match (byte, self.syntax.dialect) {
                (byte, Dialect::DoubleChar) if *byte == close && rest.first() == Some(&close) => {
                    column.push(close);
                    self.text = &rest[1..];
                }
                (byte, _) if *byte == close => return,
                (b'\\', Dialect::Backslash) => {
                    if let Some((escaped, rest)) = rest.split_first() {
                        column.push(*escaped);
                        self.text = rest;
                    }
                }
                (b'\\', Dialect::Sequences) => self.sequence(column),
                (byte, _) => column.push(*byte),
            }
        }
    }

    /// What a backslash, which is behind us, makes of what follows.
    fn sequence(&mut self, column: &mut Vec<u8>) {
        let Some((escaped, rest)) = self.text.split_first() else { return };
        self.text = rest;
        column.push(match escaped {
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'x' => {
                let hex = |byte: &u8| char::from(*byte).to_digit(16);
                match rest {
                    [high, low, behind @ ..] if let (Some(high), Some(low)) = (hex(high), hex(low)) => {
                        self.text = behind;
                        (high * 16 + low) as u8
                    }
                    _ => b'x',
                }
            }
            other => *other,
        });
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn syntax(delimiters: &str, dialect: Dialect) -> Syntax {
        Syntax {
            delimiters: delimiters.into(),
            strings: Vec::new(),
            quotes: vec![(b'"', b'"'), (b'\'', b'\'')],
            dialect,
            strips: true,
        }
    }

    fn columns(text: &[u8], syntax: &Syntax) -> Vec<String> {
        let mut scanner = Scanner::new(text, syntax);
        std::iter::from_fn(|| scanner.column())
            .map(|column| String::from_utf8_lossy(&column).into_owned())
            .collect()
    }

    #[track_caller]
    fn check(text: &str, delimiters: &str, dialect: Dialect, expected: &[&str]) {
        assert_eq!(columns(text.as_bytes(), &syntax(delimiters, dialect)), expected, "{text}");
    }

    #[test]
    fn delimiters_end_columns() {
        check("x \"y z\" w v", " ", Dialect::None, &["x", "y z", "w", "v"]);
        check("  x   y ", " ", Dialect::None, &["", "", "x", "", "", "y", ""]);
        check("x, y , z", ",", Dialect::None, &["x", "y", "z"]);
        check("x,\"y,z\",w", ",", Dialect::None, &["x", "y,z", "w"]);
        check("x,'y,z',w", ",", Dialect::None, &["x", "y,z", "w"]);
        check("x", ",", Dialect::None, &["x"]);
        check("", ",", Dialect::None, &[""]);
        let strings = Syntax { strings: vec![b"::".to_vec()], ..syntax("", Dialect::None) };
        assert_eq!(columns(b"a::b:c::d", &strings), ["a", "b:c", "d"]);
    }

    #[test]
    fn quotes_have_dialects() {
        check("\"unterminated,b,c", ",", Dialect::None, &["unterminated,b,c"]);
        check("\"a\"b,c,d", ",", Dialect::None, &["ab", "c", "d"]);
        check("x,\"y\"\"z\",w", ",", Dialect::None, &["x", "y\"z\"", "w"]);
        check("\"x\"\"y\"", ",", Dialect::DoubleChar, &["x\"y"]);
        check("\"x\\\"y\\n\"", ",", Dialect::Backslash, &["x\"yn"]);
        check("\"x\\\"y\\n\\x41\\xzz\"", ",", Dialect::Sequences, &["x\"y\nAxzz"]);
    }

    #[test]
    fn the_rest_is_left_alone() {
        let plain = Syntax { strips: false, ..syntax(",", Dialect::None) };
        let mut scanner = Scanner::new(b"x,y, z , w ", &plain);
        assert_eq!((scanner.column(), scanner.column()), (Some(b"x".to_vec()), Some(b"y".to_vec())));
        assert_eq!(scanner.rest(), Some(b" z , w ".to_vec()));
        assert_eq!(scanner.rest(), None);
    }

    proptest! {
        #[test]
        fn any_text_has_columns(text in any::<Vec<u8>>()) {
            for dialect in [Dialect::None, Dialect::Backslash, Dialect::Sequences, Dialect::DoubleChar] {
                prop_assert!(columns(&text, &syntax(", ", dialect)).len() <= text.len() + 1);
            }
        }

        #[test]
        fn what_is_quoted_comes_back(values in prop::collection::vec("[a-z\", ]{0,10}", 1..8)) {
            let quoted: Vec<String> =
                values.iter().map(|value| format!("\"{}\"", value.replace('"', "\"\""))).collect();
            let found = columns(quoted.join(",").as_bytes(), &syntax(",", Dialect::DoubleChar));
            prop_assert_eq!(found, values);
        }
    }
}
