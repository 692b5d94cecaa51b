//! Options that several commands share.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::duration;
use crate::secret::Secret;
use crate::sys::env::{Environment, vars};

/// `PROFILE`, where it may be left out.
#[derive(Debug, Clone, Args)]
pub struct ProfileArg {
    /// The profile; left out: AWS_PROFILE, else KEYFOB_PROFILE, else chosen on the terminal, else `default`
    #[arg(value_name = "PROFILE", value_parser = NonEmptyStringValueParser::new())]
    pub profile: Option<String>,
}

impl ProfileArg {
    /// The profile that the command line names, or a variable.
    pub(super) fn named(&self, env: &Environment) -> Option<String> {
        let set = |name| env.get(name).map(str::to_owned);
        self.profile.clone().or_else(|| set(vars::AWS_PROFILE)).or_else(|| set(vars::KEYFOB_PROFILE))
    }
}

/// What the commands that hand out credentials take.
#[derive(Debug, Clone, Default, Args)]
pub struct CredentialOptions {
    /// The MFA code, six digits
    #[arg(short = 't', long, value_name = "CODE", value_parser = parse_secret)]
    pub mfa_code: Option<Secret>,
    /// How long they shall last: 15m, 12h, seconds
    #[arg(short, long, value_name = "TIME", value_parser = parse_seconds)]
    pub duration: Option<u32>,
    /// Hand out the access key itself, this once
    #[arg(short, long)]
    pub no_session: bool,
    /// Renew what would last less than this; where that cannot be, fail
    #[arg(long, value_name = "TIME", value_parser = parse_seconds)]
    pub min_ttl: Option<u32>,
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
            (None, &[("AWS_DEFAULT_PROFILE", "d")], ""),
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
