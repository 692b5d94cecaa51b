//! Removing a user: shut out at once, deleted a day later, in the order that DeleteUser documents.
//!
//! Each step lists what there is and takes it away, so that one that was interrupted is done again from its start. The journal
//! notes the MFA devices before they are taken from the user: nobody would find them afterwards.

use crate::aws::Element;
use crate::chain::StoredKeys;
use crate::config_file::AwsFiles;
use crate::credentials::AccessKeyId;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::index::Index;
use crate::ops::Context;
use crate::ops::user::admin::{Admin, no_such_user};
use crate::ops::user::journal::{self, JournalLock};
use crate::ops::user::{passwords, unfinished};
use crate::secret::Secret;
use crate::user::documents::deny_all;
use crate::user::{Journal, UserStep};

/// What is asked of [`remove`].
pub struct RemoveRequest {
    pub name: String,
    /// The profile whose credentials make the calls.
    pub with: String,
    /// Whether it is deleted without waiting for a day.
    pub now: bool,
    /// `--mfa-code`, of the profile that makes the calls.
    pub mfa_code: Option<Secret>,
}

/// Shuts a user out, or deletes one that was shut out long enough ago.
///
/// # Errors
/// Where it may not be yet, is refused or stops; the message says what is left and how to continue.
pub fn remove(context: &Context<'_>, request: &RemoveRequest, files: &AwsFiles) -> Result<()> {
    let name = &request.name;
    let admin = Admin::new(context, files, &request.with, request.mfa_code.as_ref())?;
    let held = journal::hold(&context.paths.data, &admin.account, name)?;
    let mut journal = match held.load()? {
        Some(journal) if journal.has_ended() => {
            passwords::forget(context, &journal)?;
            begin(&admin, request)?
        }
        Some(journal) if !journal.at().0.removes() => return Err(unfinished(&journal)),
        Some(journal) => journal,
        None => begin(&admin, request)?,
    };
    if journal.rests() {
        may_delete(&admin, request, &journal)?;
        journal.begin(UserStep::Delete, context.clock.now());
    }
    loop {
        while let Some(step) = journal.next() {
            if journal.at() != (step, false) {
                journal.begin(step, context.clock.now());
            }
            held.save(&journal)?;
            perform(&admin, &mut journal, step, &held).map_err(|error| stopped(&journal, error))?;
            journal.complete(context.clock.now());
            held.save(&journal)?;
        }
        if !(request.now && journal.rests()) {
            break;
        }
        journal.begin(UserStep::Delete, context.clock.now());
    }
    if journal.rests() {
        tell_of_rest(context, &journal);
    } else {
        held.remove()?;
        context.talk.say(&format!("deleted user `{name}`"));
    }
    Ok(())
}

