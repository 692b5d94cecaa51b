//! What machines in AWS are served: the metadata of an EC2 instance (version 2 alone), a container's credentials, the token of
//! a GitHub workflow; and tokens of an OIDC provider that STS takes.

use std::collections::BTreeSet;

use serde_json::json;

use super::answer::{Refusal, Xml, element, iso_date, text};
use super::http::{Request, Response};
use super::params::Params;
use super::policy::SessionPolicy;
use super::sts;
use super::world::{Origin, SecretKind, World};
use super::{LoopbackAws, RoleHandle, base64};

/// The machine that is served.
#[derive(Debug, Default)]
pub struct Machine {
    /// The role of the instance and of the container.
    role: Option<String>,
    /// Whether AWS takes roles assumed by the instance for no role chaining.
    is_unchained: bool,
    metadata: Metadata,
    tokens: BTreeSet<String>,
    container_token: Option<String>,
    /// The public keys of OIDC providers that STS knows, the parts of each.
    provider_keys: Vec<[Vec<u8>; 2]>,
}

impl Machine {
    /// Whether a token is signed (RS256) with a key of a provider that STS knows.
    fn has_signed(&self, token: &str) -> bool {
        let Some((signed, signature)) = token.rsplit_once('.') else { return false };
        let Some(signature) = unbase64(signature) else { return false };
        self.provider_keys.iter().any(|[n, e]| {
            let key = ring::signature::RsaPublicKeyComponents { n, e };
            key.verify(&ring::signature::RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature).is_ok()
        })
    }

    /// Whether roles assumed with a session of this one are no role chaining.
    pub fn is_unchained_role(&self, role: &str) -> bool {
        self.is_unchained && self.role.as_deref() == Some(role)
    }
}

/// What the instance metadata service does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Metadata {
    #[default]
    On,
    Off,
    /// It forgets each token once.
    ForgetsTokens,
    /// It serves credentials that have expired.
    Outage,
    /// It has a role and cannot assume it.
    Fails,
}

impl LoopbackAws {
    /// Serves this machine with a role, or none.
    pub fn serve_machine(&self, role: Option<&RoleHandle>, metadata: Metadata) {
        let mut world = self.shared.world();
        world.machine.role = role.map(RoleHandle::arn);
        world.machine.metadata = metadata;
    }

    /// Whether AWS gives roles over the instance's credentials more than an hour.
    pub fn instance_is_unchained(&self, is_unchained: bool) {
        self.shared.world().machine.is_unchained = is_unchained;
    }

    /// What containers have to show from now on; a secret.
    pub fn container_token(&self, token: &str) {
        let mut world = self.shared.world();
        world.keep_secret(SecretKind::LongTerm, token, "a container's token".to_owned());
        world.machine.container_token = Some(token.to_owned());
    }

    /// Has STS take tokens that are signed with one of these keys, a JWKS document (RFC 7517).
    pub fn trust_provider(&self, jwks: &serde_json::Value) {
        let part =
            |key: &serde_json::Value, name: &str| unbase64(key[name].as_str().unwrap_or_default()).unwrap_or_default();
        let keys =
            jwks["keys"].as_array().expect("a JWKS document").iter().map(|key| ["n", "e"].map(|name| part(key, name)));
        self.shared.world().machine.provider_keys.extend(keys);
    }

    /// A web identity token for a subject and an audience; STS takes it for the roles that trust `oidc:SUBJECT`.
    pub fn web_token(&self, subject: &str, audience: &str, seconds: i64) -> String {
        web_token(&mut self.shared.world(), subject, audience, seconds)
    }
}

fn web_token(world: &mut World, subject: &str, audience: &str, seconds: i64) -> String {
    let number = world.number();
    let payload = json!({
        "iss": "https://issuer.test", "sub": subject, "aud": audience, "jti": number,
        "exp": world.now() / 1000 + seconds,
    });
    let part = |value: &serde_json::Value| {
        base64(value.to_string().as_bytes()).replace('+', "-").replace('/', "_").replace('=', "")
    };
    let token = format!("{}.{}.FAKEsignature{number}", part(&json!({"alg": "none"})), part(&payload));
    world.keep_secret(SecretKind::LongTerm, &token, format!("web identity token {number}"));
    token
}

