//! Rings that do what a queue does, and workers that do what they like.

use std::{
    collections::{HashSet, VecDeque},
    fs::File,
    mem::{discriminant, offset_of},
    os::unix::fs::FileExt,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use proptest::prelude::*;

use super::{
    tests::{limited, pair, post, record},
    *,
};
use crate::{
    Corrupt, Window,
    framing::{Rules, Stop, Walked, walk},
    machine::Shared,
    words::Control,
};

#[derive(Debug, Clone)]
enum Step {
    Post(usize, u8),
    Take(usize),
    Grant(u32),
}

fn step() -> impl Strategy<Value = Step> {
    let length = prop_oneof![
        4 => 4_usize..100,
        2 => 100_usize..2000,
        1 => Just(RING_BYTES_MIN / 16),
        1 => Just(RING_BYTES_MIN / 16 + 1),
    ];
    prop_oneof![
        5 => (length, any::<u8>()).prop_map(|(eighths, filling)| Step::Post(8 * eighths, filling)),
        2 => (0_usize..RING_BYTES_MIN).prop_map(Step::Take),
        1 => (0_u32..20).prop_map(Step::Grant),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_ring_is_a_queue(steps in prop::collection::vec(step(), 1..200)) {
        let (mut uplink, mut producer) = pair(limited(50));
        let (mut queue, mut used, mut free) = (VecDeque::new(), 0, 50);
        for step in steps {
            match step {
                Step::Post(length, filling) => {
                    let record = record(length, filling);
                    let max = RING_BYTES_MIN / 2;
                    let expected = if length > max {
                        Err(Refused::TooLarge { length, max })
                    } else if free == 0 {
                        Err(Refused::NoCredit)
                    } else if used + length > RING_BYTES_MIN {
                        Err(Refused::Full)
                    } else {
                        Ok(())
                    };
                    prop_assert_eq!(post(&mut producer, &record), expected);
                    if expected.is_ok() {
                        queue.push_back(record);
                        used += length;
                        free -= 1;
                    }
                }
                Step::Take(max) => {
                    let (mut expected, mut records) = (Vec::new(), 0);
                    while let Some(next) = queue.pop_front_if(|next: &mut Vec<u8>| {
                        expected.is_empty() || expected.len() + next.len() <= max
                    }) {
                        expected.extend(next);
                        records += 1;
                    }
                    used -= expected.len();
                    let mut out = Vec::new();
                    prop_assert_eq!(uplink.take(&mut out, max), Ok(Taken { records, notes: 0, bytes: expected.len() }));
                    prop_assert!(out == expected);
                }
                Step::Grant(records) => {
                    uplink.credits().grant(records);
                    free += u64::from(records);
                }
            }
        }
    }
}

/// Small, quick, and the same every time (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// Where the ring's bytes start in the file.
const DATA: u64 = 64 * 1024;
/// Where the worker's position is.
const HEAD: u64 = offset_of!(Control<Shared>, posts) as u64;

/// One stroke over the shared file: anything anywhere, or something that looks right at first.
fn scribble(file: &File, dice: &mut Dice) {
    let (at, value) = match dice.roll(8) {
        0 => (dice.roll(DATA + RING_BYTES_MIN as u64 - 8), dice.roll(u64::MAX)),
        1 => (8 * dice.roll(size_of::<Control<Shared>>() as u64 / 8), dice.roll(u64::MAX)),
        2 => (8 * dice.roll(size_of::<Control<Shared>>() as u64 / 8), dice.roll(4)),
        // The head, a little or a lot further.
        3 => (HEAD, 8 * dice.roll(2 * RING_BYTES_MIN as u64 / 8)),
        // Lengths of records.
        _ => (DATA + 8 * dice.roll(RING_BYTES_MIN as u64 / 8), 32 + 8 * dice.roll(20)),
    };
    file.write_all_at(&value.to_le_bytes(), at).unwrap();
}

/// Strokes of one scribbler.
const STROKES: u32 = 400;

/// Takes while a worker scribbles, and checks that whatever comes is well framed. Returns how many records came, and
/// how the ring ended, if it did.
fn take_under_scribbling(seed: u64) -> (u64, Option<Corrupt>) {
    let (mut uplink, fds) =
        Uplink::create(&UplinkOptions { ring_bytes: RING_BYTES_MIN, window: Window::Unlimited }).unwrap();
    let file = File::from(fds.memfd);
    // A ring full of decent records to start from, half of it published.
    for at in (0..RING_BYTES_MIN as u64).step_by(32) {
        file.write_all_at(&32_u64.to_le_bytes(), DATA + at).unwrap();
    }
    file.write_all_at(&(RING_BYTES_MIN as u64 / 2).to_le_bytes(), HEAD).unwrap();
    assert_eq!(uplink.take(&mut Vec::new(), 1024), Ok(Taken { records: 32, notes: 0, bytes: 1024 }));

    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut dice = Dice(seed);
            (0..STROKES).for_each(|_| scribble(&file, &mut dice));
            done.store(true, Ordering::Release);
        });
        let mut dice = Dice(!seed);
        let mut ended = None;
        loop {
            let last = done.load(Ordering::Acquire);
            take_once(&mut uplink, dice.roll(4096) as usize, &mut ended);
            uplink.credits().grant(1);
            let _ = (uplink.credits().take_wakeup(), uplink.credits().outstanding());
            let _ = (uplink.prepare_nap(), uplink.prepare_sleep());
            uplink.awake();
            if last {
                return (uplink.records_taken(), ended);
            }
        }
    })
}

