//! `whoami`: whose credentials a profile leads to, or the environment has, as far as that is known here; with a check, as AWS
//! says.

use serde::{Deserialize, Serialize};

use crate::aws::CallerIdentity;
use crate::aws::advice::{Attempted, Signer};
use crate::chain::base::Signs;
use crate::chain::layer::Layer;
use crate::chain::narrow::inherited;
use crate::chain::session_name::{default_role_session_name, federated_user_name};
use crate::chain::{Plan, Step};
use crate::credentials::{Credentials, account_of_arn, account_of_key_id};
use crate::error::{Error, Result};
use crate::ops::Context;
use crate::ops::resolve::{self, ResolveOptions};
use crate::ops::signed::Refusal;
use crate::sys::env::{Environment, vars};
use crate::timestamp::Timestamp;

/// Whose credentials they are. The JSON of `whoami`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// None for credentials that keyfob did not put into the environment.
    pub profile: Option<String>,
    pub from: From,
    pub account: Option<String>,
    /// None where only AWS knows it.
    pub arn: Option<String>,
    /// The kind of base.
    pub base: String,
    /// Whether a code was used; none where that is not known.
    pub mfa: Option<bool>,
    pub expires: Option<Timestamp>,
    /// What they are narrowed to, beside the rights of the user or role; none where they are not, or that is not known.
    #[serde(default)]
    pub narrowed: Option<NarrowedTo>,
    /// Whether AWS was asked.
    pub checked: bool,
}

/// What narrows credentials, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NarrowedTo {
    /// They change nothing.
    ReadOnly,
    /// What session policies allow.
    Policies,
}

impl NarrowedTo {
    /// Of what narrows them, if anything does.
    pub fn of(layers: &[Layer]) -> Option<NarrowedTo> {
        match layers {
            [] => None,
            layers if layers.contains(&Layer::ReadOnly) => Some(NarrowedTo::ReadOnly),
            _ => Some(NarrowedTo::Policies),
        }
    }
}

impl Identity {
    /// Of a profile of which nothing else is known.
    pub fn named(profile: &str) -> Identity {
        Identity {
            profile: Some(profile.to_owned()),
            from: From::Profile,
            account: None,
            arn: None,
            base: String::new(),
            mfa: None,
            expires: None,
            narrowed: None,
            checked: false,
        }
    }

    /// The name of the role that they are a session of, or of the user.
    pub fn role(&self) -> Option<String> {
        let resource = self.arn.as_deref()?.splitn(6, ':').nth(5)?;
        match resource.split('/').collect::<Vec<_>>()[..] {
            ["assumed-role", role, ..] => Some(role.to_owned()),
            ["user", .., name] => Some(name.to_owned()),
            _ => None,
        }
    }
}

/// Where the credentials are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum From {
    Environment,
    Profile,
    /// A keyfob agent, on another machine.
    Agent,
}

/// What `env` and `exec` say of the credentials they set, in `KEYFOB_IDENTITY`: the profile alone does not tell, since options
/// and edits change what it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    arn: Option<String>,
    base: String,
    mfa: Option<bool>,
}

impl Issued {
    /// Of what a plan leads to.
    pub fn of(plan: &Plan) -> Issued {
        let mfa = (plan.base.signs_as == Signs::Key).then_some(plan.mfa.is_some());
        Issued { arn: arn(plan), base: plan.base.kind.to_owned(), mfa }
    }

    /// Of credentials with this identity.
    pub fn with(identity: &Identity) -> Issued {
        // A word with a blank in it would be two.
        let word = |text: &String| text.split_whitespace().collect::<String>();
        Issued { arn: identity.arn.as_ref().map(word), base: word(&identity.base), mfa: identity.mfa }
    }

    /// The value of the variable: three words, since every shell can quote those.
    pub fn variable(&self) -> String {
        let mfa = match self.mfa {
            Some(true) => "mfa",
            Some(false) => "no-mfa",
            None => "-",
        };
        format!("{} {mfa} {}", self.base, self.arn.as_deref().unwrap_or("-"))
    }

