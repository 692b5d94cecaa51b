//! Writes the changes: one edit of the config file, so that a kill leaves the old file or the new one.

use std::collections::HashSet;

use super::changes::{Changes, New};
use crate::error::Result;
use crate::ini::{Document, EditError};
use crate::ops::manage::Manager;
use crate::ops::manage::link::LineOf;
use crate::ops::manage::link::edits::link_sections;
use crate::ops::manage::unlink::unlink_sections;
use crate::profile::AwsFile;
use crate::profile::known::GENERATED;

/// What is the same in all profiles that are written.
pub struct Form<'a> {
    /// The name of the `[sso-session]`.
    pub session: &'a str,
    pub region: &'a str,
    /// Gives a linked profile its `credential_process` line; none for plain ones.
    pub line: Option<LineOf<'a>>,
}

/// Makes the changes, or works out their diff; returns what goes to stdout.
///
/// # Errors
/// As [`Manager::apply`], and where this keyfob cannot be linked to.
pub fn write(manager: &Manager<'_>, changes: &Changes, form: &Form<'_>) -> Result<String> {
    let line_of = |name: &String| form.line.map(|line| line(name)).transpose();
    let lines: Vec<Option<String>> = changes.added.iter().map(|new| line_of(&new.name)).collect::<Result<_>>()?;
    let relinked = changes.relinked.iter().map(|name| Ok((name.clone(), line_of(name)?.unwrap_or_default())));
    let relinked: Vec<(String, String)> = relinked.collect::<Result<_>>()?;
    manager.apply(&|file, document| match file {
        AwsFile::Config => {
            for name in &changes.removed {
                remove(document, name, form.session);
            }
            match form.line {
                Some(_) => link_sections(document, &relinked)?,
                None => unlink_sections(document, &changes.relinked)?,
            }
            add(document, changes.added.iter().zip(&lines), form)
        }
        AwsFile::Credentials => Ok(()),
    })
}

/// Removes a section, unless it has lost its mark since it was read.
fn remove(document: &mut Document, name: &str, session: &str) {
    let section = AwsFile::Config.section(name);
    if document.value_in(section, GENERATED).as_deref() == Some(session) {
        document.remove_section(section);
    }
}

/// Adds the new sections that another program has not written meanwhile.
fn add<'n>(
    document: &mut Document,
    new: impl Iterator<Item = (&'n New, &'n Option<String>)>,
    form: &Form<'_>,
) -> Result<(), EditError> {
    let there: HashSet<String> = document.sections().map(|section| section.header().name.to_owned()).collect();
    let absent = new.filter(|(new, _)| !there.contains(&new.name));
    let sections: Vec<_> =
        absent.map(|(new, line)| (AwsFile::Config.section(&new.name), settings(new, line.as_ref(), form))).collect();
    document.add_sections(&sections)
}

/// The settings of a new profile. A linked one has those of the sign-in under the names that only keyfob reads: SDKs would
/// follow them before the link.
fn settings(new: &New, line: Option<&String>, form: &Form<'_>) -> Vec<(&'static str, String)> {
    let names = match line {
        Some(_) => ["keyfob_sso_session", "keyfob_sso_account_id", "keyfob_sso_role_name"],
        None => ["sso_session", "sso_account_id", "sso_role_name"],
    };
    let values = [form.session.to_owned(), new.account_id.clone(), new.role.clone()];
    let link = line.into_iter().map(|line| ("credential_process", line.clone()));
    let rest = [("region", form.region.to_owned()), (GENERATED, form.session.to_owned())];
    link.chain(names.into_iter().zip(values)).chain(rest).collect()
}
