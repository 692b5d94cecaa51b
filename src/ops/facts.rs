//! What a plan does not say because it takes the cache and the environment to know it.

use crate::chain::Plan;
use crate::chain::explain::Facts;
use crate::session_cache::outlook::{Outlook, outlook};
use crate::session_cache::seal::Header;
use crate::sys::env::{Environment, vars};
use crate::timestamp::Timestamp;

/// The facts about `plan`, from the clear headers of cached sessions; no sealing key is read.
pub fn facts(plan: &Plan, headers: &[Header], env: &Environment, now: Timestamp) -> Facts {
    let Outlook { cached_until, session_cached_until, needs_code } = outlook(headers, plan, now);
    let code_from = plan.mfa.as_ref().map(|mfa| match (env.get(vars::KEYFOB_MFA_CODE), &mfa.process) {
        (Some(_), _) => format!("`{}`", vars::KEYFOB_MFA_CODE),
        (None, Some(_)) => "`mfa_process`".to_owned(),
        (None, None) => "the terminal".to_owned(),
    });
    Facts { cached_until, session_cached_until, needs_code, code_from }
}
