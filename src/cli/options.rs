//! Options that several commands share.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::chain::role::{ExtraRole, RoleName, read};
use crate::chain::target::checked_region;
use crate::duration;
use crate::secret::Secret;
use crate::sys::env::{Environment, vars};

/// `PROFILE`, where it may be left out.
#[derive(Debug, Clone, Args)]
pub struct ProfileArg {
    /// Profile name [default: AWS_PROFILE, KEYFOB_PROFILE, AWS_DEFAULT_PROFILE, your choice in the terminal, or `default`]
    #[arg(value_name = "PROFILE", value_parser = NonEmptyStringValueParser::new())]
    pub profile: Option<String>,
}

/// The variables that name a profile, first the one that counts: AWS CLI 2's order, and keyfob's own before the one that other
/// SDKs do not read.
const NAMING: [&str; 3] = [vars::AWS_PROFILE, vars::KEYFOB_PROFILE, vars::AWS_DEFAULT_PROFILE];

impl ProfileArg {
    /// The profile that the command line names, or a variable.
    pub(super) fn named(&self, env: &Environment) -> Option<String> {
        let by_variable = || env.get(self.variable(env)?).map(str::to_owned);
        self.profile.clone().or_else(by_variable)
    }

    /// The variable that names the profile, if the command line does not.
    pub(super) fn variable(&self, env: &Environment) -> Option<&'static str> {
        NAMING.into_iter().find(|name| self.profile.is_none() && env.get(name).is_some())
    }
}

/// What the commands that hand out credentials take.
#[derive(Debug, Clone, Default, Args)]
pub struct CredentialOptions {
    /// MFA code (six digits)
    #[arg(short = 't', long, value_name = "CODE", value_parser = parse_secret)]
    pub mfa_code: Option<Secret>,
    /// Session duration, for example 15m, 12h or 3600
    #[arg(short, long, value_name = "TIME", value_parser = parse_seconds)]
    pub duration: Option<u32>,
    /// Issue the access key itself instead of a session
    #[arg(short, long)]
    pub no_session: bool,
    /// Region to use, before the profile's and the variables'
    #[arg(long, value_name = "REGION", value_parser = checked_region)]
    pub region: Option<String>,
    /// Renew a session that has less time left than this
    #[arg(long, value_name = "TIME", value_parser = parse_seconds)]
    pub min_ttl: Option<u32>,
    #[command(flatten)]
    pub role: RoleOptions,
    #[command(flatten)]
    pub narrow: NarrowOptions,
}

impl CredentialOptions {
    /// The options that make the same sessions, as they are written; a code works once, and is not among them.
    #[cfg(unix)]
    pub(super) fn repeated(&self) -> Vec<String> {
        let CredentialOptions { mfa_code: _, duration, no_session, region, min_ttl: _, role, narrow } = self;
        let RoleOptions { role, external_id, session_name } = role;
        let NarrowOptions { read_only, policy, policy_arns } = narrow;
        let flags = [("--no-session", *no_session), ("--read-only", *read_only)];
        let flags = flags.into_iter().filter(|(_, is_given)| *is_given).map(|(name, _)| name.to_owned());
        let values = [
            ("--duration", duration.map(|seconds| seconds.to_string())),
            ("--region", region.clone()),
            ("--role", role.as_ref().map(ToString::to_string)),
            ("--external-id", external_id.clone()),
            ("--session-name", session_name.clone()),
            ("--policy", policy.clone()),
        ];
        let values = values.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let values = values.chain(policy_arns.iter().map(|arn| ("--policy-arn", arn.clone())));
        flags.chain(values.flat_map(|(name, value)| [name.to_owned(), value])).collect()
    }
}

/// A role that no profile names.
#[derive(Debug, Clone, Default, Args)]
pub struct RoleOptions {
    /// Role to assume as well: its ARN, or ACCOUNT:NAME
    #[arg(long, value_name = "ROLE", value_parser = read::role_name)]
    role: Option<RoleName>,
    /// External ID for --role
    #[arg(long, value_name = "ID", requires = "role", value_parser = read::external_id)]
    external_id: Option<String>,
    /// Role session name for --role
    #[arg(long, value_name = "NAME", requires = "role", value_parser = read::session_name)]
    session_name: Option<String>,
}

impl RoleOptions {
    pub(super) fn wanted(&self) -> Option<ExtraRole> {
        let RoleOptions { role, external_id, session_name } = self.clone();
        role.map(|role| ExtraRole { role, external_id, session_name })
    }
}

/// What narrows the credentials.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct NarrowOptions {
    /// Issue credentials that can read but change nothing
    #[arg(long)]
    pub read_only: bool,
    /// Session policy: a JSON file, - for standard input
    #[arg(long, value_name = "FILE", value_parser = NonEmptyStringValueParser::new())]
    pub policy: Option<String>,
    /// Managed session policy; can be repeated
    #[arg(long = "policy-arn", value_name = "ARN")]
    pub policy_arns: Vec<String>,
}

pub fn parse_secret(text: &str) -> std::result::Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text.to_owned()))
}

/// A duration in whole seconds.
pub fn parse_seconds(text: &str) -> std::result::Result<u32, String> {
    u32::try_from(duration::parse(text)?.as_secs()).map_err(|_| format!("`{text}` is too long"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_left_out_is_the_shells_then_keyfobs() {
        let table = [
            (Some("a"), &[("AWS_PROFILE", "b")][..], "a"),
            (None, &[("AWS_PROFILE", "b"), ("KEYFOB_PROFILE", "c")], "b"),
            (None, &[("AWS_PROFILE", ""), ("KEYFOB_PROFILE", "c")], "c"),
            (None, &[("AWS_DEFAULT_PROFILE", "d")], "d"),
            (None, &[("AWS_DEFAULT_PROFILE", "d"), ("KEYFOB_PROFILE", "c")], "c"),
            (None, &[("AWS_DEFAULT_PROFILE", "d"), ("AWS_PROFILE", "b")], "b"),
            (None, &[("AWS_DEFAULT_PROFILE", "")], ""),
        ];
        for (given, env, expected) in table {
            let argument = ProfileArg { profile: given.map(str::to_owned) };
            assert_eq!(
                argument.named(&Environment::from_pairs(env.iter().copied())).unwrap_or_default(),
                expected,
                "{given:?} {env:?}"
            );
        }
    }
}
