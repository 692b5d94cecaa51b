//! The plan: how a profile's credentials will be made, and why.
//!
//! Pure: profiles, the index of stored keys and variables are handed in. May use `profile`, `process_line`, `credentials`,
//! and of `settings` how a duration is written.

#![warn(missing_docs)]

pub mod base;
pub mod check;
mod device;
mod error;
pub mod hosts;
pub mod identity_center;
mod known;
pub mod layer;
pub mod list;
pub mod narrow;
mod nearest;
mod node;
mod partition;
mod reason;
mod request;
pub mod role;
mod rules;
pub mod session_name;
mod step;
pub mod target;
pub mod values;
mod walk;

#[cfg(test)]
pub(crate) mod tests;

pub use base::Base;
pub use error::{CannotNarrow, PlanError, TargetError};
pub use known::KnownBase;
pub use nearest::{nearest, nearest_of};
pub(crate) use reason::length;
pub use reason::{AgentGets, AskedBy, KeyItselfBecause, Reason};
pub use request::{FileNames, Place, Request, StoredKeys, Used};
pub use rules::plan;
pub use step::{FederationStep, Hop, Mfa, Plan, ScopedStep, SessionStep, SpentIn, Step};
