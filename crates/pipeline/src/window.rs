//! The flow-control window of one source, or of one connection of it.
//!
//! A source may have at most `log-iw-size()` unanswered messages on their way. [`Window::take`] never blocks: a
//! source posts first and waits after, so there is always room for the batch at hand.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::{Condvar, Mutex};

use crate::ack::{Ack, Answer, Position};
use crate::exit::Exit;

/// Slots for messages on their way.
#[derive(Debug)]
pub struct Window {
    capacity: u32,
    state: Mutex<State>,
    room: Condvar,
}

#[derive(Debug, Default)]
struct State {
    taken: u64,
    wakers: Vec<Waker>,
}

/// How long a blocked source sleeps before it looks for an exit request again.
const EXIT_CHECK: std::time::Duration = std::time::Duration::from_millis(50);

impl Window {
    /// A window of `capacity` messages. `u32::MAX` is one that never fills: right where no log path of the source
    /// has flow-control, since every queue answers at once.
    pub fn new(capacity: u32) -> Arc<Window> {
        Arc::new(Window { capacity: capacity.max(1), state: Mutex::default(), room: Condvar::new() })
    }

    /// Takes slots for a batch that ends at `position`, and returns the promise to give them back.
    pub fn take(self: &Arc<Window>, messages: u32, position: Position) -> Ack {
        self.state.lock().taken += u64::from(messages);
        Ack::new(self.clone(), messages, position)
    }

    /// Messages that may still be posted.
    pub fn free(&self) -> u32 {
        self.free_of(&self.state.lock())
    }

    /// Waits until there is room, or exit is requested. Returns whether there is room.
    pub fn wait(&self, exit: &Exit) -> bool {
        let mut state = self.state.lock();
        while self.free_of(&state) == 0 {
            if exit.requested() {
                return false;
            }
            self.room.wait_for(&mut state, EXIT_CHECK);
        }
        true
    }

    /// [`Window::wait`] for asynchronous drivers: ready once there is room.
    pub fn poll_room(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        if self.free_of(&state) > 0 {
            return Poll::Ready(());
        }
        if !state.wakers.iter().any(|waker| waker.will_wake(context.waker())) {
            state.wakers.push(context.waker().clone());
        }
        Poll::Pending
    }

    fn free_of(&self, state: &State) -> u32 {
        u32::try_from(u64::from(self.capacity).saturating_sub(state.taken)).unwrap_or(u32::MAX)
    }
}

impl Answer for Window {
    fn answered(&self, messages: u32, _position: Position, _aborted: bool) {
        let wakers = {
            let mut state = self.state.lock();
            debug_assert!(
                state.taken >= u64::from(messages),
                "window got back {messages} of {}",
                state.taken
            );
            let was_full = self.free_of(&state) == 0;
            state.taken = state.taken.saturating_sub(u64::from(messages));
            if !was_full {
                return;
            }
            std::mem::take(&mut state.wakers)
        };
        // The lock is gone: whoever wakes may take slots at once.
        self.room.notify_all();
        wakers.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_come_back_when_the_batch_is_answered() {
        let window = Window::new(10);
        let ack = window.take(4, Position(4));
        assert_eq!(window.free(), 6);
        drop(ack);
        assert_eq!(window.free(), 10);
    }

    #[test]
    fn a_batch_larger_than_the_window_fills_it_and_no_more() {
        let window = Window::new(10);
        let ack = window.take(15, Position(15));
        assert_eq!(window.free(), 0);
        drop(ack);
        assert_eq!(window.free(), 10);
    }

    #[test]
    fn an_exit_request_ends_the_wait() {
        let window = Window::new(1);
        let _ack = window.take(1, Position(1));
        let exit = Exit::new().unwrap();
        exit.request();
        assert!(!window.wait(&exit));
    }
}
