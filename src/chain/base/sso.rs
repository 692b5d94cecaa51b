//! IAM Identity Center: a permission set in an account, for whoever is signed in.

use super::{Base, BaseSource, Identity, Kind, Lead, Reuse, RoleUse, SealWith, Signs, Whose};
use crate::chain::error::PlanError;
use crate::chain::identity_center::{self, IdentityCenter};
use crate::chain::node::{Node, Trace};
use crate::chain::values;
use crate::profile::Setting;

/// Any of its settings makes it, as in the JavaScript SDK; botocore looks for the last two, the Rust SDK for the first two.
pub(super) static KIND: Kind = Kind {
    name: "sso",
    settings: &["sso_session", "sso_start_url", "sso_account_id", "sso_role_name"],
    role: RoleUse::Apart,
    claim: |node, trace| {
        let Some(first) = KIND.settings.iter().find_map(|name| node.setting(name)) else { return Ok(None) };
        Ok(Some(Lead::Base(match read(node, &first, trace) {
            Ok(role) => Base {
                profile: node.name.clone(),
                kind: KIND.name,
                identity: identity(&role),
                signs_as: Signs::Session,
                whose: Whose::Role,
                title: format!(
                    "permission set {} in account {}, from IAM Identity Center at {}",
                    role.role_name, role.account_id, role.center.start_url
                ),
                sealed_with: SealWith::Default,
                reuse: Reuse::UntilExpiry,
                source: BaseSource::IdentityCenter(Box::new(role)),
            },
            Err(error) => Base::refused(node, KIND.name, error),
        })))
    },
};

/// What the portal is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssignedRole {
    /// Where people sign in.
    pub center: IdentityCenter,
    /// 12 digits.
    pub account_id: String,
    /// The permission set's name, not that of the IAM role behind it.
    pub role_name: String,
}

/// Who is signed in is added where that is known.
fn identity(role: &AssignedRole) -> Identity {
    let AssignedRole { center, account_id, role_name } = role;
    let portal = if center.is_elsewhere { center.portal.clone() } else { String::new() };
    Identity { sort: KIND.name, parts: vec![center.start_url.clone(), account_id.clone(), role_name.clone(), portal] }
}

fn read(node: &Node<'_>, first: &Setting<'_>, trace: &mut Trace) -> Result<AssignedRole, PlanError> {
    let missing =
        |setting| PlanError::IdentityCenterIncomplete { profile: node.name.clone(), setting, place: node.place(first) };
    let center = identity_center::of_node(node, &mut trace.used)?.ok_or_else(|| missing("sso_start_url"))?;
    let mut required = |setting| node.read(setting, &mut trace.used).ok_or_else(|| missing(setting));
    let (account, role) = (required("sso_account_id")?, required("sso_role_name")?);
    Ok(AssignedRole {
        center,
        account_id: node.value(&account, values::account_id)?,
        role_name: node.value(&role, values::permission_set)?,
    })
}
