//! IAM's users, groups, policies and passwords: what a user has to be rid of before it is deleted, and what is only seen seconds
//! later.
//!
//! Errors: IAM API Reference, CreateUser, DeleteUser, CreateLoginProfile and the calls beside them.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::{Refusal, Xml, element, iso_date, text};
use super::authentication::{Caller, Identity};
use super::fake;
use super::iam::{Implied, authorise, subject};
use super::iam_mfa::base64;
use super::params::{Checks, Params, patterns};
use super::world::{SecretKind, User, World};

/// What belongs to a user beside its keys and devices.
#[derive(Debug, Clone, Default)]
pub struct Belongings {
    pub groups: BTreeSet<String>,
    /// ARNs of managed policies.
    pub attached: BTreeSet<String>,
    pub inline: BTreeSet<String>,
    pub password: Option<String>,
    pub certificates: BTreeSet<String>,
    pub ssh_keys: BTreeSet<String>,
    pub service_credentials: BTreeSet<String>,
    /// So many calls about it still find no such user.
    pub unseen: usize,
}

/// A group.
#[derive(Debug, Clone, Default)]
pub struct Group {
    pub attached: BTreeSet<String>,
    pub inline: BTreeMap<String, String>,
}

/// The users, groups and policies of the one account that has any.
#[derive(Debug, Default)]
pub struct Directory {
    pub users: BTreeMap<String, Belongings>,
    pub groups: BTreeMap<String, Group>,
    /// As UpdateAccountPasswordPolicy was sent it.
    pub password_policy: Option<BTreeMap<String, String>>,
    /// So many calls still do not see a user that is created from now on.
    pub new_users_unseen: usize,
    /// So often the credential report is still being made.
    pub report_pending: usize,
    /// Whether IAM lists in pages of one.
    pub pages_of_one: bool,
}

const DENY_ALL: &str = "AWSDenyAll";
const CHANGE_PASSWORD: &str = "IAMUserChangePassword";
const MANAGED: [&str; 4] = ["ReadOnlyAccess", "AdministratorAccess", DENY_ALL, CHANGE_PASSWORD];
const REQUIRED: [&str; 4] =
    ["RequireUppercaseCharacters", "RequireLowercaseCharacters", "RequireNumbers", "RequireSymbols"];

impl World {
    /// Whether the policies of a user, or of its groups, deny an action: AWSDenyAll, or the condition on MFA.
    pub fn policies_deny(&self, user: &User, action: &str, has_mfa: bool) -> bool {
        let Some(own) = self.directory.users.get(&user.arn) else { return false };
        let groups = || own.groups.iter().filter_map(|group| self.directory.groups.get(group));
        let attached = own.attached.iter().chain(groups().flat_map(|group| &group.attached));
        let needs_mfa = |document: &String| {
            let document: serde_json::Value = serde_json::from_str(document).unwrap_or_default();
            let statement = &document["Statement"][0];
            let exempt = statement["NotAction"].as_array().cloned().unwrap_or_default();
            statement["Condition"]["BoolIfExists"]["aws:MultiFactorAuthPresent"] == "false"
                && !exempt.iter().any(|exempt| exempt == action)
        };
        attached.into_iter().any(|arn| arn.ends_with(DENY_ALL))
            || !has_mfa && groups().flat_map(|group| group.inline.values()).any(needs_mfa)
    }

    /// Whether its policies let a user do what it likes.
    pub fn is_administrator(&self, user: &User) -> bool {
        let Some(own) = self.directory.users.get(&user.arn) else { return false };
        let groups = own.groups.iter().filter_map(|group| self.directory.groups.get(group));
        let mut all = own.attached.iter().chain(groups.flat_map(|group| &group.attached));
        all.any(|arn| arn.ends_with("/AdministratorAccess"))
    }
}

/// Calls about the account or a group; the rest is about a user.
const OF_ACCOUNT: [&str; 16] = [
    "CreateUser", "GetPolicy", "GetAccountPasswordPolicy", "UpdateAccountPasswordPolicy",
    "GetAccountAuthorizationDetails", "GenerateCredentialReport", "GetCredentialReport", "CreateGroup", "GetGroup",
    "DeleteGroup", "AttachGroupPolicy", "DetachGroupPolicy", "ListAttachedGroupPolicies", "PutGroupPolicy",
    "GetGroupPolicy", "DeleteGroupPolicy",
];

