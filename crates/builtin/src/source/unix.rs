//! `unix-stream()` and `unix-dgram()`: messages from programs on this machine.

use std::num::NonZeroU32;
use std::path::PathBuf;

use conf::Options;
use conf::ast::Call;
use conf::options::{Permissions, Seconds, Spanned};
use message::syslog::ParseFlags;
use pipeline::{Compile, SourcePlan, SourceSpec};

use super::framing::Framing;
use super::network::per_connection;
use super::socket::{Listening, SocketFile, SocketSource};
use crate::options::{NoEffect, ReaderOptions};
use crate::owner;
use crate::resolver::Resolving;
use crate::socket::{Address, Transport, Tuning};

pub(super) const STREAM: SourceSpec = SourceSpec {
    names: &["unix-stream"],
    options: UnixOptions::DOCS,
    compile: |call, cx| compile("unix-stream", Transport::Stream, call, cx),
};
pub(super) const DGRAM: SourceSpec = SourceSpec {
    names: &["unix-dgram"],
    options: UnixOptions::DOCS,
    compile: |call, cx| compile("unix-dgram", Transport::Datagram, call, cx),
};

conf::options! {
    /// Take messages from a Unix socket, such as `/dev/log`.
    pub struct UnixOptions {
        /// Name of the socket.
        path: PathBuf = positional,
        /// How messages are read.
        reader: ReaderOptions = flatten,
        /// Create missing parent directories.
        create_dirs: bool = inherit,
        /// Owner of the socket.
        owner: Option<Spanned<String>> = None,
        /// Group of the socket.
        group: Option<Spanned<String>> = None,
        /// Permissions of the socket.
        perm: Permissions = Permissions(Some(0o666)),
        /// Start even if the socket cannot be made.
        optional: bool = false,
        /// Ask the system who sends: `.unix.pid` and the like.
        so_passcred: bool = true,
        /// Bytes that the system may keep of what has come.
        so_rcvbuf: usize = inherit,
        /// Connections at a time.
        max_connections: NonZeroU32 = MAX_CONNECTIONS,
        /// Connections that may wait to be accepted.
        listen_backlog: u16 = 255,
        /// Keep connections open over a reload.
        keep_alive: bool = true,
        /// Seconds after which a silent connection is closed; 0 for never.
        idle_timeout: Seconds = Seconds::new(0),
        /// Obsolete form of `so-passcred()`.
        pass_unix_credentials: NoEffect = inherit,
    }
}

/// `max-connections()` where nobody says otherwise.
const MAX_CONNECTIONS: NonZeroU32 = NonZeroU32::new(256).unwrap();

fn compile(
    driver: &'static str,
    transport: Transport,
    call: &Call,
    cx: &mut Compile<'_>,
) -> Option<SourcePlan> {
    let options = UnixOptions::read(call, cx.diagnostics)?;
    // Programs on this machine do not say which machine it is.
    let base = ParseFlags::default().without(ParseFlags::EXPECT_HOSTNAME);
    let mut reading = options.reader.resolve(base, cx, call.span);
    reading.parse.local = true;
    let file = SocketFile {
        create_dirs: options.create_dirs.unwrap_or(cx.globals.create_dirs),
        owner: owner::user(&options.owner, cx.diagnostics),
        group: owner::group(&options.group, cx.diagnostics),
        perm: options.perm.0,
        optional: options.optional,
    };
    let connections = options.max_connections.get();
    let listening = Listening {
        driver,
        address: Address::Unix(Some(options.path.clone())),
        transport,
        tuning: Tuning {
            receive_buffer: options.so_rcvbuf.filter(|bytes| *bytes > 0),
            passcred: options.so_passcred && !reading.parse.flags.has(ParseFlags::IGNORE_AUX_DATA),
            ..Tuning::default()
        },
        proxy: None,
        tls: None,
        backlog: i32::from(options.listen_backlog),
        max_connections: connections as usize,
        keep_alive: options.keep_alive,
        idle_timeout: (options.idle_timeout.as_f64() > 0.0).then(|| options.idle_timeout.duration()),
        framing: Framing::Text,
        msg_size: reading.msg_size,
        trim: reading.trim,
        window: match transport {
            Transport::Stream => per_connection(reading.common.window, connections, call, cx),
            Transport::Datagram => reading.common.window,
        },
        transport_name: match transport {
            Transport::Stream => "local+unix-stream",
            Transport::Datagram => "local+unix-dgram",
        },
        parse: reading.parse,
        encoding: reading.encoding,
        base: reading.common.origin,
        resolving: Resolving::new(&options.reader.source, cx),
        file,
        statement: cx.statement.clone(),
        location: cx.location(call),
    };
    Some(SourcePlan {
        driver,
        instance: options.path.display().to_string(),
        persist_name: listening.persist_name(options.reader.source.persist_name.clone()),
        stamping: reading.common.stamping,
        make: Box::new(move || Box::new(SocketSource::new(listening.clone()))),
        about: None,
    })
}
