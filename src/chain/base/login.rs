//! `aws login`: credentials of a sign-in in the browser, which AWS's own file keeps for all tools.

use super::{Base, BaseSource, Identity, Kind, Lead, Reuse, RoleUse, SealWith, Signs};
use crate::chain::error::PlanError;
use crate::chain::node::{Node, Trace};
use crate::chain::target::boolean;

pub(super) static KIND: Kind = Kind { name: "login", settings: &["login_session"], role: RoleUse::Apart, claim };

/// The setting without which a root user's sign-in is not used.
pub const ALLOW_ROOT: &str = "keyfob_allow_root";

fn claim(node: &Node<'_>, trace: &mut Trace) -> Result<Option<Lead>, PlanError> {
    let Some(setting) = node.read("login_session", &mut trace.used) else { return Ok(None) };
    let arn = setting.value.trim().to_owned();
    if is_root(&arn) {
        let allowed = match node.read(ALLOW_ROOT, &mut trace.used) {
            Some(setting) => node.value(&setting, boolean)?,
            None => false,
        };
        if !allowed {
            let error = PlanError::RootSignIn { profile: node.name.clone(), place: node.place(&setting) };
            return Ok(Some(Lead::Base(Base::refused(node, KIND.name, error))));
        }
    }
    Ok(Some(Lead::Base(Base {
        profile: node.name.clone(),
        kind: KIND.name,
        identity: Identity { sort: KIND.name, parts: vec![arn.clone()] },
        // Users sign roles of their own length, roles do not, and nobody but AWS knows for which it takes a sign-in.
        signs_as: Signs::Unsure,
        sealed_with: SealWith::Default,
        // AWS's own file is their cache.
        reuse: Reuse::Never,
        source: BaseSource::Login { arn },
    })))
}

/// Whether an ARN is a root user's.
pub(super) fn is_root(arn: &str) -> bool {
    arn.ends_with(":root")
}
