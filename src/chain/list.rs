//! Every profile in a line: what gives its credentials, as a table and as JSON.
//!
//! Pure; writes nothing.

use serde::Serialize;

use crate::chain::{StoredKeys, values};
use crate::credentials::{Backend, account_of_arn, account_of_key_id, short_id};
use crate::process_line::keyfob_profile_of;
use crate::profile::{Profile, Profiles};
use crate::timestamp::Timestamp;

/// The JSON of `list`, version 1.
#[derive(Debug, Serialize)]
pub struct Listing {
    version: u32,
    profiles: Vec<Line>,
}

/// One profile.
#[derive(Debug, Serialize)]
struct Line {
    name: String,
    source: Source,
    account: Option<String>,
    region: Option<String>,
    mfa_serial: Option<String>,
    linked: bool,
    session_expires: Option<String>,
    key: Option<Key>,
    #[serde(skip)]
    session_seconds_left: Option<i64>,
}

/// What gives a profile's credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Source {
    /// An access key of its own.
    Key,
    /// A role.
    Role,
    /// IAM Identity Center.
    Sso,
    /// A `credential_process` that is not keyfob for itself.
    Process,
    /// A role for a web identity.
    WebIdentity,
    /// Nothing keyfob knows: `login_session` too, for which version 1 has no word.
    None,
}

/// The access key; in a file it has neither backend nor age.
#[derive(Debug, Serialize)]
struct Key {
    id: String,
    backend: Option<&'static str>,
    age_days: Option<i64>,
    /// Whether it is older than keys should be.
    overdue: bool,
}

/// What a listing is made from, beside the profiles.
pub struct Sources<'a> {
    /// The index of stored keys.
    pub stored: &'a dyn StoredKeys,
    /// Every name with a stored key: those no AWS file has are listed too, last.
    pub stored_names: &'a [String],
    /// When the cached credentials of a profile end.
    pub session_expires: &'a dyn Fn(&str) -> Option<Timestamp>,
    /// The time.
    pub now: Timestamp,
    /// The age from which a key is overdue, seconds.
    pub key_max_age_seconds: u64,
}

/// Lists every profile of the merged files, empty ones too.
pub fn listing(profiles: &Profiles<'_>, sources: &Sources<'_>) -> Listing {
    let in_files = profiles.names().map(|name| line(name, profiles, sources));
    let without_section = sources.stored_names.iter().filter(|name| profiles.get(name).is_none());
    let lines = in_files.chain(without_section.map(|name| line(name, profiles, sources)));
    Listing { version: 1, profiles: lines.collect() }
}

/// The names of all profiles: those of the files, then the `stored` ones that no file has.
pub fn names<'a>(profiles: &'a Profiles<'a>, stored: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
    profiles.names().chain(stored.filter(|name| profiles.get(name).is_none()))
}

fn line(name: &str, profiles: &Profiles<'_>, sources: &Sources<'_>) -> Line {
    let profile = profiles.get(name);
    let setting = |setting: &str| Some(profile.as_ref()?.setting(setting)?.value.into_owned());
    let expires = (sources.session_expires)(name);
    Line {
        name: name.to_owned(),
        source: source(name, profiles, sources.stored),
        account: account(name, profile.as_ref(), sources.stored),
        region: setting("region"),
        mfa_serial: setting("mfa_serial"),
        linked: profile.as_ref().is_some_and(is_linked),
        session_expires: expires.map(|time| time.to_string()),
        key: key(name, profile.as_ref(), sources),
        session_seconds_left: expires.map(|time| time.seconds_since(sources.now)),
    }
}

/// Whether SDKs get this profile's credentials from keyfob.
pub fn is_linked(profile: &Profile<'_>) -> bool {
    let process = profile.plain("credential_process");
    process.and_then(|line| keyfob_profile_of(&line.value)).is_some_and(|name| name == profile.name())
}

