//! Messages that come as datagrams, one or more in each.

use std::collections::HashMap;
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::IpAddr;
use std::sync::Arc;

use message::{Origin, time};
use pipeline::Post;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SocketAddrAny, UCred, recvmsg,
};

use super::connection::room;
use super::{Leave, Listening, Open, origin, watch};
use crate::socket::Address;
use crate::source::batch::Batch;
use crate::source::window;

/// Bytes the longest UDP datagram has.
const DATAGRAM_BYTES: usize = 64 << 10;
/// Senders whose origin is kept.
const SENDERS_MAX: usize = 1024;
/// Datagrams read before other tasks and an exit request get their turn.
const BURST: usize = 1024;

/// Who sent a datagram.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Sender {
    address: Option<Address>,
    process: Option<(u32, u32, u32)>,
}

/// Reads datagrams until the source ends; the socket comes back then.
pub(super) async fn serve(
    listening: &Arc<Listening>,
    open: Open,
    post: Post,
    leave: Leave,
) -> io::Result<Open> {
    let Open { socket, local, .. } = open;
    let socket = watch(socket)?;
    let window = window(listening.window, post.flow_control());
    let mut batch = Batch::new(post, window, listening.parse.clone(), listening.encoding);
    let mut senders = Senders { listening: listening.clone(), local: local.clone(), known: HashMap::new() };
    let mut buffer = vec![0; DATAGRAM_BYTES.max(listening.msg_size)];
    loop {
        if batch.is_full() && !room(&mut batch, &leave).await {
            break;
        }
        let mut ready = tokio::select! {
            biased;
            () = leave.requested() => break,
            ready = socket.readable() => ready?,
        };
        let mut current: Option<(Sender, Arc<Origin>)> = None;
        for _ in 0..BURST {
            match ready.try_io(|socket| receive(socket.get_ref(), &mut buffer)) {
                Ok(Ok((bytes, sender, credentials))) => {
                    let same = current.as_ref().is_some_and(|(known, _)| *known == sender);
                    if !same || batch.is_full() {
                        if let Some((_, origin)) = &current {
                            batch.post(origin);
                        }
                        current = Some((sender.clone(), senders.origin(&sender, credentials)));
                    }
                    batch.add(&buffer[..bytes.min(listening.msg_size)], time::now());
                    // Without room for the next one it stays in the kernel.
                    if batch.is_full() {
                        break;
                    }
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                // An ICMP message about something this socket never sent; or a buffer the kernel has not got.
                Ok(Err(error)) => {
                    tracing::debug!(%local, %error, "I/O error occurred while reading datagram");
                    break;
                }
                Err(_would_block) => break,
            }
        }
        if let Some((_, origin)) = &current {
            batch.post(origin);
        }
        senders.forget_processes();
    }
    Ok(Open { socket: socket.into_inner(), local, connections: Vec::new() })
}

fn receive(socket: &socket2::Socket, buffer: &mut [u8]) -> io::Result<(usize, Sender, Option<UCred>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmCredentials(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = recvmsg(socket, &mut [IoSliceMut::new(buffer)], &mut control, RecvFlags::DONTWAIT)?;
    let credentials = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmCredentials(credentials) => Some(credentials),
        _ => None,
    });
    if received.flags.contains(ReturnFlags::TRUNC) {
        tracing::debug!(bytes = received.bytes, "Datagram was longer than the buffer and is cut");
    }
    let address = received.address.and_then(address_of);
    let process = credentials.map(|process| {
        (process.pid.as_raw_nonzero().get().unsigned_abs(), process.uid.as_raw(), process.gid.as_raw())
    });
    Ok((received.bytes, Sender { address, process }, credentials))
}

fn address_of(address: SocketAddrAny) -> Option<Address> {
    let inet = std::net::SocketAddr::try_from(address).ok()?;
    Some(Address::Inet(std::net::SocketAddr::new(inet.ip().to_canonical(), inet.port())))
}

/// The origins of those who sent something lately.
struct Senders {
    listening: Arc<Listening>,
    local: Address,
    known: HashMap<Sender, (Arc<Origin>, bool)>,
}

impl Senders {
    fn origin(&mut self, sender: &Sender, credentials: Option<UCred>) -> Arc<Origin> {
        match self.known.get(sender) {
            Some((origin, true)) => return origin.clone(),
            // Its name was not known yet; perhaps it is now.
            Some((origin, false)) if self.name(sender).is_none() => return origin.clone(),
            _ => {}
        }
        if self.known.len() >= SENDERS_MAX {
            self.known.clear();
        }
        let name = self.name(sender);
        let address = sender.address.clone().unwrap_or(Address::Unix(None));
        let shown = match (&name, address.ip()) {
            (Some(name), _) => name.clone(),
            (None, Some(ip)) => ip.to_string(),
            (None, None) => self.listening.resolving.own(),
        };
        let origin = origin::of_peer(&self.listening, &shown, &address, &self.local, credentials);
        self.known.insert(sender.clone(), (origin.clone(), name.is_some()));
        origin
    }

    /// The sender's host, without waiting for it.
    fn name(&self, sender: &Sender) -> Option<String> {
        match sender.address.as_ref().and_then(Address::ip) {
            Some(ip @ (IpAddr::V4(_) | IpAddr::V6(_))) => self.listening.resolving.known(ip),
            None => Some(self.listening.resolving.own()),
        }
    }

    /// The number of a process may soon be another's.
    fn forget_processes(&mut self) {
        self.known.retain(|sender, _| sender.process.is_none());
    }
}
