//! IAM Identity Center.

use super::{Kind, RoleUse, unsupported};
use crate::chain::error::UnsupportedBase;

/// Any of its settings makes it, as in the JavaScript SDK; botocore looks for the last two, the Rust SDK for the first two.
pub(super) static KIND: Kind = Kind {
    name: "sso",
    settings: &["sso_session", "sso_start_url", "sso_account_id", "sso_role_name"],
    role: RoleUse::Apart,
    claim: |node, _| Ok(unsupported(node, &KIND, UnsupportedBase::Sso)),
};
