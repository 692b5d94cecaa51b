//! One profile with every setting, where it stands, and what it stands before. Pure but for the paths it is given.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::chain::FileNames;
use crate::chain::base::overrides;
use crate::credentials::{StoredKey, short_id};
use crate::process_line::keyfob_profile_of;
use crate::profile::known::{self, PREFIX};
use crate::profile::{AwsFile, Profile, Profiles, Setting};

/// The JSON of `show`, version 1.
#[derive(Debug, Serialize)]
pub struct Shown {
    version: u32,
    profile: String,
    settings: BTreeMap<String, ShownSetting>,
    /// What `include_profile` brings.
    inherited: BTreeMap<String, ShownSetting>,
    /// The stored key.
    key: Option<ShownKey>,
    warnings: Vec<ShownWarning>,
}

#[derive(Debug, Clone, Serialize)]
struct ShownSetting {
    /// Of a secret its last four characters alone.
    value: String,
    file: String,
    line: usize,
    /// Where the same setting stands too, and does not count.
    shadows: Vec<ShownPlace>,
}

#[derive(Debug, Clone, Serialize)]
struct ShownPlace {
    file: String,
    line: usize,
}

#[derive(Debug, Serialize)]
struct ShownKey {
    id: String,
    backend: &'static str,
}

#[derive(Debug, Clone, Serialize)]
struct ShownWarning {
    file: String,
    line: usize,
    message: String,
}

/// Shows a profile; none where neither the files nor the key store have it.
pub fn shown(profiles: &Profiles<'_>, name: &str, stored: Option<&StoredKey>, files: &FileNames) -> Option<Shown> {
    let profile = profiles.get(name);
    if profile.is_none() && stored.is_none() {
        return None;
    }
    let file_name = |file| match file {
        AwsFile::Config => files.config.to_string(),
        AwsFile::Credentials => files.credentials.to_string(),
    };
    let place = |setting: &Setting<'_>| ShownPlace { file: file_name(setting.file), line: setting.line };
    let show = |setting: &Setting<'_>, others: Vec<Setting<'_>>| ShownSetting {
        value: if setting.is_secret() { masked(&setting.value) } else { setting.value.to_string() },
        file: file_name(setting.file),
        line: setting.line,
        shadows: others.iter().map(place).collect(),
    };
    let mut settings = BTreeMap::new();
    let mut inherited = BTreeMap::new();
    let mut warnings = Vec::new();
    if let Some(profile) = &profile {
        for setting in profile.settings() {
            let mut others: Vec<Setting<'_>> = profile.places(&setting.name).into_iter().skip(1).collect();
            // keyfob follows `keyfob_NAME` and not NAME.
            if let Some(plain) = setting.name.strip_prefix(PREFIX).filter(|_| !setting.value.is_empty()) {
                others.extend(profile.places(plain));
            }
            settings.insert(setting.name.to_string(), show(&setting, others));
        }
        for name in known::names() {
            if let Some(setting) = profile.setting(name).filter(|setting| !settings.contains_key(&*setting.name)) {
                inherited.insert(setting.name.to_string(), show(&setting, Vec::new()));
            }
        }
        let own = warnings_of(profiles, profile);
        warnings.extend(own.into_iter().map(|(file, line, message)| ShownWarning {
            file: file_name(file),
            line,
            message,
        }));
    }
    let key = stored.map(|key| ShownKey { id: key.id.to_string(), backend: key.backend.name() });
    Some(Shown { version: 1, profile: name.to_owned(), settings, inherited, key, warnings })
}

/// What bites in one profile: what the files' warnings say of its lines, misspelt settings, and what wins over a link.
pub fn warnings_of(profiles: &Profiles<'_>, profile: &Profile<'_>) -> Vec<(AwsFile, usize, String)> {
    let mut found: Vec<(AwsFile, usize, String)> = (profiles.warnings().into_iter())
        .filter(|warning| profile.has_line(warning.file, warning.line))
        .map(|warning| (warning.file, warning.line, warning.message))
        .collect();
    found.extend(own_warnings(profiles, profile));
    found.sort();
    found
}

/// As [`warnings_of`], without those of the files' grammar, which are made for all profiles at once.
pub fn own_warnings(profiles: &Profiles<'_>, profile: &Profile<'_>) -> Vec<(AwsFile, usize, String)> {
    let mut found = Vec::new();
    for setting in profile.settings() {
        if let Some(right) = known::nearest(&setting.name) {
            found.push((setting.file, setting.line, format!("no SDK knows `{}`; `{right}` is meant?", setting.name)));
        }
    }
    let process = profile.plain("credential_process");
    if process.is_some_and(|process| keyfob_profile_of(&process.value).is_some()) {
        let name = profile.name();
        for shadow in profiles.get(name).as_ref().map(overrides).unwrap_or_default() {
            let setting = &shadow.name;
            found.push((
                shadow.file,
                shadow.line,
                match (shadow.is_key(), shadow.file) {
                    (true, AwsFile::Credentials) => {
                        format!("`{setting}` in the credentials file wins over the link of `{name}` in every SDK")
                    }
                    (true, AwsFile::Config) => format!(
                        "`{setting}` in the config file wins over the link of `{name}` in the SDK for JavaScript, not in \
                         the AWS CLI, boto3 and Rust"
                    ),
                    (false, _) => format!("`{setting}` wins over the link of `{name}` in every SDK"),
                },
            ));
        }
    }
    found
}