/// None where it is not one of these calls.
pub fn answer(world: &mut World, caller: &Caller, action: &str, params: &Params) -> Option<Result<Xml, Refusal>> {
    let given = |name: &str| params.get(name).unwrap_or_default().to_owned();
    let (group, arn, policy) = (given("GroupName"), given("PolicyArn"), given("PolicyName"));
    if OF_ACCOUNT.contains(&action) {
        if let Err(refusal) = authorise(world, caller, action, "*", false) {
            return Some(Err(refusal));
        }
        return Some(match action {
            "CreateUser" => create_user(world, caller, params),
            "GetPolicy" => get_policy(&arn),
            "GetAccountPasswordPolicy" => get_password_policy(world),
            "UpdateAccountPasswordPolicy" => update_password_policy(world, params),
            "GetAccountAuthorizationDetails" => Ok(details(world, params)),
            "GenerateCredentialReport" => Ok(generate_report(world)),
            "GetCredentialReport" => Ok(get_report(world)),
            _ => of_group(world, action, &group, &arn, &policy, params),
        });
    }
    let listed = match action {
        "DeleteUser"
        | "AddUserToGroup"
        | "RemoveUserFromGroup"
        | "ListGroupsForUser"
        | "AttachUserPolicy"
        | "DetachUserPolicy"
        | "ListAttachedUserPolicies"
        | "ListUserPolicies"
        | "DeleteUserPolicy"
        | "CreateLoginProfile"
        | "UpdateLoginProfile"
        | "DeleteLoginProfile"
        | "ListSigningCertificates"
        | "DeleteSigningCertificate"
        | "ListSSHPublicKeys"
        | "DeleteSSHPublicKey"
        | "ListServiceSpecificCredentials"
        | "DeleteServiceSpecificCredential" => subject(world, caller, params, action, Implied::AnyCredentials),
        _ => return None,
    };
    Some(listed.and_then(|user| of_user(world, &user, action, params)))
}

fn create_user(world: &mut World, caller: &Caller, params: &Params) -> Result<Xml, Refusal> {
    Checks::default().required(params, "UserName").text(params, "UserName", (1, 64), patterns::NAME).finish()?;
    let name = params.get("UserName").unwrap_or_default();
    let arn = format!("arn:{}:iam::{}:user/{name}", world.partition, caller.account);
    if world.users.values().any(|user| user.account == caller.account && user.name.eq_ignore_ascii_case(name)) {
        let message = format!("User with name {name} already exists.");
        return Err(Refusal::new(409, "EntityAlreadyExists", message));
    }
    let user = User {
        arn: arn.clone(),
        name: name.to_owned(),
        account: caller.account.clone(),
        user_id: fake::unique_id("AIDA", &arn),
        is_root: false,
        created: world.now(),
        denied: BTreeSet::default(),
        iam_needs_mfa: false,
        may_manage_others: false,
    };
    let unseen = world.directory.new_users_unseen;
    world.directory.users.insert(arn.clone(), Belongings { unseen, ..Belongings::default() });
    let described = describe(&user);
    world.users.insert(arn, user);
    Ok(element("User", &described))
}

pub fn describe(user: &User) -> Xml {
    text("Path", "/")
        + &text("UserName", &user.name)
        + &text("UserId", &user.user_id)
        + &text("Arn", &user.arn)
        + &text("CreateDate", &iso_date(user.created))
}

fn get_policy(arn: &str) -> Result<Xml, Refusal> {
    let name = arn.rsplit('/').next().unwrap_or_default();
    match MANAGED.contains(&name) {
        true => Ok(element("Policy", &(text("PolicyName", name) + &text("Arn", arn)))),
        false => Err(Refusal::no_such_entity(format!("Policy {arn} does not exist or is not attachable."))),
    }
}

