//! Name-value pairs as a template shows them.

use super::ValuePart;
use crate::records::Message;
use crate::value::ValueType;

impl ValuePart {
    #[inline]
    pub(super) fn render(&self, message: Message<'_>, out: &mut Vec<u8>) -> ValueType {
        let Some((value, kind)) = message.get(self.name()) else {
            return ValueType::Null;
        };
        match self {
            ValuePart::Host(_) => out.extend_from_slice(first_host(value)),
            ValuePart::Builtin(_) | ValuePart::Custom(..) => out.extend_from_slice(value),
        }
        kind
    }
}

/// The host that a chain of hosts begins with: `source@HOST/relay/relay`.
#[inline]
pub(super) fn first_host(chain: &[u8]) -> &[u8] {
    let from = memchr::memchr(b'@', chain).map_or(0, |at| at + 1);
    let host = &chain[from..];
    &host[..memchr::memchr(b'/', host).unwrap_or(host.len())]
}
