//! keyfob as its users meet it: the real binary in an environment of its own.
#![cfg(unix)]

mod loopback;
#[cfg(target_os = "linux")]
mod sandbox;
#[path = "../support/mod.rs"]
mod support;

/// The binary under test.
#[expect(dead_code, reason = "the tests of the commands come with the commands")]
const KEYFOB: &str = env!("CARGO_BIN_EXE_keyfob");
