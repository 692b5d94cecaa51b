//! GetCallerIdentity, GetSessionToken and AssumeRole, with every rule that AWS is known to enforce.
//!
//! Limits: STS API Reference. Texts of refusals: as AWS sends them, from reports that quote them.

use super::answer::{Refusal, Xml, element, iso_date, text};
use super::authentication::{Caller, Identity};
use super::params::{Checks, Params, patterns};
use super::policy::SessionPolicy;
use super::world::{Origin, Role, Tags, World};

const ONE_HOUR: i64 = 3600;

pub fn answer(world: &mut World, caller: &Caller, action: &str, params: &Params) -> Result<Xml, Refusal> {
    match action {
        "GetCallerIdentity" => Ok(get_caller_identity(caller)),
        "GetSessionToken" => get_session_token(world, caller, params),
        "AssumeRole" => assume_role(world, caller, params),
        "GetFederationToken" => get_federation_token(world, caller, params),
        "GetScopedCredentials" if !world.no_scoped_credentials => get_scoped_credentials(world, caller, params),
        _ => Err(unknown_action(action, "2011-06-15")),
    }
}

pub fn unknown_action(action: &str, version: &str) -> Refusal {
    Refusal::new(400, "InvalidAction", format!("Could not find operation {action} for version {version}"))
}

fn get_caller_identity(caller: &Caller) -> Xml {
    text("Arn", &caller.arn) + &text("UserId", &caller.user_id) + &text("Account", &caller.account)
}

fn get_session_token(world: &mut World, caller: &Caller, params: &Params) -> Result<Xml, Refusal> {
    let mut checks = Checks::default();
    checks.number(params, "DurationSeconds", (900, 129_600));
    check_mfa_params(&mut checks, params);
    checks.finish()?;
    let Identity::LongTerm(user) = &caller.identity else {
        return Err(Refusal::access_denied("Cannot call GetSessionToken with session credentials"));
    };
    let mfa_at = spend_code(world, caller, params)?;
    let (default, most) = if user.is_root { (ONE_HOUR, ONE_HOUR) } else { (43_200, 129_600) };
    let seconds = duration(params, default).min(most);
    let id = world.create_session(&user.account, seconds, Origin::User { user: user.arn.clone(), mfa_at });
    Ok(credentials(world, &id))
}

/// STS API, GetFederationToken: the rights of the user that the policies grant too, so none without one.
fn get_federation_token(world: &mut World, caller: &Caller, params: &Params) -> Result<Xml, Refusal> {
    let mut checks = Checks::default();
    checks.required(params, "Name").text(params, "Name", (2, 32), patterns::NAME);
    checks.number(params, "DurationSeconds", (900, 129_600));
    checks.text(params, "Policy", (1, 2048), patterns::ANY);
    checks.finish()?;
    let policies = SessionPolicy::of(params)?;
    let Identity::LongTerm(user) = &caller.identity else {
        return Err(Refusal::access_denied("Cannot call GetFederationToken with session credentials"));
    };
    if user.denies("sts:GetFederationToken") {
        let who = &caller.arn;
        return Err(Refusal::access_denied(format!(
            "User: {who} is not authorized to perform: sts:GetFederationToken"
        )));
    }
    let name = params.get("Name").unwrap_or_default().to_owned();
    let arn = format!("arn:{}:sts::{}:federated-user/{name}", world.partition, user.account);
    let federated = text("FederatedUserId", &format!("{}:{name}", user.account)) + &text("Arn", &arn);
    let seconds = duration(params, 43_200).min(if user.is_root { ONE_HOUR } else { 129_600 });
    let id = world.create_session(&user.account, seconds, Origin::Federation { user: user.arn.clone(), name });
    world.sessions.get_mut(&id).expect("just made").policies = policies.into_iter().collect();
    Ok(credentials(world, &id) + &element("FederatedUser", &federated))
}

/// STS API, GetScopedCredentials: the same identity with fewer rights, until the same end or sooner.
fn get_scoped_credentials(world: &mut World, caller: &Caller, params: &Params) -> Result<Xml, Refusal> {
    let mut checks = Checks::default();
    checks.number(params, "DurationSeconds", (1, 129_600));
    checks.text(params, "Policy", (1, 2048), patterns::ANY);
    checks.text(params, "ScopedSessionDescription", (2, 256), patterns::ANY);
    checks.finish()?;
    if params.get("Policy").is_none() && params.get("DurationSeconds").is_none() {
        return Err(Refusal::validation("At least one of Policy and DurationSeconds must be specified."));
    }
    if !params.list("PolicyArns", ".arn").is_empty() {
        return Err(Refusal::validation("PolicyArns is not a parameter of GetScopedCredentials."));
    }
    let policy = SessionPolicy::of(params)?;
    let now = world.now();
    let Some(session) = world.sessions.get(&caller.key_id).cloned() else {
        return Err(Refusal::new(400, "InvalidSubjectCredentials", "The subject credentials are not temporary."));
    };
    let left = (session.expires - now) / 1000;
    let seconds = duration(params, left);
    if seconds > left {
        return Err(Refusal::new(400, "InsufficientSessionLifetime", "The subject session ends before that."));
    }
    let scoped = session.scoped + usize::from(policy.is_some());
    if scoped > 3 {
        return Err(Refusal::new(400, "PackedPolicyTooLarge", "At most 3 scoped policies can be stacked."));
    }
    let id = world.create_session(&caller.account, seconds, session.origin);
    let made = world.sessions.get_mut(&id).expect("just made");
    made.expires = made.expires.min(session.expires);
    made.policies = session.policies.into_iter().chain(policy).collect();
    made.scoped = scoped;
    let info = text("ScopedSessionId", "scoped-1") + &text("Arn", &caller.arn);
    Ok(credentials(world, &id) + &element("SessionInfo", &info) + &text("ScopedPoliciesCount", &scoped.to_string()))
}

