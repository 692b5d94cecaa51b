//! What a plan does not say because it takes the cache to know it.

use crate::chain::Plan;
use crate::chain::explain::Facts;
use crate::index::Index;
use crate::session_cache::outlook::outlook;
use crate::session_cache::seal::Header;
use crate::settings::{Prompt, Way};
use crate::sys::env::{Environment, vars};
use crate::timestamp::Timestamp;

/// Looks a plan's sessions up among the clear headers of those that are cached; no sealing key is read.
pub fn facts(
    plan: &Plan,
    cached: &[Header],
    env: &Environment,
    prompt: &Prompt,
    index: &Index,
    now: Timestamp,
) -> Facts {
    let seen = outlook(cached, plan, now);
    let code_from = plan.mfa.as_ref().map(|mfa| {
        match (env.get(vars::KEYFOB_MFA_CODE), index.seeds().get(&mfa.serial), &mfa.process) {
            (Some(_), _, _) => format!("`{}`", vars::KEYFOB_MFA_CODE),
            (None, Some(seed), _) => format!("the seed in {}", seed.backend.title()),
            (None, None, Some(_)) => format!("`mfa_process` of `{}`", mfa.profile),
            (None, None, None) => match prompt.ways() {
                [] => "nobody can be asked: the setting `prompt` is `never`".to_owned(),
                [Way::Terminal, ..] => "the terminal".to_owned(),
                [Way::Pinentry, ..] => "pinentry".to_owned(),
            },
        }
    });
    Facts {
        cached_until: seen.cached_until,
        session_cached_until: seen.session_cached_until,
        hops_cached_until: seen.hops_cached_until,
        needs_code: seen.needs_code,
        code_from,
    }
}
