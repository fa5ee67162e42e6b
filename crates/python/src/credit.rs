//! The window of a Python driver, over all the lives of its worker.
//!
//! A worker that is started again must not get a whole new window while the messages of the one before are still on
//! their way: what is unanswered counts against whoever posts now.
//!
//! A window that the configuration gives is kept to the letter. One that it does not give starts at
//! [`WINDOW_MESSAGES`], as in syslog-ng, and grows while the destinations answer promptly: with 100 messages on their
//! way a fast source would spend its time in waits and wake-ups. It grows only as far as a prompt answer allows, so a
//! destination that stands still stops the source after as many messages as it lately took in [`PROMPT`].

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use channel::{Credits, Window};
use parking_lot::Mutex;
use pipeline::{Answer, Position};

/// Messages that may be on their way when `log-iw-size()` is not given, as in syslog-ng.
pub(crate) const WINDOW_MESSAGES: u32 = 100;
/// What such a window may grow to, messages.
const WINDOW_MESSAGES_MAX: u32 = 10_000;
/// An answer that comes this soon after the post is prompt.
const PROMPT: Duration = Duration::from_millis(20);

/// How many messages may be on their way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Any number: no log path waits for delivery.
    None,
    /// `log-iw-size()`.
    Fixed(u32),
    /// Not given.
    Adaptive,
}

/// Answers go in, credits for the present worker come out.
pub(crate) struct Credit {
    limit: Limit,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The window at present.
    window: u32,
    outstanding: u64,
    /// When the batches on their way were posted, and how many messages each has; oldest first.
    posted: VecDeque<Instant>,
    /// Of the present worker.
    credits: Option<Credits>,
    /// Credits the present worker was given beyond the window, because it needs at least one.
    advance: u64,
}

impl Credit {
    pub(crate) fn new(limit: Limit) -> Arc<Credit> {
        let window = match limit {
            Limit::None => u32::MAX,
            Limit::Fixed(window) => window,
            Limit::Adaptive => WINDOW_MESSAGES,
        };
        Arc::new(Credit { limit, state: Mutex::new(State { window, ..State::default() }) })
    }

    /// Makes a worker, whose window is what the ones before left of it. `spawn` is given that window and returns the
    /// worker's credits with whatever else it made.
    pub(crate) fn for_worker<T, E>(
        &self,
        spawn: impl FnOnce(Window) -> Result<(Credits, T), E>,
    ) -> Result<T, E> {
        let mut state = self.state.lock();
        let window = if self.limit == Limit::None {
            Window::Unlimited
        } else {
            let left = u64::from(state.window).saturating_sub(state.outstanding);
            let given = NonZeroU32::new(left as u32).unwrap_or(NonZeroU32::MIN);
            state.advance =
                (state.outstanding + u64::from(given.get())).saturating_sub(u64::from(state.window));
            Window::Limited(given)
        };
        let (credits, made) = spawn(window)?;
        state.credits = Some(credits);
        Ok(made)
    }

    /// The worker has posted a batch of so many.
    pub(crate) fn take(&self, messages: u32) {
        if self.limit == Limit::None {
            return;
        }
        let mut state = self.state.lock();
        state.outstanding += u64::from(messages);
        state.posted.push_back(Instant::now());
    }
}

impl State {
    /// Credits more than the answered ones, or fewer, as the answer that took `took` says.
    fn adapt(&mut self, messages: u32, took: Duration) -> u32 {
        // Only a source that uses most of its window gains from a larger one.
        let busy = self.outstanding + u64::from(messages) * 2 > u64::from(self.window);
        if took <= PROMPT && busy {
            let more = messages.min(WINDOW_MESSAGES_MAX.saturating_sub(self.window));
            self.window += more;
            return messages + more;
        }
        if took > PROMPT * 2 {
            let less = (messages / 2).min(self.window.saturating_sub(WINDOW_MESSAGES));
            self.window -= less;
            return messages - less;
        }
        messages
    }
}

impl Answer for Credit {
    fn answered(&self, messages: u32, _position: Position, _aborted: bool) {
        if self.limit == Limit::None {
            return;
        }
        let (credits, grant) = {
            let mut state = self.state.lock();
            // Batches are answered about in the order they were posted, which is near enough for a time.
            let took = state.posted.pop_front().map_or(Duration::MAX, |posted| posted.elapsed());
            state.outstanding = state.outstanding.saturating_sub(u64::from(messages));
            let kept = state.advance.min(u64::from(messages));
            state.advance -= kept;
            let answered = messages - kept as u32;
            let grant = match self.limit {
                Limit::Adaptive => state.adapt(answered, took),
                Limit::Fixed(_) | Limit::None => answered,
            };
            (state.credits.clone(), grant)
        };
        if let Some(credits) = credits
            && grant > 0
        {
            credits.grant(grant);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn window_of_the_next(credit: &Credit) -> Window {
        let mut given = Window::Unlimited;
        let spawned: Result<(), ()> = credit.for_worker(|window| {
            given = window;
            Err(())
        });
        assert!(spawned.is_err());
        given
    }

    fn limited(records: u32) -> Window {
        Window::Limited(NonZeroU32::new(records).unwrap())
    }

    #[test]
    fn a_new_worker_gets_what_the_old_one_left() {
        let credit = Credit::new(Limit::Fixed(100));
        assert_eq!(window_of_the_next(&credit), limited(100));
        credit.take(70);
        assert_eq!(window_of_the_next(&credit), limited(30));
        credit.answered(20, Position(20), false);
        assert_eq!(window_of_the_next(&credit), limited(50));
    }

    #[test]
    fn a_full_window_still_gives_one_and_takes_it_back_later() {
        let credit = Credit::new(Limit::Fixed(10));
        credit.take(10);
        assert_eq!(window_of_the_next(&credit), limited(1));
        assert_eq!(credit.state.lock().advance, 1);
        credit.answered(4, Position(4), false);
        assert_eq!(credit.state.lock().advance, 0);
    }

    #[test]
    fn without_flow_control_there_is_no_limit() {
        assert_eq!(window_of_the_next(&Credit::new(Limit::None)), Window::Unlimited);
    }

    #[test]
    fn a_window_not_given_grows_with_prompt_answers_and_shrinks_with_late_ones() {
        let mut state = State { window: WINDOW_MESSAGES, ..State::default() };
        assert_eq!(state.adapt(100, Duration::from_millis(1)), 200);
        state.outstanding = 150;
        assert_eq!(state.adapt(50, Duration::from_millis(1)), 100);
        assert_eq!(state.window, 250);
        assert_eq!(state.adapt(50, Duration::from_secs(1)), 25);
        assert_eq!(state.window, 225);
    }

    #[test]
    fn a_window_that_is_not_used_does_not_grow() {
        let mut state = State { window: WINDOW_MESSAGES, ..State::default() };
        assert_eq!(state.adapt(1, Duration::from_millis(1)), 1);
        assert_eq!(state.window, WINDOW_MESSAGES);
    }
}