fn assume_role(world: &mut World, caller: &Caller, params: &Params) -> Result<Xml, Refusal> {
    check_assume_role(params)?;
    let seconds = duration(params, ONE_HOUR);
    let is_instance =
        matches!(&caller.identity, Identity::RoleSession { role, .. } if world.machine.is_unchained_role(role));
    if caller.is_session() && !is_instance && seconds > ONE_HOUR {
        return Err(Refusal::validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        ));
    }
    if caller.user().is_some_and(|user| user.is_root) {
        return Err(Refusal::access_denied("Roles may not be assumed by root accounts."));
    }
    // A code is spent before the role is looked at: one that is then denied is gone all the same.
    let mfa_at = spend_code(world, caller, params)?.or(caller.mfa_at());
    let arn = params.get("RoleArn").unwrap_or_default();
    let role = authorise(world, caller, params, arn, mfa_at)?;
    if seconds > role.max_session {
        return Err(Refusal::validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    let policies = SessionPolicy::of(params)?;
    let (source_identity, transitive_tags) = inherit(caller, params)?;
    let session_name = params.get("RoleSessionName").unwrap_or_default().to_owned();
    let origin = Origin::Role {
        role: role.arn.clone(),
        session_name: session_name.clone(),
        source_identity: source_identity.clone(),
        transitive_tags,
    };
    let id = world.create_session(&role.account, seconds.min(role.longest), origin);
    let made = world.sessions.get_mut(&id).expect("just made");
    (made.policies, made.is_first_hop) = (policies.into_iter().collect(), !caller.is_session());
    let session_arn =
        format!("arn:{}:sts::{}:assumed-role/{}/{session_name}", world.partition, role.account, role.name);
    let role_user = text("AssumedRoleId", &format!("{}:{session_name}", role.role_id)) + &text("Arn", &session_arn);
    let packed = (!params.tags().is_empty() || params.get("Policy").is_some()).then(|| text("PackedPolicySize", "6"));
    let source_identity = source_identity.map(|identity| text("SourceIdentity", &identity));
    Ok(element("AssumedRoleUser", &role_user)
        + &credentials(world, &id)
        + &source_identity.unwrap_or_default()
        + &packed.unwrap_or_default())
}

pub fn duration(params: &Params, default: i64) -> i64 {
    params.get("DurationSeconds").and_then(|value| value.parse().ok()).unwrap_or(default)
}

pub fn credentials(world: &World, id: &str) -> Xml {
    let session = &world.sessions[id];
    element(
        "Credentials",
        &(text("AccessKeyId", id)
            + &text("SecretAccessKey", &session.secret)
            + &text("SessionToken", &session.token)
            + &text("Expiration", &iso_date(session.expires))),
    )
}

fn check_mfa_params(checks: &mut Checks, params: &Params) {
    checks.text(params, "SerialNumber", (9, 256), patterns::SERIAL);
    checks.text(params, "TokenCode", (6, 6), patterns::DIGITS);
}

pub fn check_assume_role(params: &Params) -> Result<(), Refusal> {
    let mut checks = Checks::default();
    checks.required(params, "RoleArn").text(params, "RoleArn", (20, 2048), patterns::ANY);
    checks.required(params, "RoleSessionName").text(params, "RoleSessionName", (2, 64), patterns::NAME);
    checks.number(params, "DurationSeconds", (900, 43_200));
    checks.text(params, "ExternalId", (2, 1224), patterns::EXTERNAL_ID);
    checks.text(params, "SourceIdentity", (2, 64), patterns::NAME);
    checks.text(params, "Policy", (1, 2048), patterns::ANY);
    check_mfa_params(&mut checks, params);
    let tags = params.tags();
    checks.count("Tags", tags.len(), 50);
    for (index, (key, value)) in tags.iter().enumerate() {
        checks.value(&format!("Tags.{}.member.key", index + 1), key, (1, 128), patterns::TAG);
        checks.value(&format!("Tags.{}.member.value", index + 1), value, (0, 256), patterns::TAG);
    }
    checks.count("TransitiveTagKeys", params.list("TransitiveTagKeys", "").len(), 50);
    checks.finish()?;
    let mut keys: Vec<String> = tags.iter().map(|(key, _)| key.to_lowercase()).collect();
    keys.sort();
    if keys.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Refusal::new(
            400,
            "InvalidParameterValue",
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        ));
    }
    if params.list("PolicyArns", ".arn").len() > 10 {
        return Err(Refusal::validation("Only 10 managed session policies can be attached."));
    }
    if params.get("SourceIdentity").is_some_and(|identity| identity.starts_with("aws:")) {
        return Err(Refusal::validation("SourceIdentity must not start with aws:"));
    }
    if params.get("Policy").is_some_and(|policy| serde_json::from_str::<serde_json::Value>(policy).is_err()) {
        return Err(Refusal::new(400, "MalformedPolicyDocument", "The policy is not in the valid JSON format."));
    }
    let arn: Vec<&str> = params.get("RoleArn").unwrap_or_default().splitn(6, ':').collect();
    match arn[..] {
        ["arn", _, "iam", "", account, name] if account.len() == 12 && name.starts_with("role/") => Ok(()),
        _ => Err(Refusal::validation("Request ARN is invalid")),
    }
}

