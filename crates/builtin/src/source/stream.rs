//! A descriptor read to its end: standard input, a FIFO, a device.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use message::{Origin, time};
use pipeline::{Ack, Exit, Position, Window};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, read};

use super::batch::Batch;
use super::framing::Cutter;

/// Why reading ended.
#[derive(Debug)]
pub(super) enum End {
    /// There is nothing more, and there will not be.
    Eof,
    /// Exit is requested.
    Exit,
    /// It cannot be read.
    Failed(io::Error),
}

/// Reads `fd` until it ends. What is held back at its end, and was not ended by a line break, is a message too.
pub(super) fn read_all(
    fd: BorrowedFd<'_>,
    cutter: &mut Cutter,
    batch: &mut Batch,
    origin: &Arc<Origin>,
    exit: &Exit,
) -> End {
    loop {
        let plain = |_: &Cutter, window: &Arc<Window>, messages| window.take(messages, Position::default());
        if !post_lines(cutter, batch, origin, plain, exit) {
            return End::Exit;
        }
        let mut fds = [
            PollFd::from_borrowed_fd(fd, PollFlags::IN),
            PollFd::from_borrowed_fd(exit.as_fd(), PollFlags::IN),
        ];
        match poll(&mut fds, None) {
            Ok(_) if !fds[1].revents().is_empty() => return End::Exit,
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return End::Failed(error.into()),
        }
        if fds[0].revents().is_empty() {
            continue;
        }
        match read(fd, cutter.room()) {
            Ok(0) => {
                if let Some(rest) = cutter.rest() {
                    batch.add(rest, time::now());
                    batch.post(origin);
                }
                return End::Eof;
            }
            Ok(bytes) => cutter.filled(bytes),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(error) => return End::Failed(error.into()),
        }
    }
}

/// Posts the lines that have been read; false when exit is requested while the window is full.
///
/// `ack` makes the promise to answer for so many messages; what they were cut from begins with what is left.
pub(super) fn post_lines(
    cutter: &mut Cutter,
    batch: &mut Batch,
    origin: &Arc<Origin>,
    mut ack: impl FnMut(&Cutter, &Arc<Window>, u32) -> Ack,
    exit: &Exit,
) -> bool {
    let received = time::now();
    loop {
        if batch.is_full() {
            batch.post_with(origin, |window, messages| ack(cutter, window, messages));
            if batch.is_full() {
                if !batch.window().clone().wait(exit) {
                    return false;
                }
                batch.look();
            }
        }
        match cutter.next() {
            Ok(Some(line)) => batch.add(line, received),
            // Lines have no frames that could be wrong.
            Ok(None) | Err(_) => break,
        }
    }
    batch.post_with(origin, |window, messages| ack(cutter, window, messages));
    true
}
