//! `aws login`.

use super::{Kind, RoleUse, unsupported};
use crate::chain::error::UnsupportedBase;

pub(super) static KIND: Kind = Kind {
    name: "login",
    settings: &["login_session"],
    role: RoleUse::Apart,
    claim: |node, _| Ok(unsupported(node, &KIND, UnsupportedBase::LoginSession)),
};