fn of_group(
    world: &mut World,
    action: &str,
    name: &str,
    arn: &str,
    policy: &str,
    params: &Params,
) -> Result<Xml, Refusal> {
    let members: Vec<User> = world
        .directory
        .users
        .iter()
        .filter(|(_, own)| own.groups.contains(name))
        .filter_map(|(arn, _)| world.users.get(arn).cloned())
        .collect();
    let pages = world.directory.pages_of_one;
    if action == "CreateGroup" {
        Checks::default().required(params, "GroupName").text(params, "GroupName", (1, 128), patterns::NAME).finish()?;
        if world.directory.groups.contains_key(name) {
            let message = format!("Group with name {name} already exists.");
            return Err(Refusal::new(409, "EntityAlreadyExists", message));
        }
        world.directory.groups.insert(name.to_owned(), Group::default());
        return Ok(element("Group", &text("GroupName", name)));
    }
    let missing = || Refusal::no_such_entity(format!("The group with name {name} cannot be found."));
    let group = world.directory.groups.get_mut(name).ok_or_else(missing)?;
    let no_policy = || Refusal::no_such_entity(format!("Policy {arn}{policy} was not found."));
    match action {
        "GetGroup" => {
            let users: Vec<Xml> = members.iter().map(describe).collect();
            return Ok(element("Group", &text("GroupName", name)) + &paged("Users", &users, pages, params));
        }
        "ListAttachedGroupPolicies" => {
            let policies: Vec<Xml> = group.attached.iter().map(|arn| attached(arn)).collect();
            return Ok(paged("AttachedPolicies", &policies, pages, params));
        }
        "AttachGroupPolicy" => {
            get_policy(arn)?;
            group.attached.insert(arn.to_owned());
        }
        "DetachGroupPolicy" => group.attached.remove(arn).then_some(()).ok_or_else(no_policy)?,
        "PutGroupPolicy" => {
            let document = params.get("PolicyDocument").unwrap_or_default();
            if serde_json::from_str::<serde_json::Value>(document).is_err() {
                return Err(Refusal::new(400, "MalformedPolicyDocument", "Syntax errors in policy."));
            }
            group.inline.insert(policy.to_owned(), document.to_owned());
        }
        "GetGroupPolicy" => {
            let document = group.inline.get(policy).ok_or_else(no_policy)?;
            return Ok(text("GroupName", name) + &text("PolicyName", policy) + &text("PolicyDocument", document));
        }
        "DeleteGroupPolicy" => group.inline.remove(policy).map(drop).ok_or_else(no_policy)?,
        _ if !members.is_empty() || !group.attached.is_empty() || !group.inline.is_empty() => {
            let message = "Cannot delete entity, must delete users or policies first.";
            return Err(Refusal::new(409, "DeleteConflict", message));
        }
        _ => {
            world.directory.groups.remove(name);
        }
    }
    Ok(String::new())
}

fn attached(arn: &str) -> Xml {
    text("PolicyName", arn.rsplit('/').next().unwrap_or_default()) + &text("PolicyArn", arn)
}

fn of_user(world: &mut World, user: &User, action: &str, params: &Params) -> Result<Xml, Refusal> {
    let given = |name: &str| params.get(name).unwrap_or_default();
    let pages = world.directory.pages_of_one;
    let group = given("GroupName").to_owned();
    if action == "AddUserToGroup" && !world.directory.groups.contains_key(&group) {
        return Err(Refusal::no_such_entity(format!("The group with name {group} cannot be found.")));
    }
    if action == "DeleteUser" {
        return delete_user(world, user);
    }
    let policy = world.directory.password_policy.clone();
    let own = world.directory.users.entry(user.arn.clone()).or_default();
    let gone = |what: &str| Refusal::no_such_entity(format!("{what} cannot be found."));
    let list = |list: &str, tag: &str, ids: &BTreeSet<String>| {
        Ok(paged(list, &ids.iter().map(|id| text(tag, id)).collect::<Vec<_>>(), pages, params))
    };
    match action {
        "AddUserToGroup" => {
            own.groups.insert(group);
        }
        "RemoveUserFromGroup" => own.groups.remove(&group).then_some(()).ok_or_else(|| gone("The group"))?,
        "ListGroupsForUser" => return list("Groups", "GroupName", &own.groups),
        "AttachUserPolicy" => {
            get_policy(given("PolicyArn"))?;
            own.attached.insert(given("PolicyArn").to_owned());
        }
        "DetachUserPolicy" => {
            own.attached.remove(given("PolicyArn")).then_some(()).ok_or_else(|| gone("The policy"))?;
        }
        "ListAttachedUserPolicies" => {
            let policies: Vec<Xml> = own.attached.iter().map(|arn| attached(arn)).collect();
            return Ok(paged("AttachedPolicies", &policies, pages, params));
        }
        "ListUserPolicies" => return list("PolicyNames", "", &own.inline),
        "DeleteUserPolicy" => own.inline.remove(given("PolicyName")).then_some(()).ok_or_else(|| gone("It"))?,
        "ListSigningCertificates" => return list("Certificates", "CertificateId", &own.certificates),
        "DeleteSigningCertificate" => {
            own.certificates.remove(given("CertificateId")).then_some(()).ok_or_else(|| gone("It"))?;
        }
        "ListSSHPublicKeys" => return list("SSHPublicKeys", "SSHPublicKeyId", &own.ssh_keys),
        "DeleteSSHPublicKey" => own.ssh_keys.remove(given("SSHPublicKeyId")).then_some(()).ok_or_else(|| gone("It"))?,
        "ListServiceSpecificCredentials" => {
            return list("ServiceSpecificCredentials", "ServiceSpecificCredentialId", &own.service_credentials);
        }
        "DeleteServiceSpecificCredential" => {
            let id = given("ServiceSpecificCredentialId");
            own.service_credentials.remove(id).then_some(()).ok_or_else(|| gone("It"))?;
        }
        "DeleteLoginProfile" => {
            own.password.take().map(drop).ok_or_else(|| gone(&format!("Login Profile for User {}", user.name)))?;
        }
        _ => {
            check_password(policy.as_ref(), given("Password"))?;
            match (action, own.password.is_some()) {
                ("CreateLoginProfile", true) => {
                    let message = format!("Login Profile for user {} already exists.", user.name);
                    return Err(Refusal::new(409, "EntityAlreadyExists", message));
                }
                ("UpdateLoginProfile", false) => return Err(gone("The login profile")),
                _ => own.password = Some(given("Password").to_owned()),
            }
            world.keep_secret(SecretKind::Password, given("Password"), format!("password of {}", user.name));
        }
    }
    Ok(String::new())
}

