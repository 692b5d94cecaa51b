//! What has to change so that every account and role has its profile. Pure.
//!
//! A generated profile carries `keyfob_generated = SESSION`. It is recognised by that mark and by its account and role, not by
//! its name, so that one that was renamed stays what it is. Whatever else is in it is its owner's.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use super::directory::{Account, Filter};
use super::template::{Template, refusal};
use crate::chain::base::process::{self, Process};
use crate::profile::known::GENERATED;
use crate::profile::{Profile, Profiles};
use crate::sorted;

/// What profiles there should be.
pub struct Wanted<'a> {
    /// The name of the `[sso-session]`.
    pub session: &'a str,
    pub accounts: &'a [Account],
    pub filter: &'a Filter,
    pub template: &'a Template,
    /// The profiles that a stored key has, with or without a section in the files.
    pub has_key: &'a dyn Fn(&str) -> bool,
    /// `--link` or `--plain`, where one was given this time: profiles that are there are changed too.
    pub relink: Option<bool>,
    /// Whether profiles go whose role is not assigned any more.
    pub prune: bool,
}

/// A profile to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct New {
    pub name: String,
    pub account_id: String,
    pub role: String,
}

/// Why a profile is not written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// The name it would have.
    pub name: String,
    pub reason: String,
}

/// The changes. All lists are in alphabetical order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub added: Vec<New>,
    /// To be linked, or unlinked.
    pub relinked: Vec<String>,
    pub removed: Vec<String>,
    pub kept: Vec<String>,
    /// Marked, and their role is not assigned any more; they are kept.
    pub gone: Vec<String>,
    pub skipped: Vec<Skipped>,
}

/// A generated profile in the files.
pub struct Generated<'p> {
    pub name: &'p str,
    pub profile: Profile<'p>,
    /// Its account and role; none where somebody has taken one of the settings out.
    pub key: Option<(String, String)>,
}

/// The profiles that are marked as generated for a session.
pub fn generated<'p>(profiles: &'p Profiles<'p>, session: &str) -> Vec<Generated<'p>> {
    let of = |name: &'p str| {
        let profile = profiles.get(name)?;
        profile.plain(GENERATED).filter(|mark| mark.value == session)?;
        let key = account_and_role(&profile);
        Some(Generated { name, profile, key })
    };
    profiles.names().filter_map(of).collect()
}

fn account_and_role(profile: &Profile<'_>) -> Option<(String, String)> {
    let setting = |name: &str| Some(profile.setting(name)?.value.into_owned());
    Some((setting("sso_account_id")?, setting("sso_role_name")?))
}

/// Decides. Two roles that would have one name are both left out, and so is one whose name is taken: by a profile that was not
/// generated for this account and role, or by a stored key.
pub fn decide(profiles: &Profiles<'_>, wanted: &Wanted<'_>) -> Changes {
    let mut changes = Changes::default();
    let generated = generated(profiles, wanted.session);
    let mut there: HashSet<(&str, &str)> = HashSet::new();
    for one in &generated {
        if let Some((account, role)) = &one.key {
            there.insert((account, role));
        }
        sort_generated(one, wanted, &mut changes);
    }
    let mut new: BTreeMap<String, Vec<New>> = BTreeMap::new();
    for account in wanted.accounts.iter().filter(|account| wanted.filter.has_account(&account.id, &account.name)) {
        let roles = account.roles.iter().flatten().filter(|role| wanted.filter.has_role(role));
        for role in roles.filter(|role| !there.contains(&(account.id.as_str(), role.as_str()))) {
            let name = wanted.template.name(account, role);
            let one = New { name: name.clone(), account_id: account.id.clone(), role: role.clone() };
            new.entry(name).or_default().push(one);
        }
    }
    for (name, mut same) in new {
        let others = || {
            let roles: Vec<String> = same.iter().map(|one| format!("`{}` in {}", one.role, one.account_id)).collect();
            roles.join(" and ")
        };
        let reason = if same.len() > 1 {
            Some(format!("{} would share this name", others()))
        } else if let Some(profile) = profiles.get(&name) {
            Some(taken(&profile, wanted.session, &same[0]))
        } else if (wanted.has_key)(&name) {
            Some("a stored key has this name".to_owned())
        } else {
            refusal(&name).map(str::to_owned)
        };
        match reason {
            Some(reason) => changes.skipped.push(Skipped { name, reason }),
            None => changes.added.append(&mut same),
        }
    }
    for list in [&mut changes.relinked, &mut changes.removed, &mut changes.kept, &mut changes.gone] {
        sorted::sort(list);
    }
    changes
}

/// What becomes of a profile that is there.
fn sort_generated(one: &Generated<'_>, wanted: &Wanted<'_>, changes: &mut Changes) {
    let name = one.name.to_owned();
    let account =
        one.key.as_ref().map(|(id, role)| (wanted.accounts.iter().find(|account| account.id == *id), id, role));
    let is_gone = match account {
        // An account that is not listed, or a role that its list does not have; a list that AWS has not given says nothing.
        Some((None, _, _)) => true,
        Some((Some(account), _, role)) => account.roles.as_ref().is_some_and(|roles| !roles.contains(role)),
        None => false,
    };
    let is_meant = account.is_some_and(|(account, id, role)| {
        let name = account.map_or("", |account| account.name.as_str());
        wanted.filter.has_account(id, name) && wanted.filter.has_role(role)
    });
    let is_linked = process::of(&one.profile) == Process::ThisProfile;
    let is_plain = process::of(&one.profile) == Process::None;
    match wanted.relink {
        _ if is_gone && is_meant && wanted.prune => changes.removed.push(name),
        _ if is_gone => changes.gone.push(name),
        Some(true) if is_meant && is_plain => changes.relinked.push(name),
        Some(false) if is_meant && is_linked => changes.relinked.push(name),
        _ => changes.kept.push(name),
    }
}

/// Why the profile of this name is not replaced.
fn taken(profile: &Profile<'_>, session: &str, new: &New) -> String {
    let mark = profile.plain(GENERATED).map(|mark| mark.value.into_owned()).filter(|mark| !mark.is_empty());
    match (mark, account_and_role(profile)) {
        (Some(mark), _) if mark != session => format!("a profile generated for the session `{mark}` has this name"),
        (Some(_), Some((account, role))) => format!("the profile generated for `{role}` in {account} has this name"),
        (None, Some((account, role))) if account == new.account_id && role == new.role => {
            "a profile with this name, account and role is there already, and was not generated by keyfob".to_owned()
        }
        _ => "a profile that keyfob did not generate has this name".to_owned(),
    }
}

/// The accounts that have another name than the last time: id, old name, new name.
pub fn renamed(before: &BTreeMap<String, String>, accounts: &[Account]) -> Vec<(String, String, String)> {
    let changed = |account: &Account| {
        let old = before.get(&account.id).filter(|old| **old != account.name)?;
        Some((account.id.clone(), old.clone(), account.name.clone()))
    };
    accounts.iter().filter_map(changed).collect()
}

#[cfg(test)]
mod tests;
