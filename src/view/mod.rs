//! What people read of the data that commands report: text made of plain data; its JSON is the data itself, serialised.
//!
//! Used by `cli` alone. May use the pure modules and the plain data types of `ops` and `session_cache`; prints nothing.

pub mod audit;
pub mod devices;
pub mod doctor;
pub mod explain;
pub mod keys;
pub mod list;
pub mod log;
pub mod prompt;
pub mod rotation;
pub mod show;
pub mod sso;
pub mod start;
pub mod store;
pub mod table;
pub mod user;
pub mod whoami;
