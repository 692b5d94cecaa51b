//! IAM as far as a credentials helper needs it: who a user is, its keys and its MFA devices.
//!
//! Answers and errors: IAM API Reference. Permissions: a user may manage itself, unless told otherwise.

use super::answer::{Refusal, Service, Xml, element, iso_date, text};
use super::authentication::{Caller, Identity};
use super::iam_mfa;
use super::iam_users;
use super::params::{Checks, Params, patterns};
use super::sts::unknown_action;
use super::world::{User, World};

pub fn answer(world: &mut World, caller: &Caller, action: &str, params: &Params) -> Result<Xml, Refusal> {
    if matches!(caller.identity, Identity::UserSession { mfa_at: None, .. } | Identity::Federated) {
        // AWS says this, and nothing of MFA (IAM User Guide, "Compare AWS STS credentials").
        let message = "The security token included in the request is invalid";
        return Err(Refusal::new(403, "InvalidClientTokenId", message));
    }
    if action != "CreateUser" && iam_users::is_unseen(world, params) {
        let name = params.get("UserName").unwrap_or_default();
        return Err(Refusal::no_such_entity(format!("The user with name {name} cannot be found.")));
    }
    if let Some(answer) = iam_users::answer(world, caller, action, params) {
        return answer;
    }
    match action {
        "GetUser" => get_user(world, caller, params),
        "ListMFADevices" => iam_mfa::list_mfa_devices(world, caller, params),
        "ListAccessKeys" => list_access_keys(world, caller, params),
        "GetAccessKeyLastUsed" => get_access_key_last_used(world, caller, params),
        "CreateAccessKey" => create_access_key(world, caller, params),
        "UpdateAccessKey" => update_access_key(world, caller, params),
        "DeleteAccessKey" => delete_access_key(world, caller, params),
        "CreateVirtualMFADevice" => iam_mfa::create_virtual_mfa_device(world, caller, params),
        "EnableMFADevice" => iam_mfa::enable_mfa_device(world, caller, params),
        "ResyncMFADevice" => iam_mfa::resync_mfa_device(world, caller, params),
        "DeactivateMFADevice" => iam_mfa::deactivate_mfa_device(world, caller, params),
        "DeleteVirtualMFADevice" => iam_mfa::delete_virtual_mfa_device(world, caller, params),
        _ => Err(unknown_action(action, "2010-05-08")),
    }
}

impl User {
    /// Whether a policy of this user's denies `iam:CreateAccessKey`, by name or as `iam:*`.
    pub fn denies(&self, action: &str) -> bool {
        let all = action.split_once(':').map_or("*".to_owned(), |(service, _)| format!("{service}:*"));
        self.denied.contains(action) || self.denied.contains(&all)
    }
}

/// Whom a call without a UserName is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Implied {
    /// The user whose credentials these are, long-term or a session's.
    AnyCredentials,
    /// The user whose long-term key signed ("If a temporary access key is used, then UserName is required").
    LongTermKeyOnly,
}

/// The user a call is about, where the caller may make it.
///
/// # Errors
/// NoSuchEntity, AccessDenied, or a ValidationError where a name is needed.
pub fn subject(
    world: &World,
    caller: &Caller,
    params: &Params,
    action: &str,
    implied: Implied,
) -> Result<User, Refusal> {
    Checks::default().text(params, "UserName", (1, 128), patterns::NAME).finish()?;
    let may_be_left_out = implied == Implied::AnyCredentials || !caller.is_session();
    let name = match (params.get("UserName"), caller.user()) {
        (Some(name), _) => name,
        (None, Some(user)) if may_be_left_out => &user.name,
        (None, _) => return Err(Refusal::validation("Must specify userName when calling with non-User credentials")),
    };
    let found = world.users.values().find(|user| user.account == caller.account && user.name == name);
    let resource = found.map_or(format!("user {name}"), |user| user.arn.clone());
    let own = caller.user().is_some_and(|user| user.name == name);
    authorise(world, caller, action, &resource, own)?;
    let missing = || Refusal::no_such_entity(format!("The user with name {name} cannot be found."));
    found.cloned().ok_or_else(missing)
}

/// Whether the caller's policies let it do `action` (without `iam:`).
///
/// # Errors
/// AccessDenied in AWS's words.
pub fn authorise(world: &World, caller: &Caller, action: &str, resource: &str, own: bool) -> Result<(), Refusal> {
    let denied = |why: &str| {
        let who = &caller.arn;
        Err(Refusal::access_denied(format!(
            "User: {who} is not authorized to perform: iam:{action} on resource: {resource} {why}"
        )))
    };
    let nothing_allows = format!("because no identity-based policy allows the iam:{action} action");
    let full = format!("iam:{action}");
    match &caller.identity {
        Identity::RoleSession { role, .. } => {
            let allowed = &world.roles[role].allowed;
            if allowed.contains(&full) || allowed.contains("iam:*") { Ok(()) } else { denied(&nothing_allows) }
        }
        Identity::Federated => denied("with an explicit deny"),
        Identity::LongTerm(user) | Identity::UserSession { user, .. } => {
            let denies = user.denies(&full) || world.policies_deny(user, &full, iam_users::has_mfa(caller));
            if denies || (user.iam_needs_mfa && caller.mfa_at().is_none()) {
                denied("with an explicit deny in an identity-based policy")
            } else if own || user.may_manage_others || user.is_root || world.is_administrator(user) {
                Ok(())
            } else {
                denied(&nothing_allows)
            }
        }
    }
}

