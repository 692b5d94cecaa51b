//! `aws login`: credentials of a sign-in in the browser, which AWS's own file keeps for all tools.

use super::{Base, BaseSource, Identity, Kind, Lead, Reuse, RoleUse, SealWith, Signs, Whose};
use crate::chain::error::PlanError;
use crate::chain::identity_center::NoKeys;
use crate::chain::node::{Lookup, Node, Trace};
use crate::chain::reason::Reason;
use crate::chain::request::FileNames;
use crate::chain::target::{Target, TargetInputs, boolean, target};
use crate::profile::Profiles;
use crate::sys::env::Environment;

/// The setting that says who is signed in.
pub const SETTING: &str = "login_session";

pub(super) static KIND: Kind = Kind { name: "login", settings: &[SETTING], role: RoleUse::Apart, claim };

/// The setting without which a root user's sign-in is not used.
pub const ALLOW_ROOT: &str = "keyfob_allow_root";

fn claim(node: &Node<'_>, trace: &mut Trace) -> Result<Option<Lead>, PlanError> {
    let Some(setting) = node.read(SETTING, &mut trace.used) else { return Ok(None) };
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
        identity: identity(&arn),
        // Users sign roles of their own length, roles do not, and nobody but AWS knows for which it takes a sign-in.
        signs_as: Signs::Unsure,
        whose: if arn.contains(":assumed-role/") { Whose::Role } else { Whose::User },
        title: format!("sign-in of `aws login` as `{arn}`, in AWS's own file"),
        sealed_with: SealWith::Default,
        // AWS's own file is their cache.
        reuse: Reuse::Never,
        source: BaseSource::Login { arn },
    })))
}

/// What names the sessions over a sign-in as `arn`, and the lock of its file.
pub fn identity(arn: &str) -> Identity {
    Identity { sort: KIND.name, parts: vec![arn.to_owned()] }
}

/// Where somebody signs in for a profile.
pub struct SignInPlace {
    /// Where the calls go.
    pub target: Target,
    /// Whether its region is set anywhere, and not the default of AWS's tools.
    pub is_region_set: bool,
}

/// Where somebody signs in for `profile`, which need not be there yet.
///
/// # Errors
/// A region, an endpoint or a switch that cannot be.
pub fn place(
    profiles: &Profiles<'_>,
    env: &Environment,
    files: &FileNames,
    profile: &str,
) -> Result<SignInPlace, PlanError> {
    let lookup = Lookup { profiles, stored: &NoKeys, files, env };
    let node = Node::find(&lookup, profile).unwrap_or_else(|| Node::without_settings(&lookup, profile));
    let arns: Vec<String> = node.setting(SETTING).into_iter().map(|arn| arn.value.into_owned()).collect();
    let mut notes = Vec::new();
    let target = target(&node, &TargetInputs { profiles, env, arns: &arns }, &mut Vec::new(), &mut notes)?;
    let is_region_set = !notes.iter().any(|note| matches!(note, Reason::RegionDefaulted { .. }));
    Ok(SignInPlace { target, is_region_set })
}

/// Whether an ARN is a root user's.
pub fn is_root(arn: &str) -> bool {
    arn.ends_with(":root")
}
