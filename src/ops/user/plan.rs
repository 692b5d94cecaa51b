//! What creating a user will do: looked at, shown, and asked about before anything is done.

use crate::chain::StoredKeys;
use crate::config_file::AwsFiles;
use crate::credentials::StoreId;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::index::Index;
use crate::ops::Context;
use crate::ops::user::admin::Admin;
use crate::ops::user::policy::current_policy;
use crate::user::documents::{REQUIRE_MFA, change_password, is_for_admins, require_mfa};
use crate::user::{Handover, Journal, MfaWish, Recipient, UserStep, Wish};

/// A group that is wanted, as it is.
struct Group {
    name: String,
    /// None: it does not exist.
    members: Option<usize>,
    /// ARNs of its managed policies.
    policies: Vec<String>,
}

/// Looks, shows the plan and asks. The journal's first step has not begun.
///
/// # Errors
/// What stands in the way, and where the answer is no or nobody can give one.
pub(super) fn plan(
    admin: &Admin<'_>,
    files: &AwsFiles,
    name: &str,
    mut wish: Wish,
    backend: StoreId,
) -> Result<Journal> {
    let context = admin.context;
    refuse_what_exists(admin, files, name, &wish)?;
    let mut names = wish.groups.clone();
    if wish.require_mfa && !names.iter().any(|group| group == REQUIRE_MFA) {
        names.push(REQUIRE_MFA.to_owned());
    }
    let groups = names.into_iter().map(|group| look_at(admin, group)).collect::<Result<Vec<_>>>()?;
    if wish.require_mfa && groups.iter().any(|group| group.name == REQUIRE_MFA && group.members.is_some()) {
        let inline = [("GroupName", REQUIRE_MFA), ("PolicyName", REQUIRE_MFA)];
        if admin.find("GetGroupPolicy", &inline)?.is_none() {
            let message = format!("the group `{REQUIRE_MFA}` exists without the policy that keyfob would give it");
            return Err(Error::new(Kind::Failed, message)
                .hint("rename that group, or leave out `--require-mfa` and name a group with `--group`"));
        }
    }
    for arn in &wish.policies {
        if admin.find("GetPolicy", &[("PolicyArn", arn)])?.is_none() {
            return Err(Error::new(Kind::Failed, format!("there is no policy `{arn}`")).hint(
                run!("aws iam list-policies --query {} --profile {}", "Policies[].Arn", admin.profile)
                    .to("list the policies"),
            ));
        }
    }
    let mut of_group = wish.policies.clone();
    if wish.groups.is_empty() {
        wish.own_policies = std::mem::take(&mut wish.policies);
        of_group.clear();
    }
    if wish.console && !current_policy(admin)?.unwrap_or_default().users_may_change {
        let arn = change_password(admin.partition());
        match groups.is_empty() {
            true => wish.own_policies.push(arn),
            false if groups.iter().any(|group| group.policies.contains(&arn)) => {}
            false => of_group.push(arn),
        }
    }
    let mut journal =
        Journal::new(name, &admin.arn_of_user(name), &admin.profile, UserStep::Groups, context.clock.now());
    journal.backend = Some(backend);
    journal.made.groups =
        groups.iter().filter(|group| group.members.is_none()).map(|group| group.name.clone()).collect();
    if let Some(first) = groups.first() {
        let missing = of_group.into_iter().filter(|arn| !first.policies.contains(arn));
        journal.made.attached = missing.map(|arn| (first.name.clone(), arn)).collect();
    }
    journal.wish = wish;
    show(admin, &journal, &groups);
    confirm(context, &journal, &groups)?;
    Ok(journal)
}

fn refuse_what_exists(admin: &Admin<'_>, files: &AwsFiles, name: &str, wish: &Wish) -> Result<()> {
    let context = admin.context;
    if admin.find("GetUser", &[("UserName", name)])?.is_some() {
        let message = format!("account {} already has a user `{name}`", admin.account);
        return Err(Error::new(Kind::Failed, message)
            .hint(run!("keyfob user list --with {}", admin.profile).to("list its users"))
            .hint(run!("keyfob add PROFILE").to("store a key of a user that exists")));
    }
    if let Some(Handover { file, .. }) = &wish.handover {
        if file.symlink_metadata().is_ok() {
            let message = format!("{} already exists and is not overwritten", file.display());
            return Err(Error::new(Kind::Usage, message).hint("choose a file that does not exist"));
        }
        if let Some(folder) = file.parent().filter(|folder| !folder.is_dir()) {
            return Err(Error::new(Kind::Usage, format!("there is no folder {}", folder.display()))
                .hint(run!("mkdir -p {}", folder.display()).to("create it, then try again")));
        }
    } else if wish.key {
        let profile = &wish.profile;
        let index = Index::load(&context.paths.data)?;
        if files.profiles().get(profile).is_some() || index.key_of(profile).is_some() {
            return Err(Error::new(Kind::Usage, format!("the profile `{profile}` exists already"))
                .hint(context.talk.again(&["--profile", "NAME"]).to("choose another name for the new profile")));
        }
    }
    Ok(())
}

