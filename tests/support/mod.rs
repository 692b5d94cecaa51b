//! What the tests stand on: a loopback AWS, a hermetic environment for the real binary, real tools where they are.
//!
//! Shared by the integration tests and the examples, by path. May use everything; nothing here is keyfob's own
//! code, so that a mistake cannot confirm itself.
#![allow(dead_code, unused_imports, missing_docs, reason = "each of the programs that share this uses a part of it")]
#![allow(clippy::disallowed_methods, reason = "tests make the world that keyfob is handed")]

pub mod aws;
pub mod daemon;
pub mod data;
#[cfg(target_os = "linux")]
pub mod kwallet;
pub mod leaks;
pub mod moto;
pub mod python;
pub mod run;
pub mod sandbox;
pub mod screen;
#[cfg(target_os = "linux")]
pub mod secret_service;
pub mod sshd;
pub mod terminal;
pub mod tools;
pub mod vault;
