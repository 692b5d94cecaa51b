//! `console`: an address that signs a browser in to the AWS console, by the way that the plan's last step allows.
//!
//! IAM User Guide, "Enabling custom identity broker access to the AWS console".

pub mod link;

use serde_json::json;
use url::form_urlencoded;

use crate::aws::advice::{Attempted, Signer};
use crate::aws::http::{Answer, HttpRequest};
use crate::chain::base::Signs;
use crate::chain::target::Target;
use crate::chain::{FederationStep, Plan, Step};
use crate::credentials::Credentials;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::ops::Context;
use crate::ops::console::link::{Hosts, hosts, page};
use crate::ops::resolve::{self, ResolveOptions};
use crate::ops::signed::Refusal;
use crate::ops::whoami::{Identity, of_plan};
use crate::secret::Secret;
use crate::timestamp::Timestamp;

/// What GetFederationToken is asked for: all that the user may do (STS API, GetFederationToken: without a policy, nothing).
const EVERYTHING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// An address to open.
#[derive(Debug)]
pub struct Console {
    /// Whoever has it is signed in, if it holds a token.
    pub url: Secret,
    pub has_token: bool,
    /// The origin where people sign in and out.
    sign_in: String,
    /// Who will be signed in, as far as that is known.
    pub identity: Identity,
    /// Until when.
    pub until: Option<Timestamp>,
    /// What else the person should know.
    pub notes: Vec<String>,
}

/// How the last step of a plan gets into the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The portal's own link.
    Portal,
    /// With a token of the credentials: the session's duration, if it may be sent.
    Token { duration: Option<u32> },
    /// With a token of GetFederationToken's credentials.
    Federation,
}

/// SessionDuration may be sent only with a role that is assumed directly with a key or a token; with another session AWS
/// answers 400.
fn way(plan: &Plan) -> Way {
    let is_scoped = matches!(plan.steps.last(), Some(Step::Scoped(_)));
    match plan.steps.iter().rfind(|step| !matches!(step, Step::Scoped(_))) {
        Some(Step::AssumeRole(hop)) if plan.hops().count() == 1 && plan.session().is_none() && !is_scoped => {
            match plan.base.signs_as {
                Signs::Key | Signs::OwnRole => Way::Token { duration: Some(hop.duration_seconds) },
                Signs::Session | Signs::Unsure | Signs::Output => Way::Token { duration: None },
            }
        }
        Some(Step::SessionToken(_)) | None if plan.base.signs_as == Signs::Key && !is_scoped => Way::Federation,
        Some(Step::Base) | None if plan.base.assigned_role().is_some() && !is_scoped => Way::Portal,
        _ => Way::Token { duration: None },
    }
}

/// Whether the address of the console will hold a token, which signs in anyone who has it.
pub fn will_hold_token(plan: &Plan) -> bool {
    way(plan) != Way::Portal
}