fn take_once(uplink: &mut Uplink, max_bytes: usize, ended: &mut Option<Corrupt>) {
    let mut out = b"kept".to_vec();
    let taken = uplink.take(&mut out, max_bytes);
    let (kept, copy) = out.split_at(4);
    assert_eq!(kept, b"kept");
    match taken {
        Ok(taken) => {
            assert_eq!(*ended, None, "a corrupt ring gave something");
            let rules = Rules {
                published: copy.len() as u64,
                size_max: RING_BYTES_MIN as u32 / 2,
                records_max: u64::MAX,
                limit: 0,
            };
            let whole = Walked { records: taken.records, notes: 0, bytes: taken.bytes, stop: Stop::End };
            assert_eq!((walk(copy, &rules), copy.len()), (whole, taken.bytes));
        }
        Err(corrupt) => {
            assert_eq!(copy, b"");
            assert_eq!(*ended.get_or_insert(corrupt), corrupt, "it stays as it is");
        }
    }
}

#[test]
fn a_worker_that_scribbles_gets_nothing_but_corrupt() {
    let rings: Vec<_> = (1..=200).map(|seed| take_under_scribbling(seed * 0x9e37_79b9)).collect();
    // That the test tests: rings went bad, in more than one way, and not before they had given something.
    let ends: Vec<_> = rings.iter().filter_map(|(_, ended)| *ended).collect();
    assert!(ends.len() > 50, "{} of 200 rings went bad", ends.len());
    let kinds: HashSet<_> = ends.iter().map(discriminant).collect();
    assert!(kinds.len() >= 3, "all went bad alike: {:?}", ends[0]);
    assert!(rings.iter().any(|(records, _)| *records > 32));
}

#[track_caller]
fn check_head(head: u64, expected: Corrupt) {
    let (mut uplink, mut producer) = pair(Window::Unlimited);
    post(&mut producer, &record(40, 1)).unwrap();
    let mut out = Vec::new();
    uplink.take(&mut out, usize::MAX).unwrap();
    producer.pretend_head(head);
    for _ in 0..2 {
        assert_eq!(uplink.take(&mut out, usize::MAX), Err(expected));
    }
    assert_eq!(out.len(), 40);
}

#[test]
fn a_head_that_cannot_be_is_named() {
    let capacity = RING_BYTES_MIN as u64;
    check_head(0, Corrupt::HeadBeyondCapacity { published: u64::MAX - 39, capacity });
    check_head(capacity + 48, Corrupt::HeadBeyondCapacity { published: capacity + 8, capacity });
    check_head(u64::MAX, Corrupt::HeadBeyondCapacity { published: u64::MAX - 40, capacity });
    check_head(41, Corrupt::HeadUnaligned { head: 41 });
    // Nothing was ever written there.
    check_head(80, Corrupt::SizeTooSmall { size: 0, min: 32 });
}
