//! `rate-limit()`, once `throttle()`: so many messages a second.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use conf::Options;
use conf::ast::{Call, Value};
use conf::diagnostic::Diagnostic;
use conf::options::Spanned;
use message::Message;
use parking_lot::Mutex;
use pipeline::options::NotYet;
use pipeline::{Compile, Filter, FilterSpec};

use crate::value_source::ValueSource;

pub(super) const SPEC: FilterSpec =
    FilterSpec { names: &["rate-limit", "throttle"], options: RateLimitOptions::DOCS, compile };

conf::options! {
    /// So many messages a second, of each key for itself.
    pub struct RateLimitOptions {
        /// Messages a second that pass, and as many at once.
        rate: Spanned<u32> = required,
        /// Text that tells keys apart: `"$HOST"`. Without, all messages share one limit.
        template: Value = inherit,
        /// Name of the value that does.
        key: Spanned<String> = inherit,
        /// The same for each thread on its own.
        thread_local_rate: NotYet = inherit,
    }
}

/// Keys that are told apart. Where there are more, those go whose limit is unused; if none is, all begin anew.
const KEYS_MAX: usize = 65_536;

fn compile(call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn Filter>> {
    let options = RateLimitOptions::read(call, cx.diagnostics)?;
    if options.rate.value == 0 {
        cx.diagnostics.push(Diagnostic::error("rate() must be at least 1", options.rate.span));
        return None;
    }
    let key = match (&options.key, &options.template) {
        (None, None) => None,
        (Some(name), None) => Some(ValueSource::named(name, cx)?),
        (None, Some(template)) => {
            let template = cx.template(template)?;
            Some(ValueSource::Template(template, Box::new(crate::options::template_options(cx)?)))
        }
        (Some(_), Some(template)) => {
            let message = "rate-limit() takes key() or template(), not both";
            cx.diagnostics.push(Diagnostic::error(message, template.span));
            return None;
        }
    };
    let buckets = Mutex::new(Buckets { rate: f64::from(options.rate.value), by_key: HashMap::new() });
    Some(Arc::new(RateLimit { key, buckets }))
}

struct RateLimit {
    key: Option<ValueSource>,
    buckets: Mutex<Buckets>,
}

impl Filter for RateLimit {
    fn accepts(&self, message: Message<'_>) -> bool {
        let now = Instant::now();
        match &self.key {
            None => self.buckets.lock().take(b"", now),
            Some(key) => key.with(message, |key| self.buckets.lock().take(key, now)),
        }
    }
}

/// Messages that may still pass, by key.
struct Buckets {
    /// What a bucket holds, and what flows into it a second.
    rate: f64,
    by_key: HashMap<Box<[u8]>, Bucket>,
}

#[derive(Clone, Copy)]
struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Buckets {
    fn take(&mut self, key: &[u8], now: Instant) -> bool {
        if self.by_key.len() >= KEYS_MAX && !self.by_key.contains_key(key) {
            let rate = self.rate;
            self.by_key.retain(|_, bucket| bucket.at(now, rate).tokens < rate);
            if self.by_key.len() >= KEYS_MAX {
                self.by_key.clear();
            }
        }
        let full = Bucket { tokens: self.rate, filled: now };
        let bucket = match self.by_key.get_mut(key) {
            Some(bucket) => bucket,
            None => self.by_key.entry(key.into()).or_insert(full),
        };
        *bucket = bucket.at(now, self.rate);
        let passes = bucket.tokens >= 1.0;
        if passes {
            bucket.tokens -= 1.0;
        }
        passes
    }
}

impl Bucket {
    /// The bucket as it is by `now`.
    fn at(self, now: Instant, rate: f64) -> Bucket {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        Bucket { tokens: (self.tokens + passed * rate).min(rate), filled: now }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn buckets(rate: u32) -> Buckets {
        Buckets { rate: f64::from(rate), by_key: HashMap::new() }
    }

    #[test]
    fn so_many_pass_a_second() {
        let (mut buckets, start) = (buckets(3), Instant::now());
        let passed = |buckets: &mut Buckets, now| (0..10).filter(|_| buckets.take(b"k", now)).count();
        assert_eq!(passed(&mut buckets, start), 3);
        assert_eq!(passed(&mut buckets, start), 0);
        assert_eq!(passed(&mut buckets, start + Duration::from_millis(700)), 2);
        assert_eq!(passed(&mut buckets, start + Duration::from_secs(60)), 3);
        // A clock that goes back gives nothing away.
        assert_eq!(passed(&mut buckets, start), 0);
    }

    #[test]
    fn each_key_has_its_own() {
        let (mut buckets, now) = (buckets(1), Instant::now());
        assert!(buckets.take(b"a", now) && buckets.take(b"b", now));
        assert!(!buckets.take(b"a", now) && !buckets.take(b"b", now));
    }

    #[test]
    fn keys_have_a_limit() {
        let (mut buckets, now) = (buckets(1), Instant::now());
        for key in 0..KEYS_MAX + 10 {
            assert!(buckets.take(&key.to_le_bytes(), now));
        }
        assert!(buckets.by_key.len() <= KEYS_MAX);
    }
}
