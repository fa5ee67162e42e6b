//! One connection of a stream source.

use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use message::{Origin, time};
use pipeline::Post;
use rustls::ServerConnection;

use super::proxy::{self, Header, Introduction, Place, Proxied, ProxyError};
use super::wire::{Wire, is_about_tls};
use super::{Leave, Listening, origin};
use crate::socket::Address;
use crate::source::batch::Batch;
use crate::source::framing::{Cutter, FramingError};
use crate::source::window;
use crate::tls::Subject;

/// How long a peer may take to agree on the encryption.
const HANDSHAKE_MAX: Duration = Duration::from_secs(30);

/// A connection, and what has been read of it and is not a whole message yet.
pub(super) struct Connection {
    socket: socket2::Socket,
    tls: Option<Box<ServerConnection>>,
    introduction: Introduction,
    peer: Address,
    local: Address,
    cutter: Cutter,
}

/// Why the loop over a connection ended.
enum End {
    /// The daemon wants it so; the connection is as good as ever.
    Leave,
    /// The peer has closed it.
    Closed,
    /// Nothing came for `idle-timeout()`, or no handshake.
    Idle,
    /// It cannot be read.
    Failed(io::Error),
    /// Nobody said for whom the connection is.
    Proxy(ProxyError),
    /// What came makes no sense.
    Framing(FramingError),
}

impl Connection {
    /// A connection that was just accepted. Fails if it cannot be encrypted.
    pub(super) fn new(
        socket: socket2::Socket,
        peer: Address,
        local: Address,
        listening: &Listening,
    ) -> Result<Connection, rustls::Error> {
        let cutter = Cutter::new(listening.framing, listening.msg_size, listening.trim);
        let tls = listening.tls.clone().map(ServerConnection::new).transpose()?.map(Box::new);
        let introduction = match listening.proxy {
            Some(_) => Introduction::Awaited(Vec::new()),
            None => Introduction::None,
        };
        Ok(Connection { socket, tls, introduction, peer, local, cutter })
    }

    /// The same connection under a new configuration. It stays encrypted, or not, as it was.
    pub(super) fn resumed(self, listening: &Listening) -> Connection {
        Connection {
            cutter: self.cutter.resumed(listening.framing, listening.msg_size, listening.trim),
            ..self
        }
    }

    /// Reads it to its end, or until the source ends; then it comes back.
    pub(super) async fn serve(self, listening: &Listening, post: Post, leave: &Leave) -> Option<Connection> {
        let fd = self.socket.as_raw_fd();
        let Connection { socket, tls, mut introduction, peer, local, mut cutter } = self;
        let mut wire = match Wire::new(socket, tls) {
            Ok(wire) => wire,
            Err(error) => {
                tracing::error!(fd, client = %peer, local = %local, %error, "Cannot wait for connection");
                return None;
            }
        };
        let end = match begin(listening, &mut wire, &mut introduction, &peer, &local, leave).await {
            Ok(origin) => {
                let window = window(listening.window, post.flow_control());
                let mut batch = Batch::new(post, window, listening.parse.clone(), listening.encoding);
                let end = read(listening, &mut wire, &mut cutter, &mut batch, &origin, leave).await;
                if matches!(end, End::Closed)
                    && let Some(rest) = cutter.rest()
                {
                    batch.add(rest, time::now());
                    batch.post(&origin);
                }
                end
            }
            Err(end) => end,
        };
        match end {
            End::Leave => {
                let (socket, tls) = wire.into_parts();
                return Some(Connection { socket, tls, introduction, peer, local, cutter });
            }
            End::Closed => {}
            End::Idle => tracing::info!(fd, client = %peer, "Source timeout has elapsed, closing connection"),
            End::Failed(error) if is_about_tls(&error) => {
                tracing::error!(
                    tls_error = %error, location = %listening.location, client = %peer,
                    "SSL error while reading stream"
                );
            }
            End::Failed(error) => {
                tracing::error!(fd, error = %error, "I/O error occurred while reading");
            }
            End::Proxy(error) => {
                tracing::error!(fd, client = %peer, %error, "Error reading proxy header, closing connection");
            }
            End::Framing(FramingError::Header(header)) => {
                tracing::error!(header, peer_addr = %peer, local_addr = %local, "Invalid frame header");
            }
            End::Framing(FramingError::Length { limit, length }) => {
                tracing::error!(
                    log_msg_size = limit,
                    frame_length = length,
                    "Incoming frame larger than log_msg_size()"
                );
            }
        }
        wire.close();
        tracing::info!(fd, client = %peer, local = %local, "Syslog connection closed");
        None
    }
}

