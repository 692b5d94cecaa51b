//! What `link` writes. Pure.

use std::cell::Cell;

use super::Linked;
use crate::ini::{Document, EditError};
use crate::process_line::keyfob_profile_of;
use crate::profile::AwsFile;
use crate::profile::known::{BASE_SETTINGS, PREFIX, ROLE_SETTINGS};

/// The edit of one file, for all links.
pub(super) fn link_all_in(file: AwsFile, document: &mut Document, links: &[Linked]) -> Result<(), EditError> {
    match file {
        AwsFile::Config => document.edit_each(links, |link| file.section(&link.name), link_in),
        AwsFile::Credentials => {
            let mut changed = links.iter().filter(|link| link.change_credentials);
            changed.try_for_each(|link| {
                let section = file.section(&link.name);
                hide_what_wins(document, section)?;
                let is_other = |line: &str| !line.is_empty() && keyfob_profile_of(line).as_deref() != Some(&*link.name);
                document.hide(section, "credential_process", is_other).map(drop)
            })
        }
    }
}

/// Links many profiles that are in the config file, each by its `credential_process` line.
pub(in crate::ops) fn link_sections(document: &mut Document, links: &[(String, String)]) -> Result<(), EditError> {
    let of = |(name, line): &(String, String)| {
        let (name, line) = (name.clone(), line.clone());
        Linked { name, line, change_credentials: false, made_section: Cell::default() }
    };
    link_all_in(AwsFile::Config, document, &links.iter().map(of).collect::<Vec<_>>())
}

/// The edit of the config file.
fn link_in(document: &mut Document, link: &Linked) -> Result<(), EditError> {
    let section = AwsFile::Config.section(&link.name);
    let old_end = document.text().len();
    let is_new = !document.has_section(section);
    hide_what_wins(document, section)?;
    document.hide(section, "credential_process", |value| keyfob_profile_of(value).is_none() && !value.is_empty())?;
    document.set(section, "credential_process", &link.line)?;
    let gap = is_new.then(|| document.start_of(section)).flatten().and_then(|start| start.checked_sub(old_end));
    link.made_section.set(gap);
    Ok(())
}

