//! Where a source stands in a file, so that the next one finds the place again.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};

/// Bytes of a file's beginning by which it is told from another one that got its inode.
const HEAD_BYTES: usize = 64;

/// How far a file has been read, up to the end of the last whole line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FilePlace {
    device: u64,
    inode: u64,
    offset: u64,
    /// How the file begins, as far as it was read.
    head: Vec<u8>,
}

/// How much of a file a place says was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    /// So many bytes.
    Before(u64),
    /// It has been cut short since, or written anew, and begins anew.
    Anew,
    /// It is another file.
    Another,
}

/// A file that is open, as far as places in it need to know it.
pub(super) struct Identity {
    device: u64,
    inode: u64,
    head: Vec<u8>,
}

impl Identity {
    pub(super) fn of(file: &File, data: &Metadata) -> Identity {
        let head = head(file, HEAD_BYTES).unwrap_or_default();
        Identity { device: data.dev(), inode: data.ino(), head }
    }

    /// Whether `data` is of this file.
    pub(super) fn is(&self, data: &Metadata) -> bool {
        (self.device, self.inode) == (data.dev(), data.ino())
    }

    /// The place `offset` bytes behind the beginning of `file`, which is the one this is of.
    pub(super) fn place(&mut self, file: &File, offset: u64) -> FilePlace {
        let known = (offset as usize).min(HEAD_BYTES);
        if self.head.len() < known {
            self.head = head(file, HEAD_BYTES).unwrap_or_default();
        }
        let head = self.head[..known.min(self.head.len())].to_vec();
        FilePlace { device: self.device, inode: self.inode, offset, head }
    }

    /// The file has been cut short, and its beginning is another.
    pub(super) fn cut(&mut self) {
        self.head.clear();
    }
}

impl FilePlace {
    /// How much of `file` this place says was read.
    pub(super) fn read_of(&self, file: &File, data: &Metadata) -> Read {
        if self.inode != data.ino() {
            return Read::Another;
        }
        let same_beginning = head(file, self.head.len()).is_ok_and(|head| head == self.head);
        // The number of a device may change when the machine starts again, but then the beginning must say something.
        let same_device = self.device == data.dev() || (same_beginning && !self.head.is_empty());
        match (same_device, same_beginning && self.offset <= data.len()) {
            (false, _) => Read::Another,
            (true, false) => Read::Anew,
            (true, true) => Read::Before(self.offset),
        }
    }

    /// What [`pipeline::Place::to_bytes`] has made, read again.
    pub(super) fn of_bytes(bytes: &[u8]) -> Option<FilePlace> {
        let text = std::str::from_utf8(bytes).ok()?;
        let field =
            |name: &str| text.split(' ').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
        let number = |name| field(name)?.parse().ok();
        let digits = field("head")?.as_bytes();
        let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        Some(FilePlace {
            device: number("device")?,
            inode: number("inode")?,
            offset: number("offset")?,
            head: digits.chunks(2).map(pair).collect::<Option<_>>()?,
        })
    }
}

/// Text, so that `hognose persist` shows something that can be read.
impl pipeline::Place for FilePlace {
    fn to_bytes(&self) -> Vec<u8> {
        let FilePlace { device, inode, offset, head } = self;
        let head: String = head.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("offset={offset} device={device} inode={inode} head={head}").into_bytes()
    }
}

fn head(file: &File, bytes: usize) -> io::Result<Vec<u8>> {
    let mut head = vec![0; bytes];
    let mut filled = 0;
    while filled < bytes {
        match file.read_at(&mut head[filled..], filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    head.truncate(filled);
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipeline::Place;
    use proptest::prelude::*;

    fn place(path: &std::path::Path, offset: u64) -> FilePlace {
        let file = File::open(path).unwrap();
        Identity::of(&file, &file.metadata().unwrap()).place(&file, offset)
    }

    fn read(path: &std::path::Path, place: &FilePlace) -> Read {
        let file = File::open(path).unwrap();
        place.read_of(&file, &file.metadata().unwrap())
    }

    #[test]
    fn a_file_that_grew_is_the_same_and_one_that_was_written_anew_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        std::fs::write(&path, "one\ntwo\n").unwrap();
        let seen = place(&path, 4);
        assert_eq!(read(&path, &seen), Read::Before(4));
        // Written over in place: same inode, not shorter.
        std::fs::write(&path, "three\nfour\n").unwrap();
        assert_eq!(read(&path, &seen), Read::Anew);
        std::fs::write(&path, "on").unwrap();
        assert_eq!(read(&path, &seen), Read::Anew);
        std::fs::write(dir.path().join("other"), "one\ntwo\n").unwrap();
        assert_eq!(read(&dir.path().join("other"), &seen), Read::Another);
    }

    #[test]
    fn the_beginning_decides_where_the_device_has_another_number() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        std::fs::write(&path, "one\n").unwrap();
        let moved = |offset| FilePlace { device: 1, ..place(&path, offset) };
        assert_eq!(read(&path, &moved(4)), Read::Before(4));
        assert_eq!(read(&path, &moved(0)), Read::Another);
    }

    proptest! {
        #[test]
        fn a_place_is_read_as_it_was_written(device: u64, inode: u64, offset: u64, head in proptest::collection::vec(any::<u8>(), 0..HEAD_BYTES)) {
            let place = FilePlace { device, inode, offset, head };
            prop_assert_eq!(FilePlace::of_bytes(&place.to_bytes()), Some(place));
        }

        #[test]
        fn damaged_bytes_are_no_place_and_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = FilePlace::of_bytes(&bytes);
        }
    }
}
