//! Profiles for every account and role of an IAM Identity Center, kept in sync with what is assigned there.
//!
//! `fetch` asks the portal, `changes` decides (pure), `write` makes one edit of the config file.

pub mod changes;
pub mod directory;
pub mod fetch;
pub mod legacy;
pub mod portal;
mod remembered;
pub mod template;
mod write;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::error::Result;
use crate::hint::run;
use crate::human::AskError;
use crate::ops::Context;
use crate::ops::manage::link::LineOf;
use crate::ops::manage::{Manager, all_pointers};
use crate::profile::Profiles;
use crate::sorted;
use changes::{Changes, Skipped, Wanted};
use directory::{Account, Filter};
use fetch::{Fetch, Lists};
use remembered::Remembered;
use template::Template;
use write::Form;

/// How long it takes before progress is shown.
const SILENCE: Duration = Duration::from_secs(2);

/// How many names a message has.
const NAMED: usize = 10;

/// What is asked of [`profiles`].
pub struct ProfilesRequest<'a> {
    /// The name of the `[sso-session]`.
    pub session: &'a str,
    /// Its region.
    pub session_region: &'a str,
    pub template: Option<Template>,
    pub filter: Filter,
    pub region: Option<String>,
    /// `--link` or `--plain`.
    pub linked: Option<bool>,
    pub prune: bool,
    /// The `credential_process` line for a profile.
    pub line: LineOf<'a>,
}

/// What was done, or would be.
#[derive(Debug, Default, Serialize)]
pub struct ProfilesReport {
    pub added: Vec<String>,
    pub changed: Vec<String>,
    pub removed: Vec<String>,
    pub kept: Vec<String>,
    pub skipped: Vec<Skipped>,
    /// Those of the kept ones whose role is not assigned any more.
    pub unassigned: Vec<String>,
    pub renamed: Vec<Renamed>,
}

/// An account that has another name than the last time.
#[derive(Debug, Serialize)]
pub struct Renamed {
    pub account_id: String,
    pub from: String,
    pub to: String,
    /// Its profiles, which keep their names.
    pub profiles: Vec<String>,
}

/// Writes a profile for each account and role; returns the report, and the diff where that is asked for.
///
/// # Errors
/// Those of the portal, of the files, and an answer that nobody can give.
pub fn profiles(
    manager: &Manager<'_>,
    lists: &dyn Lists,
    request: ProfilesRequest<'_>,
) -> Result<(ProfilesReport, String)> {
    let data = &manager.context.paths.data;
    let mut remembered = Remembered::load(data, request.session)?;
    let template = match (&request.template, &remembered.template) {
        (Some(template), _) => template.clone(),
        (None, Some(text)) => Template::parse(text).unwrap_or_else(|_| Template::default()),
        (None, None) => Template::default(),
    };
    let linked = linked(manager, request.linked, &remembered)?;
    let region = request.region.as_ref().or(remembered.region.as_ref()).map_or(request.session_region, String::as_str);
    // If this keyfob cannot be linked to, that is said before a minute of calls.
    if linked {
        (request.line)("a")?;
    }
    let accounts = fetch(manager.context, lists, &request.filter)?;
    let found = manager.files.profiles();
    let changes = changes::decide(
        &found,
        &Wanted {
            session: request.session,
            accounts: &accounts,
            filter: &request.filter,
            template: &template,
            has_key: &|name| manager.index.profiles().contains_key(name),
            relink: request.linked,
            prune: request.prune,
        },
    );
    let renamed = renamed(&found, request.session, &remembered.accounts, &accounts);
    let changes = confirm_removal(manager, &found, changes)?;
    let form = Form { session: request.session, region, line: linked.then_some(request.line) };
    let shown = write::write(manager, &changes, &form)?;
    let report = report(changes, renamed);
    if !manager.show_only {
        remembered.linked = Some(linked);
        remembered.template = Some(template.as_str().to_owned());
        remembered.region = Some(region.to_owned());
        remembered.accounts.extend(accounts.iter().map(|account| (account.id.clone(), account.name.clone())));
        remembered.save(data)?;
    }
    tell(manager, &report);
    Ok((report, shown))
}

/// The accounts with their roles, by name.
///
/// # Errors
/// Those of the portal.
pub fn fetch(context: &Context<'_>, lists: &dyn Lists, filter: &Filter) -> Result<Vec<Account>> {
    let fetch = Fetch {
        lists,
        cache: &context.paths.cache,
        clock: context.clock,
        human: context.human,
        talk: context.talk,
        silent_until: Instant::now() + SILENCE,
    };
    fetch.run(filter)
}

/// Whether profiles are linked: as it was said, as it was said before, else as is answered; where nobody is there, they are.
fn linked(manager: &Manager<'_>, asked: Option<bool>, remembered: &Remembered) -> Result<bool> {
    let human = manager.context.human;
    match asked.or(remembered.linked) {
        Some(linked) => Ok(linked),
        None if !human.is_there() => Ok(true),
        None => human
            .propose("Link the profiles, so that SDKs get their credentials from keyfob and share one sign-in?")
            .map_err(|error| error.into_error("an answer").hint(manager.context.talk.again(&["--plain"]))),
    }
}

