//! The only place that reads the world: variables, clock, paths, files, locks, child processes, the terminal.
//!
//! May use nothing of keyfob's above it but `error`, `secret`, `timestamp` and `human`.

#[cfg(unix)]
pub mod agent_process;
pub mod append;
pub mod browser;
pub mod child;
pub mod clipboard;
pub mod clock;
pub mod clock_mark;
pub mod descriptors;
pub mod dialog;
pub mod env;
pub mod exec;
pub mod files;
pub mod folder;
pub mod hardening;
pub mod http_server;
pub mod interrupt;
pub mod kernel_keyring;
pub mod leftovers;
pub mod lock;
pub mod loopback;
pub mod machine;
pub mod modes;
pub mod name_lookup;
pub mod one_use;
#[cfg(unix)]
pub mod own_socket;
pub mod parent;
pub mod paths;
pub mod peer;
pub mod pinentry;
pub mod program;
#[cfg(unix)]
pub mod server_process;
pub mod stdin;
pub mod terminal;
pub mod uninterrupted;
pub mod wsl;
