//! Digests: `$(sha256 text)`, `$(hash --length 8 text)`.

use digest::Digest;
use message::ValueType;
use message::template::{Call, TemplateFunction};

use super::{Entry, entry, of_texts_with};

pub(super) const FUNCTIONS: &[Entry] = &[
    entry("hash", hex::<sha2::Sha256>),
    entry("md5", hex::<md5::Md5>),
    entry("sha1", hex::<sha1::Sha1>),
    entry("sha256", hex::<sha2::Sha256>),
    entry("sha512", hex::<sha2::Sha512>),
];

/// The digest of all arguments together, in hexadecimal digits, `--length` of them.
fn hex<D: Digest + 'static>(call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
    let (skip, length) = match call.args.first().map(String::as_str) {
        Some("--length" | "-l") => {
            let digits = call.args.get(1).and_then(|digits| digits.parse().ok());
            (2, digits.ok_or_else(|| "--length wants a number".to_owned())?)
        }
        _ => (0, usize::MAX),
    };
    if call.args.len() <= skip {
        return Err(format!("$({}) needs something to digest", call.name));
    }
    of_texts_with(call, skip, length, |length, args, out| {
        let mut digest = D::new();
        args.iter().for_each(|arg| digest.update(arg));
        let digits = digest.finalize().iter().flat_map(|byte| [byte >> 4, byte & 15]).collect::<Vec<u8>>();
        out.extend(digits.iter().take(*length).map(|digit| b"0123456789abcdef"[usize::from(*digit)]));
        ValueType::String
    })
}
