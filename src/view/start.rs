//! How this machine stands and what to do next, for who types `keyfob` and nothing else. Pure.

use crate::chain::StoredKeys;
use crate::chain::base::process::is_linked;
use crate::chain::list::names;
use crate::format::harmless::one_line;
use crate::hint::{Hint, run};
use crate::index::Index;
use crate::ops::import::can_import;
use crate::profile::{Profiles, SectionKind};
use crate::sys::env::{Environment, vars};
use crate::timestamp::Timestamp;

/// What is looked at.
pub struct Machine<'a> {
    /// The profiles of the AWS files.
    pub profiles: &'a Profiles<'a>,
    pub index: &'a Index,
    /// How many sessions are cached and not over.
    pub sessions: usize,
    pub now: Timestamp,
    /// The age from which a key is overdue, seconds.
    pub key_max_age_seconds: u64,
    /// Expired credentials in this shell.
    pub shell: Option<ShellCredentials>,
}

/// Credentials in a shell's variables that have expired. Most SDKs use them before any profile, and fail.
pub struct ShellCredentials {
    expired_at: Timestamp,
    /// The profile that `keyfob env` or `exec` got them for.
    profile: Option<String>,
}

impl ShellCredentials {
    /// Those of these variables, where they say that they have expired.
    pub fn of(env: &Environment, now: Timestamp) -> Option<Self> {
        env.get(vars::AWS_ACCESS_KEY_ID)?;
        let expired_at = env.get(vars::AWS_CREDENTIAL_EXPIRATION).and_then(Timestamp::parse)?;
        let profile = env.get(vars::KEYFOB_PROFILE).map(str::to_owned);
        (expired_at <= now).then_some(ShellCredentials { expired_at, profile })
    }

    fn hint(&self) -> Hint {
        let ended = format!("the credentials in this shell expired at {}", self.expired_at);
        match &self.profile {
            Some(profile) => Hint::run("eval {}", &[profile]).to(format!("{ended}; renew them")),
            None => run!("unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN")
                .to(format!("{ended}, and most SDKs use them before any profile; remove them")),
        }
    }
}

/// How it stands, and what to do next.
#[derive(Debug, PartialEq, Eq)]
pub struct Standing {
    pub text: String,
    /// What to do next, with a command each; the most useful first.
    pub hints: Vec<Hint>,
}

