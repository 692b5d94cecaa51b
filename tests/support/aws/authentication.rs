//! Who is calling: Signature Version 4, clocks, scopes, keys and session tokens, refused in AWS's words.

use super::answer::{Refusal, Service, amz_date, parse_amz_date};
use super::http::Request;
use super::policy::SessionPolicy;
use super::sigv4::Authorization;
use super::world::{Origin, Tags, User, World};

/// How far a signature's time may be from the server's.
const TOLERANCE_MS: i64 = 15 * 60 * 1000;

/// The caller of a request whose signature holds.
#[derive(Debug, Clone)]
pub struct Caller {
    pub account: String,
    /// As GetCallerIdentity and AccessDenied name it.
    pub arn: String,
    pub user_id: String,
    pub identity: Identity,
    /// What the credentials were narrowed by.
    pub policies: Vec<SessionPolicy>,
    pub key_id: String,
}

/// What the credentials stand for.
#[derive(Debug, Clone)]
pub enum Identity {
    LongTerm(User),
    UserSession { user: User, mfa_at: Option<i64> },
    RoleSession { role: String, source_identity: Option<String>, transitive_tags: Tags },
    Federated,
}

impl Caller {
    pub fn is_session(&self) -> bool {
        !matches!(self.identity, Identity::LongTerm(_))
    }

    /// The user behind the credentials; a role's session has none.
    pub fn user(&self) -> Option<&User> {
        match &self.identity {
            Identity::LongTerm(user) | Identity::UserSession { user, .. } => Some(user),
            Identity::RoleSession { .. } | Identity::Federated => None,
        }
    }

    /// Refuses what a session policy does not allow. GetCallerIdentity cannot be denied (STS API).
    ///
    /// # Errors
    /// AccessDenied in AWS's words.
    pub fn check_session_policies(&self, service: Service, action: &str) -> Result<(), Refusal> {
        let full = format!("{}:{action}", service.name());
        let needs_no_permission = ["sts:GetCallerIdentity", "sts:GetScopedCredentials"].contains(&full.as_str());
        if needs_no_permission || self.policies.iter().all(|policy| policy.allows(&full)) {
            return Ok(());
        }
        Err(Refusal::access_denied(format!(
            "User: {} is not authorized to perform: {full} on resource: * because no session policy allows the {full} action",
            self.arn
        )))
    }

    /// When MFA was proven for these credentials (`aws:MultiFactorAuthPresent`).
    pub fn mfa_at(&self) -> Option<i64> {
        match self.identity {
            Identity::UserSession { mfa_at, .. } => mfa_at,
            Identity::LongTerm(_) | Identity::RoleSession { .. } | Identity::Federated => None,
        }
    }
}

/// Checks the signature and returns who made it.
///
/// # Errors
/// As AWS refuses: a missing or malformed header, a wrong scope, a time out of range, an unknown, inactive or
/// expired key, another token than the key's, a signature that does not hold.
pub fn authenticate(world: &mut World, request: &Request, service: Service) -> Result<Caller, Refusal> {
    let header = request
        .header("authorization")
        .ok_or_else(|| Refusal::new(403, "MissingAuthenticationToken", "Request is missing Authentication Token"))?;
    let authorization = Authorization::parse(header).ok_or_else(|| {
        Refusal::new(
            403,
            "IncompleteSignature",
            "Authorization header requires 'Credential', 'Signature' and 'SignedHeaders' parameters.",
        )
    })?;
    let date = request.header("x-amz-date").unwrap_or_default();
    check_scope(world, &authorization, service, date)?;
    check_signed_headers(&authorization, request)?;
    check_time(world.now(), date)?;
    let (secret, caller) = find(world, &authorization, request, service)?;
    if !authorization.is_by(&secret, request, date) {
        return Err(mismatch(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details.",
        ));
    }
    if let Some(key) = world.keys.get(&authorization.key_id) {
        let used = (world.now(), service, authorization.region.clone());
        let key = super::world::Key { last_used: Some(used), ..key.clone() };
        world.keys.insert(authorization.key_id.clone(), key);
    }
    Ok(caller)
}

fn mismatch(message: impl Into<String>) -> Refusal {
    Refusal::new(403, "SignatureDoesNotMatch", message)
}

fn check_scope(world: &World, scope: &Authorization, service: Service, date: &str) -> Result<(), Refusal> {
    if scope.service != service.name() {
        return Err(mismatch(format!("Credential should be scoped to correct service: '{}'. ", service.name())));
    }
    let region_is_right = match service {
        Service::Iam => scope.region == world.iam_region(),
        Service::Sts => match &world.sts_region {
            Some(only) => scope.region == *only,
            None => is_region(&scope.region),
        },
        Service::Ec2 | Service::AccessAnalyzer => is_region(&scope.region),
    };
    if !region_is_right {
        return Err(mismatch(format!("Credential should be scoped to a valid region, not '{}'. ", scope.region)));
    }
    if date.get(..8) != Some(&scope.date) {
        return Err(mismatch(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{}', \
             from '{date}'.",
            scope.date,
            date.get(..8).unwrap_or_default()
        )));
    }
    Ok(())
}

