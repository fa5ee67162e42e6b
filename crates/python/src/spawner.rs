//! The thread that starts workers.
//!
//! A worker asks the kernel to be killed when its parent dies, so that none outlives the daemon; and the kernel takes
//! the thread that started it for the parent. So all of them are started by one thread that lives as long as the
//! process.

use std::io;
use std::process::{Child, Command};
use std::sync::OnceLock;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

/// Orders that may wait; who gives one more waits with it, as it would for the start itself.
const ORDERS_MAX: usize = 16;

struct Order {
    command: Command,
    answer: SyncSender<io::Result<Child>>,
}

/// Starts `command`.
pub(crate) fn spawn(command: Command) -> io::Result<Child> {
    static ORDERS: OnceLock<SyncSender<Order>> = OnceLock::new();
    let gone = || io::Error::other("the thread that starts workers is gone");
    let orders = match ORDERS.get() {
        Some(orders) => orders,
        None => {
            let orders = start()?;
            // If two came at once, the thread of the one that was too late ends with its orders.
            ORDERS.get_or_init(|| orders)
        }
    };
    let (answer, answered) = sync_channel(1);
    orders.send(Order { command, answer }).map_err(|_| gone())?;
    answered.recv().map_err(|_| gone())?
}

fn start() -> io::Result<SyncSender<Order>> {
    let (orders, incoming) = sync_channel::<Order>(ORDERS_MAX);
    thread::Builder::new().name("spawner".into()).spawn(move || {
        for Order { mut command, answer } in incoming {
            let child = command.spawn();
            // Closes the worker's ends of what it has inherited.
            drop(command);
            // Whoever asked may have given up, and then drops the child, which ends when its socket closes.
            let _ = answer.send(child);
        }
    })?;
    Ok(orders)
}
