//! One profile with every setting, where it is, and what it stands before. Pure but for the paths it is given.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use crate::chain::FileNames;
use crate::chain::base::overrides;
use crate::credentials::{StoredKey, short_id};
use crate::mask;
use crate::process_line::keyfob_profile_of;
use crate::profile::known::{self, PREFIX};
use crate::profile::{AwsFile, Profile, Profiles, Setting};
use crate::sorted;

/// The JSON of `show`.
#[derive(Debug, Serialize)]
pub struct Shown {
    profile: String,
    pub(crate) settings: BTreeMap<String, ShownSetting>,
    /// What `include_profile` brings.
    pub(crate) inherited: BTreeMap<String, ShownSetting>,
    pub(crate) key: Option<ShownKey>,
    pub(crate) warnings: Vec<ShownWarning>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct ShownSetting {
    /// A secret is masked: of AWS's own settings the last four characters are shown, of others nothing.
    pub(crate) value: String,
    pub(crate) file: String,
    pub(crate) line: usize,
    /// Where the same setting stands too, and does not count.
    pub(crate) shadows: Vec<ShownPlace>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct ShownPlace {
    pub(crate) file: String,
    pub(crate) line: usize,
}

#[derive(Debug, Serialize)]
pub(crate) struct ShownKey {
    pub(crate) id: String,
    pub(crate) backend: &'static str,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct ShownWarning {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) message: String,
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
        value: match setting.is_secret() {
            true => masked(&setting.value),
            false => mask::value(&setting.name, &setting.value).into_owned(),
        },
        file: file_name(setting.file),
        line: setting.line,
        shadows: others.iter().map(place).collect(),
    };
    let mut settings = BTreeMap::new();
    let mut inherited = BTreeMap::new();
    let mut warnings = Vec::new();
    if let Some(profile) = &profile {
        let mut places: HashMap<String, Vec<Setting<'_>>> = HashMap::new();
        for place in profile.all_places() {
            places.entry(place.name.to_string()).or_default().push(place);
        }
        let places = |name: &str| places.get(name).cloned().unwrap_or_default();
        for setting in profile.settings() {
            let mut others: Vec<Setting<'_>> = places(&setting.name).into_iter().skip(1).collect();
            // keyfob follows `keyfob_NAME` and not NAME.
            if let Some(plain) = setting.name.strip_prefix(PREFIX).filter(|_| !setting.value.is_empty()) {
                others.extend(places(plain));
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
    Some(Shown { profile: name.to_owned(), settings, inherited, key, warnings })
}

/// Problems of one profile: what the files' warnings say of its lines, misspelt settings, and what wins over a link.
pub fn warnings_of(profiles: &Profiles<'_>, profile: &Profile<'_>) -> Vec<(AwsFile, usize, String)> {
    let mut found: Vec<(AwsFile, usize, String)> = (profiles.warnings_of(profile).into_iter())
        .map(|warning| (warning.file, warning.line, warning.message))
        .collect();
    found.extend(own_warnings(profiles, profile));
    sorted::sort(&mut found);
    found
}

/// As [`warnings_of`], without those of the files' grammar, which are made for all profiles at once.
pub fn own_warnings(profiles: &Profiles<'_>, profile: &Profile<'_>) -> Vec<(AwsFile, usize, String)> {
    let mut found = Vec::new();
    for setting in profile.settings() {
        if let Some(right) = known::nearest(&setting.name) {
            found.push((
                setting.file,
                setting.line,
                format!("unknown setting `{}`; did you mean `{right}`?", setting.name),
            ));
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
                        format!("SDKs use `{setting}` in the credentials file, so the link of `{name}` has no effect")
                    }
                    (true, AwsFile::Config) => format!(
                        "the SDK for JavaScript uses `{setting}` in the config file instead of the link of `{name}`; the AWS CLI, boto3 and Rust use the link"
                    ),
                    (false, _) => format!("SDKs use `{setting}`, so the link of `{name}` has no effect"),
                },
            ));
        }
    }
    found
}

/// The last four characters of a secret, where it is so long that they say nothing.
// Security: the one place a piece of a secret is shown.
fn masked(secret: &str) -> String {
    if secret.chars().count() >= 16 { short_id(secret) } else { mask::MASK.to_owned() }
}
