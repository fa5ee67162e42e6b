//! `network()`, `syslog()`, and the older `tcp()`, `tcp6()`, `udp()`, `udp6()`: messages from other machines.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use conf::Options;
use conf::ast::Call;
use conf::diagnostic::Diagnostic;
use conf::options::{Seconds, Spanned};
use message::syslog::ParseFlags;
use pipeline::{Compile, SourcePlan, SourceSpec};

use super::framing::Framing;
use super::socket::proxy::Place;
use super::socket::{Listening, SocketFile, SocketSource};
use crate::options::{NoEffect, ReaderOptions, SocketOptions};
use crate::resolver::Resolving;
use crate::socket::port::{Port, resolve_port};
use crate::socket::{Address, Transport};
use crate::tls::TlsOptions;

const fn spec(
    names: &'static [&'static str],
    compile: fn(&Call, &mut Compile<'_>) -> Option<SourcePlan>,
) -> SourceSpec {
    SourceSpec { names, options: NetworkOptions::DOCS, compile }
}

pub(super) const SPEC: SourceSpec = spec(&["network"], |call, cx| NETWORK_KIND.compile(call, cx));
pub(super) const SYSLOG: SourceSpec = spec(&["syslog"], |call, cx| SYSLOG_KIND.compile(call, cx));
pub(super) const TCP: SourceSpec = spec(&["tcp"], |call, cx| TCP_KIND.compile(call, cx));
pub(super) const TCP6: SourceSpec = spec(&["tcp6"], |call, cx| TCP6_KIND.compile(call, cx));
pub(super) const UDP: SourceSpec = spec(&["udp"], |call, cx| UDP_KIND.compile(call, cx));
pub(super) const UDP6: SourceSpec = spec(&["udp6"], |call, cx| UDP6_KIND.compile(call, cx));

conf::options! {
    /// Take messages from the network.
    pub struct NetworkOptions {
        /// How messages are read.
        reader: ReaderOptions = flatten,
        /// What is set on the socket.
        socket: SocketOptions = flatten,
        /// Address to listen at.
        ip | localip: Spanned<String> = inherit,
        /// Port to listen at: a number, or the name of a service.
        port | localport: Port = inherit,
        /// How messages are sent: `tcp`, `udp`, `tls`, `text-with-nuls`, `nul-terminated`, `auto`, `proxied-tcp`, `proxied-tls`.
        transport: Spanned<String> = inherit,
        /// 4 or 6.
        ip_protocol: Spanned<u8> = inherit,
        /// Connections at a time.
        max_connections: std::num::NonZeroU32 = MAX_CONNECTIONS,
        /// Connections that may wait to be accepted.
        listen_backlog: u16 = 255,
        /// Keep connections open over a reload.
        keep_alive: bool = true,
        /// Seconds after which a silent connection is closed; 0 for never.
        idle_timeout: Seconds = Seconds::new(0),
        /// Several processes may listen at one port.
        so_reuseport: bool = false,
        /// Slots of the window that connections share.
        dynamic_window_size: NoEffect = inherit,
        /// Seconds between two lines on the shared window.
        dynamic_window_stats_freq: NoEffect = inherit,
        /// Ticks between two looks at the shared window.
        dynamic_window_realloc_ticks: NoEffect = inherit,
        /// Encryption.
        tls: TlsOptions = inherit,
    }
}

/// `max-connections()` where nobody says otherwise.
const MAX_CONNECTIONS: std::num::NonZeroU32 = std::num::NonZeroU32::new(10).unwrap();
/// Slots of the window of one connection at least.
const WINDOW_MIN: u32 = 100;

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

impl NetworkOptions {
    /// Where a balancer says for whom it connects.
    fn proxy(&self) -> Option<Place> {
        match self.transport.as_ref()?.value.replace('_', "-").as_str() {
            "proxied-tls-passthrough" => Some(Place::Outside),
            "proxied-tcp" | "proxied-tls" => Some(Place::Inside),
            _ => None,
        }
    }
}

impl Kind {
    fn compile(&self, call: &Call, cx: &mut Compile<'_>) -> Option<SourcePlan> {
        let options = NetworkOptions::read(call, cx.diagnostics)?;
        let (transport, framing) = self.transport(&options, cx)?;
        let tls = match &options.tls {
            Some(tls) => Some(tls.server(call.name.span, cx)?),
            None => None,
        };
        let base = if self.syslog {
            ParseFlags::default().with(ParseFlags::SYSLOG_PROTOCOL)
        } else {
            ParseFlags::default()
        };
        let reading = options.reader.resolve(base, cx, call.span);
        let address = Address::Inet(SocketAddr::new(
            self.ip(&options, cx)?,
            match &options.port {
                Some(port) => resolve_port(port, cx)?,
                None => self.port(transport, tls.is_some()),
            },
        ));
        let max_connections = options.max_connections.get();
        let window = match transport {
            Transport::Datagram => reading.common.window,
            Transport::Stream => per_connection(reading.common.window, max_connections, call, cx),
        };
        let mut tuning = options.socket.tuning();
        tuning.reuse_port = options.so_reuseport;
        let listening = Listening {
            driver: self.name,
            transport,
            tuning,
            backlog: i32::from(options.listen_backlog),
            max_connections: max_connections as usize,
            keep_alive: options.keep_alive,
            idle_timeout: (options.idle_timeout.as_f64() > 0.0).then(|| options.idle_timeout.duration()),
            framing,
            msg_size: reading.msg_size,
            trim: reading.trim,
            window,
            proxy: options.proxy(),
            transport_name: self.transport_name(transport, tls.is_some()),
            tls,
            parse: reading.parse,
            encoding: reading.encoding,
            base: reading.common.origin,
            resolving: Resolving::new(&options.reader.source, cx),
            file: SocketFile::default(),
            statement: cx.statement.clone(),
            location: cx.location(call),
            address,
        };
        Some(SourcePlan {
            driver: self.name,
            instance: listening.key(),
            persist_name: listening.persist_name(options.reader.source.persist_name.clone()),
            stamping: reading.common.stamping,
            make: Box::new(move || Box::new(SocketSource::new(listening.clone()))),
            about: None,
        })
    }

