//! keyfob as its users meet it: the real binary in an environment of its own.
#![cfg(unix)]

mod add;
mod again;
mod codes;
mod commands;
mod completions;
mod crowds;
mod exec;
mod first_minutes;
mod generated;
mod interop;
mod kills;
mod leaks;
mod loopback;
mod main_job;
mod manager;
mod mfa;
mod mfa_codes;
mod moto;
mod network;
mod refusals;
mod rotate;
mod rotate_safety;
#[cfg(target_os = "linux")]
mod sandbox;
mod scene;
#[cfg(target_os = "linux")]
mod secret_service;
#[cfg(target_os = "linux")]
mod sessions;
mod shells;
#[path = "../support/mod.rs"]
mod support;
mod terminal;
mod tour;
mod vault_processes;

/// The binary under test.
const KEYFOB: &str = env!("CARGO_BIN_EXE_keyfob");