/// The order is the plan's: a role, the stored key, what SDKs look at before keys, the key in the files, an alias.
fn source(name: &str, profiles: &Profiles<'_>, stored: &dyn StoredKeys) -> Source {
    let mut name = name.to_owned();
    let mut seen: Vec<String> = Vec::new();
    // An alias is followed to what it stands for; one that comes back to itself gives nothing.
    while !seen.contains(&name) {
        let profile = profiles.get(&name);
        let setting = |setting: &str| profile.as_ref().and_then(|profile| profile.setting(setting));
        let has = |name: &str| setting(name).is_some();
        if has("web_identity_token_file") && (has("role_arn") || stored.key_of(&name).is_none()) {
            return Source::WebIdentity;
        } else if has("role_arn") {
            return Source::Role;
        } else if stored.key_of(&name).is_some() {
            return Source::Key;
        } else if ["sso_session", "sso_start_url", "sso_account_id", "sso_role_name"].into_iter().any(has) {
            return Source::Sso;
        } else if let Some(process) = setting("credential_process")
            && keyfob_profile_of(&process.value).is_none_or(|other| other != name)
        {
            return Source::Process;
        } else if has("aws_access_key_id") && has("aws_secret_access_key") {
            return Source::Key;
        }
        match setting("source_profile") {
            Some(source) => {
                let next = source.value.into_owned();
                seen.push(std::mem::replace(&mut name, next));
            }
            None => return Source::None,
        }
    }
    Source::None
}

/// The account of the role, of the stored key's user, as `sso_account_id` or `aws_account_id` says, or in a key id.
fn account(name: &str, profile: Option<&Profile<'_>>, stored: &dyn StoredKeys) -> Option<String> {
    let setting = |setting: &str| Some(profile?.setting(setting)?.value.into_owned());
    let of_arn = |arn: String| account_of_arn(&arn).map(str::to_owned);
    if let Some(role) = setting("role_arn") {
        return values::role_arn(&role).ok().and_then(of_arn);
    }
    if let Some(key) = stored.key_of(name) {
        return key.user_arn.and_then(of_arn).or_else(|| account_of_key_id(key.id.as_str()));
    }
    setting("sso_account_id")
        .or_else(|| setting("aws_account_id"))
        .or_else(|| account_of_key_id(&setting("aws_access_key_id")?))
}

fn key(name: &str, profile: Option<&Profile<'_>>, sources: &Sources<'_>) -> Option<Key> {
    if let Some(key) = sources.stored.key_of(name) {
        let age = sources.now.seconds_since(key.added_at).max(0);
        return Some(Key {
            id: key.id.to_string(),
            backend: Some(Backend::name(key.backend)),
            age_days: Some(age / 86_400),
            overdue: u64::try_from(age).unwrap_or(0) >= sources.key_max_age_seconds,
        });
    }
    let id = profile?.setting("aws_access_key_id")?.value.into_owned();
    // Security: what is no key id may be a secret in the wrong place, and is not shown.
    let is_id = matches!(id.get(..4), Some("AKIA" | "ASIA")) && id.bytes().all(|b| b.is_ascii_alphanumeric());
    is_id.then_some(Key { id, backend: None, age_days: None, overdue: false })
}

/// The listing for a person: a table with a header, or nothing where there is no profile.
///
/// On a terminal of `width` columns the widest cells are cut, down to what tells them apart, until a line fits.
pub fn table(listing: &Listing, width: Option<usize>) -> String {
    let dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let mut rows =
        vec![["PROFILE", "SOURCE", "ACCOUNT", "REGION", "MFA", "LINKED", "SESSION", "KEY"].map(str::to_owned)];
    for line in &listing.profiles {
        rows.push([
            line.name.clone(),
            match line.source {
                Source::Key => "key",
                Source::Role => "role",
                Source::Sso => "sso",
                Source::Process => "process",
                Source::WebIdentity => "web identity",
                Source::None => "-",
            }
            .to_owned(),
            dash(line.account.clone()),
            dash(line.region.clone()),
            dash(line.mfa_serial.as_ref().map(|serial| device_name(serial).to_owned())),
            if line.linked { "yes" } else { "-" }.to_owned(),
            dash(line.session_seconds_left.filter(|left| *left > 0).map(left)),
            dash(line.key.as_ref().map(key_in_short)),
        ]);
    }
    if rows.len() == 1 {
        return String::new();
    }
    let mut widths = [0; 8];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    fit(&mut widths, width);
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| cut(cell, width)).collect();
        text += cells.join("  ").trim_end();
        text.push('\n');
    }
    text
}

