//! The protocols in every order their steps can happen in.
//!
//! Loom runs each model again and again, with every interleaving and every value a relaxed load may see. A wake-up
//! that can be lost shows as a deadlock. These models run with plain `cargo test`: the protocols are generic over
//! the machine, so no build of its own is needed. They are small, for the number of orders grows fast.

use std::{sync::atomic::Ordering, time::Duration};

use loom::{
    sync::{Arc, Condvar, Mutex, atomic},
    thread,
};

use crate::{
    credits::Ledger,
    gate::{Gate, Wait},
    machine::{Machine, Parked, Word},
    words::{Control, Layout, Line, Mail, Phase, Posts, Progress},
};

/// Loom's machine.
struct Loom;

/// A word with the kernel's queue of sleepers on it.
#[derive(Default)]
struct LoomU32 {
    word: atomic::AtomicU32,
    queue: Mutex<()>,
    woken: Condvar,
}

impl Machine for Loom {
    type U32 = LoomU32;
    type U64 = atomic::AtomicU64;

    fn fence() {
        atomic::fence(Ordering::SeqCst);
    }

    fn park(word: &LoomU32, expected: u32, timeout: Option<Duration>) -> Parked {
        assert!(timeout.is_none(), "loom knows no time");
        // As in the kernel: looking at the word and queueing up are one step, under the queue's lock.
        let queue = word.queue.lock().unwrap();
        if word.word.load(Ordering::Relaxed) == expected {
            drop(word.woken.wait(queue).unwrap());
        }
        Parked::Woken
    }

    fn unpark(word: &LoomU32) {
        drop(word.queue.lock().unwrap());
        word.woken.notify_all();
    }
}

macro_rules! word {
    ($word:ty, $value:ty, $($field:ident)?) => {
        impl Word<$value> for $word {
            fn load(&self, order: Ordering) -> $value {
                self$(.$field)?.load(order)
            }

            fn store(&self, value: $value, order: Ordering) {
                self$(.$field)?.store(value, order);
            }

            fn swap(&self, value: $value, order: Ordering) -> $value {
                self$(.$field)?.swap(value, order)
            }

            fn fetch_add(&self, value: $value, order: Ordering) -> $value {
                self$(.$field)?.fetch_add(value, order)
            }

            fn replace(&self, from: $value, to: $value) -> bool {
                self$(.$field)?.compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed).is_ok()
            }
        }
    };
}

word!(LoomU32, u32, word);
word!(atomic::AtomicU64, u64,);

fn control(limit: u64) -> Control<Loom> {
    let gate = || Line(Gate { waiting: LoomU32::default() });
    Control {
        layout: Line(Layout { magic: 0.into(), capacity: 0.into() }),
        posts: Line(Posts { head: 0.into(), posted: 0.into() }),
        tail: Line(0.into()),
        slumber: Line(LoomU32::default()),
        limit: Line(limit.into()),
        room: gate(),
        credit: gate(),
        phase: Line(Phase {
            suspension: LoomU32::default(),
            exit: LoomU32::default(),
            acks: LoomU32::default(),
        }),
        dropped: Line(0.into()),
        asked: Line(Mail { bytes: 0.into(), number: 0.into() }),
        answered: Line(Mail { bytes: 0.into(), number: 0.into() }),
        progress: Line(Progress { begun: 0.into(), settled: 0.into() }),
    }
}

/// An eventfd.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    ring: Condvar,
}

impl Bell {
    fn ring(&self) {
        *self.rung.lock().unwrap() = true;
        self.ring.notify_all();
    }

    fn ring_if(&self, needed: bool) {
        if needed {
            self.ring();
        }
    }

    /// Waits for a ring and silences it.
    fn poll(&self) {
        let mut rung = self.rung.lock().unwrap();
        while !*rung {
            rung = self.ring.wait(rung).unwrap();
        }
        *rung = false;
    }
}

/// What both threads of a model see.
struct World {
    control: Control<Loom>,
    ledger: Ledger<Loom>,
    doorbell: Bell,
}

/// Runs `worker` and `daemon` side by side in every order, in a world with `window` credits.
fn check(window: u64, worker: fn(&World), daemon: fn(&World)) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(move || {
        let world = Arc::new(World {
            control: control(window),
            ledger: Ledger::of(window, window.into()),
            doorbell: Bell::default(),
        });
        let other = Arc::clone(&world);
        let thread = thread::spawn(move || worker(&other));
        daemon(&world);
        thread.join().unwrap();
    });
}

fn head(world: &World) -> u64 {
    world.control.posts.0.head.load(Ordering::Acquire)
}

fn post(world: &World, number: u64) {
    world.doorbell.ring_if(world.control.publish(number * 32, number));
}

