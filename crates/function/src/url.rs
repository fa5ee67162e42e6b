//! `$(url-encode)` and `$(url-decode)`.

use message::ValueType;

use super::{Entry, entry, of_texts};

pub(super) const FUNCTIONS: &[Entry] =
    &[entry("url-decode", |call| of_texts(call, decode)), entry("url-encode", |call| of_texts(call, encode))];

fn encode(_: &(), args: &[&[u8]], out: &mut Vec<u8>) -> ValueType {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in args.iter().flat_map(|arg| arg.iter()) {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'~' | b'_' | b'-' | b'.') {
            out.push(*byte);
        } else {
            out.extend([b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
    ValueType::String
}

/// An argument that is not encoded as it should be gives nothing.
fn decode(_: &(), args: &[&[u8]], out: &mut Vec<u8>) -> ValueType {
    for arg in args {
        let start = out.len();
        let mut bytes = arg.iter();
        while let Some(byte) = bytes.next() {
            if *byte != b'%' {
                out.push(*byte);
                continue;
            }
            let digit = |byte: Option<&u8>| byte.and_then(|byte| (*byte as char).to_digit(16));
            match (digit(bytes.next()), digit(bytes.next())) {
                (Some(high), Some(low)) if (high, low) != (0, 0) => out.push((high << 4 | low) as u8),
                _ => {
                    out.truncate(start);
                    break;
                }
            }
        }
    }
    ValueType::String
}
