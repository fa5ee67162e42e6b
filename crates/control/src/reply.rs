//! Replies: how the daemon writes them, how an operator's tool reads them.

/// What the daemon answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It was done; one sentence about it.
    Ok(String),
    /// It was not done; one sentence about why.
    Fail(String),
    /// What was asked for, as it is.
    Text(String),
}

/// A reply as an operator's tool sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What its first word says.
    pub verdict: Verdict,
    /// The rest, ending in a line feed unless empty.
    pub text: String,
}

/// The first word of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// `OK`
    Done,
    /// `FAIL`
    Failed,
    /// `RETRY`
    Retry,
    /// None of these: the text is what was asked for.
    Plain,
}

/// Bytes of a reply that a reader keeps. A daemon with a hundred thousand counters stays below.
pub const REPLY_BYTES_MAX: usize = 64 << 20;

/// What ends a reply.
const END: &str = ".\n";
/// A line that a waiting daemon sends so that nobody believes it dead.
const ALIVE: &str = "ALIVE";

impl Reply {
    /// The bytes of it, with the line that ends it.
    ///
    /// A line of the text that is a single dot would end it early, so a blank is put behind such a dot: in a
    /// configuration (the only text where one may stand) that changes nothing.
    pub fn to_wire(&self) -> String {
        let (word, text) = match self {
            Reply::Ok(text) => ("OK ", text),
            Reply::Fail(text) => ("FAIL ", text),
            Reply::Text(text) => ("", text),
        };
        let mut wire = String::with_capacity(word.len() + text.len() + END.len() + 1);
        wire.push_str(word);
        for line in text.split_inclusive('\n') {
            match line {
                "." | ".\n" if word.is_empty() || wire.len() > word.len() => wire.push_str(". \n"),
                _ => wire.push_str(line),
            }
        }
        if !wire.is_empty() && !wire.ends_with('\n') {
            wire.push('\n');
        }
        wire.push_str(END);
        wire
    }
}

impl Answer {
    /// The answer in `wire`, if it is all there: up to the line that is a single dot. Bytes behind it are ignored.
    pub(crate) fn parse(wire: &[u8]) -> Option<Answer> {
        let end = if wire.starts_with(b".\n") { 0 } else { find(wire, b"\n.\n")? + 1 };
        let text = String::from_utf8_lossy(&wire[..end]);
        let lines = text.split_inclusive('\n').filter(|line| line.trim_end_matches('\n') != ALIVE);
        let text: String = lines.collect();
        for (word, verdict) in
            [("OK ", Verdict::Done), ("FAIL ", Verdict::Failed), ("RETRY ", Verdict::Retry)]
        {
            if let Some(rest) = text.strip_prefix(word) {
                return Some(Answer { verdict, text: rest.to_owned() });
            }
        }
        Some(Answer { verdict: Verdict::Plain, text })
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(wire: &str, verdict: Verdict, text: &str) {
        assert_eq!(Answer::parse(wire.as_bytes()), Some(Answer { verdict, text: text.into() }));
    }

    #[test]
    fn the_first_word_is_the_verdict() {
        check("OK fine\n.\n", Verdict::Done, "fine\n");
        check("FAIL bad\nmore\n.\n", Verdict::Failed, "bad\nmore\n");
        check("RETRY later\n.\n", Verdict::Retry, "later\n");
        check("OKAY\n.\n", Verdict::Plain, "OKAY\n");
        check("a\nOK b\n.\n", Verdict::Plain, "a\nOK b\n");
    }

    #[test]
    fn an_empty_reply_and_one_with_a_blank_line_at_its_end() {
        check(".\n", Verdict::Plain, "");
        check("x\n\n.\n", Verdict::Plain, "x\n\n");
    }

    #[test]
    fn signs_of_life_are_swallowed() {
        check("ALIVE\nALIVE\nOK done\n.\n", Verdict::Done, "done\n");
    }

    #[test]
    fn nothing_before_the_dot() {
        for wire in ["", ".", "OK fine\n", "OK fine\n.", "x.\n", "a\n..\n"] {
            assert_eq!(Answer::parse(wire.as_bytes()), None, "{wire:?}");
        }
    }

    #[test]
    fn a_reply_ends_in_one_line_feed_and_a_dot() {
        assert_eq!(Reply::Ok("fine".into()).to_wire(), "OK fine\n.\n");
        assert_eq!(Reply::Fail("bad".into()).to_wire(), "FAIL bad\n.\n");
        assert_eq!(Reply::Text("a\nb\n".into()).to_wire(), "a\nb\n.\n");
        assert_eq!(Reply::Text(String::new()).to_wire(), ".\n");
    }

    proptest::proptest! {
        #[test]
        fn no_text_ends_its_reply_early(text in "[a.\n]{0,40}") {
            let wire = Reply::Text(text.clone()).to_wire();
            let answer = Answer::parse(wire.as_bytes()).unwrap();
            let without_blanks = answer.text.replace(". \n", ".\n");
            assert_eq!(without_blanks.trim_end_matches('\n'), text.trim_end_matches('\n'));
        }

        #[test]
        fn no_sentence_ends_its_reply_early(text in "[a.\n]{0,40}") {
            let wire = Reply::Fail(text.clone()).to_wire();
            let answer = Answer::parse(wire.as_bytes()).unwrap();
            assert_eq!(answer.verdict, Verdict::Failed);
            assert_eq!(answer.text.replace(". \n", ".\n").trim_end_matches('\n'), text.trim_end_matches('\n'));
        }
    }
}
