//! Between daemon and worker: the shared ring, credits, the doorbell, the worker protocol.