/// The last four characters of a secret, where it is so long that they say nothing.
// Security: the one place a piece of a secret is shown.
fn masked(secret: &str) -> String {
    if secret.chars().count() >= 16 { short_id(secret) } else { "****".to_owned() }
}

/// The profile for a person: a setting a line, with its place.
pub fn text(shown: &Shown) -> String {
    let mut lines: Vec<(String, String, String)> = Vec::new();
    for (note, settings) in [("", &shown.settings), (" (by include_profile)", &shown.inherited)] {
        let mut sorted: Vec<_> = settings.iter().collect();
        sorted.sort_by_key(|(_, setting)| (setting.file.clone(), setting.line));
        for (name, setting) in sorted {
            let value = match (name.as_str(), setting.value.strip_prefix('\n')) {
                ("aws_access_key_id", _) => short_id(&setting.value),
                (_, Some(block)) => block.replace('\n', "; "),
                (_, None) => setting.value.replace('\n', " "),
            };
            let mut place = format!("{}:{}{note}", setting.file, setting.line);
            for other in &setting.shadows {
                place += &format!(", shadows {}:{}", other.file, other.line);
            }
            lines.push((name.clone(), value, place));
        }
    }
    if let Some(ShownKey { id, backend }) = &shown.key {
        lines.push(("access key".to_owned(), short_id(id), format!("in the key store `{backend}`")));
    }
    let width = |of: &dyn Fn(&(String, String, String)) -> usize, most: usize| {
        lines.iter().map(of).max().unwrap_or(0).min(most)
    };
    let (names, values) = (width(&|line| line.0.chars().count(), 40), width(&|line| line.1.chars().count(), 60));
    lines.iter().map(|(name, value, place)| format!("{name:names$}  {value:values$}  {place}\n")).collect()
}

/// The warnings, each after its file and line.
pub fn warnings(shown: &Shown) -> impl Iterator<Item = String> {
    shown.warnings.iter().map(|warning| format!("{}:{}: {}", warning.file, warning.line, warning.message))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "[profile base]\nregion = eu-west-1\nmfa_serail = x\n[profile p]\ninclude_profile = base\n\
        region = us-east-1\nkeyfob_role_arn = r\nrole_arn = s\ns3 =\n  max_queue_size = 1\n\
        credential_process = /k/keyfob credential-process p\n";
    const CREDENTIALS: &str = "[p]\nregion = ap-south-1\naws_access_key_id = AKIAFAKEFAKEFAKEFAKE\naws_secret_access_key = FAKEfakeFAKEfakeFAKEfakeFAKEfakeFAKEabcd\n";

    #[test]
    fn each_setting_is_shown_with_its_place_and_what_it_shadows() {
        let profiles = Profiles::from_texts(CONFIG, CREDENTIALS);
        let shown = shown(&profiles, "p", None, &FileNames::default()).expect("there");
        snapbox::assert_data_eq!(
            text(&shown),
            "\
include_profile        base                            ~/.aws/config:5
keyfob_role_arn        r                               ~/.aws/config:7, shadows ~/.aws/config:8
role_arn               s                               ~/.aws/config:8
s3                     max_queue_size = 1              ~/.aws/config:9
credential_process     /k/keyfob credential-process p  ~/.aws/config:11
region                 ap-south-1                      ~/.aws/credentials:2, shadows ~/.aws/config:6
aws_access_key_id      ****FAKE                        ~/.aws/credentials:3
aws_secret_access_key  ****abcd                        ~/.aws/credentials:4
"
        );
        let json = serde_json::to_value(&shown).expect("JSON");
        assert_eq!(json["settings"]["region"]["line"], 2);
        assert_eq!(json["settings"]["s3"]["value"], "\nmax_queue_size = 1");
        assert_eq!(json["settings"]["aws_secret_access_key"]["value"], "****abcd");
        let warned: Vec<_> = json["warnings"].as_array().expect("a list").iter().map(|w| w["line"].as_u64()).collect();
        assert_eq!(warned, [Some(8), Some(3), Some(4)]);
    }

    #[test]
    fn a_misspelt_setting_is_named_in_its_own_profile() {
        let profiles = Profiles::from_texts(CONFIG, CREDENTIALS);
        let base = shown(&profiles, "base", None, &FileNames::default()).expect("there");
        let said: Vec<String> = warnings(&base).collect();
        assert_eq!(said, ["~/.aws/config:3: no SDK knows `mfa_serail`; `mfa_serial` is meant?"]);
        assert!(shown(&profiles, "none", None, &FileNames::default()).is_none());
    }
}