fn check_password(policy: Option<&BTreeMap<String, String>>, password: &str) -> Result<(), Refusal> {
    let wants = |name: &str| policy.and_then(|policy| policy.get(name)).is_some_and(|value| value == "true");
    let least = policy.and_then(|policy| policy.get("MinimumPasswordLength")?.parse().ok()).unwrap_or(8);
    let has: [fn(char) -> bool; 4] = [
        |c| c.is_ascii_uppercase(),
        |c| c.is_ascii_lowercase(),
        |c| c.is_ascii_digit(),
        |c| "!@#$%^&*()_+-=[]{}|'".contains(c),
    ];
    let meets = REQUIRED.iter().zip(has).all(|(name, has)| !wants(name) || password.chars().any(has));
    match meets && password.chars().count() >= least && password.len() <= 128 {
        true => Ok(()),
        false => Err(Refusal::new(
            400,
            "PasswordPolicyViolation",
            "Password does not conform to the account password policy.",
        )),
    }
}

/// DeleteUser's own words, thing by thing.
fn delete_user(world: &mut World, user: &User) -> Result<Xml, Refusal> {
    let own = world.directory.users.get(&user.arn).cloned().unwrap_or_default();
    let keys = world.keys.values().any(|key| key.user == user.arn);
    let devices = world.devices.values().any(|device| device.user.as_deref() == Some(&user.arn));
    let in_the_way = [
        (own.password.is_some(), "login profile"),
        (keys, "access keys"),
        (!own.certificates.is_empty(), "signing certificates"),
        (!own.ssh_keys.is_empty(), "SSH public keys"),
        (!own.service_credentials.is_empty(), "service specific credentials"),
        (devices, "MFA device"),
        (!own.inline.is_empty(), "policies"),
        (!own.attached.is_empty(), "policies"),
        (!own.groups.is_empty(), "groups"),
    ];
    if let Some((_, what)) = in_the_way.iter().find(|(there, _)| *there) {
        let message = format!("Cannot delete entity, must delete {what} first.");
        return Err(Refusal::new(409, "DeleteConflict", message));
    }
    world.users.remove(&user.arn);
    world.directory.users.remove(&user.arn);
    Ok(String::new())
}

/// A page of a list: 100 members unless `MaxItems` says otherwise, and 1,000 at most (IAM API, common to all lists).
fn paged(list: &str, members: &[Xml], pages_of_one: bool, params: &Params) -> Xml {
    let member = |inside: &Xml| match inside.strip_prefix("<>").and_then(|rest| rest.strip_suffix("</>")) {
        Some(bare) => element("member", bare),
        None => element("member", inside),
    };
    let at = params.get("Marker").and_then(|marker| marker.strip_prefix("at-")?.parse().ok()).unwrap_or(0);
    let most = params.get("MaxItems").and_then(|most| most.parse().ok()).unwrap_or(100).clamp(1, 1000);
    let end = at + if pages_of_one { 1 } else { most };
    let page = members.iter().skip(at).take(end - at).map(member).collect::<String>();
    let page = element(list, &page);
    match end < members.len() {
        true => page + &text("IsTruncated", "true") + &text("Marker", &format!("at-{end}")),
        false => page + &text("IsTruncated", "false"),
    }
}

