//! How far a source has come, as its answered batches say, kept in the persist file.
//!
//! A source names the place behind each batch that it posts. Answers come in any order; what is kept is the place up
//! to which everything is answered. A batch that was given up undelivered is a gap that the place never passes: the
//! messages behind it are read again by the next daemon.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use store::{Key, Persist};

use crate::ack::{Ack, Answer, Position};
use crate::window::Window;

/// Where a source stands, in a form that can be kept.
pub trait Place: Send + 'static {
    /// The bytes that are kept.
    fn to_bytes(&self) -> Vec<u8>;
}

/// The places of one source. It outlives a reload in the [`Carry`](crate::Carry), because answers come late.
pub struct Positions<P> {
    persist: Persist,
    key: Key,
    state: Mutex<State<P>>,
}

struct State<P> {
    /// Number of the oldest batch on its way.
    first: u64,
    /// Batches on their way, and those behind them.
    batches: VecDeque<Batch<P>>,
    /// Number of the first batch that was given up: no place from there on will ever be kept.
    gap: Option<u64>,
}

struct Batch<P> {
    place: P,
    answered: bool,
}

/// The places of a source together with the window of one run of it.
pub struct Tracked<P> {
    positions: Arc<Positions<P>>,
    window: Arc<Window>,
}

impl<P: Place> Positions<P> {
    /// Nothing is on its way yet; what is answered is kept in `persist` under `key`.
    pub fn new(persist: Persist, key: Key) -> Arc<Positions<P>> {
        let state = State { first: 0, batches: VecDeque::new(), gap: None };
        Arc::new(Positions { persist, key, state: Mutex::new(state) })
    }

    /// The places of batches that are posted through `window`.
    pub fn through(self: &Arc<Positions<P>>, window: Arc<Window>) -> Arc<Tracked<P>> {
        Arc::new(Tracked { positions: self.clone(), window })
    }

    fn post(&self, place: P) -> Position {
        let mut state = self.state.lock();
        let number = state.first + state.batches.len() as u64;
        state.batches.push_back(Batch { place, answered: false });
        Position(number)
    }

    fn answered(&self, Position(number): Position, aborted: bool) {
        let mut state = self.state.lock();
        if aborted {
            state.gap = Some(state.gap.map_or(number, |gap| gap.min(number)));
        }
        let Some(batch) = number.checked_sub(state.first).and_then(|at| state.batches.get_mut(at as usize))
        else {
            debug_assert!(false, "batch {number} is answered twice");
            return;
        };
        batch.answered = true;
        let mut reached = None;
        while state.batches.front().is_some_and(|batch| batch.answered) {
            let answered = state.batches.pop_front();
            if state.gap.is_none_or(|gap| state.first < gap) {
                reached = answered;
            }
            state.first += 1;
        }
        if let Some(batch) = reached {
            // Under the lock, so that no earlier place is handed in after a later one.
            if let Err(error) = self.persist.put_behind(&self.key, &batch.place.to_bytes()) {
                tracing::error!(key = %self.key, %error, "Error keeping the position of a source");
            }
        }
    }
}

impl<P: Place> Tracked<P> {
    /// Takes slots of the window for a batch behind which the source stands at `place`.
    pub fn take(self: &Arc<Tracked<P>>, messages: u32, place: P) -> Ack {
        self.window.enter(messages);
        let position = self.positions.post(place);
        Ack::new(self.clone(), messages, position)
    }
}

impl<P: Place> Answer for Tracked<P> {
    fn answered(&self, messages: u32, position: Position, aborted: bool) {
        // The place first: whoever waits for the window may be the daemon that stops.
        self.positions.answered(position, aborted);
        self.window.answered(messages, position, aborted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Place for u64 {
        fn to_bytes(&self) -> Vec<u8> {
            self.to_string().into_bytes()
        }
    }

    /// Posts five batches and answers as told; `!` before a number gives the batch up. The place that is kept then.
    fn kept(answers: &[&str]) -> String {
        let persist = Persist::in_memory();
        let positions = Positions::new(persist.clone(), Key::new("k"));
        let tracked = positions.through(Window::new(100));
        let mut acks: Vec<Option<Ack>> = (1..=5).map(|place| Some(tracked.take(1, place))).collect();
        for answer in answers {
            let number: usize = answer.trim_start_matches('!').parse().unwrap();
            let ack = acks[number - 1].take().unwrap();
            if answer.starts_with('!') { ack.abort() } else { drop(ack) }
        }
        let kept = persist.get(&Key::new("k")).unwrap().unwrap_or_default();
        drop(acks);
        String::from_utf8(kept).unwrap()
    }

    #[test]
    fn the_place_is_behind_what_is_answered_without_a_gap() {
        assert_eq!(kept(&["1", "2"]), "2");
        assert_eq!(kept(&["2", "3"]), "");
        assert_eq!(kept(&["2", "3", "1"]), "3");
        assert_eq!(kept(&["5", "4", "3", "2", "1"]), "5");
    }

    #[test]
    fn what_was_given_up_is_never_passed() {
        assert_eq!(kept(&["1", "!2", "3", "4", "5"]), "1");
        assert_eq!(kept(&["5", "!3", "1", "2"]), "2");
    }

    #[test]
    fn the_window_gets_its_slots_back() {
        let window = Window::new(10);
        let positions = Positions::new(Persist::in_memory(), Key::new("k"));
        let ack = positions.through(window.clone()).take(4, 1);
        assert_eq!(window.free(), 6);
        ack.abort();
        assert_eq!(window.free(), 10);
    }
}