/// Looks at a machine; keys in plain text come first, because everything reads them.
pub fn standing(machine: &Machine<'_>) -> Standing {
    let Machine { profiles, index, sessions, .. } = *machine;
    let all: Vec<&str> = names(profiles, index.profiles().keys().map(String::as_str)).collect();
    let there = || all.iter().filter_map(|name| profiles.get(name));
    let is_long_term = |name: &str| profiles.get(name).is_some_and(|profile| can_import(&profile));
    let plain: Vec<&str> = all.iter().copied().filter(|name| is_long_term(name)).collect();
    let stored: Vec<&str> = index.profiles().keys().map(String::as_str).collect();
    let linked = there().filter(is_linked).count();
    let centers = profiles.sections(SectionKind::SsoSession);
    let needs_login = !centers.is_empty()
        || there().any(|profile| ["sso_start_url", "login_session"].iter().any(|name| profile.setting(name).is_some()));
    let mut others = Vec::new();
    let (text, hint): (_, Hint) = if !plain.is_empty() {
        let (keys, them) = if plain.len() == 1 { ("access key is", "it") } else { ("access keys are", "them") };
        (
            format!("{} {keys} stored in plain text in the AWS files: {}", plain.len(), list(&plain)),
            run!("keyfob import").to(format!("move {them} into the key store; the profiles keep working")),
        )
    } else if stored.is_empty() {
        let profiles = match all.len() {
            0 => "there are no AWS profiles either".to_owned(),
            several => format!("the AWS files have {}", counted(several, "profile")),
        };
        if needs_login {
            match centers.first() {
                Some(center) if all.is_empty() => {
                    others.push(run!("keyfob sso profiles {}", center).to("write a profile for each account and role"));
                }
                _ if linked == 0 => {
                    others.push(run!("keyfob profile link --all").to("make SDKs get credentials from keyfob"));
                }
                _ => {}
            }
            (
                format!(
                    "{}, {linked} linked; no access key is stored, and a sign-in needs none",
                    counted(all.len(), "profile")
                ),
                run!("keyfob login").to("sign in where a sign-in is needed"),
            )
        } else {
            let center = run!("keyfob login --start-url URL");
            others.push(center.to("or sign in to IAM Identity Center (AWS SSO)"));
            others.push(run!("keyfob login PROFILE").to("or sign in as you do to the AWS console"));
            (
                format!("no access key is stored yet; {profiles}"),
                run!("keyfob add PROFILE").to("store a key, check it and link the profile"),
            )
        }
    } else if linked == 0 {
        (
            format!(
                "{} stored ({}), but no profile is linked, so no SDK uses keyfob",
                keys(stored.len()),
                list(&stored)
            ),
            match stored.as_slice() {
                [one] => run!("keyfob profile link {}", one).to("link it"),
                _ => run!("keyfob profile link --all").to("link all profiles that can be linked"),
            },
        )
    } else {
        let sessions = if sessions == 0 { "no session".to_owned() } else { counted(sessions, "session") };
        let profiles = counted(all.len(), "profile");
        (
            format!("{} stored, {profiles}, {linked} linked, {sessions} cached", keys(stored.len())),
            run!("keyfob doctor").to("check for problems"),
        )
    };
    let overdue = stored
        .iter()
        .filter(|name| machine.is_overdue(name))
        .map(|name| run!("keyfob rotate {}", name).to(format!("rotate the key of `{name}`, which is overdue")));
    let help = run!("keyfob --help").to("list every command");
    let shell = machine.shell.as_ref().map(ShellCredentials::hint);
    let hints = shell.into_iter().chain([hint]).chain(others).chain(overdue.take(1)).chain([help]);
    Standing { text: one_line(&text) + "\n", hints: hints.collect() }
}

impl Machine<'_> {
    fn is_overdue(&self, profile: &str) -> bool {
        let age = self.index.key_of(profile).and_then(|key| key.age_seconds(self.now));
        age.is_some_and(|age| age.unsigned_abs() >= self.key_max_age_seconds)
    }
}

