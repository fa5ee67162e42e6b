//! Flow control as the worker sees it.

use std::{
    fmt,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

pub use crate::gate::Wait;
use crate::ring::producer::Shared;

/// Waits for room and credit, and keeps the order of `suspend()` and `wakeup()`. For any thread of the worker, with
/// or without the GIL; the waits should be without.
///
/// A class without `suspend()` and `wakeup()` blocks: after a post, while [`Flow::has_credit`] is false,
/// [`Flow::wait_credit`]. A class with both suspends: after a post, when [`Flow::has_credit`] is false,
/// [`Flow::suspend_begins`], the user's `suspend()`, [`Flow::suspend_ended`]; and when the `wakeup` frame arrives,
/// the user's `wakeup()` if [`Flow::wakeup_arrived`].
#[derive(Clone)]
pub struct Flow(Arc<Shared>);

impl Flow {
    pub(crate) fn new(shared: Arc<Shared>) -> Flow {
        Flow(shared)
    }

    /// Whether the next post has a credit.
    pub fn has_credit(&self) -> bool {
        self.0.mapping.control().has_credit()
    }

    /// Whether the daemon has asked the driver to exit.
    pub fn exit_requested(&self) -> bool {
        self.0.mapping.control().exit_requested()
    }

    /// Waits until a record of `length` bytes fits. For ever without a timeout.
    ///
    /// Another thread may be quicker to fill the room: reserve, and wait again if it was.
    pub fn wait_room(&self, length: usize, timeout: Option<Duration>) -> Wait {
        let control = self.0.mapping.control();
        control.room.0.wait(timeout, || self.answer(self.0.has_room(length)), || self.stuck())
    }

    /// Waits until there is a credit. For ever without a timeout.
    pub fn wait_credit(&self, timeout: Option<Duration>) -> Wait {
        let control = self.0.mapping.control();
        control.credit.0.wait(timeout, || self.answer(control.has_credit()), || self.stuck())
    }

    /// Call it before the user's `suspend()`. A wakeup that is under way is then void.
    pub fn suspend_begins(&self) {
        if self.0.mapping.control().suspend_begins() {
            self.0.ring();
        }
    }

    /// Call it once the user's `suspend()` has returned or raised: from now on a wakeup may come, and if there are
    /// credits already it will.
    pub fn suspend_ended(&self) {
        if self.0.mapping.control().suspend_ended() {
            self.0.ring();
        }
    }

    /// Call it when the `wakeup` frame arrives: true, call the user's `wakeup()`; false, the source has suspended
    /// again meanwhile, and another frame will come for that.
    #[must_use]
    pub fn wakeup_arrived(&self) -> bool {
        self.0.mapping.control().wakeup_arrived()
    }

    /// Asks the daemon to tell what becomes of records, in `acked` frames: of all that are published from now on, and
    /// perhaps of some before.
    pub fn want_acks(&self) {
        self.0.mapping.control().want_acks();
    }

    /// Counts a post that was dropped because the source was suspended, where the daemon sees it.
    pub fn count_dropped_suspended(&self) {
        self.0.mapping.control().dropped.0.fetch_add(1, Relaxed);
    }

    /// Ends every wait, now and from now on, as if the daemon had asked: for the thread that sees the daemon gone.
    pub fn request_exit(&self) {
        self.0.mapping.control().request_exit();
    }

    /// The daemon may be letting records gather, and from here there will be no more.
    fn stuck(&self) {
        if self.0.mapping.control().stuck() {
            self.0.ring();
        }
    }

    fn answer(&self, ready: bool) -> Option<Wait> {
        if ready {
            Some(Wait::Ready)
        } else if self.exit_requested() {
            Some(Wait::ExitRequested)
        } else {
            None
        }
    }
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flow")
            .field("has_credit", &self.has_credit())
            .field("exit_requested", &self.exit_requested())
            .finish_non_exhaustive()
    }
}
