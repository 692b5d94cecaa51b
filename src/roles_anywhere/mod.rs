//! IAM Roles Anywhere: a certificate and its private key in files, and the call that exchanges them for a role's session.
//!
//! May use `aws` and the pure modules; files are read by whoever calls.

mod certificate;
mod key;
mod session;

pub use certificate::{Certificate, chain};
pub use key::{KeyError, PrivateKey};
pub use session::{CreateSession, create_session};
