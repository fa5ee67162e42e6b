//! The binary as a black box: command line, exit codes, signals, the control socket.

mod background;
mod command_line;
mod configuration;
mod control;
mod daemon;
mod life_cycle;
mod statistics;
