//! `@include`: where files are looked for, and in which order several are read.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{DEPTH_MAX, FILE_BYTES_MAX, Frame, Input, pragma::Pragma};
use crate::{
    diagnostic::Diagnostic,
    span::{Origin, Span},
};

mod glob;

impl Input<'_> {
    /// Starts with the configuration file itself.
    pub(crate) fn open_main(&mut self, path: &Path) {
        match read(path) {
            Ok(bytes) => self.open_bytes(&path.display().to_string(), bytes, Origin::Main, 0),
            Err(error) => {
                let message = format!("cannot read configuration file `{}`: {error}", path.display());
                self.stop(Diagnostic::error(message, Span::default()));
            }
        }
    }

    /// Starts with a text instead of a file.
    pub(crate) fn open_text(&mut self, name: &str, text: &[u8]) {
        self.open_bytes(name, text.to_vec(), Origin::Main, 0);
    }

    /// Obeys `@include`.
    pub(super) fn include(&mut self, pragma: &Pragma<'_>) {
        let Some((name, span)) = self.pragma_text(pragma, pragma.words) else { return };
        let depth = self.frames.last().map_or(0, |frame| frame.depth) + 1;
        if depth > DEPTH_MAX {
            return self.stop(Diagnostic::error(
                format!("includes and blocks nest deeper than {DEPTH_MAX}; does a file include itself?"),
                span,
            ));
        }
        if let Some(text) = self.environment.in_library(&name) {
            let bytes = text.as_bytes().to_vec();
            return self.open_bytes(&name, bytes, Origin::Included(span), depth);
        }
        match self.find(&name) {
            Found::Files(files) => {
                // The frame pushed last is read first.
                for file in files.iter().rev() {
                    self.open_included(file, span, depth);
                }
            }
            Found::Nothing => {
                let searched: Vec<String> =
                    self.include_path().iter().map(|directory| directory.display().to_string()).collect();
                let diagnostic = Diagnostic::error(format!("include file `{name}` not found"), span);
                let relative = Path::new(&name).is_relative();
                let note = format!("looked for in {}", searched.join(", "));
                self.report(if relative { diagnostic.note(note) } else { diagnostic });
            }
        }
    }

    fn open_included(&mut self, path: &Path, span: Span, depth: u32) {
        match read(path) {
            Ok(bytes) => {
                self.open_bytes(&path.display().to_string(), bytes, Origin::Included(span), depth);
            }
            Err(error) => {
                let message = format!("cannot read include file `{}`: {error}", path.display());
                self.report(Diagnostic::error(message, span));
            }
        }
    }

    fn open_bytes(&mut self, name: &str, bytes: Vec<u8>, origin: Origin, depth: u32) {
        let (text, lossy) = match String::from_utf8(bytes) {
            Ok(text) => (text, false),
            Err(error) => (String::from_utf8_lossy(error.as_bytes()).into_owned(), true),
        };
        let text: Arc<str> = text.into();
        let included = matches!(origin, Origin::Included(_));
        let at = if let Origin::Included(at) = origin { at } else { Span::default() };
        let file = self.sources.add(name, text.clone(), origin);
        if text.len() > FILE_BYTES_MAX {
            let limit = FILE_BYTES_MAX >> 20;
            return self.stop(Diagnostic::error(format!("`{name}` is larger than {limit} MiB"), at));
        }
        if self.account(text.len(), at) {
            let mut frame = Frame::new(file, text, depth);
            if frame.text.starts_with('\u{feff}') {
                frame.next = '\u{feff}'.len_utf8();
            }
            frame.included = included;
            frame.lossy = lossy;
            self.frames.push(frame);
        }
    }

    fn find(&self, name: &str) -> Found {
        let path = Path::new(name);
        let places: Vec<PathBuf> = match path.is_absolute() {
            true => vec![path.to_owned()],
            false => self.include_path().iter().map(|directory| directory.join(path)).collect(),
        };
        if glob::is_pattern(name) {
            let files = places.iter().map(|place| glob::files(place)).find(|files| !files.is_empty());
            // A pattern says "whatever is there", and nothing may be.
            return Found::Files(files.unwrap_or_default());
        }
        for place in places {
            if place.is_dir() {
                return Found::Files(directory(&place));
            }
            if place.exists() {
                return Found::Files(vec![place]);
            }
        }
        Found::Nothing
    }

    /// The directories that relative names are looked for in.
    fn include_path(&self) -> Vec<PathBuf> {
        let main = self.frames.first().map(|frame| Path::new(self.sources.path(frame.file)));
        let beside = main.and_then(Path::parent).map(|parent| match parent.as_os_str().is_empty() {
            true => PathBuf::from("."),
            false => parent.to_owned(),
        });
        let listed = match self.globals.get("include_path") {
            Some(list) => std::env::split_paths(list).filter(|path| !path.as_os_str().is_empty()).collect(),
            None => Vec::new(),
        };
        beside.into_iter().chain(listed).collect()
    }
}

enum Found {
    /// These; none at all for a pattern or an empty directory.
    Files(Vec<PathBuf>),
    Nothing,
}

/// The whole file; an error when it is larger than [`FILE_BYTES_MAX`].
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut file = io::Read::take(fs::File::open(path)?, FILE_BYTES_MAX as u64 + 1);
    io::Read::read_to_end(&mut file, &mut bytes)?;
    if bytes.len() > FILE_BYTES_MAX {
        let limit = FILE_BYTES_MAX >> 20;
        return Err(io::Error::other(format!("larger than {limit} MiB")));
    }
    Ok(bytes)
}

/// The files of a directory that are configuration: regular, not hidden, with a tame name; sorted.
fn directory(path: &Path) -> Vec<PathBuf> {
    let tame = |name: &str| {
        !name.starts_with('.')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
    };
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name().to_str().is_some_and(tame))
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
}