    fn transport(&self, options: &NetworkOptions, cx: &mut Compile<'_>) -> Option<(Transport, Framing)> {
        let plain = if self.syslog { Framing::Counted } else { Framing::Text };
        let (word, span) = match (&options.transport, self.transport) {
            (Some(word), _) => (word.value.as_str(), word.span),
            (None, fixed) => (fixed.unwrap_or("tcp"), conf::Span::default()),
        };
        let word = word.replace('_', "-");
        match (word.as_str(), &options.tls) {
            ("tls" | "proxied-tls" | "proxied-tls-passthrough", None) => {
                let message = format!("transport({word}) needs tls(…)");
                cx.diagnostics.push(Diagnostic::error(message, span));
                return None;
            }
            ("proxied-tcp", Some(_)) => {
                let message = "transport(proxied-tcp) is not encrypted";
                cx.diagnostics.push(Diagnostic::error(message, span).note(
                    "there are proxied-tls, and proxied-tls-passthrough for a header before the encryption",
                ));
                return None;
            }
            ("udp" | "proxied-udp", Some(_)) => {
                let message = format!("tls() is not for transport({word})");
                cx.diagnostics.push(Diagnostic::error(message, span));
                return None;
            }
            _ => {}
        }
        match word.as_str() {
            "tcp" | "tls" => Some((Transport::Stream, plain)),
            "udp" => Some((Transport::Datagram, plain)),
            "auto" => Some((Transport::Stream, Framing::Auto)),
            "framed" => Some((Transport::Stream, Framing::Counted)),
            "text" => Some((Transport::Stream, Framing::Text)),
            "text-with-nuls" => Some((Transport::Stream, Framing::TextWithNuls)),
            "nul-terminated" => Some((Transport::Stream, Framing::NulTerminated)),
            "proxied-tcp" | "proxied-tls" | "proxied-tls-passthrough" => Some((Transport::Stream, plain)),
            "proxied-udp" => {
                let message = "transport(proxied-udp) is not supported yet";
                cx.diagnostics.push(Diagnostic::error(message, span));
                None
            }
            other => {
                let known = ["tcp", "udp", "tls", "auto", "text-with-nuls", "nul-terminated"];
                let message = format!("there is no transport `{other}`");
                cx.diagnostics.push(Diagnostic::error(message, span).suggest(other, known));
                None
            }
        }
    }

    fn ip(&self, options: &NetworkOptions, cx: &mut Compile<'_>) -> Option<IpAddr> {
        let six = match &options.ip_protocol {
            Some(Spanned { value: 4, .. }) => false,
            Some(Spanned { value: 6, .. }) => true,
            Some(other) => {
                cx.diagnostics.push(Diagnostic::error("ip-protocol() takes 4 or 6", other.span));
                return None;
            }
            None => self.version == 6,
        };
        match &options.ip {
            None if six => Some(Ipv6Addr::UNSPECIFIED.into()),
            None => Some(Ipv4Addr::UNSPECIFIED.into()),
            Some(text) => match text.value.parse::<IpAddr>() {
                Ok(ip) => Some(ip),
                Err(_) => {
                    let message = format!("`{}` is no address to listen at", text.value);
                    cx.diagnostics.push(Diagnostic::error(message, text.span));
                    None
                }
            },
        }
    }

    fn port(&self, transport: Transport, encrypted: bool) -> u16 {
        match (self.syslog, transport, encrypted) {
            (true, Transport::Stream, true) => 6514,
            (true, Transport::Stream, false) => 601,
            _ => 514,
        }
    }

    fn transport_name(&self, transport: Transport, encrypted: bool) -> &'static str {
        match (self.syslog, transport, encrypted) {
            (true, Transport::Stream, true) => "rfc5425",
            (true, Transport::Stream, false) => "rfc6587",
            (true, Transport::Datagram, _) => "rfc5426",
            (false, Transport::Stream, true) => "bsdsyslog+tls",
            (false, Transport::Stream, false) => "bsdsyslog+tcp",
            (false, Transport::Datagram, _) => "bsdsyslog+udp",
        }
    }
}

/// The window of one connection, where the option is for all of them together.
pub(super) fn per_connection(
    total: Option<u32>,
    connections: u32,
    call: &Call,
    cx: &mut Compile<'_>,
) -> Option<u32> {
    let total = total?;
    let each = total / connections;
    if each >= WINDOW_MIN {
        return Some(each);
    }
    let message = "log-iw-size() is divided by max-connections(), and the result was too small, \
                   increasing to a reasonable minimum value";
    cx.diagnostics.push(
        Diagnostic::warning(message, call.name.span)
            .note(format!("orig_log_iw_size='{each}', new_log_iw_size='{WINDOW_MIN}'")),
    );
    Some(WINDOW_MIN)
}