    /// Reads the variable; none where keyfob did not write it.
    fn read(variable: &str) -> Option<Issued> {
        let [base, mfa, arn] = variable.split(' ').collect::<Vec<_>>().try_into().ok()?;
        let mfa = match mfa {
            "mfa" => Some(true),
            "no-mfa" => Some(false),
            "-" => None,
            _ => return None,
        };
        Some(Issued { arn: (arn != "-").then(|| arn.to_owned()), base: base.to_owned(), mfa })
    }
}

/// Of what a plan leads to; `expires` is when its cached credentials end.
pub fn of_plan(plan: &Plan, expires: Option<Timestamp>) -> Identity {
    let Issued { arn, base, mfa } = Issued::of(plan);
    let account = arn.as_deref().and_then(account_of_arn).map(str::to_owned);
    Identity {
        profile: Some(plan.profile.clone()),
        from: From::Profile,
        account: account.or_else(|| plan.base.account_id().filter(|_| !plan.has_hops())),
        arn,
        base,
        mfa,
        expires,
        narrowed: plan.narrowed.as_ref().and_then(|narrowed| NarrowedTo::of(&narrowed.layers)),
        checked: false,
    }
}

/// Of the credentials in the environment; none where there are none. `before` is the environment without what keyfob put
/// there.
pub fn of_environment(env: &Environment, before: &Environment) -> Option<Identity> {
    let id = env.get(vars::AWS_ACCESS_KEY_ID)?;
    let is_ours = before.get(vars::AWS_ACCESS_KEY_ID).is_none();
    let issued = env.get(vars::KEYFOB_IDENTITY).filter(|_| is_ours);
    let issued = issued.and_then(Issued::read);
    let Issued { arn, base, mfa } =
        issued.unwrap_or_else(|| Issued { arn: None, base: "environment".to_owned(), mfa: None });
    let of_arn = arn.as_deref().and_then(account_of_arn).map(str::to_owned);
    Some(Identity {
        profile: env.get(vars::KEYFOB_PROFILE).filter(|_| is_ours).map(str::to_owned),
        from: From::Environment,
        account: of_arn.or_else(|| env.get(vars::AWS_ACCOUNT_ID).map(str::to_owned)).or_else(|| account_of_key_id(id)),
        arn,
        base,
        mfa,
        expires: env.get(vars::AWS_CREDENTIAL_EXPIRATION).and_then(Timestamp::parse_lenient),
        narrowed: narrowed_in(env).filter(|_| is_ours),
        checked: false,
    })
}

/// Of what `exec --server` serves in this environment; none where it does not.
pub fn of_server(env: &Environment, before: &Environment) -> Option<Identity> {
    let server = vars::AWS_CONTAINER_CREDENTIALS_FULL_URI;
    env.get(server).filter(|_| before.get(server).is_none())?;
    let Issued { arn, base, mfa } = env.get(vars::KEYFOB_IDENTITY).and_then(Issued::read)?;
    let account = arn.as_deref().and_then(account_of_arn).map(str::to_owned);
    let from = From::Environment;
    Some(Identity {
        from,
        account,
        arn,
        base,
        mfa,
        narrowed: narrowed_in(env),
        ..Identity::named(env.get(vars::KEYFOB_PROFILE)?)
    })
}

/// What keyfob says of it beside the credentials that it sets.
fn narrowed_in(env: &Environment) -> Option<NarrowedTo> {
    NarrowedTo::of(&inherited(env.get(vars::KEYFOB_NARROW)?).ok()?)
}

/// The ARN that AWS will give what a plan leads to, where that follows from the plan: a role's session, a user.
fn arn(plan: &Plan) -> Option<String> {
    let base = &plan.base;
    match plan.steps.iter().rfind(|step| !matches!(step, Step::Scoped(_))) {
        Some(Step::AssumeRole(hop)) => {
            // The path is not part of it (IAM User Guide, "IAM identifiers").
            let mut parts = hop.role_arn.splitn(6, ':');
            let (partition, account) = (parts.nth(1)?, parts.nth(2)?);
            let name = parts.next()?.rsplit('/').next()?;
            let session = hop.role_session_name.clone().unwrap_or_else(|| default_role_session_name(base));
            Some(format!("arn:{partition}:sts::{account}:assumed-role/{name}/{session}"))
        }
        Some(Step::Federation(_)) => {
            let mut parts = base.user_arn()?.splitn(6, ':');
            let (partition, account) = (parts.nth(1)?, parts.nth(2)?);
            Some(format!("arn:{partition}:sts::{account}:federated-user/{}", federated_user_name(base)))
        }
        Some(Step::SessionToken(_)) | None => base.user_arn().map(str::to_owned),
        Some(Step::Base | Step::Scoped(_)) => None,
    }
}

