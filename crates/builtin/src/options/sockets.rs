//! What is set on sockets.

use std::time::Duration;

use crate::socket::Tuning;

conf::options! {
    /// What is set on sockets.
    pub struct SocketOptions {
        /// Bytes that the system may keep of what has come.
        so_rcvbuf: usize = inherit,
        /// Bytes that the system may keep of what is to go.
        so_sndbuf: usize = inherit,
        /// Send to and take from broadcast addresses.
        so_broadcast: bool = false,
        /// See whether a silent peer is still there.
        so_keepalive: bool = true,
        /// Seconds of silence after which to look.
        tcp_keepalive_time: u32 = 60,
        /// Times to look.
        tcp_keepalive_probes: u32 = 6,
        /// Seconds between two looks.
        tcp_keepalive_intvl: u32 = 10,
        /// Hops a packet may take.
        ip_ttl: u32 = inherit,
        /// Type of service of packets.
        ip_tos: u32 = inherit,
        /// Use an address that this machine does not have yet.
        ip_freebind: bool = false,
        /// Network interface to be bound to.
        interface: String = inherit,
    }
}

impl SocketOptions {
    /// The same for a socket.
    pub(crate) fn tuning(&self) -> Tuning {
        let nonzero = |seconds: u32| (seconds > 0).then(|| Duration::from_secs(seconds.into()));
        Tuning {
            receive_buffer: self.so_rcvbuf.filter(|bytes| *bytes > 0),
            send_buffer: self.so_sndbuf.filter(|bytes| *bytes > 0),
            broadcast: self.so_broadcast,
            reuse_port: false,
            keepalive: self.so_keepalive,
            keepalive_time: nonzero(self.tcp_keepalive_time),
            keepalive_interval: nonzero(self.tcp_keepalive_intvl),
            keepalive_probes: (self.tcp_keepalive_probes > 0).then_some(self.tcp_keepalive_probes),
            ttl: self.ip_ttl.filter(|ttl| *ttl > 0),
            tos: self.ip_tos.filter(|tos| *tos > 0),
            freebind: self.ip_freebind,
            interface: self.interface.clone(),
            passcred: false,
        }
    }
}
