//! Where an MFA code comes from: the ladder of sources, the first that applies.
//!
//! May use `sys`, `human`, `settings` and the pure modules.

mod code;
mod ladder;

pub use code::{CodeError, OfferedCode, Origin};
pub use ladder::Ladder;
