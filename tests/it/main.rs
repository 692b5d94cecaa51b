//! keyfob as its users meet it: the real binary in an environment of its own.
#![cfg(unix)]

mod add;
mod again;
mod codes;
mod commands;
mod crowds;
mod edits;
mod exec;
mod fuzz;
mod interop;
mod kills;
mod leaks;
mod loopback;
mod main_job;
mod manager;
mod matrix;
mod mfa;
mod mfa_codes;
mod moto;
mod network;
mod newcomer;
mod readers;
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
