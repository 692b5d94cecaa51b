//! Where an MFA code comes from: the ladder of sources, the first that applies.
//!
//! May use `sys`, `human`, `settings` and the pure modules.

mod code;
mod code_source;
pub mod ledger;
#[cfg(test)]
mod tests;

pub use code::{CodeError, Origin, six_digits};
pub use code_source::{CodeContext, CodeSource, Seeds, wait_out};
