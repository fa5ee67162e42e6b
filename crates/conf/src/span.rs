//! Where something stands: files, spans in them, and the way a reader got there.
//!
//! A [`Span`] is twelve bytes and says nothing by itself. [`Sources`] knows the text behind it, its path, line
//! and column, and the chain of includes and block expansions that led to it.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU64, Ordering},
};

/// One place that text was read from: a file, or one expansion of a block.
///
/// The default stands for no file at all: what was not written by anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct FileId(u32);

/// A piece of text: bytes `start..end` of `file`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// The byte after the last one.
    pub end: u32,
}

/// A span for the eye.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location<'a> {
    /// The file, as it was named.
    pub path: &'a str,
    /// The line, from 1.
    pub line: u32,
    /// The column, in characters, from 1.
    pub column: u32,
}

/// How text came to be read.
#[derive(Debug, Clone, PartialEq)]
pub enum Origin {
    /// It is the configuration file itself.
    Main,
    /// By `@include`, which stands at this place.
    Included(Span),
    /// By a reference to a block of this name, which stands at this place.
    Expanded {
        /// The block's name.
        block: String,
        /// Where it is referred to.
        at: Span,
    },
}

/// Every text that a configuration was read from.
#[derive(Debug, Default)]
pub struct Sources {
    texts: Vec<Text>,
    files: Vec<File>,
}

/// One text; several files share it when a block is expanded several times.
#[derive(Debug)]
struct Text {
    path: String,
    text: Arc<str>,
    line_starts: OnceLock<Vec<u32>>,
    /// The place asked for last, as offset and column: in a line of megabytes, counting from its start every time
    /// would take for ever.
    last_column: AtomicU64,
    /// What `@line` said, by the offset from which it holds, ascending.
    relocations: Vec<(u32, Relocation)>,
}

#[derive(Debug)]
struct File {
    text: usize,
    origin: Origin,
}

/// What an `@line` says of the text after it; `None` is the way back to the truth.
#[derive(Debug, Clone, PartialEq)]
struct Relocation(Option<(String, u32, u32)>);

impl FileId {
    /// The position in the table; `None` for the file that is none.
    fn index(self) -> Option<usize> {
        (self.0 as usize).checked_sub(1)
    }
}

impl Span {
    /// The bytes `start..end` of `file`.
    pub fn new(file: FileId, start: u32, end: u32) -> Span {
        Span { file, start, end }
    }

    /// From the start of this one to the end of `last`; this one, when they are in different files.
    pub fn to(self, last: Span) -> Span {
        if self.file == last.file && last.end >= self.start { Span { end: last.end, ..self } } else { self }
    }

    /// The empty span just behind this one.
    pub fn after(self) -> Span {
        Span { start: self.end, ..self }
    }

    /// Whether it stands in a file.
    pub fn is_real(self) -> bool {
        self.file != FileId::default()
    }
}

impl Sources {
    /// Adds a text that was read from `path`.
    pub(crate) fn add(&mut self, path: impl Into<String>, text: Arc<str>, origin: Origin) -> FileId {
        let path = path.into();
        self.texts.push(Text {
            path,
            text,
            line_starts: OnceLock::new(),
            last_column: AtomicU64::new(0),
            relocations: Vec::new(),
        });
        self.push(File { text: self.texts.len() - 1, origin })
    }

    /// Adds one more reading of the text of `file`.
    pub(crate) fn add_again(&mut self, file: FileId, origin: Origin) -> FileId {
        let text = file.index().map_or(0, |index| self.files[index].text);
        self.push(File { text, origin })
    }

    /// Notes that from `offset` on, `file` is a copy of `path` from `line` and `column` on.
    pub(crate) fn relocate(&mut self, file: FileId, offset: u32, to: Option<(String, u32, u32)>) {
        let Some(index) = file.index() else { return };
        let relocations = &mut self.texts[self.files[index].text].relocations;
        if relocations.last().is_none_or(|(last, _)| *last < offset) {
            relocations.push((offset, Relocation(to)));
        }
    }

    /// The whole text of `file`; empty for the file that is none.
    pub fn text(&self, file: FileId) -> &str {
        self.text_of(file).map_or("", |text| &text.text)
    }

    /// The path of the configuration file itself; empty when nothing was read.
    pub fn main_path(&self) -> &str {
        self.files.first().map_or("", |file| &self.texts[file.text].path)
    }

    /// The text of the configuration file itself; empty where it could not be read.
    pub fn main_text(&self) -> &str {
        self.texts.first().map_or("", |text| &text.text)
    }