impl World {
    /// Where IAM requests of this partition are signed for (IAM's endpoints in the AWS General Reference).
    pub fn iam_region(&self) -> &'static str {
        match self.partition.as_str() {
            "aws-cn" => "cn-north-1",
            "aws-us-gov" => "us-gov-west-1",
            _ => "us-east-1",
        }
    }
}

/// `eu-central-1`, `us-gov-west-1`.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let letters = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    matches!(&parts[..], [words @ .., number] if words.len() >= 2
        && words.iter().all(letters)
        && number.len() == 1
        && number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn check_signed_headers(authorization: &Authorization, request: &Request) -> Result<(), Refusal> {
    let signed = |name: &str| authorization.signed_headers.iter().any(|have| have == name);
    if !signed("host") {
        return Err(mismatch("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."));
    }
    let names = request.headers.iter().map(|(name, _)| name.to_ascii_lowercase());
    let unsigned: Vec<String> = names.filter(|name| name.starts_with("x-amz-") && !signed(name)).collect();
    if !unsigned.is_empty() {
        let list = unsigned.join(", ");
        return Err(mismatch(format!("There were headers present in the request which were not signed: {list}")));
    }
    Ok(())
}

fn check_time(now: i64, date: &str) -> Result<(), Refusal> {
    let Some(signed) = parse_amz_date(date) else {
        return Err(mismatch(format!(
            "Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601"
        )));
    };
    // Both at whole seconds, as the texts show them.
    let now = now.div_euclid(1000) * 1000;
    let (shown, earliest, latest) = (amz_date(now), now - TOLERANCE_MS, now + TOLERANCE_MS);
    if signed < earliest {
        let earliest = amz_date(earliest);
        return Err(mismatch(format!("Signature expired: {date} is now earlier than {earliest} ({shown} - 15 min.)")));
    }
    if signed > latest {
        let latest = amz_date(latest);
        return Err(mismatch(format!(
            "Signature not yet current: {date} is still later than {latest} ({shown} + 15 min.)"
        )));
    }
    Ok(())
}

/// The secret on file and who it belongs to.
fn find(
    world: &mut World,
    authorization: &Authorization,
    request: &Request,
    service: Service,
) -> Result<(String, Caller), Refusal> {
    let token = request.header("x-amz-security-token");
    let now = world.now();
    if let Some(session) = world.sessions.get(&authorization.key_id) {
        if token != Some(&session.token) {
            return Err(Refusal::unknown_key());
        }
        if session.expires <= now {
            return Err(Refusal::new(403, "ExpiredToken", "The security token included in the request is expired"));
        }
        let caller = match &session.origin {
            Origin::User { user, mfa_at } => {
                let user = world.users.get(user).cloned().ok_or_else(Refusal::unknown_key)?;
                of_user(&user, Identity::UserSession { user: user.clone(), mfa_at: *mfa_at })
            }
            Origin::Role { role, session_name, source_identity, transitive_tags } => {
                let role = &world.roles[role];
                Caller {
                    account: role.account.clone(),
                    arn: format!(
                        "arn:{}:sts::{}:assumed-role/{}/{session_name}",
                        world.partition, role.account, role.name
                    ),
                    user_id: format!("{}:{session_name}", role.role_id),
                    identity: Identity::RoleSession {
                        role: role.arn.clone(),
                        source_identity: source_identity.clone(),
                        transitive_tags: transitive_tags.clone(),
                    },
                    policies: Vec::new(),
                    key_id: String::new(),
                }
            }
            Origin::Federation { user, name } => {
                let user = &world.users[user];
                let arn = format!("arn:{}:sts::{}:federated-user/{name}", world.partition, user.account);
                Caller { user_id: format!("{}:{name}", user.account), arn, ..of_user(user, Identity::Federated) }
            }
        };
        let caller = Caller { policies: session.policies.clone(), key_id: authorization.key_id.clone(), ..caller };
        return Ok((session.secret.clone(), caller));
    }
    let key = world.keys.get_mut(&authorization.key_id).ok_or_else(Refusal::unknown_key)?;
    let arrived = key.active && key.known_from <= now;
    let appearances = key.appearances.get_mut(&service).filter(|_| arrived);
    let known = arrived && appearances.and_then(std::collections::VecDeque::pop_front).unwrap_or(true);
    if !known || token.is_some() {
        return Err(Refusal::unknown_key());
    }
    let user = world.users[&key.user].clone();
    Ok((key.secret.clone(), of_user(&user, Identity::LongTerm(user.clone()))))
}

fn of_user(user: &User, identity: Identity) -> Caller {
    Caller {
        account: user.account.clone(),
        arn: user.arn.clone(),
        user_id: user.user_id.clone(),
        identity,
        policies: Vec::new(),
        key_id: String::new(),
    }
}
