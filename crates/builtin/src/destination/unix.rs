//! `unix-stream()` and `unix-dgram()`: messages to a socket of this machine.

use std::path::PathBuf;

use conf::Options;
use conf::ast::Call;
use pipeline::{Compile, DestinationPlan, DestinationSpec};

use super::peer::{Peer, Place, Target};
use crate::options::{Default, NoEffect, WriterOptions};
use crate::socket::{Transport, Tuning};

pub(super) const STREAM: DestinationSpec = DestinationSpec {
    names: &["unix-stream"],
    options: UnixOptions::DOCS,
    compile: |call, cx| compile("unix-stream", Transport::Stream, call, cx),
};
pub(super) const DGRAM: DestinationSpec = DestinationSpec {
    names: &["unix-dgram"],
    options: UnixOptions::DOCS,
    compile: |call, cx| compile("unix-dgram", Transport::Datagram, call, cx),
};

conf::options! {
    /// Send messages to a Unix socket.
    pub struct UnixOptions {
        /// Name of the socket.
        path: PathBuf = positional,
        /// What is written.
        writer: WriterOptions = flatten,
        /// Bytes that the system may keep of what is to go.
        so_sndbuf: usize = inherit,
        /// Keep the connection over a reload.
        keep_alive: NoEffect = inherit,
    }
}

fn compile(
    name: &'static str,
    transport: Transport,
    call: &Call,
    cx: &mut Compile<'_>,
) -> Option<DestinationPlan> {
    let options = UnixOptions::read(call, cx.diagnostics)?;
    let format = options.writer.format(Default::Proto, cx)?;
    let destination = &options.writer.destination;
    let path = options.path.display().to_string();
    let target = Target {
        transport,
        tuning: Tuning { send_buffer: options.so_sndbuf.filter(|bytes| *bytes > 0), ..Tuning::default() },
        tls: None,
        bind: None,
        time_reopen: destination.time_reopen(cx),
        place: Place::Path(options.path.clone()),
    };
    let made_up = format!("afsocket_dd_qfile({},localhost.afunix:{path})", transport.as_str());
    Some(DestinationPlan {
        driver: name,
        instance: format!("{name},localhost.afunix:{path}"),
        persist_name: destination.persist_name(|| made_up),
        fifo_size: destination.fifo_size(cx),
        time_reopen: target.time_reopen,
        workers: 1,
        retries: pipeline::destination::RETRIES,
        make: Box::new(move |exit, _carry| Box::new(Peer::new(target.clone(), format.clone(), false, exit))),
    })
}
