//! Key stores as such: which there are, whether one does what it must, and moving keys between them.
//!
//! May use `keystore`, `index` and what `ops` share.

pub mod check;
pub mod journal;
pub mod known;
pub mod list;
pub mod moving;
pub mod plan;
pub mod serve;
