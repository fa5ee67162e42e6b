//! What outlives a reload.
//!
//! Running things put here what the next configuration may take over: queues with their messages and acks, listening
//! sockets, connections. A taker names the thing by the key it would have put it under; what nobody takes is closed
//! when the carry is dropped.

use std::any::Any;
use std::collections::HashMap;

use crate::queue::Delivery;

/// See the module's text.
#[derive(Default)]
pub struct Carry {
    things: HashMap<String, Box<dyn Any + Send>>,
    deliveries: HashMap<String, Vec<Delivery>>,
}

impl Carry {
    /// Leaves a thing under `key`; a second one under the same key replaces the first, which is closed.
    pub fn put<T: Any + Send>(&mut self, key: impl Into<String>, thing: T) {
        self.things.insert(key.into(), Box::new(thing));
    }

    /// Takes the thing under `key`, if there is one of this type.
    pub fn take<T: Any + Send>(&mut self, key: &str) -> Option<T> {
        if !self.things.get(key)?.is::<T>() {
            return None;
        }
        self.things.remove(key)?.downcast().ok().map(|thing| *thing)
    }

    /// Leaves the messages of a destination's queue under its persist-name.
    pub(crate) fn put_deliveries(&mut self, persist_name: &str, deliveries: Vec<Delivery>) {
        if !deliveries.is_empty() {
            self.deliveries.entry(persist_name.into()).or_default().extend(deliveries);
        }
    }

    /// Takes the messages of a destination's queue.
    pub(crate) fn take_deliveries(&mut self, persist_name: &str) -> Vec<Delivery> {
        self.deliveries.remove(persist_name).unwrap_or_default()
    }

    /// What no destination took: `(persist-name, messages)`. It is dropped for good.
    pub(crate) fn abandon_deliveries(&mut self) -> Vec<(String, usize)> {
        self.deliveries
            .drain()
            .map(|(name, deliveries)| {
                let messages = deliveries.iter().map(|delivery| delivery.flow.len()).sum();
                // They are answered for, not aborted: a source would else never keep a place behind them.
                drop(deliveries);
                (name, messages)
            })
            .collect()
    }
}
