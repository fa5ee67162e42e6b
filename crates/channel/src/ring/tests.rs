use std::{
    num::NonZeroU32,
    thread,
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::*;
use crate::{Corrupt, Wait, Window};

/// An uplink of the smallest size and the producer of its worker.
pub(super) fn pair(window: Window) -> (Uplink, Producer) {
    let (uplink, fds) = Uplink::create(&UplinkOptions { ring_bytes: RING_BYTES_MIN, window }).unwrap();
    (uplink, Producer::attach(fds.memfd, fds.doorbell).unwrap())
}

pub(super) fn limited(records: u32) -> Window {
    Window::Limited(NonZeroU32::new(records).unwrap())
}

/// A record of `length` bytes filled with `filling`.
pub(super) fn record(length: usize, filling: u8) -> Vec<u8> {
    let mut record = vec![filling; length];
    record[..4].copy_from_slice(&(length as u32).to_le_bytes());
    record
}

pub(super) fn post(producer: &mut Producer, record: &[u8]) -> Result<(), Refused> {
    let mut place = producer.reserve(record.len())?;
    place.bytes_mut().copy_from_slice(record);
    place.commit(record.len());
    Ok(())
}

fn readable(uplink: &Uplink) -> (bool, bool) {
    let (doorbell, alarm) = (uplink.doorbell(), uplink.alarm());
    let mut fds = [PollFd::new(&doorbell, PollFlags::IN), PollFd::new(&alarm, PollFlags::IN)];
    poll(&mut fds, Some(&Timespec::default())).unwrap();
    (!fds[0].revents().is_empty(), !fds[1].revents().is_empty())
}

const ALL: usize = usize::MAX;

#[test]
fn a_record_comes_out_as_it_went_in() {
    let (mut uplink, mut producer) = pair(Window::Unlimited);
    let mut out = b"before".to_vec();
    assert_eq!(uplink.take(&mut out, ALL), Ok(Taken::default()));
    post(&mut producer, &record(32, 1)).unwrap();
    post(&mut producer, &record(200, 2)).unwrap();
    assert_eq!(uplink.take(&mut out, ALL), Ok(Taken { records: 2, notes: 0, bytes: 232 }));
    assert_eq!(out, [b"before".to_vec(), record(32, 1), record(200, 2)].concat());
    assert_eq!(uplink.take(&mut out, ALL), Ok(Taken::default()));
    assert_eq!(uplink.records_taken(), 2);
}

#[test]
fn a_reservation_may_be_larger_than_the_record_or_dropped() {
    let (mut uplink, mut producer) = pair(Window::Unlimited);
    let _ = producer.reserve(64).unwrap();
    let mut place = producer.reserve(4096).unwrap();
    place.bytes_mut()[..40].copy_from_slice(&record(40, 7));
    place.commit(40);
    let mut out = Vec::new();
    assert_eq!(uplink.take(&mut out, ALL), Ok(Taken { records: 1, notes: 0, bytes: 40 }));
    assert_eq!(out, record(40, 7));
}

#[test]
fn records_wrap_around_in_one_piece() {
    let (mut uplink, mut producer) = pair(Window::Unlimited);
    let mut out = Vec::new();
    for round in 0..100 {
        let record = record(RING_BYTES_MIN / 2 - 8 * (round % 7), round as u8);
        post(&mut producer, &record).unwrap();
        out.clear();
        assert_eq!(uplink.take(&mut out, ALL), Ok(Taken { records: 1, notes: 0, bytes: record.len() }));
        assert!(out == record, "round {round}");
    }
}

#[test]
fn a_full_ring_refuses_until_something_is_taken() {
    let (mut uplink, mut producer) = pair(Window::Unlimited);
    let half = record(RING_BYTES_MIN / 2, 1);
    post(&mut producer, &half).unwrap();
    post(&mut producer, &half).unwrap();
    assert_eq!(post(&mut producer, &record(32, 1)), Err(Refused::Full));
    assert_eq!(producer.flow().wait_room(32, Some(Duration::ZERO)), Wait::TimedOut);
    assert_eq!(uplink.take(&mut Vec::new(), 1).unwrap().records, 1);
    assert_eq!(producer.flow().wait_room(32, None), Wait::Ready);
    post(&mut producer, &half).unwrap();
}

#[test]
fn what_fits_no_ring_is_too_large() {
    let (_uplink, mut producer) = pair(Window::Unlimited);
    let max = producer.record_bytes_max();
    assert_eq!(max, RING_BYTES_MIN / 2);
    assert_eq!(post(&mut producer, &record(max + 8, 1)), Err(Refused::TooLarge { length: max + 8, max }));
}

#[test]
fn take_stops_at_whole_records_and_gives_a_large_one_alone() {
    let (mut uplink, mut producer) = pair(Window::Unlimited);
    for length in [40, 48, 1000, 32] {
        post(&mut producer, &record(length, 9)).unwrap();
    }
    let mut out = Vec::new();
    assert_eq!(uplink.take(&mut out, 100), Ok(Taken { records: 2, notes: 0, bytes: 88 }));
    assert_eq!(uplink.take(&mut out, 100), Ok(Taken { records: 1, notes: 0, bytes: 1000 }));
    assert_eq!(uplink.take(&mut out, 0), Ok(Taken { records: 1, notes: 0, bytes: 32 }));
    assert_eq!(out.len(), 1120);
}

#[test]
fn a_note_needs_room_but_no_credit() {
    let (mut uplink, mut producer) = pair(Window::Limited(NonZeroU32::MIN));
    producer.note(true, b"before").unwrap();
    post(&mut producer, &record(40, 1)).unwrap();
    assert_eq!(post(&mut producer, &record(40, 1)), Err(Refused::NoCredit));
    producer.note(false, b"after").unwrap();
    let mut out = Vec::new();
    assert_eq!(uplink.take(&mut out, ALL), Ok(Taken { records: 1, notes: 2, bytes: 104 }));
    let notes = crate::split_notes(&mut out).unwrap();
    assert_eq!(
        notes.iter().map(|note| (note.after, note.covers_next)).collect::<Vec<_>>(),
        [(0, true), (1, false)]
    );
    assert_eq!(out, record(40, 1));
    let large = vec![0; RING_BYTES_MIN];
    assert!(matches!(producer.note(false, &large), Err(Refused::TooLarge { .. })));
    let half = vec![0; RING_BYTES_MIN / 2 - 8];
    producer.note(false, &half).unwrap();
    producer.note(false, &half).unwrap();
    assert_eq!(producer.note(false, b""), Err(Refused::Full));
}

#[test]
fn the_doorbell_rings_once_a_sleep() {
    let (mut uplink, mut producer) = pair(Window::Unlimited);
    post(&mut producer, &record(32, 1)).unwrap();
    assert_eq!(readable(&uplink), (false, false), "nobody sleeps");
    assert!(!uplink.prepare_sleep(), "there is something to take");
    uplink.take(&mut Vec::new(), ALL).unwrap();
    assert!(uplink.prepare_sleep());
    post(&mut producer, &record(32, 1)).unwrap();
    assert_eq!(readable(&uplink), (true, false));
    uplink.awake();
    assert_eq!(readable(&uplink), (false, false));
    post(&mut producer, &record(32, 1)).unwrap();
    assert_eq!(readable(&uplink), (false, false), "awake");
}

#[test]
fn without_credit_there_is_no_place() {
    let (mut uplink, mut producer) = pair(limited(2));
    let flow = producer.flow();
    post(&mut producer, &record(32, 1)).unwrap();
    assert!(flow.has_credit() && producer.has_credit());
    post(&mut producer, &record(32, 2)).unwrap();
    assert!(!flow.has_credit() && !producer.has_credit());
    assert_eq!(post(&mut producer, &record(32, 3)), Err(Refused::NoCredit));
    assert_eq!(flow.wait_credit(Some(Duration::from_millis(1))), Wait::TimedOut);
    assert_eq!(uplink.credits().outstanding(), Some(2));
    uplink.take(&mut Vec::new(), ALL).unwrap();
    assert_eq!(uplink.credits().outstanding(), Some(2), "taken is not acknowledged");
    uplink.credits().grant(1);
    assert_eq!(uplink.credits().outstanding(), Some(1));
    assert_eq!(flow.wait_credit(None), Wait::Ready);
    post(&mut producer, &record(32, 3)).unwrap();
    assert_eq!(uplink.take(&mut Vec::new(), ALL).unwrap().records, 1);
}

#[test]
fn a_grant_wakes_who_waits_for_credit() {
    let (uplink, mut producer) = pair(limited(1));
    post(&mut producer, &record(32, 1)).unwrap();
    let flow = producer.flow();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| flow.wait_credit(None));
        uplink.credits().grant(1);
        assert_eq!(waiter.join().unwrap(), Wait::Ready);
    });
}