/// Narrows the widest of the columns that may be cut (profile, region, device, session, key) until all fit.
fn fit(widths: &mut [usize; 8], width: Option<usize>) {
    const MAY_BE_CUT: [usize; 5] = [0, 3, 4, 6, 7];
    const NARROWEST: usize = 8;
    let Some(width) = width else { return };
    while widths.iter().sum::<usize>() + 2 * (widths.len() - 1) > width {
        let widest = MAY_BE_CUT.into_iter().max_by_key(|column| widths[*column]).expect("there are some");
        if widths[widest] <= NARROWEST {
            return;
        }
        widths[widest] -= 1;
    }
}

/// A cell in its column, with `…` where it is cut.
fn cut(cell: &str, width: usize) -> String {
    if cell.chars().count() <= width {
        return format!("{cell:width$}");
    }
    let kept: String = cell.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// A virtual device's name, a hardware one's whole serial.
fn device_name(serial: &str) -> &str {
    serial.rsplit('/').next().unwrap_or(serial)
}

fn left(seconds: i64) -> String {
    match (seconds / 3600, seconds / 60 % 60) {
        (0, minutes) => format!("{minutes}m left"),
        (hours, minutes) => format!("{hours}h {minutes}m left"),
    }
}

fn key_in_short(key: &Key) -> String {
    let id = short_id(&key.id);
    match (key.backend, key.age_days) {
        (Some(backend), Some(days)) => {
            format!("{id} {backend} {days}d{}", if key.overdue { " overdue" } else { "" })
        }
        (_, _) => format!("{id} in plain text"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::tests::{Stored, expand};

    fn listed(config: &str, stored: &str) -> Listing {
        let profiles = Profiles::from_texts(&expand(config), "");
        let names: Vec<String> = stored.split_whitespace().map(str::to_owned).collect();
        let sources = Sources {
            stored: &Stored::of(stored),
            stored_names: &names,
            session_expires: &|name| (name == "base").then_some(Timestamp::from_unix(1_700_864_000 + 4500)),
            now: Timestamp::from_unix(1_700_864_000),
            key_max_age_seconds: 90 * 86_400,
        };
        listing(&profiles, &sources)
    }

    #[test]
    fn each_profile_has_the_source_its_credentials_come_from() {
        let cases = [
            ("[profile a]", "a", Source::Key),
            ("[profile a]|KEY", "", Source::Key),
            ("[profile a]|credential_process = keyfob credential-process a", "a", Source::Key),
            ("[profile a]|credential_process = keyfob credential-process a|KEY", "", Source::Key),
            (
                "[profile a]|credential_process = keyfob credential-process a|keyfob_role_arn = ROLE(A)",
                "",
                Source::Role,
            ),
            ("[profile a]|role_arn = ROLE(A)|source_profile = a", "a", Source::Role),
            ("[profile a]|role_arn = ROLE(A)|credential_source = Environment", "", Source::Role),
            ("[profile a]|role_arn = ROLE(A)|web_identity_token_file = /t", "", Source::WebIdentity),
            ("[profile a]|sso_session = s", "", Source::Sso),
            ("[profile a]|credential_process = other", "", Source::Process),
            ("[profile a]|credential_process = keyfob credential-process b", "", Source::Process),
            ("[profile a]|source_profile = b|[profile b]", "b", Source::Key),
            ("[profile a]|source_profile = b|[profile b]|source_profile = a", "", Source::None),
            ("[profile a]|credential_process = keyfob credential-process a", "", Source::None),
            ("[profile a]|region = eu-west-1", "", Source::None),
            ("[profile a]", "", Source::None),
        ];
        for (config, stored, source) in cases {
            assert_eq!(listed(config, stored).profiles[0].source, source, "{config}");
        }
    }

    const CONFIG: &str = "[profile base]
        region = eu-west-1
        mfa_serial = DEVICE
        credential_process = keyfob credential-process base
        [profile prod]
        role_arn = arn:aws:iam::444455556666:role/Admin
        source_profile = base
        [profile old]
        KEY
        [profile empty]";

    #[test]
    fn the_json_has_every_field_of_every_profile() {
        let json = serde_json::to_value(listed(CONFIG, "base alone")).expect("it is JSON");
        assert_eq!(json["version"], 1);
        let expected = serde_json::json!([
            {"name": "base", "source": "key", "account": "111122223333", "region": "eu-west-1",
             "mfa_serial": "arn:aws:iam::111122223333:mfa/me", "linked": true, "session_expires": "2023-11-24T23:28:20Z",
             "key": {"id": "AKIABASE000000000000", "backend": "vault", "age_days": 10, "overdue": false}},
            {"name": "prod", "source": "role", "account": "444455556666", "region": null, "mfa_serial": null,
             "linked": false, "session_expires": null, "key": null},
            {"name": "old", "source": "key", "account": null, "region": null, "mfa_serial": null, "linked": false,
             "session_expires": null, "key": {"id": "AKIAFILE000000000000", "backend": null, "age_days": null, "overdue": false}},
            {"name": "empty", "source": "none", "account": null, "region": null, "mfa_serial": null, "linked": false,
             "session_expires": null, "key": null},
            {"name": "alone", "source": "key", "account": "111122223333", "region": null, "mfa_serial": null,
             "linked": false, "session_expires": null,
             "key": {"id": "AKIAALONE00000000000", "backend": "vault", "age_days": 10, "overdue": false}},
        ]);
        assert_eq!(json["profiles"], expected);
    }

    #[test]
    fn the_table_is_for_people() {
        let expected = "\
PROFILE  SOURCE  ACCOUNT       REGION     MFA  LINKED  SESSION      KEY
base     key     111122223333  eu-west-1  me   yes     1h 15m left  ****0000 vault 10d
prod     role    444455556666  -          -    -       -            -
old      key     -             -          -    -       -            ****0000 in plain text
empty    -       -             -          -    -       -            -
";
        assert_eq!(table(&listed(CONFIG, "base"), None), expected);
        assert_eq!(table(&listed("", ""), None), "");
    }

    #[test]
    fn the_table_fits_the_terminal() {
        let config = CONFIG.replace("[profile old]", "[profile a-very-long-name-of-a-profile-of-somebodys]");
        for width in [80, 100, 120] {
            let table = table(&listed(&config, "base"), Some(width));
            assert!(table.lines().all(|line| line.chars().count() <= width), "{table}");
            assert!(table.contains("a-very-"), "{table}");
        }
    }

    #[test]
    fn a_key_that_is_too_old_is_marked() {
        let (profiles, names) = (Profiles::from_texts("[profile base]", ""), ["base".to_owned()]);
        let sources = Sources {
            stored: &Stored::of("base"),
            stored_names: &names,
            session_expires: &|_| None,
            now: Timestamp::from_unix(1_700_864_000),
            key_max_age_seconds: 10 * 86_400,
        };
        assert!(table(&listing(&profiles, &sources), None).contains("****0000 vault 10d overdue"));
    }

    #[test]
    fn the_account_comes_from_newer_key_ids_where_nothing_else_says_it() {
        let config = "[profile a]|aws_access_key_id = ASIAY34FZKBOKMUTVV7A|aws_secret_access_key = fake";
        assert_eq!(listed(config, "").profiles[0].account.as_deref(), Some("609629065308"));
        let config = "[profile a]|sso_account_id = 999988887777|sso_role_name = r";
        assert_eq!(listed(config, "").profiles[0].account.as_deref(), Some("999988887777"));
    }

    #[test]
    fn what_is_no_key_id_is_not_shown() {
        let config = "[profile a]|aws_access_key_id = fake+Secret/InTheWrongPlace|aws_secret_access_key = fake";
        assert!(listed(config, "").profiles[0].key.is_none());
    }
}
