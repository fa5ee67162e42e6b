//! Sockets, as sources and destinations both know them: addresses as they stand in the log, and what is set before
//! a socket is used.

pub(crate) mod leave;
pub(crate) mod port;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use socket2::{Domain, Protocol, SockAddr, Socket, TcpKeepalive, Type};

/// An end of a socket.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Address {
    /// Of a machine.
    Inet(SocketAddr),
    /// Of this machine; `None` for the nameless end of a client.
    Unix(Option<PathBuf>),
}

/// Whether bytes or datagrams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    /// TCP, or a Unix stream.
    Stream,
    /// UDP, or Unix datagrams.
    Datagram,
}

/// What is set on a socket.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tuning {
    /// `so-rcvbuf()`, bytes.
    pub(crate) receive_buffer: Option<usize>,
    /// `so-sndbuf()`, bytes.
    pub(crate) send_buffer: Option<usize>,
    /// `so-broadcast()`
    pub(crate) broadcast: bool,
    /// `so-reuseport()`
    pub(crate) reuse_port: bool,
    /// `so-keepalive()`
    pub(crate) keepalive: bool,
    /// `tcp-keepalive-time()`
    pub(crate) keepalive_time: Option<Duration>,
    /// `tcp-keepalive-intvl()`
    pub(crate) keepalive_interval: Option<Duration>,
    /// `tcp-keepalive-probes()`
    pub(crate) keepalive_probes: Option<u32>,
    /// `ip-ttl()`
    pub(crate) ttl: Option<u32>,
    /// `ip-tos()`
    pub(crate) tos: Option<u32>,
    /// `ip-freebind()`
    pub(crate) freebind: bool,
    /// `interface()`
    pub(crate) interface: Option<String>,
    /// `so-passcred()`, for Unix sockets.
    pub(crate) passcred: bool,
}

impl Address {
    /// The address a system call gave.
    pub(crate) fn of(address: &SockAddr) -> Address {
        match address.as_socket() {
            // A v4 client of a v6 listener is still a v4 client.
            Some(inet) => Address::Inet(SocketAddr::new(inet.ip().to_canonical(), inet.port())),
            None => Address::Unix(address.as_pathname().map(Path::to_path_buf)),
        }
    }

    /// As the system calls want it.
    pub(crate) fn to_socket(&self) -> io::Result<SockAddr> {
        match self {
            Address::Inet(address) => Ok((*address).into()),
            Address::Unix(path) => SockAddr::unix(path.as_deref().unwrap_or(Path::new(""))),
        }
    }

    /// The machine, where it is one's.
    pub(crate) fn ip(&self) -> Option<IpAddr> {
        match self {
            Address::Inet(address) => Some(address.ip()),
            Address::Unix(_) => None,
        }
    }

    fn domain(&self) -> Domain {
        match self {
            Address::Inet(address) => Domain::for_address(*address),
            Address::Unix(_) => Domain::UNIX,
        }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Address::Inet(SocketAddr::V4(address)) => write!(f, "AF_INET({address})"),
            Address::Inet(SocketAddr::V6(address)) => write!(f, "AF_INET6({address})"),
            Address::Unix(Some(path)) => write!(f, "AF_UNIX({})", path.display()),
            Address::Unix(None) => f.write_str("AF_UNIX(anonymous)"),
        }
    }
}

impl Transport {
    /// As it stands in the names of counters and persistent state.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Transport::Stream => "stream",
            Transport::Datagram => "dgram",
        }
    }
}

/// A socket of the right kind for `address`, not blocking, with what `tuning` says set.
pub(crate) fn new(address: &Address, transport: Transport, tuning: &Tuning) -> io::Result<Socket> {
    let kind = match transport {
        Transport::Stream => Type::STREAM,
        Transport::Datagram => Type::DGRAM,
    };
    let protocol = match (address, transport) {
        (Address::Unix(_), _) => None,
        (Address::Inet(_), Transport::Stream) => Some(Protocol::TCP),
        (Address::Inet(_), Transport::Datagram) => Some(Protocol::UDP),
    };
    let socket = Socket::new(address.domain(), kind, protocol)?;
    socket.set_nonblocking(true)?;
    tuning.apply(&socket, address, transport)?;
    Ok(socket)
}

impl Tuning {
    /// Sets what is asked for on a new socket.
    pub(crate) fn apply(&self, socket: &Socket, address: &Address, transport: Transport) -> io::Result<()> {
        if let Some(bytes) = self.receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        if let Some(bytes) = self.send_buffer {
            socket.set_send_buffer_size(bytes)?;
        }
        if self.passcred && matches!(address, Address::Unix(_)) {
            socket.set_passcred(true)?;
        }
        let Address::Inet(inet) = address else { return Ok(()) };
        if self.broadcast {
            socket.set_broadcast(true)?;
        }
        if self.reuse_port {
            socket.set_reuse_port(true)?;
        }
        if let Some(interface) = &self.interface {
            socket.bind_device(Some(interface.as_bytes()))?;
        }
        match inet {
            SocketAddr::V4(_) => {
                if let Some(ttl) = self.ttl {
                    socket.set_ttl_v4(ttl)?;
                }
                if let Some(tos) = self.tos {
                    socket.set_tos_v4(tos)?;
                }
                if self.freebind {
                    socket.set_freebind_v4(true)?;
                }
            }
            SocketAddr::V6(_) => {
                if let Some(ttl) = self.ttl {
                    socket.set_unicast_hops_v6(ttl)?;
                }
                if let Some(tos) = self.tos {
                    socket.set_tclass_v6(tos)?;
                }
                if self.freebind {
                    socket.set_freebind_v6(true)?;
                }
            }
        }
        if transport == Transport::Stream { self.keep_alive(socket) } else { Ok(()) }
    }

    /// Sets the keep-alive of a connection.
    pub(crate) fn keep_alive(&self, socket: &Socket) -> io::Result<()> {
        socket.set_keepalive(self.keepalive)?;
        if !self.keepalive {
            return Ok(());
        }
        let mut keepalive = TcpKeepalive::new();
        if let Some(time) = self.keepalive_time {
            keepalive = keepalive.with_time(time);
        }
        if let Some(interval) = self.keepalive_interval {
            keepalive = keepalive.with_interval(interval);
        }
        if let Some(probes) = self.keepalive_probes {
            keepalive = keepalive.with_retries(probes);
        }
        socket.set_tcp_keepalive(&keepalive)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: Address, expected: &str) {
        assert_eq!(address.to_string(), expected);
    }

    #[test]
    fn addresses_read_as_in_the_log_of_syslog_ng() {
        check(Address::Inet("127.0.0.1:514".parse().unwrap()), "AF_INET(127.0.0.1:514)");
        check(Address::Inet("[::1]:514".parse().unwrap()), "AF_INET6([::1]:514)");
        check(Address::Unix(Some("/dev/log".into())), "AF_UNIX(/dev/log)");
        check(Address::Unix(None), "AF_UNIX(anonymous)");
    }

    #[test]
    fn what_is_asked_for_is_set() {
        let tuning = Tuning {
            receive_buffer: Some(64 << 10),
            keepalive: true,
            keepalive_time: Some(Duration::from_secs(7)),
            keepalive_probes: Some(3),
            ttl: Some(9),
            ..Tuning::default()
        };
        let address = Address::Inet("127.0.0.1:0".parse().unwrap());
        let socket = new(&address, Transport::Stream, &tuning).unwrap();
        assert!(socket.recv_buffer_size().unwrap() >= 64 << 10);
        assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(7));
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), 3);
        assert_eq!(socket.ttl_v4().unwrap(), 9);
    }
}
