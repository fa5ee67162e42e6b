//! `usertty()`: lines to the terminals of users that are logged in.

mod terminals;

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use conf::Options;
use conf::ast::Call;
use pipeline::{Compile, Destination, DestinationPlan, DestinationSpec, Flow, Outcome, SendError};
use rustix::fs::{FileType, Mode, OFlags, fstat};

use self::terminals::terminals;
use super::format::Format;
use crate::options::{Default, WriterOptions};

pub(super) const SPEC: DestinationSpec =
    DestinationSpec { names: &["usertty"], options: UserTtyOptions::DOCS, compile };

conf::options! {
    /// Show messages on the terminals of users that are logged in.
    pub struct UserTtyOptions {
        /// Name of the user; `*` for all.
        user: String = positional,
        /// What is written.
        writer: WriterOptions = flatten,
    }
}

/// Where the system says who is logged in, and at which terminal.
const LOGINS: &str = "/run/utmp";
/// Where the terminals are.
const DEVICES: &str = "/dev";

fn compile(call: &Call, cx: &mut Compile<'_>) -> Option<DestinationPlan> {
    let options = UserTtyOptions::read(call, cx.diagnostics)?;
    let format = options.writer.format(Default::File, cx)?;
    let destination = &options.writer.destination;
    let user = options.user.clone();
    Some(DestinationPlan {
        driver: "usertty",
        instance: user.clone(),
        persist_name: destination.persist_name(|| format!("usertty({user})")),
        fifo_size: destination.fifo_size(cx),
        time_reopen: destination.time_reopen(cx),
        workers: 1,
        retries: pipeline::destination::RETRIES,
        make: Box::new(move |_exit, _carry| {
            Box::new(UserTty {
                user: user.clone(),
                format: format.clone(),
                logins: LOGINS.into(),
                devices: DEVICES.into(),
            })
        }),
    })
}

/// The driver. A terminal that does not take a line misses it: nobody else waits for it.
struct UserTty {
    user: String,
    format: Format,
    logins: PathBuf,
    devices: PathBuf,
}

impl Destination for UserTty {
    fn open(&mut self) -> Result<(), SendError> {
        Ok(())
    }

    fn send(&mut self, batch: &Flow) -> Outcome {
        let mut text = Vec::new();
        let mut record = Vec::new();
        let mut pass = self.format.begin(batch.messages());
        for message in batch.messages() {
            record.clear();
            pass.render(message, &mut record);
            show(&record, &mut text);
        }
        // Where the system keeps no list, nobody is logged in.
        let logins = std::fs::read(&self.logins).unwrap_or_default();
        for line in terminals(&logins, &self.user) {
            let path = self.devices.join(line);
            if let Err(error) = write(&path, &text) {
                tracing::debug!(terminal = %path.display(), %error, "Terminal does not take messages");
            }
        }
        Outcome::Success
    }
}

fn write(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let fd = rustix::fs::open(path, flags, Mode::empty())?;
    if FileType::from_raw_mode(fstat(&fd)?.st_mode).is_file() {
        return Err(ErrorKind::InvalidInput.into());
    }
    File::from(fd).write_all(text)
}

/// Appends a record as a terminal may have it: what would steer the terminal is shown instead.
fn show(record: &[u8], text: &mut Vec<u8>) {
    for character in String::from_utf8_lossy(record).chars() {
        match character {
            '\n' => text.extend_from_slice(b"\r\n"),
            '\t' => text.push(b'\t'),
            control if control.is_control() => {
                text.extend(control.escape_unicode().map(|character| character as u8));
            }
            plain => text.extend_from_slice(plain.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::trial::said_about;

    #[test]
    fn nothing_steers_a_terminal() {
        let mut text = Vec::new();
        show("a\x1b[2Jb\u{9b}c\td\u{fc}\n".as_bytes(), &mut text);
        show(b"\xff\r\n", &mut text);
        let expected = "a\\u{1b}[2Jb\\u{9b}c\tdü\r\n\u{fffd}\\u{d}\r\n";
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }

    #[test]
    fn a_regular_file_is_no_terminal() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, "kept").unwrap();
        assert!(write(&path, b"line").is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"kept");
    }

    #[test]
    fn a_terminal_gets_the_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tty");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, Mode::from_raw_mode(0o600)).unwrap();
        let mut reader = File::options().read(true).write(true).open(&path).unwrap();
        write(&path, b"line\r\n").unwrap();
        let mut text = [0; 6];
        reader.read_exact(&mut text).unwrap();
        assert_eq!(&text, b"line\r\n");
    }

    #[test]
    fn it_is_configured_as_debian_does() {
        assert_eq!(said_about("destination d_all { usertty(\"*\"); };"), "");
        assert!(said_about("destination d { usertty(); };").contains("user"));
    }
}
