//! The machine: plan, running, log paths, windows, acks, queues, counters.