fn get_password_policy(world: &World) -> Result<Xml, Refusal> {
    let Some(policy) = &world.directory.password_policy else {
        return Err(Refusal::no_such_entity("The Password Policy with domain name 111122223333 cannot be found."));
    };
    let settings: String = policy.iter().map(|(name, value)| text(name, value)).collect();
    Ok(element("PasswordPolicy", &settings))
}

/// What is not sent is set back (IAM API, UpdateAccountPasswordPolicy).
fn update_password_policy(world: &mut World, params: &Params) -> Result<Xml, Refusal> {
    Checks::default()
        .number(params, "MinimumPasswordLength", (6, 128))
        .number(params, "MaxPasswordAge", (1, 1095))
        .number(params, "PasswordReusePrevention", (1, 24))
        .finish()?;
    let flags = REQUIRED.into_iter().chain(["AllowUsersToChangePassword", "HardExpiry"]);
    let mut policy: BTreeMap<String, String> =
        flags.map(|name| (name.to_owned(), params.get(name).unwrap_or("false").to_owned())).collect();
    policy.insert("MinimumPasswordLength".into(), params.get("MinimumPasswordLength").unwrap_or("6").to_owned());
    for name in ["MaxPasswordAge", "PasswordReusePrevention"] {
        policy.extend(params.get(name).map(|value| (name.to_owned(), value.to_owned())));
    }
    world.directory.password_policy = Some(policy);
    Ok(String::new())
}

fn details(world: &World, params: &Params) -> Xml {
    let users = world.users.values().filter(|user| !user.is_root).map(|user| {
        let own = world.directory.users.get(&user.arn).cloned().unwrap_or_default();
        let groups: String = own.groups.iter().map(|group| text("member", group)).collect();
        let policies: String = own.attached.iter().map(|arn| element("member", &attached(arn))).collect();
        let inline: String = own.inline.iter().map(|name| element("member", &text("PolicyName", name))).collect();
        describe(user)
            + &element("GroupList", &groups)
            + &element("AttachedManagedPolicies", &policies)
            + &element("UserPolicyList", &inline)
    });
    paged("UserDetailList", &users.collect::<Vec<_>>(), world.directory.pages_of_one, params)
}

fn generate_report(world: &mut World) -> Xml {
    if world.directory.report_pending > 0 {
        world.directory.report_pending -= 1;
        return text("State", "STARTED");
    }
    text("State", "COMPLETE")
}

fn get_report(world: &World) -> Xml {
    let mut csv = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,mfa_active,\
                   access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_2_active,\
                   access_key_2_last_rotated,access_key_2_last_used_date\n"
        .to_owned();
    for user in world.users.values() {
        let own = world.directory.users.get(&user.arn).cloned().unwrap_or_default();
        let has_mfa = world.devices.values().any(|device| device.user.as_deref() == Some(&user.arn));
        let name = if user.is_root { "<root_account>" } else { &user.name };
        let created = iso_date(user.created);
        csv += &format!("{name},{},{created},{},N/A,{created},{has_mfa}", user.arn, own.password.is_some());
        let mut keys = world.keys.values().filter(|key| key.user == user.arn);
        for _ in 0..2 {
            csv += &match keys.next() {
                Some(key) => {
                    let used = key.last_used.as_ref().map_or("N/A".to_owned(), |(at, ..)| iso_date(*at));
                    format!(",{},{},{used}", key.active, iso_date(key.created))
                }
                None => ",false,N/A,N/A".to_owned(),
            };
        }
        csv.push('\n');
    }
    let time = text("GeneratedTime", &iso_date(world.now()));
    text("Content", &base64(csv.as_bytes())) + &text("ReportFormat", "text/csv") + &time
}

/// Whether a call about a user that was just created still finds none.
pub fn is_unseen(world: &mut World, params: &Params) -> bool {
    let Some(name) = params.get("UserName") else { return false };
    let user = world.users.values().find(|user| user.name == name).map(|user| user.arn.clone());
    let own = user.and_then(|arn| world.directory.users.get_mut(&arn));
    own.is_some_and(|own| {
        let is_unseen = own.unseen > 0;
        own.unseen = own.unseen.saturating_sub(1);
        is_unseen
    })
}

/// Whether the caller has proven MFA.
pub fn has_mfa(caller: &Caller) -> bool {
    !matches!(caller.identity, Identity::LongTerm(_)) && caller.mfa_at().is_some()
}
