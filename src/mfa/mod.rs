//! Where an MFA code comes from: the ladder of sources, the first that applies.
//!
//! May use `sys`, `human`, `settings` and the pure modules.

mod code;
mod ladder;
pub mod ledger;
#[cfg(test)]
mod tests;

pub use code::{CodeError, OfferedCode, Origin, six_digits};
pub use ladder::{Ground, Ladder, Seeds, wait_out};
