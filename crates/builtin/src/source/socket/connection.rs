//! One connection of a stream source.

use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::sync::Arc;

use message::{Origin, time};
use pipeline::Post;
use tokio::io::unix::AsyncFd;

use super::{Leave, Listening, origin, watch};
use crate::socket::Address;
use crate::source::batch::Batch;
use crate::source::framing::{Cutter, FramingError};
use crate::source::window;

/// A connection, and what has been read of it and is not a whole message yet.
pub(super) struct Connection {
    socket: socket2::Socket,
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
    /// Nothing came for `idle-timeout()`.
    Idle,
    /// It cannot be read.
    Failed(io::Error),
    /// What came makes no sense.
    Framing(FramingError),
}

impl Connection {
    /// A connection that was just accepted.
    pub(super) fn new(
        socket: socket2::Socket,
        peer: Address,
        local: Address,
        listening: &Listening,
    ) -> Connection {
        let cutter = Cutter::new(listening.framing, listening.msg_size, listening.trim);
        Connection { socket, peer, local, cutter }
    }

    /// The same connection under a new configuration.
    pub(super) fn resumed(self, listening: &Listening) -> Connection {
        Connection {
            cutter: self.cutter.resumed(listening.framing, listening.msg_size, listening.trim),
            ..self
        }
    }

    /// Reads it to its end, or until the source ends; then it comes back.
    pub(super) async fn serve(self, listening: &Listening, post: Post, leave: &Leave) -> Option<Connection> {
        let fd = self.socket.as_raw_fd();
        let Connection { socket, peer, local, mut cutter } = self;
        let socket = match watch(socket) {
            Ok(socket) => socket,
            Err(error) => {
                tracing::error!(fd, client = %peer, local = %local, %error, "Cannot wait for connection");
                return None;
            }
        };
        let origin = tokio::select! {
            origin = origin::of_connection(listening, socket.get_ref(), &peer, &local) => origin,
            () = leave.requested() => {
                return Some(Connection { socket: socket.into_inner(), peer, local, cutter });
            }
        };
        let window = window(listening.window, post.flow_control());
        let mut batch = Batch::new(post, window, listening.parse.clone(), listening.encoding);
        match read(listening, &socket, &mut cutter, &mut batch, &origin, leave).await {
            End::Leave => return Some(Connection { socket: socket.into_inner(), peer, local, cutter }),
            End::Closed => {
                if let Some(rest) = cutter.rest() {
                    batch.add(rest, time::now());
                    batch.post(&origin);
                }
            }
            End::Idle => tracing::info!(fd, client = %peer, "Source timeout has elapsed, closing connection"),
            End::Failed(error) => {
                tracing::error!(fd, error = %error, "I/O error occurred while reading");
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
        tracing::info!(fd, client = %peer, local = %local, "Syslog connection closed");
        None
    }
}

async fn read(
    listening: &Listening,
    socket: &AsyncFd<socket2::Socket>,
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
        match fill(listening, socket, cutter, leave).await {
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
async fn fill(
    listening: &Listening,
    socket: &AsyncFd<socket2::Socket>,
    cutter: &mut Cutter,
    leave: &Leave,
) -> Result<(), End> {
    loop {
        let idle = async {
            match listening.idle_timeout {
                Some(timeout) => tokio::time::sleep(timeout).await,
                None => std::future::pending().await,
            }
        };
        let mut ready = tokio::select! {
            biased;
            () = leave.requested() => return Err(End::Leave),
            ready = socket.readable() => ready.map_err(End::Failed)?,
            () = idle => return Err(End::Idle),
        };
        let room = cutter.room();
        match ready.try_io(|socket| socket.get_ref().read(room)) {
            Ok(Ok(0)) => return Err(End::Closed),
            Ok(Ok(bytes)) => {
                cutter.filled(bytes);
                return Ok(());
            }
            Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(Err(error)) => return Err(End::Failed(error)),
            Err(_would_block) => {}
        }
    }
}