/// Spends the code of a call that carries one, and tells when MFA was proven by it: now.
fn spend_code(world: &mut World, caller: &Caller, params: &Params) -> Result<Option<i64>, Refusal> {
    match (params.get("SerialNumber"), params.get("TokenCode")) {
        (None, None) => Ok(None),
        (Some(serial), Some(code)) => {
            world.spend_code(caller.user().map(|user| user.arn.as_str()), serial, code)?;
            Ok(Some(world.now()))
        }
        (Some(_), None) | (None, Some(_)) => Err(Refusal::access_denied(
            "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
        )),
    }
}

/// The role, where it exists and its trust policy lets this caller in; AWS does not say which condition failed.
fn authorise(world: &World, caller: &Caller, params: &Params, arn: &str, mfa_at: Option<i64>) -> Result<Role, Refusal> {
    let denied = |action: &str| {
        let who = &caller.arn;
        Refusal::access_denied(format!("User: {who} is not authorized to perform: sts:{action} on resource: {arn}"))
    };
    let role = world.roles.get(arn).ok_or_else(|| denied("AssumeRole"))?;
    let now = world.now();
    let mfa_is_enough = match (role.needs_mfa, role.max_mfa_age, mfa_at) {
        (_, Some(most), Some(at)) => now - at <= most * 1000,
        (false, None, _) | (true, None, Some(_)) => true,
        (_, _, None) => false,
    };
    let own_policy = caller.user().is_none_or(|user| !user.denies("sts:AssumeRole"));
    let external_id = role.external_id.is_none() || role.external_id.as_deref() == params.get("ExternalId");
    if !trusts(world, role, caller) || !own_policy || !mfa_is_enough || !external_id {
        return Err(denied("AssumeRole"));
    }
    if role.source_identity.is_some() && role.source_identity.as_deref() != params.get("SourceIdentity") {
        return Err(denied("AssumeRole"));
    }
    if !role.takes_tags && !params.tags().is_empty() {
        return Err(denied("TagSession"));
    }
    if let Identity::RoleSession { source_identity: Some(set), .. } = &caller.identity
        && params.get("SourceIdentity").is_some_and(|asked| asked != set)
    {
        return Err(denied("SetSourceIdentity"));
    }
    Ok(role.clone())
}

fn trusts(world: &World, role: &Role, caller: &Caller) -> bool {
    let root = format!("arn:{}:iam::{}:root", world.partition, caller.account);
    let by_role = match &caller.identity {
        Identity::RoleSession { role: by, .. } => role.trusted.contains(by),
        Identity::LongTerm(_) | Identity::UserSession { .. } | Identity::Federated => false,
    };
    by_role || role.trusted.contains(&caller.arn) || role.trusted.contains(&root)
}

/// What a chained session takes over: the source identity, and the tags that were made transitive.
fn inherit(caller: &Caller, params: &Params) -> Result<(Option<String>, Tags), Refusal> {
    let (mut source_identity, mut transitive) = match &caller.identity {
        Identity::RoleSession { source_identity, transitive_tags, .. } => {
            (source_identity.clone(), transitive_tags.clone())
        }
        Identity::LongTerm(_) | Identity::UserSession { .. } | Identity::Federated => (None, Vec::new()),
    };
    let tags = params.tags();
    if tags.iter().any(|(key, _)| transitive.iter().any(|(inherited, _)| inherited.eq_ignore_ascii_case(key))) {
        return Err(Refusal::new(
            400,
            "InvalidParameterValue",
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from \
             the calling session.",
        ));
    }
    for key in params.list("TransitiveTagKeys", "") {
        let Some(tag) = tags.iter().find(|(name, _)| name == key) else {
            return Err(Refusal::new(
                400,
                "InvalidParameterValue",
                "The specified transitive tag key must be included in the requested tags.",
            ));
        };
        transitive.push(tag.clone());
    }
    if let Some(identity) = params.get("SourceIdentity") {
        source_identity = Some(identity.to_owned());
    }
    Ok((source_identity, transitive))
}
