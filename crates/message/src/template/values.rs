//! Name-value pairs as a template shows them.

use super::ValuePart;
use crate::records::Message;
use crate::scan;

impl ValuePart {
    /// Appends the value, nothing where there is none.
    #[inline]
    pub(super) fn append(&self, message: Message<'_>, out: &mut Vec<u8>) {
        match self {
            ValuePart::Builtin(builtin) => out.extend_from_slice(message.builtin(*builtin)),
            ValuePart::Host(builtin) => out.extend_from_slice(first_host(message.builtin(*builtin))),
            ValuePart::Custom(..) => {
                if let Some((value, _)) = message.get(self.name()) {
                    out.extend_from_slice(value);
                }
            }
        }
    }
}

/// The host that a chain of hosts begins with: `source@HOST/relay/relay`.
#[inline]
fn first_host(chain: &[u8]) -> &[u8] {
    let end = scan::word(chain, [b'@', b'/']);
    match chain.get(end) {
        None => chain,
        Some(b'@') => {
            let host = &chain[end + 1..];
            &host[..scan::word(host, [b'/'])]
        }
        // An `@` behind the first relay is no source's.
        Some(_) => &chain[..end],
    }
}
