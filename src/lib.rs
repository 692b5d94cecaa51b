//! keyfob hands out short-lived AWS credentials from long-term keys that never leave the key store.
//!
//! Layers, strictly downward; the pure modules see no file, clock, variable, socket or terminal:
//!
//! ```text
//! main → cli → ops → edges (config_file, keystore, aws_vault, session_cache, aws, mfa) → sys
//!        ↘ view ↘ pure: chain → profile → ini · rotation · format → credentials → secret
//! ```

pub mod aws;
pub mod aws_vault;
pub mod chain;
pub mod cli;
pub mod config_file;
pub mod credentials;
pub mod duration;
pub mod error;
pub mod format;
pub mod hex;
pub mod hint;
pub mod human;
pub mod index;
pub mod ini;
pub mod keystore;
pub mod mfa;
pub mod ops;
pub mod process_line;
pub mod profile;
pub mod qr;
pub mod rotation;
pub mod secret;
pub mod session_cache;
pub mod settings;
pub mod sys;
#[cfg(test)]
mod testing;
pub mod timestamp;
pub mod totp;
pub mod ui;
mod view;
