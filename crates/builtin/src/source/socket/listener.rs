//! The listener of a stream source, and its connections.

use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use pipeline::{Counter, Post};
use tokio::task::JoinSet;

use super::connection::Connection;
use super::{Leave, Listening, Open, watch};
use crate::socket::Address;

/// How long nobody is accepted after the system had no descriptor left for it.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);
/// Connections accepted at once before those that are there get their turn.
const ACCEPTS_MAX: usize = 16;

/// Accepts and reads connections until the source ends; what is open then comes back.
pub(super) async fn serve(
    listening: &Arc<Listening>,
    open: Open,
    post: Post,
    leave: Leave,
    count: Counter,
) -> io::Result<Open> {
    let Open { socket, local, connections } = open;
    let socket = watch(socket)?;
    let mut tasks = JoinSet::new();
    let start = |tasks: &mut JoinSet<Option<Connection>>, connection: Connection| {
        let (listening, post, leave) = (listening.clone(), post.clone(), leave.clone());
        tasks.spawn_local(async move { connection.serve(&listening, post, &leave).await });
        count.set(tasks.len() as u64);
    };
    for connection in connections {
        start(&mut tasks, connection.resumed(listening));
    }
    loop {
        tokio::select! {
            biased;
            () = leave.requested() => break,
            Some(_) = tasks.join_next() => count.set(tasks.len() as u64),
            ready = socket.readable() => {
                let mut ready = ready?;
                for _ in 0..ACCEPTS_MAX {
                    match ready.try_io(|socket| socket.get_ref().accept()) {
                        Ok(Ok((socket, peer))) => {
                            let peer = Address::of(&peer);
                            if let Some(connection) = admit(listening, socket, peer, &local, tasks.len()) {
                                start(&mut tasks, connection);
                            }
                        }
                        Ok(Err(error)) => {
                            pause_after(&local, &error).await;
                            break;
                        }
                        Err(_would_block) => break,
                    }
                }
            }
        }
    }
    let mut connections = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        connections.extend(ended.ok().flatten());
    }
    Ok(Open { socket: socket.into_inner(), local, connections })
}

/// A connection that there is room for.
fn admit(
    listening: &Listening,
    socket: socket2::Socket,
    peer: Address,
    listener: &Address,
    open: usize,
) -> Option<Connection> {
    let local = socket.local_addr().map_or_else(|_| listener.clone(), |address| Address::of(&address));
    if open >= listening.max_connections {
        tracing::error!(
            client = %peer, local = %local, group_name = %listening.statement, location = %listening.location,
            max = listening.max_connections,
            "Number of allowed concurrent connections reached, rejecting connection"
        );
        return None;
    }
    let prepared = socket.set_nonblocking(true).and_then(|()| match peer {
        Address::Inet(_) => listening.tuning.keep_alive(&socket),
        Address::Unix(_) => Ok(()),
    });
    if let Err(error) = prepared {
        tracing::error!(client = %peer, local = %local, %error, "Error preparing connection");
        return None;
    }
    tracing::info!(fd = socket.as_raw_fd(), client = %peer, local = %local, "Syslog connection accepted");
    let fd = socket.as_raw_fd();
    match Connection::new(socket, peer, local, listening) {
        Ok(connection) => Some(connection),
        Err(error) => {
            tracing::error!(fd, %error, "Cannot encrypt connection");
            None
        }
    }
}

/// A client that left before it was accepted is nothing; a system without descriptors wants patience.
async fn pause_after(local: &Address, error: &io::Error) {
    if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted) {
        return;
    }
    tracing::error!(local = %local, %error, "Error accepting new connection");
    tokio::time::sleep(EXHAUSTED_PAUSE).await;
}
