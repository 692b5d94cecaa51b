//! keyfob as its users meet it: the real binary in an environment of its own.
#![cfg(unix)]

mod loopback;
#[cfg(target_os = "linux")]
mod sandbox;
#[path = "../support/mod.rs"]
mod support;
