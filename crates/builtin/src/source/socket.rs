//! Sockets that messages come in by: listeners with their connections, and sockets for datagrams.
//!
//! Each socket source has one thread, and on it a runtime that waits for all its connections at once. Sockets and
//! live connections outlive a reload.

mod connection;
mod datagrams;
mod listener;
mod origin;
pub(super) mod proxy;
mod wire;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use message::syslog::ParseOptions;
use pipeline::{Carry, Counter, Exit, OriginBase, Post, Setup, Source, StartError};

use self::connection::Connection;
use super::framing::Framing;
use crate::owner;
use crate::resolver::Resolving;
use crate::socket::leave::{Leave, watch, watch_for};
use crate::socket::{self, Address, Transport, Tuning};

/// How a source listens and reads.
#[derive(Clone)]
pub(super) struct Listening {
    /// Driver, for the counters: `network`.
    pub(super) driver: &'static str,
    /// Where.
    pub(super) address: Address,
    /// Stream or datagrams.
    pub(super) transport: Transport,
    /// What is set on the socket.
    pub(super) tuning: Tuning,
    /// Where a balancer says for whom it connects, if one is expected.
    pub(super) proxy: Option<proxy::Place>,
    /// How new connections are encrypted.
    pub(super) tls: Option<Arc<rustls::ServerConfig>>,
    /// `listen-backlog()`
    pub(super) backlog: i32,
    /// `max-connections()`
    pub(super) max_connections: usize,
    /// `keep-alive()`: whether connections outlive a reload.
    pub(super) keep_alive: bool,
    /// `idle-timeout()`
    pub(super) idle_timeout: Option<Duration>,
    /// How records are told apart in a stream.
    pub(super) framing: Framing,
    /// `log-msg-size()`
    pub(super) msg_size: usize,
    /// `trim-large-messages()`
    pub(super) trim: bool,
    /// `log-iw-size()` of one connection, where it is given.
    pub(super) window: Option<u32>,
    /// `TRANSPORT` of its messages.
    pub(super) transport_name: &'static str,
    /// How a message is read.
    pub(super) parse: ParseOptions,
    /// What lines are converted from.
    pub(super) encoding: Option<&'static encoding_rs::Encoding>,
    /// What all messages share.
    pub(super) base: OriginBase,
    /// How addresses become host names.
    pub(super) resolving: Resolving,
    /// Of a Unix socket's file.
    pub(super) file: SocketFile,
    /// Name and place of the driver, for messages to the administrator.
    pub(super) statement: String,
    pub(super) location: String,
}

/// How the file of a Unix socket is made.
#[derive(Clone, Debug, Default)]
pub(super) struct SocketFile {
    pub(super) create_dirs: bool,
    pub(super) owner: Option<u32>,
    pub(super) group: Option<u32>,
    pub(super) perm: Option<u32>,
    /// `optional()`: a socket that cannot be made is no reason not to start.
    pub(super) optional: bool,
}

/// A socket source.
pub(super) struct SocketSource {
    listening: Arc<Listening>,
    open: Option<Open>,
    connections: Option<Counter>,
    flow_control: bool,
}

/// What outlives a reload.
pub(super) struct Open {
    socket: socket2::Socket,
    /// Where it is bound: the port too, where the system chose it.
    local: Address,
    connections: Vec<Connection>,
}

impl SocketSource {
    /// A source that is not bound yet.
    pub(super) fn new(listening: Listening) -> SocketSource {
        SocketSource { listening: Arc::new(listening), open: None, connections: None, flow_control: true }
    }
}

impl Listening {
    /// `stream,AF_INET(0.0.0.0:514)`: names the socket in counters and over reloads.
    pub(super) fn key(&self) -> String {
        format!("{},{}", self.transport.as_str(), self.address)
    }

