//! `internal()`: what the daemon says about itself.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use conf::Options;
use conf::ast::Call;
use message::record::{self, Entry, Head, RecordFlags};
use message::{Builtin, Name, Origin, ValueType};
use pipeline::internal::{self, InternalMessage};
use pipeline::options::{SourceCommon, SourceOptions};
use pipeline::{Compile, Exit, Post, Source, SourcePlan, SourceSpec};
use rustix::event::{PollFd, PollFlags, poll};

use super::batch::Batch;
use crate::options::NoEffect;
use crate::resolver::own_host;

pub(super) const SPEC: SourceSpec =
    SourceSpec { names: &["internal"], options: InternalOptions::DOCS, compile };

conf::options! {
    /// Collect the daemon's own messages.
    pub struct InternalOptions {
        /// Options of all sources.
        source: SourceOptions = flatten,
        /// Messages that wait for this source.
        log_fifo_size: NoEffect = inherit,
    }
}

fn compile(call: &Call, cx: &mut Compile<'_>) -> Option<SourcePlan> {
    let options = InternalOptions::read(call, cx.diagnostics)?;
    let common = options.source.resolve(cx, call.span);
    let host = own_host(&options.source, cx);
    Some(SourcePlan {
        driver: "internal",
        instance: String::new(),
        persist_name: options.source.persist_name.clone(),
        stamping: common.stamping.clone(),
        make: Box::new(move || Box::new(Internal { common: common.clone(), host: host.clone() })),
        about: None,
    })
}

struct Internal {
    common: SourceCommon,
    host: String,
}

/// How long the source sleeps where nothing tells it of a message.
const LOOK: Duration = Duration::from_millis(50);

impl Source for Internal {
    fn run(&mut self, post: Post, exit: &Exit) {
        let log = internal::log();
        log.add_reader();
        let origin = self.common.origin.origin(&self.host, &[]);
        let window = super::window(self.common.window, post.flow_control());
        let mut batch = Batch::new(post, window.clone(), Default::default(), None);
        let pid = std::process::id().to_string();
        while !exit.requested() {
            forward(log.take(Duration::ZERO), &pid, &mut batch, &origin);
            if !window.wait(exit) {
                break;
            }
            let Some(bell) = log.bell() else {
                exit.wait(LOOK);
                continue;
            };
            let mut fds = [
                PollFd::from_borrowed_fd(bell, PollFlags::IN),
                PollFd::from_borrowed_fd(exit.as_fd(), PollFlags::IN),
            ];
            // Interrupted or not: what is there is looked at.
            let _ = poll(&mut fds, None);
        }
        // How the sources around end is worth a line too.
        forward(log.take(Duration::ZERO), &pid, &mut batch, &origin);
        log.remove_reader();
    }
}

fn forward(messages: Vec<InternalMessage>, pid: &str, batch: &mut Batch, origin: &Arc<Origin>) {
    for message in messages {
        let entry = |builtin, value| Entry { name: Name::Builtin(builtin), value, kind: ValueType::String };
        let head = Head { flags: RecordFlags::LOCAL.with(RecordFlags::UTF8), ..message.head };
        batch.add_with(|out| {
            record::encode(
                out,
                &head,
                &[
                    entry(Builtin::Message, message.text.as_bytes()),
                    entry(Builtin::Program, b"syslog-ng"),
                    entry(Builtin::Pid, pid.as_bytes()),
                ],
            );
        });
    }
    batch.post(origin);
}

#[cfg(test)]
mod tests {
    use message::Head;
    use pipeline::internal::{self, InternalMessage};

    use crate::trial::Trial;

    // The log is one for the process: no other test here writes to it.
    #[test]
    fn what_the_daemon_says_is_a_message() {
        let put = |text: &str| {
            internal::log()
                .put(InternalMessage { head: Head { pri: 46, ..Head::default() }, text: text.to_owned() });
        };
        put("before the start; a='1'");
        let conf = r#"log { source { internal(tags("own")); };
            destination { file("DIR/log" template("$PRI $HOST $PROGRAM $MSG $SEQNUM\n")); }; };"#;
        let trial = Trial::start(conf);
        put("while it runs");
        let host = message::host::short();
        let expected =
            format!("46 {host} syslog-ng before the start; a='1' 1\n46 {host} syslog-ng while it runs 2\n");
        trial.wait_for_text("log", &expected);
        assert!(internal::log().is_read());
        let begin = std::time::Instant::now();
        drop(trial);
        assert!(begin.elapsed() < std::time::Duration::from_secs(5));
        assert!(!internal::log().is_read());
    }
}
