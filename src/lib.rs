//! keyfob hands out short-lived AWS credentials from long-term keys that never leave the key store.
//!
//! ARCHITECTURE.md says how it is put together.

mod audit;
mod aws;
mod aws_login;
mod aws_vault;
pub mod chain;
pub mod cli;
mod config_file;
mod context;
pub mod credentials;
mod duration;
pub mod error;
pub mod format;
mod glob;
mod hex;
pub mod hint;
pub mod human;
mod index;
pub mod ini;
pub mod keystore;
pub mod mask;
mod mfa;
mod ops;
mod pem;
pub mod process_line;
pub mod profile;
mod qr;
mod roles_anywhere;
pub mod rotation;
pub mod secret;
pub mod session_cache;
pub mod settings;
mod shlex;
mod sign_in;
mod sorted;
pub mod sys;
#[cfg(test)]
mod testing;
pub mod timestamp;
pub mod totp;
mod ui;
mod user;
mod view;