/// What a request to the machine's own servers is answered with, and what it is called in the log.
pub fn answer(world: &mut World, request: &Request) -> Option<(&'static str, Response)> {
    const ROLES: &str = "/latest/meta-data/iam/security-credentials/";
    let refused = |status: u16| reply(status, "");
    let imds = |world: &mut World, given: &Request| match given.header("x-aws-ec2-metadata-token") {
        Some(token) if world.machine.tokens.contains(token) => {
            if world.machine.metadata == Metadata::ForgetsTokens {
                world.machine.tokens.clear();
                world.machine.metadata = Metadata::On;
                return Some(refused(401));
            }
            None
        }
        _ => Some(refused(401)),
    };
    let name = |arn: &str| arn.rsplit('/').next().unwrap_or_default().to_owned();
    Some(match (request.method.as_str(), request.path.as_str()) {
        ("PUT", "/latest/api/token") => {
            let ttl = request.header("x-aws-ec2-metadata-token-ttl-seconds").and_then(|ttl| ttl.parse::<u32>().ok());
            (
                "token",
                match (world.machine.metadata, ttl) {
                    (Metadata::Off, _) => refused(403),
                    (_, Some(1..=21_600)) => {
                        let token = format!("FAKEimds{:060}==", world.number());
                        world.keep_secret(SecretKind::LongTerm, &token, "a metadata token".to_owned());
                        world.machine.tokens.insert(token.clone());
                        reply(200, &token)
                    }
                    _ => refused(400),
                },
            )
        }
        ("GET", ROLES) => (
            "instance role",
            imds(world, request).unwrap_or_else(|| match &world.machine.role {
                Some(role) => reply(200, &name(role)),
                None => refused(404),
            }),
        ),
        ("GET", path) if path.starts_with(ROLES) => (
            "instance",
            imds(world, request).unwrap_or_else(|| match (world.machine.role.clone(), world.machine.metadata) {
                (Some(_), Metadata::Fails) => reply(
                    200,
                    &json!({"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot assume the role"})
                        .to_string(),
                ),
                (Some(role), metadata) if name(&role) == path[ROLES.len()..] => {
                    let seconds = if metadata == Metadata::Outage { -60 } else { 21_600 };
                    reply(200, &credentials(world, &role, seconds, "Success"))
                }
                _ => refused(404),
            }),
        ),
        ("GET", "/container") => ("container", {
            let role = world.machine.role.clone();
            match (role, world.machine.container_token.as_deref() == request.header("authorization")) {
                (Some(role), true) => reply(200, &credentials(world, &role, 21_600, "")),
                (Some(_), false) => reply(
                    403,
                    &json!({"code": "InvalidToken", "message": "the token is not the right one"}).to_string(),
                ),
                (None, _) => {
                    reply(404, &json!({"code": "ResourceNotFound", "message": "no role is associated"}).to_string())
                }
            }
        }),
        ("GET", "/github") => ("github", {
            let audience = request.query.rsplit("audience=").next().unwrap_or_default().replace("%2E", ".");
            match request.header("authorization") {
                Some("bearer FAKEgithub-request-token") => {
                    reply(200, &json!({"value": web_token(world, "repo:corp/app", &audience, 300)}).to_string())
                }
                _ => reply(403, "{}"),
            }
        }),
        _ => return None,
    })
}

fn reply(status: u16, body: &str) -> Response {
    Response { status, headers: Vec::new(), body: body.as_bytes().to_vec() }
}

fn credentials(world: &mut World, role: &str, seconds: i64, code: &str) -> String {
    let account = world.roles[role].account.clone();
    let (session_name, transitive_tags) = ("i-0fake".to_owned(), Vec::new());
    let origin = Origin::Role { role: role.to_owned(), session_name, source_identity: None, transitive_tags };
    let id = world.create_session(&account, seconds, origin);
    let session = &world.sessions[&id];
    json!({
        "Code": code, "AccessKeyId": id, "SecretAccessKey": session.secret, "Token": session.token,
        "Expiration": iso_date(session.expires),
    })
    .to_string()
}

/// AssumeRoleWithWebIdentity: unsigned, the token is the proof.
pub fn assume_role_with_web_identity(world: &mut World, params: &Params, is_signed: bool) -> Result<Xml, Refusal> {
    if is_signed {
        return Err(Refusal::validation("a call that needs no signature has one"));
    }
    sts::check_assume_role(params)?;
    let invalid = |message: &str| Refusal::new(400, "InvalidIdentityToken", message);
    let token = params.get("WebIdentityToken").unwrap_or_default();
    let known = world.secrets.iter().any(|secret| secret.value == token) || world.machine.has_signed(token);
    let claims = token
        .split('.')
        .nth(1)
        .and_then(unbase64)
        .and_then(|payload| serde_json::from_slice::<serde_json::Value>(&payload).ok());
    let (true, Some(claims)) = (known, claims) else {
        return Err(invalid("The ID Token provided is not a valid JWT."));
    };
    if claims["exp"].as_i64().is_none_or(|end| end * 1000 <= world.now()) {
        return Err(Refusal::new(
            400,
            "ExpiredTokenException",
            "Token expired: current date/time must be before the expiration date/time",
        ));
    }
    if claims["aud"] != "sts.amazonaws.com" {
        return Err(invalid("Incorrect token audience"));
    }
    let arn = params.get("RoleArn").unwrap_or_default();
    let subject = format!("oidc:{}", claims["sub"].as_str().unwrap_or_default());
    let role = world.roles.get(arn).filter(|role| role.trusted.contains(&subject)).cloned();
    let role = role.ok_or_else(|| Refusal::access_denied("Not authorized to perform sts:AssumeRoleWithWebIdentity"))?;
    let policies = SessionPolicy::of(params)?;
    let seconds = sts::duration(params, 3600);
    if seconds > role.max_session {
        return Err(Refusal::validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    let session_name = params.get("RoleSessionName").unwrap_or_default().to_owned();
    let session_arn =
        format!("arn:{}:sts::{}:assumed-role/{}/{session_name}", world.partition, role.account, role.name);
    let origin = Origin::Role { role: role.arn, session_name, source_identity: None, transitive_tags: Vec::new() };
    let id = world.create_session(&role.account, seconds, origin);
    let made = world.sessions.get_mut(&id).expect("just made");
    (made.policies, made.is_first_hop) = (policies.into_iter().collect(), true);
    Ok(element("AssumedRoleUser", &(text("AssumedRoleId", "AROAFAKE:x") + &text("Arn", &session_arn)))
        + &sts::credentials(world, &id)
        + &text("SubjectFromWebIdentityToken", &subject))
}

/// Base64 for URLs, without padding.
pub fn unbase64(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bits: u32 = 0;
    let mut bytes = Vec::new();
    for (index, byte) in text.bytes().enumerate() {
        bits = bits << 6 | u32::try_from(ALPHABET.iter().position(|letter| *letter == byte)?).ok()?;
        if index % 4 > 0 {
            bytes.push(u8::try_from(bits >> (6 - 2 * (index % 4)) & 0xff).ok()?);
        }
    }
    Some(bytes)
}
