//! A role that is assumed without a profile, with what the environment has.

use crate::chain::target::partition_name;
use crate::cli::options::{CredentialOptions, ProfileArg};
use crate::cli::snapshot::Snapshot;
use crate::cli::world::World;
use crate::config_file::AwsFiles;
use crate::error::{Error, Kind, Result};
use crate::human::Talk;
use crate::ini::Document;
use crate::sys::env::{Environment, vars};

/// What stands for the profile in messages and in the log.
const NAME: &str = "environment variables";

/// What the environment has to assume a role with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Key,
    TokenFile,
    GitHub,
    Container,
}

/// The first that there is, in the order of the SDKs; a workflow's own token is nothing they know.
fn source(env: &Environment) -> Option<(Source, &'static str)> {
    let container = [vars::AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, vars::AWS_CONTAINER_CREDENTIALS_FULL_URI];
    let candidates = [
        (Source::Key, vars::AWS_ACCESS_KEY_ID),
        (Source::TokenFile, vars::AWS_WEB_IDENTITY_TOKEN_FILE),
        (Source::GitHub, vars::ACTIONS_ID_TOKEN_REQUEST_URL),
        (Source::Container, container[0]),
        (Source::Container, container[1]),
    ];
    candidates.into_iter().find(|(_, variable)| env.get(variable).is_some())
}

impl Snapshot<'_> {
    /// The profile that is meant, as `resolve` finds it, with `--region` in force. If none is named, `--role` is assumed with
    /// what the environment has: with a profile of that alone, in the place of the AWS files.
    ///
    /// # Errors
    /// Those of `resolve`, and as [`Snapshot::set_region`]; an option that goes with no token (exit 2).
    pub(super) fn choose(
        &mut self,
        profile: &ProfileArg,
        options: &mut CredentialOptions,
        resolve: impl Fn(&ProfileArg, &World<'_>) -> Result<String>,
    ) -> Result<String> {
        let world = self.world();
        // An agent has profiles, and nothing of this environment.
        let found = source(&world.env).filter(|_| world.settings.agent.is_none());
        let name = match (profile.named(&world.process_env), options.role.wanted(), found) {
            (None, Some(_), Some((source, variable))) => {
                let lines = settings(source, options, &world.env)?;
                let config = Document::parse(format!("[profile \"{NAME}\"]\n{lines}"));
                let config = config.expect("settings of one line each");
                self.use_files(AwsFiles { config: Some(config), credentials: None });
                world.talk.say(&format!("no profile is named, so the role is assumed with what `{variable}` gives"));
                NAME.to_owned()
            }
            _ => resolve(profile, world)?,
        };
        self.set_region(&name, options.region.as_deref())?;
        Ok(name)
    }
}

/// The settings of the profile. A token is exchanged for a role, which is the one of `--role` unless the environment names
/// another (EKS sets `AWS_ROLE_ARN`), from which that of `--role` is then assumed.
fn settings(source: Source, options: &mut CredentialOptions, env: &Environment) -> Result<String> {
    let of_token = |kind: &str, role: &str| format!("keyfob_web_identity = {kind}\nrole_arn = {role}\n");
    let kind = match source {
        Source::Key => return Ok("credential_source = Environment\n".to_owned()),
        Source::Container => return Ok("credential_source = EcsContainer\n".to_owned()),
        Source::TokenFile => "environment",
        Source::GitHub => "github",
    };
    if let (Source::TokenFile, Some(role)) = (source, env.get(vars::AWS_ROLE_ARN)) {
        // A line end in it would begin another setting.
        let role = role.trim();
        return match role.chars().any(char::is_control) {
            false => Ok(of_token(kind, role)),
            true => Err(Error::new(Kind::Config, format!("`{}` is not a role's ARN", vars::AWS_ROLE_ARN))),
        };
    }
    let Some(role) = std::mem::take(&mut options.role).wanted() else {
        return Ok(of_token(kind, ""));
    };
    if role.external_id.is_some() {
        return Err(Error::new(Kind::Usage, "`--external-id` cannot be used: a role that trusts a token takes none"));
    }
    let region = [vars::AWS_REGION, vars::AWS_DEFAULT_REGION].into_iter().find_map(|name| env.get(name));
    let region = options.region.as_deref().or(region).unwrap_or_default();
    let name = role.session_name.map(|name| format!("role_session_name = {name}\n")).unwrap_or_default();
    Ok(of_token(kind, &role.role.arn(partition_name(region))) + &name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_environment_has_is_taken_in_the_order_of_the_sdks() {
        let (key, file) = (("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_WEB_IDENTITY_TOKEN_FILE", "/t"));
        let (github, ecs) = (("ACTIONS_ID_TOKEN_REQUEST_URL", "u"), ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "u"));
        for (pairs, expected) in [
            (&[key, file, github, ecs][..], Some(Source::Key)),
            (&[file, github, ecs], Some(Source::TokenFile)),
            (&[github, ecs], Some(Source::GitHub)),
            (&[ecs], Some(Source::Container)),
            (&[("HOME", "/h")], None),
        ] {
            let found = source(&Environment::from_pairs(pairs.iter().copied())).map(|(source, _)| source);
            assert_eq!(found, expected, "{pairs:?}");
        }
    }
}
