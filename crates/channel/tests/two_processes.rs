//! The hand-off between two processes, and what is left of it when the worker dies.
//!
//! Each test starts this test binary once more as its worker: the doorbell is its standard input, the memory it opens
//! by the parent's `/proc` entry.

use std::{
    env,
    fs::OpenOptions,
    io,
    num::NonZeroU32,
    os::fd::{AsFd, AsRawFd, OwnedFd},
    os::unix::process::ExitStatusExt,
    process::{self, Child, Command, Stdio},
    time::{Duration, Instant},
};

use channel::{Next, Pace, Producer, Refused, Uplink, UplinkOptions, Wait, Window};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Signal, getpid, kill_process},
};

/// Tells the worker its part and where its memory is.
const PART: &str = "HOGNOSE_CHANNEL_TEST_PART";
const MEMORY: &str = "HOGNOSE_CHANNEL_TEST_MEMORY";
/// No test waits longer for anything.
const PATIENCE: Duration = Duration::from_secs(30);
const EXIT_WHEN_ASKED: i32 = 7;

/// An uplink and its worker. The file must stay open until the worker has had the time to open it too.
fn start(part: &str, window: Window) -> (Uplink, Child, OwnedFd) {
    let (uplink, fds) = Uplink::create(&UplinkOptions { ring_bytes: 256 * 1024, window }).unwrap();
    let memory = format!("/proc/{}/fd/{}", process::id(), fds.memfd.as_raw_fd());
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "worker", "--ignored", "--quiet"])
        .env(PART, part)
        .env(MEMORY, memory)
        .stdin(Stdio::from(fds.doorbell))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    (uplink, child, fds.memfd)
}

/// The other process.
#[test]
#[ignore = "the other tests run it as a process of its own"]
fn worker() {
    let memfd =
        OwnedFd::from(OpenOptions::new().read(true).write(true).open(env::var(MEMORY).unwrap()).unwrap());
    let doorbell = io::stdin().as_fd().try_clone_to_owned().unwrap();
    let mut producer = Producer::attach(memfd, doorbell).unwrap();
    match env::var(PART).unwrap().as_str() {
        "posts" => (0..RECORDS).for_each(|number| assert_eq!(post(&mut producer, number), Wait::Ready)),
        "dies" => {
            (0..5000).for_each(|number| assert_eq!(post(&mut producer, number), Wait::Ready));
            // In the middle of a record.
            let mut place = producer.reserve(64).unwrap();
            place.bytes_mut().fill(0xff);
            kill_process(getpid(), Signal::KILL).unwrap();
        }
        "waits" => {
            let answer =
                (0..).map(|number| post(&mut producer, number)).find(|answer| *answer != Wait::Ready);
            assert_eq!(answer, Some(Wait::ExitRequested));
            process::exit(EXIT_WHEN_ASKED);
        }
        part => panic!("no part {part}"),
    }
}

const RECORDS: u64 = 100_000;

/// Posts a record that holds `number`, and waits as long as it takes.
fn post(producer: &mut Producer, number: u64) -> Wait {
    let length = 32 + 8 * (number % 50) as usize;
    loop {
        let flow = producer.flow();
        let answer = match producer.reserve(length) {
            Ok(mut place) => {
                let bytes = place.bytes_mut();
                bytes[..4].copy_from_slice(&(length as u32).to_le_bytes());
                bytes[8..16].copy_from_slice(&number.to_le_bytes());
                place.commit(length);
                return Wait::Ready;
            }
            Err(Refused::NoCredit) => flow.wait_credit(Some(PATIENCE)),
            Err(Refused::Full) => flow.wait_room(length, Some(PATIENCE)),
            Err(refused) => panic!("{refused}"),
        };
        if answer != Wait::Ready {
            return answer;
        }
    }
}

/// Takes everything there is and checks that the numbers go on from `next`.
fn take(uplink: &mut Uplink, next: &mut u64) -> u32 {
    let mut batch = Vec::new();
    let taken = uplink.take(&mut batch, 64 * 1024).unwrap();
    let mut rest = &batch[..];
    while let Some(size) = rest.first_chunk::<4>() {
        assert_eq!(rest[8..16], next.to_le_bytes());
        *next += 1;
        rest = &rest[u32::from_le_bytes(*size) as usize..];
    }
    taken.records
}

/// Runs the daemon's loop until `count` records are there.
fn drain(uplink: &mut Uplink, count: u64) {
    let (mut next, mut pace) = (0, Pace::default());
    let deadline = Instant::now() + PATIENCE;
    while next < count {
        assert!(Instant::now() < deadline, "{next} of {count} records after {PATIENCE:?}");
        let records = take(uplink, &mut next);
        uplink.credits().grant(records);
        let (ready, limit) = match pace.after(records, uplink.waiting(), Instant::now()) {
            Next::Again => continue,
            Next::Nap(nap) => (uplink.prepare_nap(), nap),
            Next::Sleep => (next < count && uplink.prepare_sleep(), PATIENCE),
        };
        if ready {
            let (doorbell, limit) = (uplink.doorbell(), Timespec::try_from(limit).unwrap());
            poll(&mut [PollFd::new(&doorbell, PollFlags::IN)], Some(&limit)).unwrap();
            uplink.awake();
        }
    }
}

#[track_caller]
fn check_all_arrive(window: Window) {
    let (mut uplink, mut child, _memfd) = start("posts", window);
    drain(&mut uplink, RECORDS);
    assert!(child.wait().unwrap().success());
    assert_eq!(take(&mut uplink, &mut 0), 0, "nothing is left");
}

#[test]
fn all_arrive_in_order() {
    check_all_arrive(Window::Unlimited);
}

#[test]
fn all_arrive_in_order_through_a_window_of_100() {
    check_all_arrive(Window::Limited(NonZeroU32::new(100).unwrap()));
}

#[test]
fn all_arrive_in_order_through_a_window_of_1() {
    let (mut uplink, mut child, _memfd) = start("posts", Window::Limited(NonZeroU32::MIN));
    drain(&mut uplink, 2000);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn what_was_posted_survives_the_death_of_the_worker() {
    let (mut uplink, mut child, _memfd) = start("dies", Window::Unlimited);
    let mut next = 0;
    let deadline = Instant::now() + PATIENCE;
    // The ring is smaller than all of it, so take while it lives and once more when it is dead.
    let status = loop {
        take(&mut uplink, &mut next);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < deadline);
    };
    assert_eq!(status.signal(), Some(Signal::KILL.as_raw()));
    while take(&mut uplink, &mut next) > 0 {}
    assert_eq!(next, 5000);
}

#[test]
fn a_blocked_post_ends_when_the_daemon_asks() {
    let (mut uplink, mut child, _memfd) = start("waits", Window::Limited(NonZeroU32::new(10).unwrap()));
    let mut next = 0;
    let deadline = Instant::now() + PATIENCE;
    while next < 10 {
        take(&mut uplink, &mut next);
        assert!(Instant::now() < deadline);
    }
    uplink.credits().request_exit();
    assert_eq!(child.wait().unwrap().code(), Some(EXIT_WHEN_ASKED));
}
