//! keyfob as its users meet it: the real binary in an environment of its own.

mod loopback;
#[path = "../support/mod.rs"]
mod support;
