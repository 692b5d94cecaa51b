//! The sign-in of `aws login`: AWS's own file with its tokens, and the call that renews them.
//!
//! May use `aws` and `sys`. The file is shared with the AWS CLI and the SDKs, which take no lock; its form is theirs (botocore
//! `credentials.py`, `LoginCredentialFetcher`; aws-sdk-js-v3 `credential-provider-login`).

mod dpop;
mod file;
mod renewal;

pub use file::{SignIn, TokenFile};
pub use renewal::{Renewal, is_invalid, renew};
