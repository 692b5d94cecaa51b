//! A token of an OIDC provider, exchanged for the credentials of the profile's role.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Base, BaseSource, CommandLine, Identity, Kind, Lead, Reuse, RoleUse, SealWith, Signs, Whose};
use crate::chain::error::PlanError;
use crate::chain::node::{Node, Trace};
use crate::chain::values;
use crate::profile::Setting;
use crate::sys::env::vars;

const FILE: &str = "web_identity_token_file";
const PROCESS: &str = "web_identity_token_process";
const OURS: &str = "keyfob_web_identity";

pub(super) static KIND: Kind = Kind {
    name: "web_identity",
    // aws-vault's and keyfob's own settings are nothing to SDKs.
    settings: &[FILE],
    role: RoleUse::Consumes,
    claim,
};

/// Where a token comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenSource {
    /// A file, read each time: whoever writes it replaces it.
    File(String),
    /// What a program prints.
    Process(CommandLine),
    /// The workflow of GitHub that keyfob runs in.
    GitHub {
        /// Whom the token is for.
        audience: String,
    },
}

fn claim(node: &Node<'_>, trace: &mut Trace) -> Result<Option<Lead>, PlanError> {
    let settings = [OURS, FILE, PROCESS];
    let Some(setting) = settings.into_iter().find_map(|name| node.read(name, &mut trace.used)) else { return Ok(None) };
    if node.setting("role_arn").is_none() {
        let (profile, name, place) = (node.name.clone(), setting.name.to_string(), node.place(&setting));
        return Err(PlanError::Incomplete { profile, has: name, lacks: "role_arn", place });
    }
    let mut session_name = None;
    let base = match token_source(node, &setting, trace)? {
        Ok(token) => {
            // As the SDKs pair them.
            if matches!(&*setting.value, "environment") {
                session_name = node.env.get(vars::AWS_ROLE_SESSION_NAME).map(str::to_owned);
            }
            // In CI each run has an identity of its own, whatever its token says.
            let run = vars::RUNS.iter().find_map(|name| node.env.get(name)).unwrap_or_default().to_owned();
            let parts = match &token {
                TokenSource::File(path) => vec![path.clone(), run],
                TokenSource::Process(command) => {
                    let Identity { mut parts, .. } = Identity::of_secret(KIND.name, command.as_str());
                    parts.push(run);
                    parts
                }
                TokenSource::GitHub { audience } => vec![
                    audience.clone(),
                    node.env.get(vars::GITHUB_REPOSITORY).unwrap_or_default().to_owned(),
                    node.env.get(vars::GITHUB_JOB).unwrap_or_default().to_owned(),
                    run,
                ],
            };
            Base {
                profile: node.name.clone(),
                kind: KIND.name,
                identity: Identity { sort: KIND.name, parts },
                signs_as: Signs::OwnRole,
                whose: Whose::Role,
                title: match &token {
                    TokenSource::File(path) => format!("web identity token in `{path}`"),
                    TokenSource::Process(_) => {
                        format!("web identity token that `web_identity_token_process` of `{}` prints", node.name)
                    }
                    TokenSource::GitHub { audience } => {
                        format!("web identity token of this GitHub workflow, for `{audience}`")
                    }
                },
                sealed_with: SealWith::Default,
                reuse: Reuse::Never,
                source: BaseSource::WebIdentity { token, session_name },
            }
        }
        Err(error) => Base::refused(node, KIND.name, error),
    };
    Ok(Some(Lead::Base(base)))
}

/// Where the token comes from, or what is missing in the environment.
fn token_source(
    node: &Node<'_>,
    setting: &Setting<'_>,
    trace: &mut Trace,
) -> Result<Result<TokenSource, PlanError>, PlanError> {
    let value = setting.value.to_string();
    let missing = |variable: &str, where_set: &str| PlanError::Environment {
        profile: node.name.clone(),
        problem: format!("`{variable}` is not set: it is set {where_set}"),
        place: node.place(setting),
    };
    Ok(match setting.name.trim_start_matches("keyfob_") {
        FILE => Ok(TokenSource::File(value)),
        PROCESS => Ok(TokenSource::Process(CommandLine::new(&value))),
        _ => match node.value(setting, values::token_from)? {
            values::TokenFrom::Environment => {
                let path = node.env.get(vars::AWS_WEB_IDENTITY_TOKEN_FILE);
                path.map(|path| TokenSource::File(path.to_owned())).ok_or_else(|| {
                    missing(vars::AWS_WEB_IDENTITY_TOKEN_FILE, "in a pod of EKS with a service account for a role")
                })
            }
            values::TokenFrom::GitHub => {
                let needed = [vars::ACTIONS_ID_TOKEN_REQUEST_URL, vars::ACTIONS_ID_TOKEN_REQUEST_TOKEN];
                let audience = node.read("keyfob_web_identity_audience", &mut trace.used);
                let in_china = node.setting("role_arn").is_some_and(|role| role.value.starts_with("arn:aws-cn:"));
                let default = if in_china { "sts.amazonaws.com.cn" } else { "sts.amazonaws.com" };
                match needed.into_iter().find(|name| node.env.get(name).is_none()) {
                    Some(variable) => {
                        Err(missing(variable, "in a job of GitHub Actions with `permissions: id-token: write`"))
                    }
                    None => Ok(TokenSource::GitHub {
                        audience: audience.map_or_else(|| default.to_owned(), |audience| audience.value.into_owned()),
                    }),
                }
            }
        },
    })
}

/// What a token says of itself: issuer, subject and audience. Nothing is verified; none for what is no JWT.
pub fn claims(token: &str) -> Option<[String; 3]> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?.trim_end_matches('=')).ok()?;
    let payload: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&payload).ok()?;
    let claim = |name: &str| match payload.get(name) {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    Some(["iss", "sub", "aud"].map(claim)).filter(|[_, subject, _]| !subject.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_whose_it_is_and_what_is_none_says_nothing() {
        let token = |payload: &str| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload));
        let one = claims(&token(r#"{"iss":"https://i","sub":"repo:a","aud":["b","c"],"exp":1}"#));
        assert_eq!(one, Some(["https://i".to_owned(), "repo:a".to_owned(), r#"["b","c"]"#.to_owned()]));
        for none in ["", "a.b", "a.b.c", &token("[]"), &token("{}"), &token(r#"{"iss":"x"}"#)] {
            assert_eq!(claims(none), None, "{none}");
        }
    }
}