/// Makes the address of a page, or of the start page.
///
/// # Errors
/// A partition without such addresses, a page that is not one (exit 2), what keeps credentials from being made, and what AWS
/// does not sign in to the console (exit 4).
pub fn address(context: &Context<'_>, plan: &Plan, wanted: Option<&str>, options: &ResolveOptions) -> Result<Console> {
    let target = plan.steps.last().and_then(Step::target).map_or_else(|| plan.base_target(), Ok)?;
    let mut hosts = hosts(&target.region, target.partition()).ok_or_else(|| {
        Error::new(Kind::Config, format!("keyfob knows no console of the partition `{}`", target.partition()))
    })?;
    let page = page(&hosts, &target.region, wanted).map_err(|problem| {
        Error::new(Kind::Usage, problem).hint(run!("keyfob console {} s3", plan.profile).to("open a service"))
    })?;
    if let Some(endpoint) = target.other_endpoints.get("signin") {
        let endpoint = endpoint.clone().map_err(|problem| Error::new(Kind::Config, problem))?;
        endpoint.trim_end_matches('/').clone_into(&mut hosts.sign_in);
    }
    let identity = of_plan(plan, None);
    match way(plan) {
        Way::Portal => Ok(portal(plan, identity, &page, hosts.sign_in)),
        Way::Token { duration } => {
            let credentials = resolve::credentials(context, plan, options)?;
            refuse_users(context, plan, &credentials, target, &hosts)?;
            let signing = Signing { context, plan, hosts: &hosts, target };
            let (token, duration) = signing.token(&credentials, duration)?;
            let until = duration.map(|seconds| context.clock.now().plus_seconds(seconds.into()));
            let until = until.or(credentials.expires_at());
            let notes = match duration {
                Some(_) => Vec::new(),
                None => vec![
                    "the console session ends with these credentials, since they were made from another session"
                        .to_owned(),
                ],
            };
            let url = login(&hosts, &page, &token);
            Ok(Console { url, has_token: true, sign_in: hosts.sign_in, identity, until, notes })
        }
        Way::Federation => {
            let base_target = plan.base_target()?.clone();
            let step = FederationStep {
                duration_seconds: plan.life_seconds().unwrap_or(43_200),
                policy: Some(EVERYTHING.to_owned()),
                policy_arns: Vec::new(),
                target: base_target,
            };
            let federated = Plan { steps: vec![Step::Federation(step)], mfa: None, ..plan.clone() };
            let credentials = resolve::credentials(context, &federated, options)?;
            let (token, _) = Signing { context, plan, hosts: &hosts, target }.token(&credentials, None)?;
            let mut notes = vec!["the console session carries no MFA: policies that require MFA deny it".to_owned()];
            notes.extend(sign_in_page(&federated, &hosts).map(|page| format!("to sign in with MFA, open {page}")));
            let (until, identity) = (credentials.expires_at(), of_plan(&federated, None));
            let url = login(&hosts, &page, &token);
            Ok(Console { url, has_token: true, sign_in: hosts.sign_in, identity, until, notes })
        }
    }
}

/// The portal's shortcut link (IAM Identity Center User Guide, "Creating a shortcut link"). It holds no secret.
fn portal(plan: &Plan, identity: Identity, page: &str, sign_in: String) -> Console {
    let Some(role) = plan.base.assigned_role() else { unreachable!("its way is the portal's") };
    let query: String = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("account_id", role.account_id.as_str()), ("role_name", &role.role_name), ("destination", page)])
        .finish();
    let start = role.center.start_url.trim_end_matches(['/', '#']);
    let identity = Identity { account: Some(role.account_id.clone()), ..identity };
    let notes =
        vec!["the console opens with the portal session of your browser, which may be another user's".to_owned()];
    let url = Secret::new(format!("{start}/#/console?{query}"));
    Console { url, has_token: false, sign_in, identity, until: None, notes }
}

/// The page where the users of an account sign in.
pub(in crate::ops) fn sign_in_url(account: &str, partition: &str) -> Option<String> {
    let domain = match partition {
        "aws" => "aws.amazon.com",
        "aws-cn" => "amazonaws.cn",
        "aws-us-gov" => "amazonaws-us-gov.com",
        _ => return None,
    };
    Some(format!("https://{account}.signin.{domain}/console"))
}

/// The page where a user signs in.
fn sign_in_page(plan: &Plan, hosts: &Hosts) -> Option<String> {
    let account = plan.base.account_id()?;
    let host = hosts.console.rsplit_once("console.").map_or("aws.amazon.com", |(_, domain)| domain);
    Some(format!("https://{account}.signin.{host}/console"))
}

/// A user's own session gets no token: "Only federation tokens or assume role tokens may be used for federated login."
fn refuse_users(
    context: &Context<'_>,
    plan: &Plan,
    credentials: &Credentials,
    target: &Target,
    hosts: &Hosts,
) -> Result<()> {
    if plan.has_hops() || plan.steps.iter().any(|step| matches!(step, Step::Federation(_))) {
        return Ok(());
    }
    let signer = Signer::PlainSession { arn: None };
    let caller = context.sts.get_caller_identity(credentials, target).map_err(|error| {
        Error::from(Refusal::new(context, &plan.profile, signer, Attempted::GetCallerIdentity, error))
    })?;
    if !caller.arn.contains(":user/") && !caller.arn.ends_with(":root") {
        return Ok(());
    }
    let host = hosts.console.rsplit_once("console.").map_or("aws.amazon.com", |(_, domain)| domain);
    let page = format!("https://{}.signin.{host}/console", caller.account);
    Err(Error::new(Kind::Refused, format!("AWS does not sign `{}` in to the console with a session", caller.arn))
        .hint(format!("sign in at {page}"))
        .hint(run!("keyfob console {} --role ARN", plan.profile).to("or use a role")))
}