fn get_user(world: &World, caller: &Caller, params: &Params) -> Result<Xml, Refusal> {
    let user = subject(world, caller, params, "GetUser", Implied::AnyCredentials)?;
    Ok(element("User", &iam_users::describe(&user)))
}

fn list_access_keys(world: &World, caller: &Caller, params: &Params) -> Result<Xml, Refusal> {
    let user = subject(world, caller, params, "ListAccessKeys", Implied::LongTermKeyOnly)?;
    let keys = world.keys.iter().filter(|(_, key)| key.user == user.arn);
    let members: String = keys.map(|(id, _)| element("member", &describe_key(world, id, &user.name))).collect();
    Ok(text("UserName", &user.name) + &element("AccessKeyMetadata", &members) + &text("IsTruncated", "false"))
}

fn describe_key(world: &World, id: &str, user_name: &str) -> Xml {
    let key = &world.keys[id];
    text("UserName", user_name)
        + &text("AccessKeyId", id)
        + &text("Status", if key.active { "Active" } else { "Inactive" })
        + &text("CreateDate", &iso_date(key.created))
}

fn get_access_key_last_used(world: &World, caller: &Caller, params: &Params) -> Result<Xml, Refusal> {
    let mut checks = Checks::default();
    checks.required(params, "AccessKeyId").text(params, "AccessKeyId", (16, 128), patterns::WORD).finish()?;
    let id = params.get("AccessKeyId").unwrap_or_default();
    let key = world.keys.get(id);
    let own = key.is_some_and(|key| caller.user().is_some_and(|user| user.arn == key.user));
    authorise(world, caller, "GetAccessKeyLastUsed", &format!("access key {id}"), own)?;
    let key = key.ok_or_else(|| unknown_key_id(id))?;
    let used = match &key.last_used {
        Some((at, service, region)) => {
            text("LastUsedDate", &iso_date(*at)) + &text("ServiceName", service.name()) + &text("Region", region)
        }
        None => text("ServiceName", "N/A") + &text("Region", "N/A"),
    };
    Ok(text("UserName", &world.users[&key.user].name) + &element("AccessKeyLastUsed", &used))
}

fn create_access_key(world: &mut World, caller: &Caller, params: &Params) -> Result<Xml, Refusal> {
    let user = subject(world, caller, params, "CreateAccessKey", Implied::LongTermKeyOnly)?;
    let id = world.create_key(&user.arn)?;
    let (known_from, pattern) = (world.now() + world.new_keys_unknown_ms, world.new_keys_appear.clone());
    let described = describe_key(world, &id, &user.name);
    let key = world.keys.get_mut(&id).expect("it has just been made");
    key.known_from = known_from;
    for service in [Service::Sts, Service::Iam] {
        key.appearances.insert(service, pattern.iter().copied().collect());
    }
    Ok(element("AccessKey", &(described + &text("SecretAccessKey", &key.secret))))
}

fn update_access_key(world: &mut World, caller: &Caller, params: &Params) -> Result<Xml, Refusal> {
    let mut checks = Checks::default();
    checks.required(params, "Status").required(params, "AccessKeyId");
    checks.text(params, "AccessKeyId", (16, 128), patterns::WORD).finish()?;
    let user = subject(world, caller, params, "UpdateAccessKey", Implied::LongTermKeyOnly)?;
    let active = match params.get("Status") {
        Some("Active") => true,
        Some("Inactive") => false,
        other => {
            return Err(Refusal::validation(format!(
                "1 validation error detected: Value '{}' at 'status' failed to satisfy constraint: Member must satisfy \
                 enum value set: [Active, Inactive]",
                other.unwrap_or_default()
            )));
        }
    };
    own_key(world, &user, params)?.1.active = active;
    Ok(String::new())
}

fn delete_access_key(world: &mut World, caller: &Caller, params: &Params) -> Result<Xml, Refusal> {
    let mut checks = Checks::default();
    checks.required(params, "AccessKeyId").text(params, "AccessKeyId", (16, 128), patterns::WORD).finish()?;
    let user = subject(world, caller, params, "DeleteAccessKey", Implied::LongTermKeyOnly)?;
    let id = own_key(world, &user, params)?.0;
    world.keys.remove(&id);
    Ok(String::new())
}

fn own_key<'a>(
    world: &'a mut World,
    user: &User,
    params: &Params,
) -> Result<(String, &'a mut super::world::Key), Refusal> {
    let id = params.get("AccessKeyId").unwrap_or_default();
    let key = world.keys.get_mut(id).filter(|key| key.user == user.arn).ok_or_else(|| unknown_key_id(id))?;
    Ok((id.to_owned(), key))
}

fn unknown_key_id(id: &str) -> Refusal {
    Refusal::no_such_entity(format!("The Access Key with id {id} cannot be found."))
}
