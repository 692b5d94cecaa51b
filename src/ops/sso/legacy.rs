//! `--from-legacy`: profiles with a start URL of their own become profiles of an `[sso-session]`, whose sign-in can be refreshed.
//!
//! In each profile the line of `sso_start_url` becomes that of `sso_session`, and the line of `sso_region` goes; every other byte
//! stays. One edit of the config file.

use std::collections::{BTreeMap, BTreeSet};

use super::ProfilesReport;
use super::changes::Skipped;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::ini::{Document, EditError, SectionName};
use crate::ops::manage::Manager;
use crate::profile::known::PREFIX;
use crate::profile::{AwsFile, Profile, Profiles, SectionKind};
use crate::sorted;

/// What a client asks for so that its sign-in can be refreshed.
const SCOPE: &str = "sso:account:access";

/// The profiles of one start URL and region, and the session they get.
#[derive(Debug, PartialEq, Eq)]
struct Group {
    session: String,
    /// As the first profile has it.
    start_url: String,
    region: String,
    /// Whether there is such a section already.
    is_there: bool,
    profiles: Vec<String>,
}

/// Rewrites every legacy profile. `session` names the new section, where there is to be one.
///
/// # Errors
/// Several start URLs for one name, a name that is taken, and those of an edit.
pub fn from_legacy(manager: &Manager<'_>, session: Option<&str>) -> Result<(ProfilesReport, String)> {
    let talk = manager.context.talk;
    let profiles = manager.files.profiles();
    let document = manager.files.config.clone().unwrap_or_default();
    let (groups, skipped) = group(&profiles, &document, session)?;
    let shown = manager.apply(&|file, document| match file {
        AwsFile::Config => groups.iter().try_for_each(|group| migrate(document, group)),
        AwsFile::Credentials => Ok(()),
    })?;
    for Skipped { name, reason } in &skipped {
        talk.warn(&format!("`{name}` was not changed: {reason}"));
    }
    for Group { session, profiles, is_there, .. } in groups.iter().filter(|_| !manager.show_only) {
        let what = if *is_there { "the session" } else { "the new session" };
        let count = profiles.len();
        let of = if count == 1 { "1 profile uses".to_owned() } else { format!("{count} profiles use") };
        talk.say(&format!("{of} {what} `{session}`"));
        let why = match is_there {
            true => "sign in to it if you have not, since the old sign-in is no longer used",
            false => "sign in again, since the old sign-in is no longer used",
        };
        talk.hint(run!("keyfob login {}", session).to(why));
    }
    if groups.is_empty() && skipped.is_empty() {
        talk.say("no profile has a start URL of its own");
    }
    let mut changed: Vec<String> = groups.into_iter().flat_map(|group| group.profiles).collect();
    sorted::sort(&mut changed);
    Ok((ProfilesReport { changed, skipped, ..ProfilesReport::default() }, shown))
}

fn group(profiles: &Profiles<'_>, document: &Document, session: Option<&str>) -> Result<(Vec<Group>, Vec<Skipped>)> {
    let mut by_center: BTreeMap<(String, String), (String, Vec<String>)> = BTreeMap::new();
    let mut skipped = Vec::new();
    for name in profiles.names() {
        let Some(profile) = profiles.get(name) else { continue };
        match legacy(&profile) {
            None => {}
            Some(Err(reason)) => skipped.push(Skipped { name: name.to_owned(), reason: reason.to_owned() }),
            Some(Ok((start_url, region))) => {
                let key = (trimmed(&start_url).to_owned(), region);
                by_center.entry(key).or_insert((start_url, Vec::new())).1.push(name.to_owned());
            }
        }
    }
    let sessions = sessions(document);
    if let (Some(session), true) = (session, by_center.len() > 1) {
        let urls: Vec<String> = by_center.keys().map(|(url, region)| format!("{url} ({region})")).collect();
        return Err(Error::new(Kind::Usage, format!("`{session}` cannot be the session of {}", urls.join(" and ")))
            .hint(run!("keyfob sso profiles --from-legacy").to("let keyfob name a session for each")));
    }
    let mut names = sorted::set(sessions.iter().map(|(name, _, _)| name.clone()));
    let mut groups = Vec::new();
    for ((url, region), (start_url, profiles)) in by_center {
        let same = |(name, its_url, its_region): &&(String, String, String)| {
            trimmed(its_url) == url && *its_region == region && session.is_none_or(|session| session == name)
        };
        let there = sessions.iter().find(same).map(|(name, _, _)| name.clone());
        let new = match (&there, session) {
            (None, Some(session)) if names.contains(session) => {
                return Err(Error::new(
                    Kind::Config,
                    format!("the session `{session}` has another start URL or region"),
                )
                .hint(run!("keyfob sso profiles NAME --from-legacy").to("choose another name")));
            }
            (None, Some(session)) => session.to_owned(),
            (None, None) => free_name(&url, &names),
            (Some(there), _) => there.clone(),
        };
        names.insert(new.clone());
        groups.push(Group { session: new, start_url, region, is_there: there.is_some(), profiles });
    }
    Ok((groups, skipped))
}