fn wait_credit(world: &World) {
    let ready = || world.control.has_credit().then_some(Wait::Ready);
    world.control.credit.0.wait(None, ready, || world.doorbell.ring_if(world.control.stuck()));
}

#[test]
fn a_daemon_that_sleeps_hears_of_every_post() {
    check(
        10,
        |world| {
            post(world, 1);
            post(world, 2);
        },
        |world| {
            let mut tail = 0;
            while tail < 64 {
                let published = head(world);
                if published != tail {
                    tail = published;
                } else if world.control.doze(tail) {
                    world.doorbell.poll();
                    world.control.awake();
                }
            }
        },
    );
}

#[test]
fn a_worker_without_credit_hears_of_every_grant() {
    check(
        1,
        |world| {
            post(world, 1);
            wait_credit(world);
        },
        |world| world.doorbell.ring_if(world.ledger.grant(&world.control, 1)),
    );
}

#[test]
fn a_worker_without_room_hears_of_every_take() {
    check(
        10,
        |world| {
            let taken = || (world.control.tail.0.load(Ordering::Acquire) == 32).then_some(Wait::Ready);
            world.control.room.0.wait(None, taken, || {});
        },
        |world| world.control.release(32, true),
    );
}

#[test]
fn a_worker_that_waits_is_told_to_exit() {
    check(0, wait_credit_or_exit, |world| world.control.request_exit());
}

fn wait_credit_or_exit(world: &World) {
    let exit = || world.control.exit_requested().then_some(Wait::ExitRequested);
    world.control.credit.0.wait(None, exit, || {});
}

#[test]
fn a_daemon_that_naps_is_told_when_the_worker_waits() {
    check(
        1,
        |world| {
            post(world, 1);
            wait_credit(world);
        },
        |world| {
            nap_after_the_first_post(world);
            world.doorbell.ring_if(world.ledger.grant(&world.control, 1));
        },
    );
}

#[test]
fn a_daemon_that_naps_is_told_when_the_worker_suspends() {
    check(
        1,
        |world| {
            post(world, 1);
            world.doorbell.ring_if(world.control.suspend_begins());
        },
        nap_after_the_first_post,
    );
}

/// A nap ends by itself, but not in here: if the ring were lost, this would never end.
fn nap_after_the_first_post(world: &World) {
    while head(world) == 0 {
        if world.control.doze(0) {
            world.doorbell.poll();
            world.control.awake();
        }
    }
    if world.control.nap(0) {
        world.doorbell.poll();
        world.control.awake();
    }
}

#[test]
fn a_suspended_worker_is_woken_once_and_after_suspend() {
    check(
        1,
        |world| {
            post(world, 1);
            world.doorbell.ring_if(world.control.suspend_begins());
            world.doorbell.ring_if(world.control.suspend_ended());
        },
        |world| {
            world.doorbell.ring_if(world.ledger.grant(&world.control, 1));
            while !world.ledger.take_wakeup(&world.control) {
                world.doorbell.poll();
            }
            assert!(world.control.wakeup_arrived(), "the wakeup came before suspend() had returned");
            assert!(!world.ledger.take_wakeup(&world.control), "woken twice");
        },
    );
}

#[test]
fn a_wakeup_is_void_for_the_next_suspension_which_has_its_own() {
    check(
        1,
        |world| {
            for number in 1..=2 {
                post(world, number);
                world.doorbell.ring_if(world.control.suspend_begins());
                world.doorbell.ring_if(world.control.suspend_ended());
                if number == 1 {
                    wait_credit(world);
                }
            }
        },
        |world| {
            for _ in 0..2 {
                world.doorbell.ring_if(world.ledger.grant(&world.control, 1));
            }
            // However many frames are sent, and whenever they arrive: the last suspension ends in a wakeup.
            loop {
                let sent = world.ledger.take_wakeup(&world.control);
                if sent && world.control.wakeup_arrived() && head(world) == 64 {
                    break;
                }
                if !sent {
                    world.doorbell.poll();
                }
            }
        },
    );
}

#[test]
fn grants_of_two_threads_add_up() {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(|| {
        // A quarter of the window is two credits: a worker that has one of them left to get is not woken.
        let world = Arc::new(World {
            control: control(0),
            ledger: Ledger::of(8, 0.into()),
            doorbell: Bell::default(),
        });
        let threads = [(); 2].map(|()| {
            let world = Arc::clone(&world);
            thread::spawn(move || world.doorbell.ring_if(world.ledger.grant(&world.control, 2)))
        });
        for number in [2, 4] {
            wait_credit(&world);
            post(&world, number);
        }
        for thread in threads {
            thread.join().unwrap();
        }
    });
}
