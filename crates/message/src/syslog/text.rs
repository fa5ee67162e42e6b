//! The message's text as `flags()` wants it.

use super::ParseFlags;

/// What was found out about a text while it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Written {
    /// It is known to be UTF-8.
    pub(super) utf8: bool,
    /// It was not, and was escaped.
    pub(super) sanitized: bool,
}

/// The flags for which a text is more than bytes.
pub(super) const CARES: ParseFlags = ParseFlags::ASSUME_UTF8
    .with(ParseFlags::VALIDATE_UTF8)
    .with(ParseFlags::SANITIZE_UTF8)
    .with(ParseFlags::NO_MULTI_LINE);

/// Appends `text`: escaped where it must be UTF-8 and is not, on one line where it must be.
#[inline]
pub(super) fn append(out: &mut Vec<u8>, text: &[u8], flags: ParseFlags) -> Written {
    if !flags.has_any(CARES) {
        out.extend_from_slice(text);
        return Written::default();
    }
    append_with_care(out, text, flags)
}

fn append_with_care(out: &mut Vec<u8>, text: &[u8], flags: ParseFlags) -> Written {
    let mut written = Written { utf8: flags.has(ParseFlags::ASSUME_UTF8), sanitized: false };
    if flags.has_any(ParseFlags::VALIDATE_UTF8.with(ParseFlags::SANITIZE_UTF8)) {
        written.utf8 |= std::str::from_utf8(text).is_ok();
        written.sanitized = flags.has(ParseFlags::SANITIZE_UTF8) && std::str::from_utf8(text).is_err();
    }
    if written.sanitized {
        sanitize(out, text);
        return Written { utf8: true, sanitized: true };
    }
    let start = out.len();
    out.extend_from_slice(text);
    if flags.has(ParseFlags::NO_MULTI_LINE) {
        for byte in &mut out[start..] {
            if matches!(byte, b'\r' | b'\n' | 0) {
                *byte = b' ';
            }
        }
    }
    written
}

/// Bytes that are no UTF-8, and control characters, spelled out.
fn sanitize(out: &mut Vec<u8>, text: &[u8]) {
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\t' => out.extend_from_slice(b"\\t"),
                '\n' => out.extend_from_slice(b"\\n"),
                '\r' => out.extend_from_slice(b"\\r"),
                '\0'..' ' | '\x7f' => spell(out, character as u8),
                _ => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        for byte in chunk.invalid() {
            spell(out, *byte);
        }
    }
}

fn spell(out: &mut Vec<u8>, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend([b'\\', b'x', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
}