/// Asks AWS with the credentials that a plan leads to, which are made where they are not cached.
///
/// # Errors
/// Where there are none, or AWS refuses them.
pub fn check(context: &Context<'_>, plan: &Plan, identity: Identity) -> Result<Identity> {
    let credentials = resolve::credentials(context, plan, &ResolveOptions::default())?;
    let target = plan.steps.last().and_then(Step::target).map_or_else(|| plan.base_target(), Ok)?;
    let signer = match &credentials {
        Credentials::Key { key, .. } => Signer::UnstoredKey { id: key.id.as_str() },
        Credentials::Session(_) | Credentials::NoExpiry { .. } => Signer::PlainSession { arn: identity.arn.as_deref() },
    };
    let CallerIdentity { account, arn, .. } =
        context.sts.get_caller_identity(&credentials, target).map_err(|error| {
            Error::from(Refusal::new(context, &plan.profile, signer, Attempted::GetCallerIdentity, error))
        })?;
    let expires = credentials.expires_at().or(identity.expires);
    Ok(Identity { account: Some(account), arn: Some(arn), expires, checked: true, ..identity })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Request;
    use crate::chain::role::ExtraRole;
    use crate::chain::role::read::role_name;
    use crate::chain::tests::{Input, ask};
    use crate::format::environment::before;

    fn planned(config: &str, ask: Request) -> Identity {
        of_plan(&Input { config, stored: "b", ask, ..Input::default() }.plan().expect("a plan"), None)
    }

    #[test]
    fn the_arn_of_a_plan_is_the_one_that_aws_will_give() {
        let role = "[profile a]|role_arn = ROLE(path/A)|source_profile = b|[profile b]|mfa_serial = DEVICE";
        let of_role = planned(role, ask("a"));
        assert_eq!(of_role.arn.as_deref(), Some("arn:aws:sts::111122223333:assumed-role/A/keyfob-me"));
        assert_eq!((of_role.account.as_deref(), of_role.mfa), (Some("111122223333"), Some(true)));
        let of_key = planned("[profile b]", ask("b"));
        assert_eq!(of_key.arn.as_deref(), Some("arn:aws:iam::111122223333:user/me"));
        assert_eq!((of_key.base.as_str(), of_key.mfa), ("key", Some(false)));
        let role = role_name("444455556666:X").expect("valid");
        let extra = ExtraRole { role, external_id: None, session_name: Some("s1".into()) };
        let of_extra = planned("[profile b]", Request { role: Some(extra), ..ask("b") });
        assert_eq!(of_extra.arn.as_deref(), Some("arn:aws:sts::444455556666:assumed-role/X/s1"));
        let of_process = planned("[profile a]|credential_process = other", ask("a"));
        assert_eq!((of_process.arn, of_process.mfa, of_process.base.as_str()), (None, None, "process"));
    }

    #[test]
    fn credentials_of_somebody_elses_in_the_environment_are_not_taken_for_keyfobs() {
        let env = Environment::from_pairs([
            ("AWS_ACCESS_KEY_ID", "ASIAFAKE000000000000"),
            ("KEYFOB_PROFILE", "work"),
            ("KEYFOB_IDENTITY", "key mfa arn:aws:iam::111122223333:user/me"),
            ("AWS_ACCOUNT_ID", "444455556666"),
        ]);
        let identity = of_environment(&env, &before(&env)).expect("credentials");
        assert_eq!((identity.profile, identity.arn, identity.base.as_str()), (None, None, "environment"));
        assert_eq!(identity.account.as_deref(), Some("444455556666"));
        assert_eq!(of_environment(&Environment::default(), &Environment::default()), None);
    }
}
