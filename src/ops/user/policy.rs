//! The account's password policy: read, compared with CIS's, changed as a whole.

use crate::aws::Element;
use crate::config_file::AwsFiles;
use crate::error::{Error, Kind, Result};
use crate::ops::Context;
use crate::ops::user::admin::Admin;
use crate::secret::Secret;
use crate::user::password::{PasswordPolicy, PolicyLine};
use serde::Serialize;

/// What is asked of [`password_policy`].
pub struct PolicyRequest {
    /// The profile whose credentials make the calls.
    pub with: String,
    /// Whether what CIS asks for is set.
    pub cis: bool,
    /// Settings to change, beside CIS's.
    pub change: Vec<PolicyChange>,
    pub mfa_code: Option<Secret>,
}

/// One setting to change.
#[derive(Debug, Clone, Copy)]
pub enum PolicyChange {
    MinimumLength(u32),
    /// 0: never.
    MaxAgeDays(u32),
    /// 0: all can be used again.
    Reuse(u32),
    Symbols,
    Numbers,
    Uppercase,
    Lowercase,
    OwnPasswords,
}

/// The policy, beside CIS's.
#[derive(Debug, Serialize)]
pub struct PolicyReport {
    pub account: String,
    /// Whether the account has one; else AWS's default counts.
    pub is_set: bool,
    pub settings: Vec<PolicyLine>,
}

/// Shows the policy, after changing it where that is asked for and confirmed.
///
/// # Errors
/// AWS's, and where the answer is no or nobody can give one.
pub fn password_policy(context: &Context<'_>, request: &PolicyRequest, files: &AwsFiles) -> Result<PolicyReport> {
    let admin = Admin::new(context, files, &request.with, request.mfa_code.as_ref())?;
    let current = current_policy(&admin)?;
    let before = current.clone().unwrap_or_default();
    let mut after = if request.cis { before.meeting_cis() } else { before.clone() };
    for change in &request.change {
        apply(*change, &mut after);
    }
    let changes = before.changes(&after);
    if !request.cis && request.change.is_empty() || changes.is_empty() && current.is_some() {
        return Ok(PolicyReport { account: admin.account, is_set: current.is_some(), settings: before.lines() });
    }
    let talk = context.talk;
    talk.say(&format!("password policy of account {}:", admin.account));
    if current.is_none() {
        talk.say("  none is set, and AWS's default applies");
    }
    for (setting, old, new) in &changes {
        talk.say(&format!("  {setting}: {old} → {new}"));
    }
    // What AWS's default says already becomes the account's own.
    for line in after.lines().iter().filter(|_| changes.is_empty()) {
        talk.say(&format!("  {}: {}", line.setting, line.value));
    }
    if after.max_age_days != before.max_age_days
        && let Some(days) = after.max_age_days
    {
        tell_of_expiry(&admin, days)?;
    }
    let account = &admin.account;
    if !context.confirm(&format!("set it for account {account}?"), "confirmation to set the password policy")? {
        return Err(Error::new(Kind::Failed, "cancelled; the password policy was not changed"));
    }
    // AWS takes no partial update: whatever another administrator has changed meanwhile must not be lost.
    if current_policy(&admin)? != current {
        return Err(Error::new(Kind::Failed, "somebody has just changed the password policy")
            .hint(talk.again(&[]).to("look at it again")));
    }
    let parameters = after.parameters();
    let parameters: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
    admin.ask("UpdateAccountPasswordPolicy", &parameters)?;
    talk.say("set; it applies to the next password that each user chooses");
    Ok(PolicyReport { account: admin.account, is_set: true, settings: after.lines() })
}

fn apply(change: PolicyChange, policy: &mut PasswordPolicy) {
    let unless_zero = |number: u32| (number > 0).then_some(number);
    match change {
        PolicyChange::MinimumLength(length) => policy.minimum_length = length,
        PolicyChange::MaxAgeDays(days) => policy.max_age_days = unless_zero(days),
        PolicyChange::Reuse(count) => policy.reuse_prevention = unless_zero(count),
        PolicyChange::Symbols => policy.symbols = true,
        PolicyChange::Numbers => policy.numbers = true,
        PolicyChange::Uppercase => policy.uppercase = true,
        PolicyChange::Lowercase => policy.lowercase = true,
        PolicyChange::OwnPasswords => policy.users_may_change = true,
    }
}

/// Says how many passwords expire at once.
fn tell_of_expiry(admin: &Admin<'_>, days: u32) -> Result<()> {
    let report = crate::ops::user::list::report(admin)?;
    let oldest = admin.context.clock.now().plus_seconds(-i64::from(days) * 86_400);
    let expired = report
        .users
        .iter()
        .filter(|row| row.has_password && row.password_changed.is_some_and(|changed| changed <= oldest));
    let names: Vec<&str> = expired.map(|row| row.user.as_str()).collect();
    match names.as_slice() {
        [] => admin.context.talk.say("  no password expires at once"),
        names => admin.context.talk.warn(&format!(
            "{} passwords expire at once, and their users must choose new ones: `{}`",
            names.len(),
            names.join("`, `")
        )),
    }
    Ok(())
}

/// The account's policy; none where it has none.
pub(super) fn current_policy(admin: &Admin<'_>) -> Result<Option<PasswordPolicy>> {
    let answer = admin.find("GetAccountPasswordPolicy", &[])?;
    Ok(answer.as_ref().and_then(|answer| answer.child("PasswordPolicy")).map(read))
}

fn read(policy: &Element) -> PasswordPolicy {
    let number = |name: &str| policy.text(name).and_then(|text| text.parse::<u32>().ok());
    let is_true = |name: &str| policy.text(name) == Some("true");
    PasswordPolicy {
        minimum_length: number("MinimumPasswordLength").unwrap_or(6),
        symbols: is_true("RequireSymbols"),
        numbers: is_true("RequireNumbers"),
        uppercase: is_true("RequireUppercaseCharacters"),
        lowercase: is_true("RequireLowercaseCharacters"),
        users_may_change: is_true("AllowUsersToChangePassword"),
        max_age_days: number("MaxPasswordAge").filter(|days| *days > 0),
        reuse_prevention: number("PasswordReusePrevention").filter(|count| *count > 0),
        hard_expiry: is_true("HardExpiry"),
    }
}