#[test]
fn request_exit_ends_every_wait() {
    let (uplink, mut producer) = pair(limited(2));
    post(&mut producer, &record(RING_BYTES_MIN / 2, 1)).unwrap();
    post(&mut producer, &record(RING_BYTES_MIN / 2, 1)).unwrap();
    let flow = producer.flow();
    thread::scope(|scope| {
        let room = scope.spawn(|| flow.wait_room(32, None));
        let credit = scope.spawn(|| flow.wait_credit(None));
        uplink.credits().request_exit();
        assert_eq!(room.join().unwrap(), Wait::ExitRequested);
        assert_eq!(credit.join().unwrap(), Wait::ExitRequested);
    });
    assert!(flow.exit_requested());
    uplink.credits().grant(1);
    assert_eq!(flow.wait_credit(None), Wait::Ready, "credit goes before exit");
}

#[test]
fn wakeup_follows_suspend_once() {
    let (mut uplink, mut producer) = pair(limited(1));
    let (flow, credits) = (producer.flow(), uplink.credits().clone());
    assert!(!credits.take_wakeup(), "not suspended");
    post(&mut producer, &record(32, 1)).unwrap();
    flow.suspend_begins();
    credits.grant(1);
    assert_eq!(readable(&uplink), (false, false), "suspend() still runs");
    assert!(!credits.take_wakeup(), "suspend() still runs");
    flow.suspend_ended();
    assert_eq!(readable(&uplink), (true, false), "there are credits already");
    assert!(credits.take_wakeup());
    assert!(!credits.take_wakeup(), "once");
    assert!(flow.wakeup_arrived());
    assert!(!flow.wakeup_arrived(), "once");

    post(&mut producer, &record(32, 1)).unwrap();
    flow.suspend_begins();
    flow.suspend_ended();
    uplink.awake();
    assert!(!credits.take_wakeup(), "no credit");
    credits.grant(1);
    assert_eq!(readable(&uplink), (false, true));
    assert!(credits.take_wakeup());
    // Suspended again before the frame arrives: it is void, and another comes.
    flow.suspend_begins();
    assert!(!flow.wakeup_arrived());
    flow.suspend_ended();
    assert!(credits.take_wakeup());
    assert!(flow.wakeup_arrived());
}

