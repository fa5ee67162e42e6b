//! The Markdown form of a scenario.

use std::path::{Path, PathBuf};

/// One scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// Its title.
    pub title: String,
    /// Where it stands.
    pub path: PathBuf,
    /// Its blocks, in order.
    pub blocks: Vec<Block>,
}

/// One fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The words behind the fence.
    pub words: Vec<String>,
    /// What stands between the fences.
    pub text: Vec<u8>,
    /// The line of the fence, from 1.
    pub line: usize,
}

impl Block {
    /// What it is: `conf`, `input` …
    pub fn kind(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// The word at `index` behind the kind, or nothing.
    pub fn word(&self, index: usize) -> &str {
        self.words.get(index + 1).map_or("", String::as_str)
    }

    /// Its text; bytes that are no UTF-8 are shown as such.
    pub fn string(&self) -> String {
        String::from_utf8_lossy(&self.text).into_owned()
    }
}

/// What a fence looks like.
const FENCE: &str = "```";

impl Scenario {
    /// Reads the scenarios of a file: each heading of the first or second level with blocks below it is one.
    ///
    /// A heading of the first level without blocks is the title of the page.
    pub fn read(path: &Path, text: &str) -> Result<Vec<Scenario>, String> {
        let mut scenarios = Vec::new();
        let mut current = Scenario { title: String::new(), path: path.to_owned(), blocks: Vec::new() };
        let mut lines = text.split_inclusive('\n').enumerate();
        while let Some((number, line)) = lines.next() {
            let plain = line.trim_end();
            if let Some(title) = plain.strip_prefix("# ").or_else(|| plain.strip_prefix("## ")) {
                let next = Scenario { title: title.to_owned(), path: path.to_owned(), blocks: Vec::new() };
                scenarios.push(std::mem::replace(&mut current, next));
            } else if let Some(words) = plain.strip_prefix(FENCE) {
                let mut words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
                let mut text = String::new();
                loop {
                    match lines.next() {
                        Some((_, line)) if line.trim_end() == FENCE => break,
                        Some((_, line)) => text.push_str(line),
                        None => return Err(format!("the block of line {} is not closed", number + 1)),
                    }
                }
                let escaped = words.last().is_some_and(|word| word == "escaped");
                let text = if escaped {
                    words.pop();
                    unescape(text.strip_suffix('\n').unwrap_or(&text))
                } else {
                    text.into_bytes()
                };
                current.blocks.push(Block { words, text, line: number + 1 });
            }
        }
        scenarios.push(current);
        scenarios.retain(|scenario| !scenario.blocks.is_empty());
        Ok(scenarios)
    }
}

/// Bytes for their escapes.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'n') => bytes.push(b'\n'),
            Some(b'r') => bytes.push(b'\r'),
            Some(b't') => bytes.push(b'\t'),
            Some(b'0') => bytes.push(0),
            Some(b'x') => {
                let digit =
                    |byte: Option<u8>| byte.and_then(|byte| (byte as char).to_digit(16)).unwrap_or(0) as u8;
                bytes.push(digit(rest.next()) << 4 | digit(rest.next()));
            }
            Some(other) => bytes.push(other),
            None => bytes.push(b'\\'),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_may_hold_several_scenarios() {
        let text = "# Page\ntext\n## One\n```conf\nlog {};\n```\nand\n```input x\na\n```\n## Two\n```said escaped\na\\x41\\n\n```\n";
        let scenarios = Scenario::read(Path::new("p"), text).unwrap();
        assert_eq!(scenarios.len(), 2);
        assert_eq!(scenarios[0].title, "One");
        assert_eq!(scenarios[0].blocks[0].text, b"log {};\n");
        assert_eq!(scenarios[0].blocks[1].word(0), "x");
        assert_eq!(scenarios[1].blocks[0].text, b"aA\n");
    }

    #[test]
    fn an_open_block_is_a_mistake() {
        let error = Scenario::read(Path::new("p"), "# T\n```conf\nlog {};\n").unwrap_err();
        assert_eq!(error, "the block of line 2 is not closed");
    }
}
