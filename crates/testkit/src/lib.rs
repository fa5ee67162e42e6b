//! Scenarios: a configuration, what goes in, and what must come out, in one Markdown file that reads as
//! documentation and runs as a test.
//!
//! ````text
//! # A filter drops, and the drop is still an ack
//!
//! ```conf
//! log { source { input(); }; filter { program("sshd"); }; destination { output(); }; flags(flow-control); };
//! ```
//! ```input
//! <38>Jan  1 00:00:01 h sshd[1]: accepted
//! ```
//! ```output
//! accepted
//! ```
//! ```acked
//! 1
//! ```
//! ````
//!
//! A block's first word says what it is:
//!
//! | block | meaning |
//! |---|---|
//! | `conf` | the configuration; `DIR` in it is a directory of the scenario's own, `PORT1` … `PORT9` are free ports |
//! | `input [NAME]` | the lines that the source `input("NAME")` posts, one batch |
//! | `output [NAME]` | what the destination `output("NAME")` must have got |
//! | `acked [NAME]` | how many of the input's messages must have been answered |
//! | `file NAME` | a file in the directory, made before the start |
//! | `append NAME` | what is appended to a file after the start, in the order of the blocks |
//! | `written NAME` | what a file must hold in the end |
//! | `send tcp\|udp\|unix-stream\|unix-dgram WHERE` | what is sent to a port or socket after the start; for datagrams one a line |
//! | `receive tcp\|udp\|unix-stream\|unix-dgram WHERE` | what must come to a port or socket |
//! | `reload` | the configuration that is loaded next; what follows it happens afterwards |
//! | `said` | each line must stand in what is said about the configuration, which is not started |
//! | `counters` | each line `COMPONENT KIND NUMBER`: what a counter must show in the end |
//!
//! With `escaped` at the end of the first line, `\n`, `\r`, `\t`, `\0`, `\\` and `\xNN` in the block mean those bytes,
//! and its last line break does not count.
#![forbid(unsafe_code)]
#![recursion_limit = "256"]

mod peers;
mod run;
mod scenario;
mod stage;

pub use run::{Failure, run};
pub use scenario::{Block, Scenario};
