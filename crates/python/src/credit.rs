//! The window of a Python driver, over all the lives of its worker.
//!
//! A worker that is started again must not get a whole new window while the messages of the one before are still on
//! their way: what is unanswered counts against whoever posts now.

use std::num::NonZeroU32;
use std::sync::Arc;

use channel::{Credits, Window};
use parking_lot::Mutex;
use pipeline::{Answer, Position};

/// Answers go in, credits for the present worker come out.
pub(crate) struct Credit {
    /// `log-iw-size()`; `None` where no log path waits for delivery.
    window: Option<u32>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    outstanding: u64,
    /// Of the present worker.
    credits: Option<Credits>,
    /// Credits the present worker was given beyond the window, because it needs at least one.
    advance: u64,
}

impl Credit {
    pub(crate) fn new(window: Option<u32>) -> Arc<Credit> {
        Arc::new(Credit { window, state: Mutex::default() })
    }

    /// Makes a worker, whose window is what the ones before left of it. `spawn` is given that window and returns the
    /// worker's credits with whatever else it made.
    pub(crate) fn for_worker<T, E>(
        &self,
        spawn: impl FnOnce(Window) -> Result<(Credits, T), E>,
    ) -> Result<T, E> {
        let mut state = self.state.lock();
        let window = match self.window {
            None => Window::Unlimited,
            Some(window) => {
                let left = u64::from(window).saturating_sub(state.outstanding);
                let given = NonZeroU32::new(left as u32).unwrap_or(NonZeroU32::MIN);
                state.advance =
                    (state.outstanding + u64::from(given.get())).saturating_sub(u64::from(window));
                Window::Limited(given)
            }
        };
        let (credits, made) = spawn(window)?;
        state.credits = Some(credits);
        Ok(made)
    }

    /// The worker has posted so many.
    pub(crate) fn take(&self, messages: u32) {
        self.state.lock().outstanding += u64::from(messages);
    }
}

impl Answer for Credit {
    fn answered(&self, messages: u32, _position: Position, _aborted: bool) {
        let (credits, grant) = {
            let mut state = self.state.lock();
            state.outstanding = state.outstanding.saturating_sub(u64::from(messages));
            let kept = state.advance.min(u64::from(messages));
            state.advance -= kept;
            (state.credits.clone(), messages - kept as u32)
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
        let credit = Credit::new(Some(100));
        assert_eq!(window_of_the_next(&credit), limited(100));
        credit.take(70);
        assert_eq!(window_of_the_next(&credit), limited(30));
        credit.answered(20, Position(20), false);
        assert_eq!(window_of_the_next(&credit), limited(50));
    }

    #[test]
    fn a_full_window_still_gives_one_and_takes_it_back_later() {
        let credit = Credit::new(Some(10));
        credit.take(10);
        assert_eq!(window_of_the_next(&credit), limited(1));
        assert_eq!(credit.state.lock().advance, 1);
        credit.answered(4, Position(4), false);
        assert_eq!(credit.state.lock().advance, 0);
    }

    #[test]
    fn without_flow_control_there_is_no_limit() {
        assert_eq!(window_of_the_next(&Credit::new(None)), Window::Unlimited);
    }
}