/// A legacy profile's start URL and region, or why it is left alone; none where it is none.
fn legacy(profile: &Profile<'_>) -> Option<Result<(String, String), &'static str>> {
    let start_url = profile.setting("sso_start_url")?;
    if profile.setting("sso_session").is_some() {
        return None;
    }
    let Some(region) = profile.setting("sso_region") else { return Some(Err("it has no `sso_region`")) };
    if start_url.file != AwsFile::Config || region.file != AwsFile::Config {
        return Some(Err("its settings are in the credentials file, where SDKs do not look for a session"));
    }
    Some(Ok((start_url.value.into_owned(), region.value.into_owned())))
}

/// The sessions of the config file: name, start URL, region.
fn sessions(document: &Document) -> Vec<(String, String, String)> {
    let named = document.sections().filter_map(|section| {
        let header = section.header();
        let name = SectionName::Other(SectionKind::SsoSession, header.name);
        name.is(header).then(|| {
            let value = |setting| document.value_in(name, setting).unwrap_or_default();
            (header.name.to_owned(), value("sso_start_url"), value("sso_region"))
        })
    });
    named.collect()
}

/// A start URL is written with and without `/`, `#` and `#/` at its end.
fn trimmed(url: &str) -> &str {
    url.trim().trim_end_matches(['/', '#'])
}

/// What a session of this start URL is called: `corp` for `https://corp.awsapps.com/start`, `ssoins-0` for
/// `https://identitycenter.amazonaws.com/ssoins-0`; with a number where that name is taken.
fn free_name(url: &str, taken: &BTreeSet<String>) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let first = |text: &str, end: char| text.split(end).next().unwrap_or_default().to_owned();
    let name = match host {
        // https://start.us-gov-home.awsapps.com/directory/corp, and in China.
        _ if host.starts_with("start.") => path.rsplit('/').next().unwrap_or_default().to_owned(),
        _ if host.starts_with("identitycenter.") => first(path, '/'),
        _ => first(host, '.'),
    };
    let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let name = if plain.is_empty() { "sso".to_owned() } else { plain };
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    std::iter::once(name.clone())
        .chain(numbered)
        .find(|name| !taken.contains(name))
        .expect("there is no end of numbers")
}

fn migrate(document: &mut Document, group: &Group) -> Result<(), EditError> {
    let section = SectionName::Other(SectionKind::SsoSession, &group.session);
    if !document.has_section(section) {
        let settings = [("sso_start_url", &*group.start_url), ("sso_region", &*group.region)];
        let settings = settings.into_iter().chain([("sso_registration_scopes", SCOPE)]);
        let settings = settings.map(|(name, value)| (name, value.to_owned())).collect();
        document.add_sections(&[(section, settings)])?;
    }
    document.edit_each(
        &group.profiles,
        |name| AwsFile::Config.section(name),
        |document, name| rewrite(document, AwsFile::Config.section(name), &group.session),
    )
}

