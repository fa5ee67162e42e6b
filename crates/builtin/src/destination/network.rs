//! `network()`, `syslog()`, and the older `tcp()`, `tcp6()`, `udp()`, `udp6()`: messages to other machines.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use conf::Options;
use conf::ast::Call;
use conf::diagnostic::Diagnostic;
use conf::options::Spanned;
use pipeline::{Compile, DestinationPlan, DestinationSpec};

use super::peer::{Peer, Place, Target};
use crate::options::{Default, NoEffect, NotYet, SocketOptions, WriterOptions};
use crate::socket::Transport;
use crate::socket::port::{Port, resolve_port};
use crate::tls::TlsOptions;

const fn spec(
    names: &'static [&'static str],
    compile: fn(&Call, &mut Compile<'_>) -> Option<DestinationPlan>,
) -> DestinationSpec {
    DestinationSpec { names, options: NetworkOptions::DOCS, compile }
}

pub(super) const SPEC: DestinationSpec = spec(&["network"], |call, cx| NETWORK_KIND.compile(call, cx));
pub(super) const SYSLOG: DestinationSpec = spec(&["syslog"], |call, cx| SYSLOG_KIND.compile(call, cx));
pub(super) const TCP: DestinationSpec = spec(&["tcp"], |call, cx| TCP_KIND.compile(call, cx));
pub(super) const TCP6: DestinationSpec = spec(&["tcp6"], |call, cx| TCP6_KIND.compile(call, cx));
pub(super) const UDP: DestinationSpec = spec(&["udp"], |call, cx| UDP_KIND.compile(call, cx));
pub(super) const UDP6: DestinationSpec = spec(&["udp6"], |call, cx| UDP6_KIND.compile(call, cx));

conf::options! {
    /// Send messages over the network.
    pub struct NetworkOptions {
        /// The machine, by name or address.
        host: Spanned<String> = positional,
        /// What is written.
        writer: WriterOptions = flatten,
        /// What is set on the socket.
        socket: SocketOptions = flatten,
        /// Port to send to: a number, or the name of a service.
        port | destport: Port = inherit,
        /// Address to send from.
        localip: Spanned<String> = inherit,
        /// Port to send from.
        localport: Port = inherit,
        /// `tcp`, `udp` or `tls`.
        transport: Spanned<String> = inherit,
        /// 4 or 6.
        ip_protocol: Spanned<u8> = inherit,
        /// Keep the connection over a reload.
        keep_alive: NoEffect = inherit,
        /// Close the connection when the peer closes its end. Always so.
        close_on_input: NoEffect = inherit,
        /// Other machines to send to while this one is away.
        failover: NotYet = inherit,
        /// Send under the address of who sent the message.
        spoof_source: NotYet = inherit,
        /// Bytes of such a message.
        spoof_source_max_msglen: NotYet = inherit,
        /// Encryption.
        tls: TlsOptions = inherit,
    }
}

/// One of the drivers.
struct Kind {
    name: &'static str,
    transport: Option<&'static str>,
    version: u8,
    /// RFC 5424, with its own framing and ports.
    syslog: bool,
}

const NETWORK_KIND: Kind = Kind { name: "network", transport: None, version: 4, syslog: false };
const SYSLOG_KIND: Kind = Kind { name: "syslog", transport: None, version: 4, syslog: true };
const TCP_KIND: Kind = Kind { name: "tcp", transport: Some("tcp"), version: 4, syslog: false };
const TCP6_KIND: Kind = Kind { name: "tcp6", transport: Some("tcp"), version: 6, syslog: false };
const UDP_KIND: Kind = Kind { name: "udp", transport: Some("udp"), version: 4, syslog: false };
const UDP6_KIND: Kind = Kind { name: "udp6", transport: Some("udp"), version: 6, syslog: false };