fn keys(count: usize) -> String {
    counted(count, "access key")
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The first few names, and how many more there are.
fn list(names: &[&str]) -> String {
    const SHOWN: usize = 4;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "aws_access_key_id = AKIAFAKEFAKEFAKEFAKE\naws_secret_access_key = FAKEfakeFAKEfakeFAKEfakeFAKEfakeFAKEabcd\n";

    fn look(config: &str, credentials: &str, stored: &str) -> (String, Vec<String>) {
        let profiles = Profiles::from_texts(config, credentials);
        let index: Index = serde_json::from_str(stored).expect("an index");
        let now = Timestamp::from_unix(1_700_864_000);
        let machine = Machine {
            profiles: &profiles,
            index: &index,
            sessions: 1,
            now,
            key_max_age_seconds: 90 * 86_400,
            shell: None,
        };
        let Standing { text, hints } = standing(&machine);
        let hints: Vec<String> = hints.iter().map(Hint::shown).collect();
        assert_eq!(hints.last().map(String::as_str), Some("list every command: `keyfob --help`"));
        (text, hints)
    }

    fn stored(profile: &str, created_at: &str) -> String {
        format!(
            r#"{{"version": 1, "profiles": {{"{profile}": {{"key_id": "AKIAFAKEFAKEFAKEFAKE", "backend": "vault"}}}},
                "keys": {{"AKIAFAKEFAKEFAKEFAKE": {{"backend": "vault", "added_at": "2022-01-01T00:00:00Z"{created_at}}}}}}}"#
        )
    }

    const NONE: &str = r#"{"version": 1}"#;
    const NEW: &str = r#", "created_at": "2023-11-20T00:00:00Z""#;

    #[test]
    fn each_state_of_a_machine_has_a_command_that_leads_on() {
        let config = "[profile work]\nregion = eu-west-1\n[profile prod]\nrole_arn = r\nsource_profile = work\n";
        let linked = "[profile work]\ncredential_process = /usr/bin/keyfob credential-process work\n";
        let credentials = format!("[work]\n{KEY}[old]\n{KEY}");
        let table = [
            (
                "",
                "",
                NONE.to_owned(),
                "no access key is stored yet; there are no AWS profiles either",
                "`keyfob add PROFILE`",
            ),
            (config, "", NONE.to_owned(), "the AWS files have 2 profiles", "`keyfob add PROFILE`"),
            (config, &*credentials, stored("x", NEW), "2 access keys are stored in plain text", "`keyfob import`"),
            (config, "", stored("work", NEW), "1 access key stored (`work`), but no profile is linked", "link work`"),
            (config, "", stored("a b", NEW), "(`a b`)", "`keyfob profile link 'a b'`"),
            (
                linked,
                "",
                stored("work", NEW),
                "1 access key stored, 1 profile, 1 linked, 1 session cached",
                "`keyfob doctor`",
            ),
        ];
        for (config, credentials, index, text, hint) in table {
            let (said, hints) = look(config, credentials, &index);
            assert!(said.contains(text) && hints[0].contains(hint), "{said}{hints:?}");
            let signs_in = hints.iter().any(|hint| hint.contains("keyfob login --start-url URL"));
            assert_eq!(
                (hints.len(), signs_in),
                if text.contains("no access key") || text.contains("2 profiles") { (4, true) } else { (2, false) }
            );
        }
        let (_, hints) = look("[sso-session corp]\nsso_start_url = https://x\n", "", NONE);
        assert!(hints[0].contains("`keyfob login`") && hints[1].contains("`keyfob sso profiles corp`"), "{hints:?}");
        let center = "[profile s]\nsso_start_url = https://x\n";
        let (said, hints) = look(center, "", NONE);
        assert_eq!(said, "1 profile, 0 linked; no access key is stored, and a sign-in needs none\n");
        assert!(hints[0].contains("`keyfob login`") && hints[1].contains("`keyfob profile link --all`"), "{hints:?}");
        let old = stored("work", r#", "created_at": "2023-01-01T00:00:00Z""#);
        assert!(look(linked, "", &old).1[1].contains("`keyfob rotate work`"));
        let (_, hints) = look(linked, "", &stored("work", ""));
        assert_eq!(
            hints.len(),
            2,
            "since when it exists is not known, and since when it is stored tells nothing: {hints:?}"
        );
        let temporary = format!("[work]\n{KEY}aws_session_token = x\n");
        assert!(look("", &temporary, NONE).0.contains("no access key is stored yet"), "import moves no temporary key");
    }

    #[test]
    fn expired_credentials_in_the_shell_are_named_with_what_renews_or_removes_them() {
        let now = Timestamp::from_unix(1_700_864_000);
        let hint = |pairs: &[(&str, &str)]| {
            let shell = ShellCredentials::of(&Environment::from_pairs(pairs.iter().copied()), now);
            shell.map(|shell| shell.hint().command(crate::format::shell::Shell::Sh).expect("a command"))
        };
        let (key, over) = (("AWS_ACCESS_KEY_ID", "ASIA"), ("AWS_CREDENTIAL_EXPIRATION", "2023-01-01T00:00:00Z"));
        assert_eq!(hint(&[key, over, ("KEYFOB_PROFILE", "a b")]).as_deref(), Some(r#"eval "$(keyfob env 'a b')""#));
        let unset = "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN";
        assert_eq!(hint(&[key, over]).as_deref(), Some(unset));
        assert_eq!(hint(&[over]), None);
        assert_eq!(hint(&[key, ("AWS_CREDENTIAL_EXPIRATION", "2093-01-01T00:00:00Z")]), None);
    }

    #[test]
    fn many_names_are_cut_short() {
        assert_eq!(list(&["a", "b", "c", "d", "e", "f"]), "`a`, `b`, `c`, `d` and 2 more");
    }
}
