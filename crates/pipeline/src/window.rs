//! The flow-control window of one source, or of one connection of it.
//!
//! A source may have at most `log-iw-size()` unanswered messages on their way. [`Window::take`] never blocks: a
//! source posts first and waits after, so there is always room for the batch at hand.
//!
//! A window that the configuration gives is kept to the letter. One that it does not give grows while the answers
//! come promptly, since a fast source would otherwise spend its time in waits and wake-ups; a destination that stands
//! still stops the source after as many messages as it lately took in [`PROMPT`].

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::ack::{Ack, Answer, Position};
use crate::exit::Exit;

/// Slots for messages on their way.
#[derive(Debug)]
pub struct Window {
    /// The size it has at least, and the size it may grow to.
    sizes: (u32, u32),
    state: Mutex<State>,
    room: Condvar,
}

#[derive(Debug, Default)]
struct State {
    capacity: u32,
    taken: u64,
    wakers: Vec<Waker>,
    /// When the batches on their way were posted, oldest first; empty where the size is fixed.
    posted: VecDeque<Instant>,
}

/// An answer that comes this soon after the post is prompt.
const PROMPT: Duration = Duration::from_millis(20);
/// Messages that a window nobody gives has room for at first, as in syslog-ng.
const MESSAGES: u32 = 100;
/// Messages that such a window may grow to.
const MESSAGES_MAX: u32 = 10_000;

/// How long a blocked source sleeps before it looks for an exit request again.
const EXIT_CHECK: std::time::Duration = std::time::Duration::from_millis(50);

impl Window {
    /// A window of `capacity` messages. `u32::MAX` is one that never fills: right where no log path of the source
    /// has flow-control, since every queue answers at once.
    pub fn new(capacity: u32) -> Arc<Window> {
        Window::between(capacity.max(1), capacity.max(1))
    }

    /// A window that begins small and grows while the answers come promptly.
    pub fn adaptive() -> Arc<Window> {
        Window::between(MESSAGES, MESSAGES_MAX)
    }

    fn between(least: u32, most: u32) -> Arc<Window> {
        let state = State { capacity: least, ..State::default() };
        Arc::new(Window { sizes: (least, most), state: Mutex::new(state), room: Condvar::new() })
    }

    /// Takes slots for a batch that ends at `position`, and returns the promise to give them back.
    pub fn take(self: &Arc<Window>, messages: u32, position: Position) -> Ack {
        self.enter(messages);
        Ack::new(self.clone(), messages, position)
    }

    /// Takes slots that somebody else gives back, by [`Answer::answered`].
    pub(crate) fn enter(&self, messages: u32) {
        let mut state = self.state.lock();
        state.taken += u64::from(messages);
        if self.grows() {
            state.posted.push_back(Instant::now());
        }
    }

    /// Messages that may still be posted.
    pub fn free(&self) -> u32 {
        self.state.lock().free()
    }

    /// Waits until there is room, or exit is requested. Returns whether there is room.
    pub fn wait(&self, exit: &Exit) -> bool {
        let mut state = self.state.lock();
        while state.free() == 0 {
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
        if state.free() > 0 {
            return Poll::Ready(());
        }
        if !state.wakers.iter().any(|waker| waker.will_wake(context.waker())) {
            state.wakers.push(context.waker().clone());
        }
        Poll::Pending
    }

    fn grows(&self) -> bool {
        self.sizes.0 < self.sizes.1
    }
}

impl State {
    fn free(&self) -> u32 {
        u32::try_from(u64::from(self.capacity).saturating_sub(self.taken)).unwrap_or(u32::MAX)
    }

    /// Changes the size as an answer for so many messages, which took `took`, says.
    fn adapt(&mut self, messages: u32, took: Duration, (least, most): (u32, u32)) {
        // Only a source that uses most of its window gains from a larger one.
        let busy = self.taken + u64::from(messages) * 2 > u64::from(self.capacity);
        if took <= PROMPT && busy {
            self.capacity = self.capacity.saturating_add(messages).min(most);
        } else if took > PROMPT * 2 {
            self.capacity = self.capacity.saturating_sub(messages / 2).max(least);
        }
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
            let was_full = state.free() == 0;
            state.taken = state.taken.saturating_sub(u64::from(messages));
            // Answers mostly come in the order of the posts; where they do not, the oldest is a fair guess.
            if let Some(posted) = state.posted.pop_front() {
                state.adapt(messages, posted.elapsed(), self.sizes);
            }
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
    fn a_window_that_nobody_gives_grows_with_prompt_answers_to_its_limit() {
        let window = Window::adaptive();
        assert_eq!(window.free(), MESSAGES);
        for position in 0..1000 {
            let ack = window.take(window.free(), Position(position));
            drop(ack);
        }
        assert_eq!(window.free(), MESSAGES_MAX);
    }

    #[test]
    fn a_slow_answer_makes_it_smaller_but_never_too_small() {
        let mut state = State { capacity: 1000, ..State::default() };
        state.adapt(600, PROMPT * 3, (MESSAGES, MESSAGES_MAX));
        assert_eq!(state.capacity, 700);
        state.adapt(5000, PROMPT * 3, (MESSAGES, MESSAGES_MAX));
        assert_eq!(state.capacity, MESSAGES);
    }

    #[test]
    fn a_source_that_hardly_uses_it_gets_no_larger_one() {
        let window = Window::adaptive();
        for position in 0..1000 {
            drop(window.take(1, Position(position)));
        }
        assert_eq!(window.free(), MESSAGES);
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
