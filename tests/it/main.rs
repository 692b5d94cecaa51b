//! keyfob as its users meet it: the real binary in an environment of its own.

mod again;
#[cfg(target_os = "linux")]
mod secret_service;
mod shells;
mod vault_processes;
