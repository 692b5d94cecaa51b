//! Sealed sessions: one file and one lock each, named by a keyed hash of all that changes the credentials.
//!
//! May use `sys` and the pure modules. The sealing key is handed in; no key store is asked here.

pub mod failure;
pub mod fresh;
pub mod name;
pub mod outlook;
pub mod seal;
mod store;

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

pub use store::{CacheError, Kept, SessionCache};
