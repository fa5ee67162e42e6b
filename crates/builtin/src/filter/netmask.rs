//! `netmask()` and `netmask6()`: messages from some part of the network.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use conf::Options;
use conf::ast::Call;
use conf::diagnostic::Diagnostic;
use conf::options::Spanned;
use message::{Builtin, Message};
use pipeline::{Compile, Filter, FilterSpec};

pub(super) const SPEC: FilterSpec = FilterSpec {
    names: &["netmask"],
    options: NetmaskOptions::DOCS,
    compile: |call, cx| compile(false, call, cx),
};
pub(super) const SIX: FilterSpec = FilterSpec {
    names: &["netmask6"],
    options: NetmaskOptions::DOCS,
    compile: |call, cx| compile(true, call, cx),
};

conf::options! {
    /// A message from an address of this network.
    pub struct NetmaskOptions {
        /// `10.0.0.0/8`, `10.0.0.0/255.0.0.0` or one address.
        network: Spanned<String> = positional,
    }
}

fn compile(six: bool, call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Filter>> {
    let options = NetmaskOptions::read(call, cx.diagnostics)?;
    match Network::parse(&options.network.value, six) {
        Some(network) => Some(Arc::new(network)),
        None => {
            let what =
                if six { "an IPv6 network such as `fe80::/10`" } else { "a network such as `10.0.0.0/8`" };
            let message = format!("`{}` is not {what}", options.network.value);
            cx.diagnostics.push(Diagnostic::error(message, options.network.span));
            None
        }
    }
}

/// A network: the address with the bits behind the prefix cleared.
#[derive(Debug, PartialEq, Eq)]
enum Network {
    Four { address: u32, mask: u32 },
    Six { address: u128, mask: u128 },
}

impl Network {
    fn parse(text: &str, six: bool) -> Option<Network> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        if six {
            let IpAddr::V6(address) = address.parse().ok()? else { return None };
            let bits: u32 = prefix.map_or(Some(128), |prefix| prefix.parse().ok())?;
            let mask = if bits == 0 { 0 } else { u128::MAX.checked_shl(128u32.checked_sub(bits)?)? };
            return Some(Network::Six { address: address.to_bits() & mask, mask });
        }
        let address: Ipv4Addr = address.parse().ok()?;
        let mask = match prefix {
            None => u32::MAX,
            Some(mask) if mask.contains('.') => mask.parse::<Ipv4Addr>().ok()?.to_bits(),
            Some("0") => 0,
            Some(bits) => u32::MAX.checked_shl(32u32.checked_sub(bits.parse().ok()?)?)?,
        };
        Some(Network::Four { address: address.to_bits() & mask, mask })
    }

    fn has(&self, ip: IpAddr) -> bool {
        match (self, ip) {
            (Network::Four { address, mask }, IpAddr::V4(ip)) => ip.to_bits() & mask == *address,
            (Network::Six { address, mask }, IpAddr::V6(ip)) => ip.to_bits() & mask == *address,
            _ => false,
        }
    }
}

impl Filter for Network {
    fn accepts(&self, message: Message<'_>) -> bool {
        let text = std::str::from_utf8(message.builtin(Builtin::SourceIp)).unwrap_or_default();
        let ip = match text.parse::<IpAddr>() {
            Ok(ip) => ip,
            // What was not sent over a network comes from here.
            Err(_) if matches!(self, Network::Four { .. }) => Ipv4Addr::LOCALHOST.into(),
            Err(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        };
        self.has(ip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(network: &str, inside: &[&str], outside: &[&str]) {
        let network = Network::parse(network, network.contains(':')).unwrap();
        assert!(inside.iter().all(|ip| network.has(ip.parse().unwrap())), "{network:?} {inside:?}");
        assert!(!outside.iter().any(|ip| network.has(ip.parse().unwrap())), "{network:?} {outside:?}");
    }

    #[test]
    fn networks_have_addresses() {
        check("10.0.0.0/8", &["10.0.0.0", "10.255.255.255"], &["11.0.0.0", "9.255.255.255", "::a00:0"]);
        check("10.1.2.3/255.255.0.0", &["10.1.9.9"], &["10.2.0.0"]);
        check("10.1.2.3", &["10.1.2.3"], &["10.1.2.4"]);
        check("0.0.0.0/0", &["1.2.3.4"], &["::1"]);
        check("fe80::/10", &["fe80::1", "febf::"], &["fec0::", "::1", "10.0.0.1"]);
        check("::1", &["::1"], &["::2"]);
        check("::/0", &["::1", "ffff::"], &["10.0.0.1"]);
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for bad in ["", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0/8", "fe80::/10", "host"] {
            assert_eq!(Network::parse(bad, false), None, "{bad}");
        }
        for bad in ["", "::/129", "::/x", "10.0.0.0/8"] {
            assert_eq!(Network::parse(bad, true), None, "{bad}");
        }
    }
}