/// Looks, shows the plan and asks.
fn begin(admin: &Admin<'_>, request: &RemoveRequest) -> Result<Journal> {
    let (context, name) = (admin.context, request.name.as_str());
    let found = admin.find("GetUser", &[("UserName", name)])?;
    let arn = found.as_ref().and_then(|answer| answer.child("User")?.text("Arn"));
    let arn = arn.ok_or_else(|| no_such_user(name, admin))?;
    if arn == admin.arn {
        let message = format!("`{}` is this user: it cannot remove itself", admin.profile);
        return Err(Error::new(Kind::Usage, message)
            .hint(context.talk.again(&["--with", "PROFILE"]).to("use another administrator's profile")));
    }
    let talk = context.talk;
    talk.say(&format!("plan, with the credentials of `{}`: shut out `{arn}` now", admin.profile));
    for (what, list, members) in
        [("access keys", "ListAccessKeys", "AccessKeyMetadata"), ("groups", "ListGroupsForUser", "Groups")]
    {
        let listed = admin.pages(list, &[("UserName", name)], members)?;
        let id = |member: &Element| Some(member.text("AccessKeyId")?.parse::<AccessKeyId>().ok()?.short());
        let name = |member: &Element| id(member).or(member.text("GroupName").map(str::to_owned));
        let names: Vec<String> = listed.iter().filter_map(name).collect();
        if !names.is_empty() {
            talk.say(&format!("  {what}: {}", names.join(", ")));
        }
    }
    let index = Index::load(&context.paths.data)?;
    let used_here: Vec<&String> = index
        .profiles()
        .keys()
        .filter(|profile| index.key_of(profile).is_some_and(|key| key.user_arn.as_deref() == Some(arn)))
        .collect();
    for profile in used_here {
        talk.warn(&format!("the profile `{profile}` on this machine uses a key of `{name}`, and stops working"));
        talk.hint(run!("keyfob remove {}", profile).to("delete its key here, once the user is gone"));
    }
    let when = if request.now { "and delete it at once" } else { "delete it a day later, when you run this again" };
    let question = format!("make the keys of `{name}` Inactive, delete its password, deny it everything, {when}?");
    if !context.confirm(&question, &format!("confirmation to remove `{name}`"))? {
        return Err(Error::new(Kind::Failed, format!("cancelled; `{name}` was not changed")));
    }
    Ok(Journal::new(name, arn, &admin.profile, UserStep::Deactivate, context.clock.now()))
}

fn perform(admin: &Admin<'_>, journal: &mut Journal, step: UserStep, held: &JournalLock) -> Result<()> {
    let (name, deny) = (journal.name.clone(), deny_all(journal.partition()));
    let user = ("UserName", name.as_str());
    match step {
        UserStep::Deactivate => {
            for key in admin.pages("ListAccessKeys", &[user], "AccessKeyMetadata")? {
                let id = key.text("AccessKeyId").unwrap_or_default();
                admin.ensure_gone("UpdateAccessKey", &[user, ("AccessKeyId", id), ("Status", "Inactive")])?;
            }
            Ok(())
        }
        UserStep::NoPassword => Ok(admin.ensure_gone("DeleteLoginProfile", &[user])?),
        UserStep::Deny => match admin.ask("AttachUserPolicy", &[user, ("PolicyArn", &deny)]) {
            // Somebody has deleted the user meanwhile.
            Err(refusal) if refusal.is("NoSuchEntity") && admin.find("GetUser", &[user])?.is_none() => Ok(()),
            attached => Ok(attached.map(drop)?),
        },
        _ => delete_everything(admin, journal, &|journal| held.save(journal)),
    }
}

/// What belongs to a user, in the order in which DeleteUser documents that it is deleted (IAM API, DeleteUser): the call that
/// lists it, the list, the name of a member, the call that deletes one.
const BELONGINGS: [(&str, &str, &str, &str); 7] = [
    ("ListAccessKeys", "AccessKeyMetadata", "AccessKeyId", "DeleteAccessKey"),
    ("ListSigningCertificates", "Certificates", "CertificateId", "DeleteSigningCertificate"),
    ("ListSSHPublicKeys", "SSHPublicKeys", "SSHPublicKeyId", "DeleteSSHPublicKey"),
    (
        "ListServiceSpecificCredentials", "ServiceSpecificCredentials", "ServiceSpecificCredentialId",
        "DeleteServiceSpecificCredential",
    ),
    ("ListMFADevices", "MFADevices", "SerialNumber", "DeactivateMFADevice"),
    ("ListUserPolicies", "PolicyNames", "PolicyName", "DeleteUserPolicy"),
    ("ListGroupsForUser", "Groups", "GroupName", "RemoveUserFromGroup"),
];

