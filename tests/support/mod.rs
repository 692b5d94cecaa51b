//! What the tests stand on: a loopback AWS, a hermetic environment for the real binary, real tools where they are.
//!
//! Shared by the integration tests and `examples/tour.rs`, by path.
#![allow(dead_code, unused_imports, missing_docs, reason = "each of the programs that share this uses a part of it")]
#![allow(clippy::disallowed_methods, clippy::print_stderr, reason = "tests make the world that keyfob is handed")]

pub mod aws;
pub mod python;
pub mod tools;
