//! The operators' protocol on the control socket.
