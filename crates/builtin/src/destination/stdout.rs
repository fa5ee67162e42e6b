//! `stdout()`: lines to the daemon's standard output.

use conf::Options;
use conf::ast::Call;
use pipeline::{Compile, DestinationPlan, DestinationSpec};

use super::file::File;
use crate::options::{Default, WriterOptions};

pub(super) const SPEC: DestinationSpec =
    DestinationSpec { names: &["stdout"], options: WriterOptions::DOCS, compile };

fn compile(call: &Call, cx: &mut Compile<'_>) -> Option<DestinationPlan> {
    let options = WriterOptions::read(call, cx.diagnostics)?;
    let format = options.format(Default::File, cx)?;
    Some(DestinationPlan {
        driver: "stdout",
        instance: "stdout".to_owned(),
        persist_name: options.destination.persist_name(|| "affile_dd_writers(stdout)".to_owned()),
        fifo_size: options.destination.fifo_size(cx),
        time_reopen: options.destination.time_reopen(cx),
        workers: 1,
        retries: pipeline::destination::RETRIES,
        make: Box::new(move |exit, _carry| Box::new(File::stdout(format.clone(), exit))),
    })
}
