//! What `explain` says of a plan that neither the plan nor the cache knows.

use crate::chain::Plan;
use crate::index::Index;
use crate::settings::{Prompt, PromptWay};
use crate::sys::env::{Environment, vars};

/// Where the code of the plan's MFA device would come from; none where it has no device.
pub fn code_from(plan: &Plan, env: &Environment, prompt: &Prompt, index: &Index) -> Option<String> {
    let mfa = plan.mfa.as_ref()?;
    Some(match (env.get(vars::KEYFOB_MFA_CODE), index.seeds().get(&mfa.serial), &mfa.process) {
        (Some(_), _, _) => format!("`{}`", vars::KEYFOB_MFA_CODE),
        (None, Some(seed), _) => format!("the seed in {}", seed.backend.title()),
        (None, None, Some(_)) => format!("`mfa_process` of `{}`", mfa.profile),
        (None, None, None) => match prompt.ways() {
            [] => "but nobody can be asked: the setting `prompt` is `never`".to_owned(),
            [PromptWay::Terminal, ..] => "the terminal".to_owned(),
            [PromptWay::Pinentry, ..] => "pinentry".to_owned(),
        },
    })
}