/// Gives what SDKs follow before a `credential_process` its `keyfob_` form: the settings of a role where there is one, and those
/// of a base. Of a base's that has both forms the visible one is newer: the AWS CLI has written it since.
fn hide_what_wins(document: &mut Document, section: crate::ini::SectionName<'_>) -> Result<(), EditError> {
    let names = document.names_in(section);
    let is_there = |name: &str| names.iter().any(|there| there == name);
    let has_role = is_there("role_arn");
    let hidden = |name: &str| format!("{PREFIX}{name}");
    for name in BASE_SETTINGS.iter().filter(|name| is_there(name) && is_there(&hidden(name))) {
        document.unset(section, &hidden(name));
    }
    document
        .rename_settings(section, |key| {
            let name = key.to_ascii_lowercase();
            let of_role = has_role && ROLE_SETTINGS.contains(&&*name) && !is_there(&hidden(&name));
            (of_role || BASE_SETTINGS.contains(&&*name)).then(|| hidden(key))
        })
        .map(drop)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chain::base::process::runs_keyfob;
    use crate::ops::manage::unlink::{Made, unlink_in};
    use crate::profile::Profiles;

    fn try_linked(text: &str, profile: &str) -> Result<(String, String), EditError> {
        let line = format!("/usr/bin/keyfob credential-process {profile}");
        let link = Linked { name: profile.to_owned(), line, change_credentials: true, made_section: Cell::new(None) };
        let document = Document::parse(text.to_owned()).expect("the test's file parses");
        let between = document.changed(|document| link_in(document, &link))?;
        let made = link.made_section.get().map_or(Made::No, Made::After);
        let after = between.changed(|document| unlink_in(AwsFile::Config, document, profile, made))?;
        Ok((between.text().to_owned(), after.text().to_owned()))
    }

    fn linked(text: &str, profile: &str) -> (String, String) {
        try_linked(text, profile).expect("can be linked and unlinked")
    }

    #[test]
    fn a_linked_role_shows_sdks_nothing_but_the_process() {
        let before = "[profile p]\r\nRegion = x\r\nRole_Arn  = r ; why\r\nsource_profile=w\r\n# c\r\nmfa_serial = m\r\ncredential_process = other\r\n\r\n[profile q]\r\nrole_arn = s\r\n";
        let (between, after) = linked(before, "p");
        assert_eq!(
            between,
            "[profile p]\r\nRegion = x\r\nkeyfob_Role_Arn  = r ; why\r\nkeyfob_source_profile=w\r\n# c\r\nkeyfob_mfa_serial = m\r\nkeyfob_credential_process = other\r\ncredential_process = /usr/bin/keyfob credential-process p\r\n\r\n[profile q]\r\nrole_arn = s\r\n"
        );
        assert_eq!(after, before);
        let key = "[profile p]\nmfa_serial = m";
        let (between, after) = linked(key, "p");
        assert_eq!(between, format!("{key}\ncredential_process = /usr/bin/keyfob credential-process p"));
        assert_eq!(after, key);
    }

    #[test]
    fn a_link_that_would_not_read_back_is_refused() {
        // A comment for AWS's parser, since botocore cannot read the file; below a setting it could, as a part of the value.
        assert_eq!(try_linked("[profile p]\n# c\r  text\n", "p"), Err(EditError::LoneReturn));
        assert!(try_linked("[profile p]\nregion = x\n# c\r  text\n", "p").is_ok());
    }

    fn any_file() -> impl Strategy<Value = String> {
        let line = prop_oneof![
            2 => "\\[profile [ab]\\]( # c)?",
            4 => "(role_arn|Source_Profile|mfa_serial|region|credential_process|external_id|credential_source|sso_session|login_session|web_identity_token_file) {0,2}= ?[a-z]{1,4}( [;#] ?x)?",
            1 => "s3 ?=\n {1,3}[a-z]{1,3} = [a-z]{0,3}",
            1 => "#.{0,5}",
            1 => "[ \t]{0,3}",
        ];
        let ending = prop_oneof![9 => Just("\n"), 1 => Just("\r\n"), 1 => Just("\r")];
        (prop::collection::vec((line, ending), 0..12), any::<bool>()).prop_map(|(lines, open_end)| {
            let text: String = lines.iter().flat_map(|(line, ending)| [line.as_str(), ending]).collect();
            let text = format!("[profile a]\n{text}");
            if open_end { text.trim_end_matches(['\r', '\n']).to_owned() } else { text }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1500))]

        #[test]
        fn unlink_after_link_gives_the_same_bytes(text in any_file()) {
            if Document::parse(text.clone()).is_err() {
                return Ok(());
            }
            let has_lone_returns = text.replace("\r\n", "").contains('\r');
            let (between, after) = match try_linked(&text, "a") {
                Err(EditError::LoneReturn) if has_lone_returns => return Ok(()),
                linked => linked.expect("can be linked and unlinked"),
            };
            // Such a file may be refused; what is written reads back.
            if !has_lone_returns {
                prop_assert_eq!(&linked(&text, "not-there").1, &text);
                prop_assert_eq!(after, text);
            }
            let document = Document::parse(between).expect("parses");
            let profiles = Profiles::new(Some(&document), None);
            let profile = profiles.get("a").expect("there");
            for hidden in BASE_SETTINGS.iter().chain(&["role_arn"]) {
                prop_assert!(profile.plain(hidden).is_none(), "{}", hidden);
            }
            prop_assert!(runs_keyfob(&profile));
            prop_assert_eq!(&profile.plain("credential_process").expect("written").value, "/usr/bin/keyfob credential-process a");
        }
    }
}
