//! GetRoleCredentials, ListAccounts, ListAccountRoles and Logout: no signature, the access token is the proof.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::super::answer::Refusal;
use super::super::fake;
use super::super::http::{Request, Response};
use super::super::params::Params;
use super::super::world::{Origin, Role, World};
use super::json_answer;

const ONE_HOUR: i64 = 3600;

pub fn answer(world: &mut World, action: &str, request: &Request, params: &Params) -> Result<Response, Refusal> {
    let now = world.now();
    let center = &mut world.identity_center;
    let recent = center.portal_calls.iter().rev().take_while(|call| now - **call < 1000).count();
    center.portal_calls.push(now);
    if recent >= center.calls_a_second {
        return Err(Refusal::new(429, "TooManyRequestsException", "HTTP 429 Unknown code"));
    }
    let token = request.header("x-amz-sso_bearer_token").unwrap_or_default();
    if token.is_empty() {
        return Err(invalid("x-amz-sso_bearer_token is missing"));
    }
    let session = center.portal_session;
    let known = center.access_tokens.get(token);
    if !known.is_some_and(|known| known.expires > now && known.portal_session == session) {
        return Err(Refusal::new(401, "UnauthorizedException", "Session token not found or invalid"));
    }
    match action {
        "GetRoleCredentials" => role_credentials(world, params),
        "ListAccounts" => accounts(world, params),
        "ListAccountRoles" => account_roles(world, params),
        _ => {
            world.identity_center.portal_session += 1;
            Ok(json_answer(200, &json!({})))
        }
    }
}

fn invalid(message: &str) -> Refusal {
    Refusal::new(400, "InvalidRequestException", message)
}

/// What a person meets who names an account, or a role, that is not theirs; it is not in the service model.
fn no_access() -> Refusal {
    Refusal::new(403, "ForbiddenException", "No access")
}

fn account_id(params: &Params) -> Result<&str, Refusal> {
    let id = params.get("account_id").unwrap_or_default();
    let is_id = id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit());
    is_id.then_some(id).ok_or_else(|| invalid("account_id must have 12 digits"))
}

fn role_credentials(world: &mut World, params: &Params) -> Result<Response, Refusal> {
    let account = account_id(params)?.to_owned();
    let name =
        params.get("role_name").filter(|name| !name.is_empty()).ok_or_else(|| invalid("role_name is missing"))?;
    let center = &world.identity_center;
    let assigned = center.accounts.iter().find(|known| known.id == account);
    if !assigned.is_some_and(|known| known.permission_sets.iter().any(|have| have == name)) {
        return Err(no_access());
    }
    let role = reserved_role(world, &account, name);
    let (session_name, transitive_tags) = ("ann@corp.example".to_owned(), Vec::new());
    let origin = Origin::Role { role, session_name, source_identity: None, transitive_tags };
    let id = world.create_session(&account, ONE_HOUR, origin);
    let session = &world.sessions[&id];
    Ok(json_answer(
        200,
        &json!({"roleCredentials": {
            "accessKeyId": id,
            "secretAccessKey": session.secret,
            "sessionToken": session.token,
            "expiration": session.expires,
        }}),
    ))
}

/// The ARN of the role that stands for a permission set in an account; it is made where there is none.
pub fn reserved_role(world: &mut World, account: &str, permission_set: &str) -> String {
    let digest = Sha256::digest(format!("{account}/{permission_set}"));
    let suffix: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    let name = format!("AWSReservedSSO_{permission_set}_{suffix}");
    let arn = format!("arn:{}:iam::{account}:role/aws-reserved/sso.amazonaws.com/{name}", world.partition);
    let role = Role {
        arn: arn.clone(),
        name,
        account: account.to_owned(),
        role_id: fake::unique_id("AROA", &arn),
        trusted: std::collections::BTreeSet::default(),
        external_id: None,
        needs_mfa: false,
        max_mfa_age: None,
        max_session: 43_200,
        longest: i64::MAX,
        source_identity: None,
        takes_tags: true,
        allowed: std::collections::BTreeSet::default(),
    };
    world.roles.entry(arn.clone()).or_insert(role);
    arn
}

fn accounts(world: &World, params: &Params) -> Result<Response, Refusal> {
    let list = world.identity_center.accounts.iter().filter(|account| !account.permission_sets.is_empty());
    let list = list
        .map(|account| json!({"accountId": account.id, "accountName": account.name, "emailAddress": account.email}));
    page(world, params, "accountList", list.collect())
}

fn account_roles(world: &World, params: &Params) -> Result<Response, Refusal> {
    let id = account_id(params)?;
    let account = world.identity_center.accounts.iter().find(|account| account.id == id).ok_or_else(no_access)?;
    let list = account.permission_sets.iter().map(|role| json!({"roleName": role, "accountId": id}));
    page(world, params, "roleList", list.collect())
}

/// One page of a list: at most 100 entries (synfinatic/aws-sso-cli#1342), and where the next one starts.
fn page(world: &World, params: &Params, name: &str, mut list: Vec<Value>) -> Result<Response, Refusal> {
    let most = match params.get("max_result") {
        Some(number) => number.parse().ok().filter(|number| (1..=100).contains(number)),
        None => Some(world.identity_center.page_size),
    };
    let most = most.ok_or_else(|| invalid("max_result must be between 1 and 100"))?;
    let start = match params.get("next_token") {
        Some(token) => token.strip_prefix(&format!("FAKEnext/+={name}-")).and_then(|start| start.parse().ok()),
        None => Some(0),
    };
    let start: usize = start.filter(|start| *start <= list.len()).ok_or_else(|| invalid("Invalid next token"))?;
    let end = (start + most).min(list.len());
    let next = (end < list.len()).then(|| format!("FAKEnext/+={name}-{end}"));
    let mut answer = json!({ name: list.drain(start..end).collect::<Vec<_>>() });
    answer["nextToken"] = json!(next);
    Ok(json_answer(200, &answer))
}