fn look_at(admin: &Admin<'_>, name: String) -> Result<Group> {
    if admin.find("GetGroup", &[("GroupName", &name)])?.is_none() {
        return Ok(Group { name, members: None, policies: Vec::new() });
    }
    let members = admin.pages("GetGroup", &[("GroupName", &name)], "Users")?.len();
    let policies = admin.pages("ListAttachedGroupPolicies", &[("GroupName", &name)], "AttachedPolicies")?;
    let policies = policies.iter().filter_map(|policy| policy.text("PolicyArn")).map(str::to_owned).collect();
    Ok(Group { name, members: Some(members), policies })
}

/// The name of a managed policy, without what all of them have.
fn short(arn: &str) -> &str {
    arn.split_once(":policy/").map_or(arn, |(_, name)| name)
}

fn show(admin: &Admin<'_>, journal: &Journal, groups: &[Group]) {
    let (talk, wish, made) = (admin.context.talk, &journal.wish, &journal.made);
    talk.say(
        "an access key or a password works for everyone who gets hold of it until somebody replaces it. with IAM Identity \
         Center or `aws login`, people sign in with a browser and nothing on their machines lasts longer than a day",
    );
    talk.hint(run!("keyfob login PROFILE").to("sign in that way instead, if your organization has it"));
    talk.say(&format!(
        "plan, with the credentials of `{}`: create user `{}` in account {}",
        admin.profile, journal.name, admin.account
    ));
    for group in groups {
        let policies: Vec<&str> =
            made.attached.iter().filter(|(name, _)| *name == group.name).map(|(_, arn)| short(arn)).collect();
        let attach = match (policies.is_empty(), group.members) {
            (true, _) => String::new(),
            (false, Some(members @ 1..)) => {
                format!(", attach {}, which its {members} members get too", policies.join(", "))
            }
            (false, _) => format!(", attach {}", policies.join(", ")),
        };
        let state = if group.members.is_some() { "which exists" } else { "which is created" };
        talk.say(&format!("  group `{}`, {state}{attach}", group.name));
    }
    for arn in &wish.own_policies {
        talk.say(&format!("  policy {}, attached to the user itself", short(arn)));
    }
    match wish.mfa {
        MfaWish::Store => talk.say("  MFA device: keyfob stores its seed beside the key, and makes its codes"),
        MfaWish::Qr => talk.say("  MFA device: you scan a QR code with an authenticator app, and type two codes"),
        MfaWish::None => {}
    }
    if wish.console {
        talk.say("  console password: generated; it must be changed at the first sign-in");
    }
    match (&wish.handover, wish.key) {
        (Some(Handover { file, to }), _) => {
            let to = match to {
                Recipient::PublicKey(key) => key.as_str(),
                Recipient::Passphrase => "a passphrase",
            };
            let what = if wish.key { "access key: " } else { "" };
            talk.say(&format!("  {what}sealed to {to} in {}; nothing of it stays here", file.display()));
        }
        (None, true) => {
            let store = journal.backend.map(StoreId::title).unwrap_or_default();
            talk.say(&format!("  access key: stored in {store}, for the new profile `{}`", wish.profile));
        }
        (None, false) => {}
    }
    if wish.require_mfa {
        talk.say(&format!("  policy of the group `{REQUIRE_MFA}`: {}", require_mfa(admin.partition())));
    }
    if !wish.own_policies.is_empty() {
        talk.hint(admin.context.talk.again(&["--group", "NAME"]).to("give rights through a group, as CIS recommends"));
    }
}

fn confirm(context: &Context<'_>, journal: &Journal, groups: &[Group]) -> Result<()> {
    let name = &journal.name;
    let cancelled = || Error::new(Kind::Failed, format!("cancelled; `{name}` was not created"));
    if !context.confirm(&format!("create `{name}`?"), &format!("confirmation to create `{name}`"))? {
        return Err(cancelled());
    }
    let wish = &journal.wish;
    let of_groups = groups.iter().filter(|group| wish.groups.contains(&group.name)).flat_map(|group| &group.policies);
    let mut all = wish.policies.iter().chain(&wish.own_policies).chain(of_groups);
    if let Some(admin) = all.find(|arn| is_for_admins(arn)) {
        let account = journal.account();
        context.talk.warn(&format!(
            "{} lets `{name}`, and anyone who gets its key, do anything in account {account}, or give itself the rights to",
            short(admin)
        ));
        let question = format!("really make `{name}` an administrator?");
        if !context.confirm(&question, &format!("confirmation to make `{name}` an administrator"))? {
            return Err(cancelled());
        }
    }
    Ok(())
}
