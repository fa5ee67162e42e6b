//! The non-blocking mode with real threads: a source, the daemon's thread, and one that acknowledges.

use std::{
    num::NonZeroU32,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use channel::{Credits, Next, Pace, Producer, Uplink, UplinkOptions, Window};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

const RECORDS: u64 = 10_000;
const PATIENCE: Duration = Duration::from_secs(30);

/// Posts until there is no credit, suspends, and waits for the wakeup, as a cooperative source does.
fn source(mut producer: Producer, wakeups: mpsc::Receiver<()>, suspending: &AtomicBool) {
    let flow = producer.flow();
    for number in 0..RECORDS {
        let mut place = producer.reserve(32).unwrap();
        place.bytes_mut()[..4].copy_from_slice(&32_u32.to_le_bytes());
        place.bytes_mut()[8..16].copy_from_slice(&number.to_le_bytes());
        place.commit(32);
        // After the last record the daemon leaves.
        if number + 1 < RECORDS && !flow.has_credit() {
            flow.suspend_begins();
            suspending.store(true, Ordering::Release);
            if number.is_multiple_of(3) {
                // A suspend() that takes its time: the credits come meanwhile.
                thread::yield_now();
            }
            suspending.store(false, Ordering::Release);
            flow.suspend_ended();
            wakeups.recv_timeout(PATIENCE).expect("the wakeup was lost");
            assert!(flow.wakeup_arrived(), "a source that waits for its wakeup overtakes none");
            assert!(flow.has_credit());
        }
    }
}

/// Takes, hands over to be acknowledged, and sends wakeups. Returns how many.
fn daemon(
    mut uplink: Uplink,
    acks: mpsc::SyncSender<u32>,
    wakeup: mpsc::SyncSender<()>,
    suspending: &AtomicBool,
) -> u32 {
    let (mut pace, mut taken, mut wakeups) = (Pace::default(), 0, 0);
    let mut batch = Vec::new();
    loop {
        batch.clear();
        let records = uplink.take(&mut batch, 4096).unwrap().records;
        taken += u64::from(records);
        if records > 0 {
            acks.send(records).unwrap();
        }
        if uplink.credits().take_wakeup() {
            assert!(!suspending.load(Ordering::Acquire), "a wakeup while suspend() runs");
            wakeups += 1;
            wakeup.send(()).unwrap();
        }
        let (ready, limit) = match pace.after(records, uplink.waiting(), Instant::now()) {
            _ if taken == RECORDS => return wakeups,
            Next::Again => continue,
            Next::Nap(nap) => (uplink.prepare_nap(), nap),
            Next::Sleep => (uplink.prepare_sleep(), PATIENCE),
        };
        if ready {
            let (doorbell, alarm) = (uplink.doorbell(), uplink.alarm());
            let mut fds = [PollFd::new(&doorbell, PollFlags::IN), PollFd::new(&alarm, PollFlags::IN)];
            let rung = poll(&mut fds, Some(&Timespec::try_from(limit).unwrap())).unwrap();
            assert!(rung > 0 || limit < PATIENCE, "neither doorbell nor alarm after {taken} records");
            uplink.awake();
        }
    }
}

fn acknowledge(credits: &Credits, acks: &mpsc::Receiver<u32>) {
    while let Ok(records) = acks.recv() {
        // One by one, as a slow destination does, so that wakeups wait for a quarter of the window.
        (0..records).for_each(|_| credits.grant(1));
    }
}

#[track_caller]
fn check(window: u32) {
    let window = Window::Limited(NonZeroU32::new(window).unwrap());
    let (uplink, fds) = Uplink::create(&UplinkOptions { window, ..UplinkOptions::default() }).unwrap();
    let producer = Producer::attach(fds.memfd, fds.doorbell).unwrap();
    let credits = uplink.credits().clone();
    let (acks, to_acknowledge) = mpsc::sync_channel(1000);
    let (wakeup, wakeups) = mpsc::sync_channel(1);
    let suspending = AtomicBool::new(false);
    let sent = thread::scope(|scope| {
        scope.spawn(|| source(producer, wakeups, &suspending));
        scope.spawn(move || acknowledge(&credits, &to_acknowledge));
        daemon(uplink, acks, wakeup, &suspending)
    });
    assert!(sent > 0, "the source was never suspended");
}

#[test]
fn no_wakeup_is_lost_in_a_window_of_1() {
    check(1);
}

#[test]
fn no_wakeup_is_lost_in_a_window_of_100() {
    check(100);
}
