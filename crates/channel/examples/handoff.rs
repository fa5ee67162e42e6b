//! What the hand-off costs: `cargo run --release -p hognose-channel --example handoff`.
//!
//! Prints nanoseconds a record of 200 bytes, medians of some rounds: a bare copy into memory of the ring's size, the
//! producer with nobody beside it, the consumer with nobody beside it, and both on threads of their own, at several
//! rates and with several windows.
#![expect(clippy::print_stdout, reason = "this is a program for people to run")]

use std::{
    hint::black_box,
    num::NonZeroU32,
    thread,
    time::{Duration, Instant},
};

use channel::{Next, Pace, Producer, RING_BYTES, Refused, Uplink, UplinkOptions, Wait, Window};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    time::{ClockId, clock_gettime},
};

const RECORD_BYTES: usize = 200;
const ROUNDS: usize = 9;
/// Bytes of a batch.
const TAKE_BYTES_MAX: usize = 512 * 1024;

fn main() {
    report("bare copy", &copy);
    report("producer alone", &|| alone().0);
    report("consumer alone", &|| alone().1);
    println!("\non two threads:");
    for between in [0, 80, 300, 3000, 30_000] {
        flow(&format!("a record, then {between} ns else"), Window::Unlimited, between);
    }
    for records in [100_000, 10_000, 1000, 100] {
        flow(&format!("window of {records}"), window(records), 0);
    }
    flow("window of 100, 300 ns else", window(100), 300);
}

fn report(name: &str, measure: &dyn Fn() -> f64) {
    println!("{name:30} {:8.1} ns a record", median((0..ROUNDS).map(|_| measure())));
}

fn flow(name: &str, window: Window, between: u64) {
    let rounds: Vec<Flow> = (0..ROUNDS).map(|_| threads(window, between)).collect();
    println!(
        "{name:30} {:8.1} ns a record, {:6.1} ns CPU of the consumer, {:6.0} records a batch",
        median(rounds.iter().map(|flow| flow.wall)),
        median(rounds.iter().map(|flow| flow.consumer)),
        median(rounds.iter().map(|flow| flow.batch)),
    );
}

fn median(rounds: impl Iterator<Item = f64>) -> f64 {
    let mut rounds: Vec<f64> = rounds.collect();
    rounds.sort_by(f64::total_cmp);
    rounds[rounds.len() / 2]
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

/// What a run on two threads took; times in nanoseconds a record.
struct Flow {
    wall: f64,
    consumer: f64,
    batch: f64,
}

/// A producer that does something else for `between` nanoseconds after each record, as Python does, and a consumer
/// that does nothing but take.
fn threads(window: Window, between: u64) -> Flow {
    let records_all = if between > 1000 { 20_000 } else { 1_000_000 };
    let between = Duration::from_nanos(between);
    let (mut uplink, mut producer) = ring(window);
    let start = Instant::now();
    let worker = thread::spawn(move || {
        let record = record();
        for _ in 0..records_all {
            post(&mut producer, black_box(&record));
            if !between.is_zero() {
                let posted = Instant::now();
                while posted.elapsed() < between {}
            }
        }
    });
    let credits = uplink.credits().clone();
    let (mut pace, mut taken, mut batches) = (Pace::default(), 0, 0);
    let mut batch = Vec::with_capacity(TAKE_BYTES_MAX);
    let consumer = cpu_of_this_thread();
    while taken < records_all {
        batch.clear();
        let records = uplink.take(&mut batch, TAKE_BYTES_MAX).unwrap().records;
        taken += records as usize;
        batches += usize::from(records > 0);
        credits.grant(records);
        let (ready, limit) = match pace.after(records, uplink.waiting(), Instant::now()) {
            Next::Again => continue,
            Next::Nap(nap) => (uplink.prepare_nap(), nap),
            Next::Sleep => (taken < records_all && uplink.prepare_sleep(), Duration::from_secs(5)),
        };
        if ready {
            let (doorbell, limit) = (uplink.doorbell(), Timespec::try_from(limit).unwrap());
            poll(&mut [PollFd::new(&doorbell, PollFlags::IN)], Some(&limit)).unwrap();
            uplink.awake();
        }
    }
    let consumer = cpu_of_this_thread() - consumer;
    worker.join().unwrap();
    Flow {
        wall: per_record(start.elapsed(), records_all),
        consumer: per_record(consumer, records_all),
        batch: records_all as f64 / batches as f64,
    }
}

fn cpu_of_this_thread() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
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
