//! A token of an OIDC provider, exchanged for the credentials of a role.

use super::{Kind, RoleUse, unsupported};
use crate::chain::error::UnsupportedBase;

pub(super) static KIND: Kind = Kind {
    name: "web_identity",
    settings: &["web_identity_token_file"],
    role: RoleUse::Consumes,
    claim: |node, _| Ok(unsupported(node, &KIND, UnsupportedBase::WebIdentity)),
};