impl Kind {
    fn compile(&self, call: &Call, cx: &mut Compile<'_>) -> Option<DestinationPlan> {
        let options = NetworkOptions::read(call, cx.diagnostics)?;
        let (word, transport) = self.transport(&options, cx)?;
        let six = self.six(&options, cx)?;
        let tls = match &options.tls {
            Some(tls) => Some(tls.client(call.name.span, cx)?),
            None => None,
        };
        let default = if self.syslog { Default::Syslog } else { Default::Proto };
        let format = options.writer.format(default, cx)?;
        let port = match &options.port {
            Some(port) => resolve_port(port, cx)?,
            None if self.syslog && transport == Transport::Stream => {
                if tls.is_some() {
                    6514
                } else {
                    601
                }
            }
            None => 514,
        };
        let destination = &options.writer.destination;
        let host = options.host.value.clone();
        let target = Target {
            transport,
            tuning: options.socket.tuning(),
            tls,
            bind: self.bind(&options, six, cx)?,
            time_reopen: destination.time_reopen(cx),
            place: Place::Host { host: host.clone(), port, six },
        };
        let counted = self.syslog && transport == Transport::Stream;
        let made_up = format!("afsocket_dd_qfile({},{host}:{port})", transport.as_str());
        Some(DestinationPlan {
            driver: self.name,
            instance: format!("{word},{host}:{port}"),
            persist_name: destination.persist_name(|| made_up),
            fifo_size: destination.fifo_size(cx),
            time_reopen: target.time_reopen,
            workers: 1,
            retries: pipeline::destination::RETRIES,
            make: Box::new(move |exit, _carry| {
                Box::new(Peer::new(target.clone(), format.clone(), counted, exit))
            }),
        })
    }

    fn transport(&self, options: &NetworkOptions, cx: &mut Compile<'_>) -> Option<(&'static str, Transport)> {
        let (word, span) = match &options.transport {
            Some(word) => (word.value.as_str(), word.span),
            None => (self.transport.unwrap_or("tcp"), conf::Span::default()),
        };
        let wrong = |message: &str, cx: &mut Compile<'_>| {
            cx.diagnostics.push(Diagnostic::error(message, span));
            None
        };
        match (word, &options.tls) {
            ("tcp", None) => Some(("tcp", Transport::Stream)),
            ("tcp" | "tls", Some(_)) => Some(("tls", Transport::Stream)),
            ("tls", None) => wrong("transport(tls) needs tls(…)", cx),
            ("udp", None) => Some(("udp", Transport::Datagram)),
            ("udp", Some(_)) => wrong("tls() is not for transport(udp)", cx),
            (other, _) => {
                let message = format!("there is no transport `{other}`");
                let known = ["tcp", "udp", "tls"];
                cx.diagnostics.push(Diagnostic::error(message, span).suggest(other, known));
                None
            }
        }
    }

    fn six(&self, options: &NetworkOptions, cx: &mut Compile<'_>) -> Option<bool> {
        match &options.ip_protocol {
            None => Some(self.version == 6 || options.host.value.parse::<Ipv6Addr>().is_ok()),
            Some(Spanned { value: 4, .. }) => Some(false),
            Some(Spanned { value: 6, .. }) => Some(true),
            Some(other) => {
                cx.diagnostics.push(Diagnostic::error("ip-protocol() takes 4 or 6", other.span));
                None
            }
        }
    }

    fn bind(&self, options: &NetworkOptions, six: bool, cx: &mut Compile<'_>) -> Option<Option<SocketAddr>> {
        let port = match &options.localport {
            Some(port) => resolve_port(port, cx)?,
            None => 0,
        };
        let ip: IpAddr = match &options.localip {
            None if port == 0 => return Some(None),
            None if six => Ipv6Addr::UNSPECIFIED.into(),
            None => Ipv4Addr::UNSPECIFIED.into(),
            Some(text) => match text.value.parse() {
                Ok(ip) => ip,
                Err(_) => {
                    let message = format!("`{}` is no address to send from", text.value);
                    cx.diagnostics.push(Diagnostic::error(message, text.span));
                    return None;
                }
            },
        };
        Some(Some(SocketAddr::new(ip, port)))
    }
}

#[cfg(test)]
mod tests;