    /// Whether `word` stands in any of the texts, includes and blocks among them.
    pub fn mention(&self, word: &str) -> bool {
        self.texts.iter().any(|text| text.text.contains(word))
    }

    /// The paths of all texts that were read, in the order they were.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(|text| text.path.as_str())
    }

    /// The path of `file`; empty for the file that is none.
    pub fn path(&self, file: FileId) -> &str {
        self.text_of(file).map_or("", |text| &text.path)
    }

    /// How `file` came to be read; `None` for the file that is none.
    pub fn origin(&self, file: FileId) -> Option<&Origin> {
        Some(&self.files.get(file.index()?)?.origin)
    }

    /// Path, line and column of the start of `span`; `None` for a span that stands in no file.
    pub fn location(&self, span: Span) -> Option<Location<'_>> {
        let text = self.text_of(span.file)?;
        let start = text.floor(span.start);
        let line = text.line_of(start);
        let column = text.column_of(start, text.line_starts()[line as usize - 1]);
        let behind = text.relocations.partition_point(|(offset, _)| *offset <= start);
        if let Some((offset, Relocation(Some((path, first_line, first_column))))) =
            behind.checked_sub(1).map(|index| &text.relocations[index])
        {
            let from = text.line_of(*offset);
            let shift = if line == from { first_column.saturating_sub(1) } else { 0 };
            let line = first_line.saturating_add(line - from);
            return Some(Location { path, line, column: column.saturating_add(shift) });
        }
        Some(Location { path: &text.path, line, column })
    }

    /// What stands in line `line`, from 1, of the file `path`, without the blanks around it.
    ///
    /// `None` where no such line was read.
    pub fn line(&self, path: &str, line: u32) -> Option<Span> {
        let text_of = |file: &File| self.texts.get(file.text);
        let index = self.files.iter().position(|file| text_of(file).is_some_and(|text| text.path == path))?;
        let text = text_of(&self.files[index])?;
        let starts = text.line_starts();
        let start = *starts.get((line as usize).checked_sub(1)?)? as usize;
        let end = starts.get(line as usize).map_or(text.text.len(), |next| *next as usize - 1);
        let content = text.text.get(start..end)?;
        let start = start + (content.len() - content.trim_start().len());
        let span = Span { file: FileId(index as u32 + 1), start: start as u32, end: start as u32 };
        Some(Span { end: span.start + content.trim().len() as u32, ..span })
    }

    /// The offsets at which the line of `offset` starts and ends, without its line feed.
    pub(crate) fn line_bounds(&self, file: FileId, offset: u32) -> Option<(usize, usize)> {
        let text = self.text_of(file)?;
        let starts = text.line_starts();
        let line = text.line_of(text.floor(offset)) as usize;
        let end = starts.get(line).map_or(text.text.len(), |next| *next as usize - 1);
        Some((starts[line - 1] as usize, end))
    }

    fn push(&mut self, file: File) -> FileId {
        self.files.push(file);
        FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX))
    }

    fn text_of(&self, file: FileId) -> Option<&Text> {
        self.texts.get(self.files.get(file.index()?)?.text)
    }
}

impl Text {
    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let feeds = memchr::memchr_iter(b'\n', self.text.as_bytes());
            std::iter::once(0).chain(feeds.map(|feed| feed as u32 + 1)).collect()
        })
    }

    /// The line of `offset`, from 1.
    fn line_of(&self, offset: u32) -> u32 {
        self.line_starts().partition_point(|start| *start <= offset) as u32
    }

    /// The column of `offset` in the line that starts at `line_start`, from 1, in characters.
    fn column_of(&self, offset: u32, line_start: u32) -> u32 {
        let last = self.last_column.load(Ordering::Relaxed);
        let (last_offset, last_column) = ((last >> 32) as u32, last as u32);
        let (from, column) = match (line_start..=offset).contains(&last_offset) && last_column > 0 {
            true => (last_offset, last_column),
            false => (line_start, 1),
        };
        let between = self.text.get(from as usize..offset as usize).unwrap_or_default();
        let column = column + between.chars().count() as u32;
        self.last_column.store(u64::from(offset) << 32 | u64::from(column), Ordering::Relaxed);
        column
    }

    /// `offset`, moved back into the text and to the start of a character.
    fn floor(&self, offset: u32) -> u32 {
        self.text.floor_char_boundary((offset as usize).min(self.text.len())) as u32
    }
}
