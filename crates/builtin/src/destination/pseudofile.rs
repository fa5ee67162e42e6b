//! `pseudofile()`: each message to a file that is opened anew for it, such as one of `/proc` or `/sys`.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use conf::Options;
use conf::ast::Call;
use pipeline::{Compile, Destination, DestinationPlan, DestinationSpec, Flow, Outcome, SendError};

use super::format::Format;
use crate::options::{Default, WriterOptions};

pub(super) const SPEC: DestinationSpec =
    DestinationSpec { names: &["pseudofile"], options: PseudofileOptions::DOCS, compile };

conf::options! {
    /// Write each message to a file that is opened for it, and closed again: files of `/proc` and `/sys`.
    pub struct PseudofileOptions {
        /// Name of the file. It must exist.
        path: PathBuf = positional,
        /// What is written.
        writer: WriterOptions = flatten,
    }
}

fn compile(call: &Call, cx: &mut Compile<'_>) -> Option<DestinationPlan> {
    let options = PseudofileOptions::read(call, cx.diagnostics)?;
    let format = options.writer.format(Default::File, cx)?;
    let destination = &options.writer.destination;
    let path = options.path.clone();
    let name = path.display().to_string();
    Some(DestinationPlan {
        driver: "pseudofile",
        persist_name: destination.persist_name(|| format!("pseudofile({name})")),
        instance: name,
        fifo_size: destination.fifo_size(cx),
        time_reopen: destination.time_reopen(cx),
        workers: 1,
        retries: pipeline::destination::RETRIES,
        make: Box::new(move |_exit, _carry| {
            Box::new(Pseudofile { path: path.clone(), format: format.clone() })
        }),
    })
}

/// The driver. A message that cannot be written is tried again after `time-reopen()`, with all behind it.
struct Pseudofile {
    path: PathBuf,
    format: Format,
}

impl Destination for Pseudofile {
    fn open(&mut self) -> Result<(), SendError> {
        Ok(())
    }

    fn send(&mut self, batch: &Flow) -> Outcome {
        let mut record = Vec::new();
        let mut pass = self.format.begin(batch.messages());
        for (done, message) in batch.messages().enumerate() {
            record.clear();
            pass.render(message, &mut record);
            // One write call a message: that is how such files tell them apart.
            let failed = match OpenOptions::new().write(true).open(&self.path) {
                Ok(mut file) => file.write(&record).err(),
                Err(error) => Some(error),
            };
            let Some(error) = failed else { continue };
            let rest = batch.split_at(done).1;
            self.format.take_back(&rest);
            if done > 0 {
                return Outcome::Partly(rest);
            }
            let what = format!("cannot write to {}: {error}", self.path.display());
            return Outcome::NotConnected(SendError::new(what));
        }
        Outcome::Success
    }
}

#[cfg(test)]
mod tests {
    use crate::trial::Trial;

    #[test]
    fn each_message_is_written_from_the_beginning() {
        let trial = Trial::start(
            "log { source { example-msg-generator(num(3) freq(0) template(\"hello\")); };
                   destination { pseudofile(\"DIR/value\" template(\"$MSG $SEQNUM\") flags(seqnum-all)
                     time-reopen(0.02)); }; flags(flow-control); };",
        );
        // What does not exist is waited for, and never made.
        trial.wait("a message that waits", |trial| {
            (trial.count("dst.pseudofile", "queued") > 0).then_some(())
        });
        assert!(!trial.path("value").exists());
        std::fs::write(trial.path("value"), "").unwrap();
        trial.wait_for_text("value", "hello 3");
        assert_eq!(trial.stop().count("dst.pseudofile", "written"), 3);
    }
}
