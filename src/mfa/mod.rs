//! Where an MFA code comes from: the first source that applies.
//!
//! May use `context`, `sys`, `human` and the pure modules.

mod code;
mod code_source;
pub mod ledger;
#[cfg(test)]
mod tests;

pub use code::{CodeError, Origin, six_digits};
pub use code_source::{CodeSource, wait_out};
