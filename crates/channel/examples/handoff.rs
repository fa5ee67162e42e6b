//! What the hand-off costs: `cargo run --release -p hognose-channel --example handoff`.
//!
//! Prints nanoseconds a record of 200 bytes, best and median of some rounds: a bare copy into memory of the ring's
//! size, the producer with nobody beside it, the consumer with nobody beside it, and both on threads of their own.
#![expect(clippy::print_stdout, reason = "this is a program for people to run")]

use std::{
    hint::black_box,
    num::NonZeroU32,
    thread,
    time::{Duration, Instant},
};

use channel::{Next, Pace, Producer, RING_BYTES, Refused, Uplink, UplinkOptions, Wait, Window};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

const RECORD_BYTES: usize = 200;
const ROUNDS: usize = 9;
/// Bytes of a batch.
const TAKE_BYTES_MAX: usize = 512 * 1024;

fn main() {
    report("bare copy", &copy);
    report("producer alone", &|| alone().0);
    report("consumer alone", &|| alone().1);
    report("two threads, no window", &|| threads(Window::Unlimited));
    report("two threads, window of 100k", &|| threads(window(100_000)));
    report("two threads, window of 10k", &|| threads(window(10_000)));
    report("two threads, window of 1k", &|| threads(window(1000)));
    report("two threads, window of 100", &|| threads(window(100)));
}

fn report(name: &str, measure: &dyn Fn() -> f64) {
    let mut rounds: Vec<f64> = (0..ROUNDS).map(|_| measure()).collect();
    rounds.sort_by(f64::total_cmp);
    println!("{name:30} best {:6.1}  median {:6.1} ns a record", rounds[0], rounds[ROUNDS / 2]);
}

fn per_record(time: Duration, records: usize) -> f64 {
    time.as_nanos() as f64 / records as f64
}

fn record() -> [u8; RECORD_BYTES] {
    let mut record = [7; RECORD_BYTES];
    record[..4].copy_from_slice(&(RECORD_BYTES as u32).to_le_bytes());
    record
}

/// What the producer could at best take.
fn copy() -> f64 {
    let record = record();
    let mut memory = vec![1; RING_BYTES];
    let records = 20 * RING_BYTES / RECORD_BYTES;
    let start = Instant::now();
    for _ in 0..20 {
        for place in memory.chunks_exact_mut(RECORD_BYTES) {
            place.copy_from_slice(black_box(&record));
        }
    }
    per_record(start.elapsed(), records)
}

/// Fills three quarters of the ring, empties it, and so on, in one thread.
fn alone() -> (f64, f64) {
    let (mut uplink, mut producer) = ring(Window::Unlimited);
    let record = record();
    let records = RING_BYTES / 4 * 3 / RECORD_BYTES;
    let mut batch = Vec::with_capacity(TAKE_BYTES_MAX);
    let (mut posting, mut taking) = (Duration::ZERO, Duration::ZERO);
    for turn in 0..24 {
        let start = Instant::now();
        for _ in 0..records {
            post(&mut producer, black_box(&record));
        }
        let posted = Instant::now();
        loop {
            batch.clear();
            if uplink.take(&mut batch, TAKE_BYTES_MAX).unwrap().records == 0 {
                break;
            }
        }
        // The first turns touch fresh memory.
        if turn >= 4 {
            posting += posted - start;
            taking += posted.elapsed();
        }
    }
    (per_record(posting, 20 * records), per_record(taking, 20 * records))
}

fn threads(window: Window) -> f64 {
    const RECORDS: usize = 3_000_000;
    let (mut uplink, mut producer) = ring(window);
    let start = Instant::now();
    let worker = thread::spawn(move || {
        let record = record();
        for _ in 0..RECORDS {
            post(&mut producer, black_box(&record));
        }
    });
    let credits = uplink.credits().clone();
    let (mut pace, mut taken) = (Pace::default(), 0);
    let mut batch = Vec::with_capacity(TAKE_BYTES_MAX);
    while taken < RECORDS {
        batch.clear();
        let records = uplink.take(&mut batch, TAKE_BYTES_MAX).unwrap().records;
        taken += records as usize;
        credits.grant(records);
        let (ready, limit) = match pace.after(records, Instant::now()) {
            Next::Again => continue,
            Next::Nap(nap) => (uplink.prepare_nap(), nap),
            Next::Sleep => (taken < RECORDS && uplink.prepare_sleep(), Duration::from_secs(5)),
        };
        if ready {
            let (doorbell, limit) = (uplink.doorbell(), Timespec::try_from(limit).unwrap());
            poll(&mut [PollFd::new(&doorbell, PollFlags::IN)], Some(&limit)).unwrap();
            uplink.awake();
        }
    }
    worker.join().unwrap();
    per_record(start.elapsed(), RECORDS)
}

fn window(records: u32) -> Window {
    NonZeroU32::new(records).map_or(Window::Unlimited, Window::Limited)
}

fn ring(window: Window) -> (Uplink, Producer) {
    let (uplink, fds) = Uplink::create(&UplinkOptions { ring_bytes: RING_BYTES, window }).unwrap();
    (uplink, Producer::attach(fds.memfd, fds.doorbell).unwrap())
}

#[inline(always)]
fn post(producer: &mut Producer, record: &[u8; RECORD_BYTES]) {
    loop {
        match producer.reserve(RECORD_BYTES) {
            Ok(mut place) => {
                place.bytes_mut().copy_from_slice(record);
                place.commit(RECORD_BYTES);
                return;
            }
            Err(refused) => wait(producer, refused),
        }
    }
}

#[cold]
fn wait(producer: &Producer, refused: Refused) {
    let flow = producer.flow();
    let waited = match refused {
        Refused::NoCredit => flow.wait_credit(None),
        Refused::Full => flow.wait_room(RECORD_BYTES, None),
        Refused::TooLarge { .. } => unreachable!("a record of 200 bytes fits"),
    };
    assert_eq!(waited, Wait::Ready);
}
