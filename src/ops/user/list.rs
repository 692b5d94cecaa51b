//! The users of an account in a bounded number of calls: pages of GetAccountAuthorizationDetails, and the credential report.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::audit::report::{CredentialReport, Row};
use crate::chain::StoredKeys;
use crate::config_file::AwsFiles;
use crate::error::{Error, Kind, Result};
use crate::index::Index;
use crate::ops::Context;
use crate::ops::user::admin::{Admin, Patience};
use crate::ops::user::journal::Journals;
use crate::secret::Secret;
use crate::sorted;
use crate::timestamp::Timestamp;
use crate::user::Journal;

/// The users of an account.
#[derive(Debug, Serialize)]
pub struct UserList {
    pub account: String,
    /// When AWS made the report that keys, MFA and last use come from; null if it could not be read.
    pub as_of: Option<Timestamp>,
    pub users: Vec<UserLine>,
}

/// One user.
#[derive(Debug, Serialize)]
pub struct UserLine {
    pub name: String,
    pub arn: String,
    pub groups: Vec<String>,
    /// Policies attached to the user itself, or inline.
    pub policies: Vec<String>,
    /// Null: not known.
    pub password: Option<bool>,
    pub mfa: Option<bool>,
    pub keys: Option<Vec<KeyLine>>,
    pub last_seen: Option<Timestamp>,
    /// Profiles of this machine that use a key of it.
    pub profiles: Vec<String>,
    /// What keyfob has begun with it.
    pub state: Option<&'static str>,
}

/// One of its access keys; the report does not tell its id.
#[derive(Debug, Serialize)]
pub struct KeyLine {
    pub active: bool,
    /// Days since it was made.
    pub age_days: Option<i64>,
}

/// Lists the users.
///
/// # Errors
/// AWS's. A report that is denied only leaves gaps.
pub fn list(context: &Context<'_>, with: &str, mfa_code: Option<&Secret>, files: &AwsFiles) -> Result<UserList> {
    let admin = Admin::new(context, files, with, mfa_code)?;
    let asked = [("Filter.member.1", "User"), ("MaxItems", "1000")];
    let details = admin.pages("GetAccountAuthorizationDetails", &asked, "UserDetailList")?;
    let report = match report(&admin) {
        Ok(report) => Some(report),
        Err(error) if error.kind() == Kind::Cancelled => return Err(error),
        Err(error) => {
            context.talk.warn(&format!("keys, MFA and last use are not known: {}", error.in_one_line()));
            None
        }
    };
    let rows: BTreeMap<&str, &Row> =
        sorted::map(report.iter().flat_map(|report| &report.users).map(|row| (row.user.as_str(), row)));
    let (index, journals) = (Index::load(&context.paths.data)?, Journals::new(&context.paths.data).all()?);
    let mut users: Vec<UserLine> = Vec::new();
    for user in &details {
        let text = |name: &str| user.text(name).unwrap_or_default().to_owned();
        let (name, arn) = (text("UserName"), text("Arn"));
        let row = rows.get(name.as_str());
        let names = |list: &str, field: &str| -> Vec<String> {
            user.members(list)
                .filter_map(|member| member.text(field).or(Some(member.text_of())))
                .map(str::to_owned)
                .collect()
        };
        let age = |at: Timestamp| context.clock.now().seconds_since(at).max(0) / 86_400;
        users.push(UserLine {
            groups: names("GroupList", ""),
            policies: [names("AttachedManagedPolicies", "PolicyName"), names("UserPolicyList", "PolicyName")].concat(),
            password: row.map(|row| row.has_password),
            mfa: row.map(|row| row.has_mfa),
            keys: row.map(|row| {
                let there = row.keys.iter().filter(|key| key.is_active || key.rotated.is_some());
                there.map(|key| KeyLine { active: key.is_active, age_days: key.rotated.map(age) }).collect()
            }),
            last_seen: row.and_then(|row| row.last_used()),
            profiles: index.profiles().keys().filter(|profile| uses(&index, profile, &arn)).cloned().collect(),
            state: journals.iter().find(|journal| journal.arn == arn).and_then(state_of),
            name,
            arn,
        });
    }
    sorted::sort_by(&mut users, |one, other| one.name.cmp(&other.name));
    Ok(UserList { account: admin.account, as_of: report.map(|report| report.generated), users })
}

fn uses(index: &Index, profile: &str, arn: &str) -> bool {
    index.key_of(profile).is_some_and(|key| key.user_arn.as_deref() == Some(arn))
}

fn state_of(journal: &Journal) -> Option<&'static str> {
    match journal.at().0 {
        _ if journal.has_ended() => None,
        _ if journal.rests() => Some("shut out"),
        step if step.removes() => Some("being removed"),
        step if step.creates() => Some("being created"),
        _ => Some("being taken back"),
    }
}

/// The credential report, waited for while AWS makes it.
///
/// # Errors
/// AWS's, and a report that is not one.
pub(super) fn report(admin: &Admin<'_>) -> Result<CredentialReport> {
    let account = admin.context.account;
    let mut patience = Patience::new(admin.context);
    while !admin.patiently("GenerateCredentialReport", &[], |by| account.generate_report(by))? {
        if !patience.wait("waiting for the credential report")? {
            return Err(
                Error::new(Kind::Failed, "AWS has not finished the credential report").hint("try again in a minute")
            );
        }
    }
    Ok(admin.patiently("GetCredentialReport", &[], |by| account.report(by))?)
}
