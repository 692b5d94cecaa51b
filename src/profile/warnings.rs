//! What in the AWS files does not do what it seems to. Pure, and worked out only when asked for.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{AwsFile, Profiles, SectionKind, has_prefixed_default};
use crate::ini::{Header, Property, Section, is_identifier};

/// Something in a file that bites.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning {
    pub file: AwsFile,
    /// The line there, 1-based.
    pub line: usize,
    /// What is wrong, and what would have been right.
    pub message: String,
}

impl Profiles<'_> {
    /// What is ignored, or read otherwise by some SDKs, in file order.
    ///
    /// How botocore differs was measured with 1.43; it reads the files with Python's `RawConfigParser`.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        for file in [AwsFile::Config, AwsFile::Credentials] {
            let Some(document) = self.document(file) else { continue };
            let prefixed_default = has_prefixed_default(document);
            let mut add = |line, message| warnings.push(Warning { file, line, message });
            let mut seen = HashMap::new();
            let mut keys: HashMap<Cow<'_, str>, usize> = HashMap::new();
            for section in document.sections() {
                let header = section.header();
                if let Some(message) = header_problem(section.header_text(), header, file, prefixed_default) {
                    add(section.line(), message);
                }
                let first = *seen.entry((header.prefix, header.name)).or_insert(section);
                if first.line() != section.line() {
                    add(section.line(), duplicate_section(section, first));
                }
                keys.clear();
                for property in section.properties() {
                    property_problems(&property, &mut add);
                    let first = *keys.entry(in_lower_case(property.key())).or_insert(property.line());
                    if first != property.line() {
                        let key = property.key();
                        add(
                            property.line(),
                            format!(
                                "`{key}` was already set on line {first}: the last value counts, but the AWS CLI and boto3 reject the whole file"
                            ),
                        );
                    }
                }
            }
        }
        self.include_problems(&mut warnings);
        warnings.sort();
        warnings
    }

    fn include_problems(&self, warnings: &mut Vec<Warning>) {
        let mut texts = [self.config, self.credentials].into_iter().flatten().map(super::super::ini::Document::text);
        let is_name = |bytes: &[u8]| bytes.eq_ignore_ascii_case(b"include_profile");
        if !texts.any(|text| text.as_bytes().windows("include_profile".len()).any(is_name)) {
            return;
        }
        for profile in self.names().filter_map(|name| self.get(name)) {
            let Some(include) = profile.own("include_profile") else { continue };
            let mut met = vec![profile.name()];
            let mut next = profile.clone();
            let message = loop {
                let Some(named) = next.own("include_profile") else { break None };
                match next.included() {
                    None if met.len() == 1 => {
                        break Some(format!("`include_profile` names `{}`, which does not exist", named.value));
                    }
                    // The profile that names it has the warning.
                    None => break None,
                    Some(included) if included.name() == profile.name() => {
                        break Some(format!("`include_profile` leads back to `{}`", profile.name()));
                    }
                    Some(included) if met.contains(&included.name()) => break None,
                    Some(included) => {
                        met.push(included.name());
                        next = included;
                    }
                }
            };
            if let Some(message) = message {
                warnings.push(Warning { file: include.file, line: include.line, message });
            }
        }
    }
}

fn in_lower_case(key: &str) -> Cow<'_, str> {
    match key.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => Cow::Owned(key.to_ascii_lowercase()),
        false => Cow::Borrowed(key),
    }
}

const CHARACTERS: &str = "SDKs accept only `A-Z a-z 0-9 _ - / . % @ : +` in a name";

fn header_problem(text: &str, header: Header<'_>, file: AwsFile, prefixed_default: bool) -> Option<String> {
    let Header { prefix, name, quoted } = header;
    if prefix.is_none() && name == "DEFAULT" {
        return Some(
            "the AWS CLI and boto3 copy the settings of `[DEFAULT]` into every section; keyfob does not".into(),
        );
    }
    let ignored = match (file, prefix) {
        (AwsFile::Config, None) if header.is_default() => {
            return prefixed_default.then(|| "`[default]` is ignored: `[profile default]` replaces it".to_owned());
        }
        // The AWS CLI's own.
        (AwsFile::Config, None) if ["plugins", "preview"].contains(&name) => return None,
        (AwsFile::Config, None) if name.is_empty() || is_kind(name) => "it has no name".to_owned(),
        (AwsFile::Config, None) => format!("in the config file, the header of a profile is `[profile {name}]`"),
        (AwsFile::Config, Some(prefix)) if is_kind(prefix) => match (quoted, is_identifier(name)) {
            (false, true) => return None,
            (true, true) => {
                return Some(format!(
                    "the SDKs for Rust, Java and JavaScript ignore `[{text}]` because of its quotes; write `[{prefix} {name}]`"
                ));
            }
            (true, false) => {
                return Some(format!("the SDKs for Rust, Java and JavaScript ignore `[{text}]`: {CHARACTERS}"));
            }
            (false, false) => CHARACTERS.to_owned(),
        },
        (AwsFile::Config, Some(prefix)) if is_kind(&prefix.to_ascii_lowercase()) => {
            format!("write `{}` in lower case", prefix.to_ascii_lowercase())
        }
        (AwsFile::Config, Some(_)) => {
            "a section header must begin with `profile`, `sso-session` or `services`".to_owned()
        }
        (AwsFile::Credentials, Some("profile")) => {
            format!("in the credentials file, the header of a profile is `[{name}]`")
        }
        (AwsFile::Credentials, Some(prefix)) if is_kind(prefix) => "it belongs in the config file".to_owned(),
        (AwsFile::Credentials, None) if is_identifier(name) => return None,
        (AwsFile::Credentials, None) if name.is_empty() => "it has no name".to_owned(),
        (AwsFile::Credentials, _) => CHARACTERS.to_owned(),
    };
    Some(format!("`[{text}]` is ignored: {ignored}"))
}

fn is_kind(prefix: &str) -> bool {
    prefix == "profile" || [SectionKind::Services, SectionKind::SsoSession].iter().any(|kind| kind.prefix() == prefix)
}

fn duplicate_section(section: Section<'_>, first: Section<'_>) -> String {
    let does =
        if section.header_text() == first.header_text() { "reject the whole file" } else { "use only the last one" };
    format!(
        "`[{}]` already appeared on line {}: their settings are merged, but the AWS CLI and boto3 {does}",
        section.header_text(),
        first.line()
    )
}

fn property_problems(property: &Property<'_>, add: &mut impl FnMut(usize, String)) {
    let key = property.key();
    if !is_identifier(key) {
        add(property.line(), format!("`{key}` is ignored: {CHARACTERS}"));
    }
    if property.comment().is_some() {
        add(
            property.line(),
            format!("the AWS CLI and boto3 read the comment as part of `{key}`; put it on its own line"),
        );
    }
    let is_nested = property.first_value().is_empty();
    for (line, text) in property.continuations() {
        if text.starts_with(['#', ';']) {
            add(line, format!("the comment is part of `{key}`, because it is indented; remove the indentation"));
        } else if !is_nested && looks_like_its_own(text) {
            add(line, format!("the line is part of `{key}`, because it is indented; remove the indentation"));
        }
    }
}

/// Whether a continuation line was probably meant as a setting or a header.
fn looks_like_its_own(text: &str) -> bool {
    text.starts_with('[') || text.split_once(" = ").is_some_and(|(key, _)| is_identifier(key.trim()))
}