#[test]
fn a_wakeup_waits_for_a_quarter_of_the_window() {
    let (uplink, mut producer) = pair(limited(40));
    for _ in 0..40 {
        post(&mut producer, &record(32, 1)).unwrap();
    }
    producer.flow().suspend_begins();
    producer.flow().suspend_ended();
    for _ in 0..9 {
        uplink.credits().grant(1);
        assert!(!uplink.credits().take_wakeup());
        assert_eq!(readable(&uplink), (false, false));
    }
    uplink.credits().grant(1);
    assert_eq!(readable(&uplink), (false, true));
    assert!(uplink.credits().take_wakeup());
}

#[test]
fn dropped_posts_are_counted_where_the_daemon_sees_them() {
    let (uplink, producer) = pair(limited(1));
    producer.flow().count_dropped_suspended();
    producer.flow().count_dropped_suspended();
    assert_eq!(uplink.credits().dropped_suspended(), 2);
}

#[test]
fn two_threads_lose_nothing_and_keep_the_order() {
    const RECORDS: u64 = 200_000;
    let (mut uplink, mut producer) = pair(limited(1000));
    let worker = thread::spawn(move || {
        let flow = producer.flow();
        for number in 0..RECORDS {
            let mut record = record(32 + 8 * (number % 40) as usize, 0);
            record[8..16].copy_from_slice(&number.to_le_bytes());
            while let Err(refused) = post(&mut producer, &record) {
                let wait = match refused {
                    Refused::NoCredit => flow.wait_credit(None),
                    Refused::Full => flow.wait_room(record.len(), None),
                    Refused::TooLarge { .. } => unreachable!(),
                };
                assert_eq!(wait, Wait::Ready);
            }
        }
    });
    let mut next = 0;
    let mut out = Vec::new();
    while next < RECORDS {
        out.clear();
        let taken = uplink.take(&mut out, 8192).unwrap();
        let mut rest = &out[..];
        while let Some(size) = rest.first_chunk::<4>() {
            assert_eq!(rest[8..16], next.to_le_bytes());
            next += 1;
            rest = &rest[u32::from_le_bytes(*size) as usize..];
        }
        uplink.credits().grant(taken.records);
        if taken.records == 0 && next < RECORDS && uplink.prepare_sleep() {
            let doorbell = uplink.doorbell();
            let start = Instant::now();
            let limit = Timespec { tv_sec: 20, tv_nsec: 0 };
            poll(&mut [PollFd::new(&doorbell, PollFlags::IN)], Some(&limit)).unwrap();
            assert!(start.elapsed() < Duration::from_secs(20), "the doorbell did not ring");
            uplink.awake();
        }
    }
    worker.join().unwrap();
}

#[test]
fn posting_beyond_the_credits_is_corrupt() {
    let (mut uplink, mut producer) = pair(limited(2));
    // What a worker that keeps no rules could do: raise its own limit.
    producer.cheat();
    for filling in 0..3 {
        post(&mut producer, &record(32, filling)).unwrap();
    }
    let mut out = Vec::new();
    assert_eq!(
        uplink.take(&mut out, ALL),
        Ok(Taken { records: 2, notes: 0, bytes: 64 }),
        "what was allowed is given first"
    );
    assert_eq!(uplink.take(&mut out, ALL), Err(Corrupt::OverCredit { limit: 2 }));
    assert_eq!(out.len(), 64);
}
