//! The credentials of a permission set: the portal gives them to whoever is signed in. Nobody is asked here.

use std::time::Duration;

use crate::chain::Plan;
use crate::chain::base::sso::AssignedRole;
use crate::credentials::Credentials;
use crate::duration;
use crate::error::Result;
use crate::ops::Context;
use crate::sign_in::{CallError, Portals, Wanted, in_the_way, with_sign_ins};

/// # Errors
/// A sign-in that is needed (exit 3), a refusal of the portal's (4), no answer (1).
pub(super) fn credentials(
    context: &Context,
    plan: &Plan,
    role: &AssignedRole,
    limit: Option<Duration>,
    prompt_limit: Option<Duration>,
) -> Result<Credentials> {
    let profile = &plan.base.profile;
    let AssignedRole { center, account_id, role_name } = role;
    let wanted = Wanted { center, name: profile, limit: limit.or(prompt_limit) };
    // As long as there is: where a session still works, what a renewal may take; else what a prompt may.
    let patience = limit.or(prompt_limit).unwrap_or(context.settings.call_timeout);
    with_sign_ins(context, |sign_ins| {
        let on_throttle = |pause: Duration| {
            let pause = duration::text(pause);
            context.human.progress(&format!("{} gets too many requests; trying again in {pause}", center.start_url));
        };
        let portal = Portals::new(*sign_ins, wanted, patience, &on_throttle)?;
        let error = match portal.role_credentials(account_id, role_name) {
            Ok(session) => return Ok(Credentials::Session(session)),
            Err(CallError::SignIn(error)) => return Err(error),
            Err(CallError::Portal(error)) => error,
        };
        let others = if error.is_no_access() { all_roles(&portal, account_id) } else { Ok(Vec::new()) };
        // The portal refuses to list an account that is not assigned at all.
        let others = match others {
            Ok(others) => Some(others),
            Err(CallError::Portal(refusal)) if refusal.is_no_access() => Some(Vec::new()),
            Err(_) => None,
        };
        Err(in_the_way(profile, role, error, others.as_deref()))
    })
}

/// Every permission set in an account.
fn all_roles(portal: &Portals<'_>, account_id: &str) -> std::result::Result<Vec<String>, CallError> {
    let (mut roles, mut next) = (Vec::new(), None);
    loop {
        let page = portal.account_roles(account_id, next.as_deref())?;
        roles.extend(page.items);
        next = page.next;
        if next.is_none() {
            return Ok(roles);
        }
    }
}