    /// The name that says two sources want one socket; where they may share it, or the system chooses it, there is
    /// none.
    pub(super) fn persist_name(&self, given: Option<String>) -> Option<String> {
        let chosen = matches!(&self.address, Address::Inet(inet) if inet.port() == 0);
        let made_up =
            || (!self.tuning.reuse_port && !chosen).then(|| format!("afsocket_sd.({})", self.key()));
        given.or_else(made_up)
    }

    fn carry_key(&self) -> String {
        format!("listen:{}", self.key())
    }

    fn bind(&self) -> io::Result<Open> {
        let socket = socket::new(&self.address, self.transport, &self.tuning)?;
        match &self.address {
            Address::Inet(_) => {
                if self.transport == Transport::Stream {
                    // A listener that was closed a minute ago does not keep its port.
                    socket.set_reuse_address(true)?;
                }
                socket.bind(&self.address.to_socket()?)?;
            }
            Address::Unix(Some(path)) => self.bind_path(&socket, path)?,
            Address::Unix(None) => return Err(io::ErrorKind::InvalidInput.into()),
        }
        if self.transport == Transport::Stream {
            socket.listen(self.backlog)?;
        }
        let local = Address::of(&socket.local_addr()?);
        Ok(Open { socket, local, connections: Vec::new() })
    }

    fn bind_path(&self, socket: &socket2::Socket, path: &PathBuf) -> io::Result<()> {
        use std::os::unix::fs::FileTypeExt;
        if self.file.create_dirs
            && let Some(dir) = path.parent()
        {
            std::fs::create_dir_all(dir)?;
        }
        // The file of a daemon that is gone; anything but a socket is not ours to remove.
        if std::fs::symlink_metadata(path).is_ok_and(|data| data.file_type().is_socket()) {
            std::fs::remove_file(path)?;
        }
        socket.bind(&self.address.to_socket()?)?;
        owner::apply(path, self.file.owner, self.file.group, self.file.perm)
    }
}

impl Source for SocketSource {
    fn init(&mut self, setup: &mut Setup<'_>) -> Result<(), StartError> {
        let listening = &self.listening;
        self.flow_control = setup.flow_control;
        let component = format!("src.{}", listening.driver);
        let instance = format!("afsocket_sd.({})", listening.key());
        self.connections =
            Some(setup.metrics.counter(&component, &listening.statement, &instance, "connections"));
        if let Some(open) = setup.carry.take::<Open>(&listening.carry_key()) {
            self.open = Some(open);
            return Ok(());
        }
        match listening.bind() {
            Ok(open) => {
                tracing::info!(addr = %open.local, "Accepting connections");
                self.open = Some(open);
                Ok(())
            }
            Err(error) if listening.file.optional => {
                tracing::warn!(addr = %listening.address, %error, "Error binding socket, going on without it");
                Ok(())
            }
            Err(error) => {
                tracing::error!(addr = %listening.address, %error, "Error binding socket");
                Err(StartError::new(format!("cannot bind {}: {error}", listening.address)))
            }
        }
    }

    fn run(&mut self, post: Post, exit: &Exit) {
        let Some(open) = self.open.take() else {
            while !exit.wait(Duration::from_secs(3600)) {}
            return;
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => {
                tracing::error!(source = post.id(), %error, "Cannot wait for connections");
                return;
            }
        };
        let count = self.connections.clone().unwrap_or_default();
        let served = tokio::task::LocalSet::new().block_on(&runtime, async {
            let exit = Leave::new(exit)?;
            match self.listening.transport {
                Transport::Stream => listener::serve(&self.listening, open, post, exit, count).await,
                Transport::Datagram => datagrams::serve(&self.listening, open, post, exit).await,
            }
        });
        match served {
            Ok(open) => self.open = Some(open),
            Err(error) => tracing::error!(addr = %self.listening.address, %error, "Socket failed"),
        }
    }

    fn deinit(&mut self, carry: &mut Carry, _deadline: Instant) {
        if let Some(mut open) = self.open.take() {
            if !self.listening.keep_alive {
                open.connections.clear();
            }
            carry.put(self.listening.carry_key(), open);
        }
    }
}

#[cfg(test)]
mod tests;
