//! Counters, by the names operators know from `stats`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use parking_lot::Mutex;

/// One number that only the machine changes and anybody may read. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Counter(Arc<AtomicU64>);

impl Counter {
    /// Adds `n`.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// Takes `n` away; a gauge never goes below 0.
    pub fn sub(&self, n: u64) {
        let _ =
            self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |value| Some(value.saturating_sub(n)));
    }

    /// Makes it `n`.
    pub fn set(&self, n: u64) {
        self.0.store(n, Ordering::Relaxed);
    }

    /// The number now.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a counter counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// `src.file`, `dst.network`, `source`, `destination`, `center`, `filter`, `global` …
    pub component: String,
    /// Statement, with `#n` for the n-th driver in it.
    pub id: String,
    /// File name, address, class …
    pub instance: String,
    /// `processed`, `dropped`, `queued`, `written` …; a drop for one reason is `dropped.REASON`.
    pub kind: &'static str,
}

/// State of a counter's owner, as `stats` prints it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Its driver runs.
    Active,
    /// Its driver is gone; the number stays until it is removed.
    Orphaned,
}

/// Every counter of the daemon. Survives reloads, so that numbers go on.
#[derive(Debug, Default)]
pub struct Metrics {
    rows: Mutex<BTreeMap<Key, Row>>,
}

#[derive(Debug)]
struct Row {
    counter: Counter,
    /// Since when its driver is gone.
    orphaned: Option<Instant>,
    /// Whether anybody has asked for it since the last mark.
    touched: bool,
}

impl Row {
    fn orphan(&mut self) {
        self.orphaned.get_or_insert_with(Instant::now);
    }

    fn state(&self) -> State {
        if self.orphaned.is_some() { State::Orphaned } else { State::Active }
    }
}

impl Metrics {
    /// An empty table.
    pub fn new() -> Arc<Metrics> {
        Arc::default()
    }

    /// The counter under this key: the one that is there, else a new one at 0.
    pub fn counter(&self, component: &str, id: &str, instance: &str, kind: &'static str) -> Counter {
        let key = Key { component: component.into(), id: id.into(), instance: instance.into(), kind };
        let mut rows = self.rows.lock();
        let fresh = || Row { counter: Counter::default(), orphaned: None, touched: true };
        let row = rows.entry(key).or_insert_with(fresh);
        (row.orphaned, row.touched) = (None, true);
        row.counter.clone()
    }

    /// Marks every counter orphaned; those that a new plan asks for again become active.
    pub fn orphan_all(&self) {
        self.rows.lock().values_mut().for_each(Row::orphan);
    }

    /// Remembers this moment, for [`Metrics::orphan_untouched`].
    pub fn mark(&self) {
        self.rows.lock().values_mut().for_each(|row| row.touched = false);
    }

    /// Marks those counters orphaned that nobody has asked for since the last [`Metrics::mark`].
    pub fn orphan_untouched(&self) {
        self.rows.lock().values_mut().filter(|row| !row.touched).for_each(Row::orphan);
    }

    /// Forgets orphaned counters.
    pub fn remove_orphans(&self) {
        self.rows.lock().retain(|_, row| row.orphaned.is_none());
    }

    /// Forgets the counters that are orphaned since `since` or longer; the moment since when the oldest other one is.
    pub fn forget_orphans(&self, since: Instant) -> Option<Instant> {
        let mut rows = self.rows.lock();
        rows.retain(|_, row| row.orphaned.is_none_or(|orphaned| orphaned > since));
        rows.values().filter_map(|row| row.orphaned).min()
    }

    /// Sets every counter to 0, but for those that show a present amount.
    pub fn reset(&self) {
        self.reset_some(|_| true);
    }

    /// Sets those counters to 0 for whose key `chosen` holds, but for those that show a present amount.
    pub fn reset_some(&self, chosen: impl Fn(&Key) -> bool) {
        for (key, Row { counter, .. }) in self.rows.lock().iter() {
            if !matches!(key.kind, "queued" | "memory_usage" | "connections" | "stamp") && chosen(key) {
                counter.set(0);
            }
        }
    }

    /// All rows, by key.
    pub fn rows(&self) -> Vec<(Key, u64, State)> {
        self.rows.lock().iter().map(|(key, row)| (key.clone(), row.counter.get(), row.state())).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn orphans_are_forgotten_when_they_are_old_enough() {
        let metrics = Metrics::new();
        let _ =
            (metrics.counter("src.a", "", "", "processed"), metrics.counter("src.b", "", "", "processed"));
        let before = Instant::now();
        metrics.mark();
        let _ = metrics.counter("src.b", "", "", "processed");
        metrics.orphan_untouched();
        let names = || metrics.rows().into_iter().map(|(key, ..)| key.component).collect::<Vec<_>>();
        let oldest = metrics.forget_orphans(before - Duration::from_secs(1)).expect("one is orphaned");
        assert_eq!(names(), ["src.a", "src.b"]);
        // Orphaned again, it is no younger.
        metrics.orphan_untouched();
        assert_eq!(metrics.forget_orphans(oldest), None);
        assert_eq!(names(), ["src.b"]);
    }
}