/// What a token is asked for with.
struct Signing<'a> {
    context: &'a Context<'a>,
    plan: &'a Plan,
    hosts: &'a Hosts,
    target: &'a Target,
}

impl Signing<'_> {
    /// A token for the console. It is asked for by POST: an address with credentials in it would be repeated by proxies and in
    /// messages. With the duration that was accepted: a role's session out of the cache may have been made with another session.
    fn token(&self, credentials: &Credentials, duration: Option<u32>) -> Result<(Secret, Option<u32>)> {
        let answer = self.ask(credentials, duration)?;
        let is_refused = answer.status == 400 && duration.is_some();
        let (answer, duration) = if is_refused { (self.ask(credentials, None)?, None) } else { (answer, duration) };
        let Plan { profile, narrowed, .. } = self.plan;
        match answer.text("SigninToken") {
            Some(token) if answer.status == 200 && !token.is_empty() => Ok((Secret::new(token), duration)),
            _ => {
                let kind = if answer.status == 400 { Kind::Refused } else { Kind::Failed };
                let what =
                    format!("AWS gives no sign-in token for the credentials of `{profile}` (status {})", answer.status);
                let error = Error::new(kind, what);
                Err(match narrowed {
                    Some(_) => error.hint(run!("keyfob console {} --role ARN", profile).to("narrow a role's session")),
                    None => error.hint(run!("keyfob whoami {} --check", profile).to("see whose they are")),
                })
            }
        }
    }

    fn ask(&self, credentials: &Credentials, duration: Option<u32>) -> Result<Answer> {
        // Security: from here on the credentials are on their way to AWS's sign-in.
        let session = json!({
            "sessionId": credentials.access_key_id(),
            "sessionKey": credentials.secret_access_key().expose(),
            "sessionToken": credentials.session_token().map(Secret::expose),
        });
        let session = Secret::new(session.to_string());
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("Action", "getSigninToken");
        if let Some(seconds) = duration {
            query.append_pair("SessionDuration", &seconds.to_string());
        }
        query.append_pair("Session", session.expose());
        let (body, url) = (Secret::new(query.finish()), format!("{}/federation", self.hosts.sign_in));
        let request = HttpRequest {
            method: "POST",
            url: &url,
            headers: &[("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json")],
            body: body.expose(),
            is_nearby: false,
            ca_bundle: self.target.ca_bundle.as_deref(),
            limit: self.context.settings.call_timeout,
        };
        self.context
            .http
            .send(&request)
            .map_err(|error| Error::new(Kind::Failed, format!("no answer from {url}")).because(error))
    }
}

fn login(hosts: &Hosts, page: &str, token: &Secret) -> Secret {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("Action", "login").append_pair("Issuer", "keyfob").append_pair("Destination", page);
    query.append_pair("SigninToken", token.expose());
    Secret::new(format!("{}/federation?{}", hosts.sign_in, query.finish()))
}

impl Console {
    /// The address that ends all sessions of the browser first.
    pub fn after_logout(&self) -> Secret {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("Action", "logout").append_pair("redirect_uri", self.url.expose());
        Secret::new(format!("{}/oauth?{}", self.sign_in, query.finish()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::tests::{Input, ask};

    #[test]
    fn the_way_into_the_console_follows_from_the_last_step() {
        const ROLE: &str = "[profile a]|role_arn = ROLE(A)|source_profile = b|[profile b]";
        let token = |duration| Way::Token { duration };
        for (config, profile, expected) in [
            (ROLE, "a", token(Some(3600))),
            (&format!("{ROLE}|mfa_serial = DEVICE"), "a", token(None)),
            (
                &ROLE.replace("source_profile", "duration_seconds = 43200|mfa_serial = DEVICE|source_profile"),
                "a",
                token(Some(43_200)),
            ),
            ("[profile b]", "b", Way::Federation),
            ("[profile b]|keyfob_session = never", "b", Way::Federation),
            ("[profile a]|credential_process = other", "a", token(None)),
        ] {
            let plan = Input { config, stored: "b", ask: ask(profile), ..Input::default() }.plan().expect("a plan");
            assert_eq!(way(&plan), expected, "{config}");
        }
    }
}
