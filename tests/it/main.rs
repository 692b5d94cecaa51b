//! keyfob as its users meet it: the real binary in an environment of its own.
#![cfg(unix)]

mod add;
mod again;
mod commands;
mod loopback;
mod mfa;
mod mfa_codes;
#[cfg(target_os = "linux")]
mod sandbox;
#[cfg(target_os = "linux")]
mod secret_service;
mod shells;
#[path = "../support/mod.rs"]
mod support;
mod terminal;
mod vault_processes;

/// The binary under test.
const KEYFOB: &str = env!("CARGO_BIN_EXE_keyfob");