/// Deletes a user and all that belongs to it. What denies it everything goes last.
pub(super) fn delete_everything(
    admin: &Admin<'_>,
    journal: &mut Journal,
    save: &dyn Fn(&Journal) -> Result<()>,
) -> Result<()> {
    let (name, deny) = (journal.name.clone(), deny_all(journal.partition()));
    let user = ("UserName", name.as_str());
    admin.ensure_gone("DeleteLoginProfile", &[user])?;
    for (list, members, id, delete) in BELONGINGS {
        let listed = admin.pages(list, &[user], members)?;
        let ids: Vec<String> =
            listed.iter().filter_map(|member| member.text(id).or(Some(member.text_of()))).map(str::to_owned).collect();
        if list == "ListMFADevices" && !ids.is_empty() {
            let new: Vec<String> = ids.iter().filter(|id| !journal.made.devices.contains(id)).cloned().collect();
            journal.made.devices.extend(new);
            save(journal)?;
        }
        for each in &ids {
            admin.ensure_gone(delete, &[user, (id, each)])?;
        }
    }
    // Only virtual devices are deleted; a security key is nobody's by now.
    for serial in journal.made.devices.iter().filter(|serial| serial.contains(":mfa/")) {
        admin.until("DeleteVirtualMFADevice", &[("SerialNumber", serial)], "NoSuchEntity", &["DeleteConflict"])?;
    }
    let attached = admin.pages("ListAttachedUserPolicies", &[user], "AttachedPolicies")?;
    let arns = attached.iter().filter_map(|policy| policy.text("PolicyArn"));
    let (last, first): (Vec<&str>, Vec<&str>) = arns.partition(|arn| *arn == deny);
    for arn in first.into_iter().chain(last) {
        admin.ensure_gone("DetachUserPolicy", &[user, ("PolicyArn", arn)])?;
    }
    // What was just deleted may still be in the way for a moment.
    admin.until("DeleteUser", &[user], "NoSuchEntity", &["DeleteConflict"])?;
    Ok(())
}

/// Refuses within a day, then shows the plan and asks: what is shut out can be let in again, and what is deleted cannot.
fn may_delete(admin: &Admin<'_>, request: &RemoveRequest, journal: &Journal) -> Result<()> {
    let (context, name) = (admin.context, &journal.name);
    let now = context.clock.now();
    match journal.deletable_from().filter(|from| *from > now && !request.now) {
        None => {
            let (by, arn) = (&admin.profile, &journal.arn);
            context.talk.say(&format!("plan, with the credentials of `{by}`: delete `{arn}`, which is shut out"));
            let question = format!("delete `{name}` and all that belongs to it?");
            match context.confirm(&question, &format!("confirmation to delete `{name}`"))? {
                true => Ok(()),
                false => Err(Error::new(Kind::Failed, format!("cancelled; `{name}` stays shut out"))),
            }
        }
        Some(from) => {
            let message = format!("`{name}` is shut out, and will not be deleted before {from}");
            Err(Error::new(Kind::Failed, message)
                .because("if something breaks without the user, this can be undone until then")
                .hint(run!("keyfob user remove {} --now --with {}", name, journal.with).to("delete it anyway")))
        }
    }
}

fn tell_of_rest(context: &Context<'_>, journal: &Journal) {
    let (talk, name) = (context.talk, &journal.name);
    talk.say(&format!(
        "`{name}` is shut out: its keys are Inactive, its password is deleted, and AWSDenyAll is attached, which also stops \
         sessions of its own"
    ));
    talk.warn("sessions of roles that it assumed before work until they expire, up to 12 h; resources it created stay");
    let from = journal.deletable_from().map_or_else(String::new, |from| format!(" after {from}"));
    talk.hint(run!("keyfob user remove {} --with {}", name, journal.with).to(format!("delete it{from}")));
    let arn = deny_all(journal.partition());
    let back = run!("aws iam detach-user-policy --user-name {} --policy-arn {} --profile {}", name, arn, journal.with);
    talk.hint(back.to("or let it in again: make its keys Active and"));
}

fn stopped(journal: &Journal, error: Error) -> Error {
    let (step, _) = journal.at();
    let name = &journal.name;
    error
        .because(format!("removing `{name}` stopped at `{}`: {}", step.name(), step.leaves()))
        .outcome(run!("keyfob user remove {} --with {}", name, journal.with).to("continue"))
}
