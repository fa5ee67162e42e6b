//! Descriptors on a runtime, and the request to end among them.

use std::io;
use std::sync::Arc;

use pipeline::Exit;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// The request to end, for tasks.
#[derive(Clone)]
pub(crate) struct Leave(Arc<AsyncFd<std::os::fd::OwnedFd>>, Exit);

impl Leave {
    /// For the runtime that this is called on.
    pub(crate) fn new(exit: &Exit) -> io::Result<Leave> {
        use std::os::fd::AsFd;
        let fd = exit.as_fd().try_clone_to_owned()?;
        let fd = watch(fd)?;
        Ok(Leave(Arc::new(fd), exit.clone()))
    }

    /// Returns once the request is made.
    pub(crate) async fn requested(&self) {
        while !self.1.requested() {
            // The guard is dropped without clearing: it stays readable for the others.
            if self.0.readable().await.is_err() {
                return;
            }
        }
    }
}

/// Has the runtime tell when `fd` can be read.
pub(crate) fn watch<T: OwnsDescriptor>(fd: T) -> io::Result<AsyncFd<T>> {
    watch_for(fd, Interest::READABLE)
}

/// Has the runtime tell when `fd` can be read, or written, or both.
#[expect(
    deprecated,
    reason = "the successor is unsafe, since a type might lend out one descriptor after the other; these own theirs"
)]
pub(crate) fn watch_for<T: OwnsDescriptor>(fd: T, interest: Interest) -> io::Result<AsyncFd<T>> {
    AsyncFd::with_interest(fd, interest)
}

/// A type that owns one descriptor for life.
pub(crate) trait OwnsDescriptor: std::os::fd::AsRawFd {}

impl OwnsDescriptor for std::os::fd::OwnedFd {}
impl OwnsDescriptor for socket2::Socket {}
