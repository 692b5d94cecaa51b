//! What a command does once its arguments are read.
//!
//! May use everything but `cli` and `ui`.

pub mod exec;
