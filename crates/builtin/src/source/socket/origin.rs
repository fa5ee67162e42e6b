//! What all messages of a connection, or of one sender of datagrams, have in common.

use std::net::IpAddr;
use std::sync::Arc;

use message::{Builtin, Origin};
use rustix::net::UCred;

use super::Listening;
use super::proxy::Proxied;
use crate::socket::{Address, Transport};
use crate::tls::Subject;

/// Bytes of a process's command line that are kept.
const CMDLINE_BYTES_MAX: usize = 4096;

/// The origin of a connection's messages. Looks its peer's name up, which may take a while.
pub(super) async fn of_connection(
    listening: &Listening,
    socket: &socket2::Socket,
    peer: &Address,
    local: &Address,
    subject: Option<&Subject>,
    proxied: Option<Proxied>,
) -> Arc<Origin> {
    let whose = proxied.map_or_else(|| peer.ip(), |proxied| Some(proxied.from.ip()));
    match whose {
        Some(ip) => {
            let pairs = subject.map_or_else(Vec::new, Subject::pairs);
            of_named(listening, &listening.resolving.name(ip).await, peer, local, proxied, &pairs)
        }
        None => {
            let credentials =
                listening.tuning.passcred.then(|| rustix::net::sockopt::socket_peercred(socket).ok());
            of_peer(listening, &listening.resolving.own(), peer, local, credentials.flatten())
        }
    }
}

/// The origin of messages from `peer`, which is known as `host`.
pub(super) fn of_peer(
    listening: &Listening,
    host: &str,
    peer: &Address,
    local: &Address,
    credentials: Option<UCred>,
) -> Arc<Origin> {
    of_named(listening, host, peer, local, None, &credentials.map_or_else(Vec::new, of_process))
}

fn of_named(
    listening: &Listening,
    host: &str,
    peer: &Address,
    local: &Address,
    proxied: Option<Proxied>,
    known: &[(&'static str, Vec<u8>)],
) -> Arc<Origin> {
    let mut texts: Vec<(Builtin, String)> = vec![(Builtin::Transport, listening.transport_name.to_owned())];
    match (peer, local) {
        (Address::Inet(peer), Address::Inet(to)) => {
            let Proxied { from, to } = proxied.unwrap_or(Proxied { from: *peer, to: *to });
            texts.extend([
                (Builtin::PeerIp, peer.ip().to_string()),
                (Builtin::PeerPort, peer.port().to_string()),
                (Builtin::SourceIp, from.ip().to_string()),
                (Builtin::SourcePort, from.port().to_string()),
                (Builtin::DestIp, to.ip().to_string()),
                (Builtin::DestPort, to.port().to_string()),
                (Builtin::IpProto, if matches!(from.ip(), IpAddr::V4(_)) { "4" } else { "6" }.to_owned()),
                (Builtin::Proto, proto(listening.transport).to_owned()),
            ]);
        }
        _ => texts.push((Builtin::SourceIp, "127.0.0.1".to_owned())),
    }
    let entries: Vec<(Builtin, &[u8])> = texts.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let pairs: Vec<(&str, &[u8])> = known.iter().map(|(name, value)| (*name, &value[..])).collect();
    listening.base.origin_with(host, &entries, &pairs)
}

fn proto(transport: Transport) -> &'static str {
    match transport {
        Transport::Stream => "6",
        Transport::Datagram => "17",
    }
}

/// What the kernel says about the process at the other end.
fn of_process(process: UCred) -> Vec<(&'static str, Vec<u8>)> {
    let pid = process.pid.as_raw_nonzero();
    let mut pairs = vec![
        (".unix.pid", pid.to_string().into_bytes()),
        (".unix.uid", process.uid.as_raw().to_string().into_bytes()),
        (".unix.gid", process.gid.as_raw().to_string().into_bytes()),
    ];
    // A process that is gone already, or not ours to look at, has neither.
    if let Ok(mut cmdline) = std::fs::read(format!("/proc/{pid}/cmdline")) {
        cmdline.truncate(CMDLINE_BYTES_MAX);
        while cmdline.last() == Some(&0) {
            cmdline.pop();
        }
        cmdline.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b' ');
        pairs.push((".unix.cmdline", cmdline));
    }
    if let Ok(exe) = std::fs::read_link(format!("/proc/{pid}/exe")) {
        pairs.push((".unix.exe", exe.into_os_string().into_encoded_bytes()));
    }
    pairs
}
