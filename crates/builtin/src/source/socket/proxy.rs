//! The PROXY protocol: a load balancer says for whom it connects, before anything else.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Bytes of the longest header of version 1, as its specification has it.
const TEXT_BYTES_MAX: usize = 107;
/// Bytes of the longest header of version 2 that is taken: addresses and what a balancer may add.
const BINARY_BYTES_MAX: usize = 4096;
/// Bytes of the shortest header of either version, and of the fixed part of version 2.
const FIXED_BYTES: usize = 16;
/// The shortest of version 1: `PROXY UNKNOWN` and a line break.
const SHORTEST_BYTES: usize = 15;
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// Where the header comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) enum Place {
    /// Before the encryption: `proxied-tls-passthrough`.
    Outside,
    /// Within it, or where there is none.
    Inside,
}

/// Whose connection it is, and which address it was made to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Proxied {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
}

/// What a connection's beginning says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// At least so many bytes are missing; more may belong to what follows.
    Missing(usize),
    /// It is whole. `None`: the balancer speaks for itself, or does not know.
    Whole(Option<Proxied>),
}

/// What a connection knows of its balancer.
pub(super) enum Introduction {
    /// There is none.
    None,
    /// It has said this much so far.
    Awaited(Vec<u8>),
    /// It has spoken.
    Known(Option<Proxied>),
}

/// Why a beginning is no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum ProxyError {
    #[error("no header of the PROXY protocol")]
    Absent,
    #[error("header of the PROXY protocol is too long")]
    TooLong,
    #[error("addresses in the header of the PROXY protocol make no sense")]
    Addresses,
}

/// Reads the beginning of a connection. Never asks for bytes that a header which begins so cannot have.
pub(super) fn read(bytes: &[u8]) -> Result<Header, ProxyError> {
    let begins = |with: &[u8]| bytes.iter().zip(with).all(|(byte, wanted)| byte == wanted);
    if begins(b"PROXY ") {
        return read_text(bytes);
    }
    if !begins(&SIGNATURE) {
        return Err(ProxyError::Absent);
    }
    read_binary(bytes)
}

fn read_text(bytes: &[u8]) -> Result<Header, ProxyError> {
    let Some(end) = memchr::memchr(b'\n', bytes) else {
        if bytes.len() >= TEXT_BYTES_MAX {
            return Err(ProxyError::TooLong);
        }
        return Ok(Header::Missing(SHORTEST_BYTES.saturating_sub(bytes.len()).max(1)));
    };
    let line = bytes[..end].strip_suffix(b"\r").ok_or(ProxyError::Addresses)?;
    let line = std::str::from_utf8(line).map_err(|_| ProxyError::Addresses)?;
    let words: Vec<&str> = line.split(' ').collect();
    match words[..] {
        ["PROXY", "UNKNOWN", ..] => Ok(Header::Whole(None)),
        ["PROXY", family @ ("TCP4" | "TCP6"), from, to, from_port, to_port] => {
            let address = |ip: &str, port: &str| {
                let ip: IpAddr = ip.parse().ok()?;
                let plain = port.bytes().all(|byte| byte.is_ascii_digit());
                let port = port.parse().ok().filter(|_| plain)?;
                (ip.is_ipv6() == (family == "TCP6")).then(|| SocketAddr::new(ip, port))
            };
            match (address(from, from_port), address(to, to_port)) {
                (Some(from), Some(to)) => Ok(Header::Whole(Some(Proxied { from, to }))),
                _ => Err(ProxyError::Addresses),
            }
        }
        _ => Err(ProxyError::Addresses),
    }
}

fn read_binary(bytes: &[u8]) -> Result<Header, ProxyError> {
    if bytes.len() < FIXED_BYTES {
        // A beginning that both versions may have waits for what the shorter one is sure to have.
        let sure = if bytes.is_empty() { SHORTEST_BYTES } else { FIXED_BYTES };
        return Ok(Header::Missing(sure - bytes.len()));
    }
    let length = usize::from(u16::from_be_bytes([bytes[14], bytes[15]]));
    if FIXED_BYTES + length > BINARY_BYTES_MAX {
        return Err(ProxyError::TooLong);
    }
    let Some(body) = bytes.get(FIXED_BYTES..FIXED_BYTES + length) else {
        return Ok(Header::Missing(FIXED_BYTES + length - bytes.len()));
    };
    match (bytes[12], bytes[13]) {
        (0x20, _) => Ok(Header::Whole(None)),
        (0x21, 0x11 | 0x12) => addresses::<4>(body, |ip| Ipv4Addr::from(ip).into()),
        (0x21, 0x21 | 0x22) => addresses::<16>(body, |ip| Ipv6Addr::from(ip).into()),
        // Unix sockets, and what nobody knows: they have no address that could be shown.
        (0x21, 0x00 | 0x31 | 0x32) => Ok(Header::Whole(None)),
        _ => Err(ProxyError::Addresses),
    }
}

/// Two addresses of `N` bytes and two ports; what follows them is not ours.
fn addresses<const N: usize>(body: &[u8], ip: fn([u8; N]) -> IpAddr) -> Result<Header, ProxyError> {
    let part = |at: usize| body.get(at..at + N)?.try_into().ok().map(ip);
    let port = |at: usize| Some(u16::from_be_bytes([*body.get(at)?, *body.get(at + 1)?]));
    let read = || {
        Some(Proxied {
            from: SocketAddr::new(part(0)?, port(2 * N)?),
            to: SocketAddr::new(part(N)?, port(2 * N + 2)?),
        })
    };
    read().map(|proxied| Header::Whole(Some(proxied))).ok_or(ProxyError::Addresses)
}

#[cfg(test)]
mod tests;