/// What comes before the first message: encryption, and who the peer is.
async fn begin(
    listening: &Listening,
    wire: &mut Wire,
    introduction: &mut Introduction,
    peer: &Address,
    local: &Address,
    leave: &Leave,
) -> Result<Arc<Origin>, End> {
    let agree = async {
        let place = listening.proxy.unwrap_or(Place::Inside);
        if place == Place::Outside {
            introduce(wire, place, introduction).await?;
        }
        wire.handshake().await.map_err(End::Failed)?;
        introduce(wire, Place::Inside, introduction).await
    };
    let proxied = tokio::select! {
        biased;
        () = leave.requested() => return Err(End::Leave),
        () = tokio::time::sleep(HANDSHAKE_MAX) => return Err(End::Idle),
        agreed = agree => agreed?,
    };
    let subject = wire.certificate().and_then(Subject::of);
    tokio::select! {
        biased;
        () = leave.requested() => Err(End::Leave),
        origin = origin::of_connection(listening, wire.socket(), peer, local, subject.as_ref(), proxied) => Ok(origin),
    }
}

/// Waits until the balancer has said for whom the connection is. What it has said is kept when the wait is given up.
async fn introduce(
    wire: &mut Wire,
    place: Place,
    introduction: &mut Introduction,
) -> Result<Option<Proxied>, End> {
    loop {
        let said = match introduction {
            Introduction::None => return Ok(None),
            Introduction::Known(proxied) => return Ok(*proxied),
            Introduction::Awaited(said) => said,
        };
        match proxy::read(said).map_err(End::Proxy)? {
            Header::Whole(proxied) => *introduction = Introduction::Known(proxied),
            Header::Missing(bytes) => {
                let mut room = vec![0; bytes];
                let read = match place {
                    Place::Outside => wire.read_plain(&mut room).await,
                    Place::Inside => wire.read(&mut room).await,
                };
                match read.map_err(End::Failed)? {
                    0 => return Err(End::Closed),
                    read => said.extend_from_slice(&room[..read]),
                }
            }
        }
    }
}

async fn read(
    listening: &Listening,
    wire: &mut Wire,
    cutter: &mut Cutter,
    batch: &mut Batch,
    origin: &Arc<Origin>,
    leave: &Leave,
) -> End {
    loop {
        // What was carried over a reload, or did not fit the window, comes before what is still to be read.
        let received = time::now();
        loop {
            if batch.is_full() {
                batch.post(origin);
                if batch.is_full() && !room(batch, leave).await {
                    return End::Leave;
                }
            }
            match cutter.next() {
                Ok(Some(line)) => batch.add(line, received),
                Ok(None) => break,
                Err(error) => {
                    batch.post(origin);
                    return End::Framing(error);
                }
            }
        }
        batch.post(origin);
        match fill(listening, wire, cutter, leave).await {
            Ok(()) => {}
            Err(end) => return end,
        }
    }
}

/// Waits until the window has room; false when the source is to end first.
pub(super) async fn room(batch: &mut Batch, leave: &Leave) -> bool {
    let window = batch.window().clone();
    tokio::select! {
        biased;
        () = leave.requested() => return false,
        () = std::future::poll_fn(|context| window.poll_room(context)) => {}
    }
    batch.look();
    true
}

/// Reads what is there, waiting for it.
async fn fill(listening: &Listening, wire: &mut Wire, cutter: &mut Cutter, leave: &Leave) -> Result<(), End> {
    let idle = async {
        match listening.idle_timeout {
            Some(timeout) => tokio::time::sleep(timeout).await,
            None => std::future::pending().await,
        }
    };
    let read = tokio::select! {
        biased;
        () = leave.requested() => return Err(End::Leave),
        read = wire.read(cutter.room()) => read,
        () = idle => return Err(End::Idle),
    };
    match read {
        Ok(0) => Err(End::Closed),
        Ok(bytes) => {
            cutter.filled(bytes);
            Ok(())
        }
        Err(error) => Err(End::Failed(error)),
    }
}
