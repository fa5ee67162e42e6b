//! `stdin()`: lines from the daemon's standard input.

use std::os::fd::AsFd;

use conf::Options;
use conf::ast::Call;
use message::Builtin;
use message::syslog::ParseFlags;
use pipeline::{Compile, Exit, Post, Source, SourcePlan, SourceSpec};

use super::batch::Batch;
use super::framing::{Cutter, Framing};
use super::stream::{End, read_all};
use crate::options::{MultiLineOptions, ReaderOptions, Reading};
use crate::resolver::own_host;
use crate::source::end_daemon;

pub(super) const SPEC: SourceSpec = SourceSpec { names: &["stdin"], options: StdinOptions::DOCS, compile };

conf::options! {
    /// Read messages from standard input.
    pub struct StdinOptions {
        /// How messages are read.
        reader: ReaderOptions = flatten,
        /// How lines are glued together.
        multi_line: MultiLineOptions = flatten,
    }
}

fn compile(call: &Call, cx: &mut Compile<'_>) -> Option<SourcePlan> {
    let options = StdinOptions::read(call, cx.diagnostics)?;
    let mut reading = options.reader.resolve(ParseFlags::default(), cx, call.span);
    reading.parse.local = true;
    let host = own_host(&options.reader.source, cx);
    Some(SourcePlan {
        driver: "stdin",
        instance: "stdin".to_owned(),
        persist_name: Some(options.reader.source.persist_name.clone().unwrap_or_else(|| "stdin".to_owned())),
        stamping: reading.common.stamping.clone(),
        make: Box::new(move || {
            Box::new(Stdin { reading: reading.clone(), host: host.clone(), cutter: None })
        }),
        about: None,
    })
}

struct Stdin {
    reading: Reading,
    host: String,
    /// What was read and is not a whole line yet.
    cutter: Option<Cutter>,
}

const CARRY: &str = "stdin";

impl Source for Stdin {
    fn init(&mut self, setup: &mut pipeline::Setup<'_>) -> Result<(), pipeline::StartError> {
        let new = || Cutter::new(Framing::Text, self.reading.msg_size, false);
        let carried = setup.carry.take::<Cutter>(CARRY);
        self.cutter =
            Some(carried.map_or_else(new, |old| old.resumed(Framing::Text, self.reading.msg_size, false)));
        Ok(())
    }

    fn run(&mut self, post: Post, exit: &Exit) {
        let Some(cutter) = &mut self.cutter else { return };
        let origin = self.reading.common.origin.origin(&self.host, &[(Builtin::Transport, b"local+stdin")]);
        let window = super::window(self.reading.common.window, post.flow_control());
        let mut batch = Batch::new(post, window, self.reading.parse.clone(), self.reading.encoding);
        match read_all(std::io::stdin().as_fd(), cutter, &mut batch, &origin, exit) {
            End::Exit => {}
            End::Eof if self.reading.parse.flags.has(ParseFlags::EXIT_ON_EOF) => end_daemon("stdin"),
            End::Eof => tracing::debug!("Standard input has ended"),
            End::Failed(error) => tracing::error!(%error, "I/O error occurred while reading standard input"),
        }
    }

    fn deinit(&mut self, carry: &mut pipeline::Carry, _deadline: std::time::Instant) {
        if let Some(cutter) = self.cutter.take() {
            carry.put(CARRY, cutter);
        }
    }
}
