//! Carries plans and commands out over a context of ports: what asks, tells, stores and signs is handed in.
//!
//! May use everything below the command line.

pub mod access_key_input;