/// Rewrites one profile; a linked one has its settings under the names that only keyfob reads.
fn rewrite(document: &mut Document, section: SectionName<'_>, session: &str) -> Result<(), EditError> {
    for prefix in [PREFIX, ""] {
        let [url, region, new] = ["sso_start_url", "sso_region", "sso_session"].map(|name| format!("{prefix}{name}"));
        if document.value_in(section, &url).is_some() {
            document.rename_settings(section, |key| key.eq_ignore_ascii_case(&url).then(|| new.clone()))?;
            document.set(section, &new, session)?;
        }
        document.unset(section, &region);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn migrated(text: &str, session: Option<&str>) -> Result<(String, Vec<Skipped>)> {
        let mut document = Document::parse(text.to_owned()).expect("parses");
        let before = document.clone();
        let profiles = Profiles::new(Some(&before), None);
        let (groups, skipped) = group(&profiles, &before, session)?;
        groups.iter().try_for_each(|group| migrate(&mut document, group)).expect("written");
        Ok((document.text().to_owned(), skipped))
    }

    const TWO: &str = "\
# mine
[profile a]
sso_start_url = https://corp.awsapps.com/start  # the portal
sso_account_id = 000000000042
sso_region=eu-central-1
sso_role_name = ReadOnly

[profile b]
keyfob_sso_start_url = https://corp.awsapps.com/start/#/
keyfob_sso_region = eu-central-1
credential_process = /usr/bin/keyfob credential-process b
";

    #[test]
    fn legacy_profiles_get_a_session_and_keep_every_other_byte() {
        let (text, skipped) = migrated(TWO, None).expect("migrated");
        assert_eq!(
            text,
            "\
# mine
[profile a]
# the portal
sso_session = corp
sso_account_id = 000000000042
sso_role_name = ReadOnly

[profile b]
keyfob_sso_session = corp
credential_process = /usr/bin/keyfob credential-process b

[sso-session corp]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-central-1
sso_registration_scopes = sso:account:access
"
        );
        assert!(skipped.is_empty());
        assert_eq!(migrated(&text, None).expect("nothing to do").0, text);
    }

    #[test]
    fn a_session_that_is_there_is_used_and_one_of_another_start_url_is_not() {
        let same = "[sso-session mine]\nsso_start_url = https://corp.awsapps.com/start/\nsso_region = eu-central-1\n";
        let (text, _) = migrated(&format!("{same}{TWO}"), None).expect("migrated");
        assert!(text.contains("\nsso_session = mine\n") && text.matches("[sso-session").count() == 1, "{text}");
        let other = "[sso-session corp]\nsso_start_url = https://x.awsapps.com/start\nsso_region = eu-central-1\n";
        let (text, _) = migrated(&format!("{other}{TWO}"), None).expect("migrated");
        assert!(text.contains("\nsso_session = corp-2\n") && text.contains("[sso-session corp-2]"), "{text}");
        let error = migrated(&format!("{other}{TWO}"), Some("corp")).expect_err("taken");
        assert!(error.message().contains("another start URL"), "{error}");
    }

    #[test]
    fn what_is_incomplete_is_left_alone_and_said() {
        let text = "[profile a]\nsso_start_url = https://corp.awsapps.com/start\n[profile b]\nsso_session = x\nsso_start_url = y\n";
        let (after, skipped) = migrated(text, None).expect("nothing to do");
        assert_eq!(after, text);
        assert_eq!(skipped[0].reason, "it has no `sso_region`");
    }

    #[test]
    fn sessions_are_called_after_their_start_url() {
        let taken = BTreeSet::from(["taken".to_owned()]);
        for (url, name) in [
            ("https://corp.awsapps.com/start", "corp"),
            ("https://d-9067.awsapps.com/start", "d-9067"),
            ("https://identitycenter.amazonaws.com/ssoins-722", "ssoins-722"),
            ("https://start.us-gov-home.awsapps.com/directory/corp", "corp"),
            ("https://taken.awsapps.com/start", "taken-2"),
            ("???", "sso"),
        ] {
            assert_eq!(free_name(url, &taken), name, "{url}");
        }
    }
}
