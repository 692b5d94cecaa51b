//! The sign-in of `aws login`: AWS's own file with its tokens, and the calls that make and renew them.
//!
//! May use `aws`, `sys` and the pages of `sign_in`. The file is shared with the AWS CLI and the SDKs, which take no lock; its
//! form is theirs (botocore `credentials.py`, `LoginCredentialFetcher`; AWS CLI 2 `login/utils.py`; aws-sdk-js-v3
//! `credential-provider-login`).

mod authorization;
mod dpop;
mod file;
mod sessions;
mod tokens;

pub use authorization::{Authorization, MadeSignIn};
pub use file::{SignIn, TokenFile};
pub use sessions::revoke;
pub use tokens::{Service, is_invalid, renew};