/// Asks before profiles are removed, and names what still leads to them. Declined, they stay.
fn confirm_removal(manager: &Manager<'_>, found: &Profiles<'_>, mut changes: Changes) -> Result<Changes> {
    if changes.removed.is_empty() || manager.show_only {
        return Ok(changes);
    }
    let talk = manager.context.talk;
    let pointers = all_pointers(found);
    for (pointer, to) in &pointers {
        let stays = !changes.removed.contains(&pointer.profile);
        if stays && changes.removed.contains(to) {
            let place = manager.place(pointer.file, pointer.line);
            talk.warn(&format!("{place}: `{}` of `{}` refers to `{to}`", pointer.setting, pointer.profile));
        }
    }
    let names = listed(&changes.removed);
    let question = match changes.removed.len() {
        1 => format!("Remove the profile {names}, whose role is no longer assigned?"),
        count => format!("Remove {count} profiles whose roles are no longer assigned: {names}?"),
    };
    let answer = manager.context.human.confirm(&question).or_else(|error| match error {
        AskError::Declined => Ok(false),
        error => {
            Err(error.into_error("confirmation to remove profiles").hint(talk.again(&["--yes"]).to("remove them")))
        }
    })?;
    if !answer {
        changes.gone.append(&mut changes.removed);
        sorted::sort(&mut changes.gone);
    }
    Ok(changes)
}

fn report(changes: Changes, renamed: Vec<Renamed>) -> ProfilesReport {
    let Changes { added, relinked, removed, mut kept, gone, skipped } = changes;
    kept.extend(gone.iter().cloned());
    sorted::sort(&mut kept);
    ProfilesReport {
        added: added.into_iter().map(|new| new.name).collect(),
        changed: relinked,
        removed,
        kept,
        skipped,
        unassigned: gone,
        renamed,
    }
}

fn renamed(
    found: &Profiles<'_>,
    session: &str,
    before: &BTreeMap<String, String>,
    accounts: &[Account],
) -> Vec<Renamed> {
    let renamed = changes::renamed(before, accounts);
    if renamed.is_empty() {
        return Vec::new();
    }
    let generated = changes::generated(found, session);
    let profiles_of = |id: &str| {
        let of_account = generated.iter().filter(|one| one.key.as_ref().is_some_and(|(account, _)| account == id));
        of_account.map(|one| one.name.to_owned()).collect()
    };
    let with_profiles = |(id, from, to): (String, String, String)| {
        let profiles = profiles_of(&id);
        Renamed { account_id: id, from, to, profiles }
    };
    renamed.into_iter().map(with_profiles).collect()
}

/// Says what people want to know of a report.
fn tell(manager: &Manager<'_>, report: &ProfilesReport) {
    let talk = manager.context.talk;
    for Renamed { account_id, from, to, profiles } in &report.renamed {
        talk.warn(&format!("the account {account_id} was renamed from `{from}` to `{to}`"));
        if let Some(first) = profiles.first() {
            let hint = run!("keyfob profile rename {} NEW", first);
            talk.hint(hint.to(format!("{} keep their names; rename them", listed(profiles))));
        }
    }
    for Skipped { name, reason } in report.skipped.iter().take(NAMED) {
        talk.warn(&format!("`{name}` was not written: {reason}"));
    }
    if report.skipped.len() > NAMED {
        let more = report.skipped.len() - NAMED;
        talk.warn(&format!("{more} more profiles were not written"));
        talk.hint(talk.again(&["--json"]).to("list them all"));
    }
    if report.skipped.iter().any(|line| line.reason.ends_with("name")) {
        talk.hint(
            format!("names with `{{account_id}}` in them are unique: `--name '{}'`", "{account}-{account_id}-{role}")
                .into(),
        );
    }
    if !report.unassigned.is_empty() {
        let count = report.unassigned.len();
        talk.warn(&format!("{} no longer assigned: {}", of_roles(count), listed(&report.unassigned)));
        talk.hint(talk.again(&["--prune"]).to("remove them"));
    }
    let did = |count: usize, what: &str| (count > 0).then(|| format!("{count} {what}"));
    let parts = [
        did(report.added.len(), "added"),
        did(report.changed.len(), "changed"),
        did(report.removed.len(), "removed"),
        did(report.kept.len(), "kept"),
        did(report.skipped.len(), "skipped"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    match (parts.is_empty(), manager.show_only) {
        (true, _) => talk.say("no role that is assigned to you matches"),
        (false, true) => talk.say(&format!("profiles that would be: {}", parts.join(", "))),
        (false, false) => talk.say(&format!("profiles: {}", parts.join(", "))),
    }
}

fn of_roles(count: usize) -> String {
    if count == 1 {
        "the role of a generated profile is".to_owned()
    } else {
        format!("the roles of {count} generated profiles are")
    }
}

/// Names in backticks, not more than a line or two of them.
fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
    match names.len().checked_sub(NAMED).filter(|more| *more > 0) {
        Some(more) => format!("{} and {more} more", shown.join(", ")),
        None => shown.join(", "),
    }
}
