//! The only place that reads the world: variables, clock, paths, files, locks, child processes, the terminal.
//!
//! May use nothing of keyfob's above it but `error`, `secret` and `timestamp`.

pub mod child;
pub mod clock;
pub mod env;
pub mod files;
pub mod hardening;
pub mod lock;
pub mod paths;
pub mod program;
