//! The profile manager: edits of `~/.aws/config` and `~/.aws/credentials`, byte for byte otherwise.
//!
//! Each operation decides on the files as they were read, then edits them under their lock, where the same change is made
//! to whatever another program has written meanwhile. One file is replaced whole; where an operation concerns both files
//! and the index, each says in its module what a kill in between leaves.

mod diff;
pub mod link;
pub mod moving;
mod plan;
pub mod setting;
pub mod unlink;
mod variables;

use crate::chain::base::key;
use crate::config_file::{self, AwsFiles, Edited, Paste};
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::index::Index;
use crate::ini::{Document, EditError, Header};
use crate::ops::edits::edit;
use crate::ops::{Context, no_such_profile};
use crate::process_line::{keyfob_profile_of, with_profile};
use crate::profile::known::{POINTERS, PREFIX, is_secret};
use crate::profile::{AwsFile, Profiles};

/// What an operation of the profile manager works on.
#[derive(Clone, Copy)]
pub struct Manager<'a> {
    pub context: &'a Context<'a>,
    /// Both files as they were read.
    pub files: &'a AwsFiles,
    /// The index of stored keys, as it was read.
    pub index: &'a Index,
    /// `--diff`: what would change is returned, and nothing is written.
    pub show_only: bool,
}

/// A change to one of the files; it may be made twice, to newer text the second time.
pub(in crate::ops) type Change<'c> = &'c dyn Fn(AwsFile, &mut Document) -> Result<(), EditError>;

/// The credentials file comes first, since the config file's profile is the one people see.
const BOTH: [AwsFile; 2] = [AwsFile::Credentials, AwsFile::Config];

impl Manager<'_> {
    /// Makes a change to both files, or works out its diff; returns what goes to stdout.
    ///
    /// # Errors
    /// What cannot be written, and a file that cannot be replaced, with the lines to paste.
    pub(in crate::ops) fn apply(&self, change: Change<'_>) -> Result<String> {
        let mut shown = String::new();
        for file in BOTH {
            let old = self.document(file);
            let new = old.changed(|document| change(file, document))?;
            if new.text() == old.text() {
                continue;
            }
            let path = config_file::path_of(self.context.paths, file);
            let diff = || diff::unified(&path.display().to_string(), &old, &new);
            if self.show_only {
                shown.push_str(&diff());
                continue;
            }
            match edit(self.context, file, |document| change(file, document))? {
                Edited::Changed => self.context.talk.say(&format!("changed {}", path.display())),
                Edited::Unchanged => {}
                Edited::Paste(paste) => {
                    let diff = diff();
                    let only_adds = !diff.lines().skip(2).any(|line| line.starts_with('-'));
                    return Err(if only_adds { paste } else { Paste { lines: diff, ..paste } }.into());
                }
            }
        }
        Ok(shown)
    }

    fn document(&self, file: AwsFile) -> Document {
        let document = match file {
            AwsFile::Config => &self.files.config,
            AwsFile::Credentials => &self.files.credentials,
        };
        document.clone().unwrap_or_default()
    }

    fn has(&self, file: AwsFile, profile: &str) -> bool {
        self.files.profiles().get(profile).is_some_and(|profile| profile.is_in(file))
    }

    fn exists(&self, profile: &str) -> bool {
        self.files.profiles().get(profile).is_some() || self.index.profiles().contains_key(profile)
    }

    /// # Errors
    /// Where there is no such profile.
    fn require(&self, profile: &str) -> Result<()> {
        self.require_or(profile, |error| error)
    }

    /// As [`Manager::require`], for what a new profile is needed for: it can be created.
    ///
    /// # Errors
    /// Where there is no such profile.
    fn require_or_create(&self, profile: &str) -> Result<()> {
        self.require_or(profile, |error| error.hint(run!("keyfob profile add {}", profile).to("create it")))
    }

    fn require_or(&self, profile: &str, otherwise: impl FnOnce(Error) -> Error) -> Result<()> {
        if self.exists(profile) {
            return Ok(());
        }
        Err(no_such_profile(&self.files.profiles(), profile, otherwise))
    }

    pub(in crate::ops) fn place(&self, file: AwsFile, line: usize) -> String {
        format!("{}:{line}", config_file::path_of(self.context.paths, file).display())
    }
}

pub(in crate::ops) fn is_section(file: AwsFile, profile: &str, header: Header<'_>) -> bool {
    file.section(profile).is(header) || (file == AwsFile::Config && profile == "default" && header.is_default())
}

/// A setting by which one profile leads to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    /// The profile that has it.
    pub profile: String,
    pub setting: String,
    /// The file it stands in.
    pub file: AwsFile,
    /// Its line there, 1-based.
    pub line: usize,
}

/// Everything in other profiles that leads to `profile`.
pub fn pointers(profiles: &Profiles<'_>, profile: &str) -> Vec<Pointer> {
    let all = all_pointers(profiles).into_iter();
    all.filter(|(_, to)| to == profile).map(|(pointer, _)| pointer).filter(|from| from.profile != profile).collect()
}

/// Every setting that leads to a profile, and the name of that one.
pub(in crate::ops) fn all_pointers(profiles: &Profiles<'_>) -> Vec<(Pointer, String)> {
    let mut found = Vec::new();
    for name in profiles.names() {
        let settings = profiles.get(name).into_iter().flat_map(|profile| profile.settings().collect::<Vec<_>>());
        found.extend(settings.filter_map(|setting| {
            let to = target_of(&setting.name, &setting.value)?;
            let (profile, file, line) = (name.to_owned(), setting.file, setting.line);
            Some((Pointer { profile, setting: setting.name.to_string(), file, line }, to))
        }));
    }
    found
}

/// The profile that a setting leads to.
fn target_of(setting: &str, value: &str) -> Option<String> {
    match bare(setting).as_str() {
        "credential_process" => keyfob_profile_of(value),
        name => POINTERS.contains(&name).then(|| value.to_owned()),
    }
}

fn points_at(setting: &str, value: &str, profile: &str) -> bool {
    target_of(setting, value).as_deref() == Some(profile)
}

/// The value that leads to `new` where this one leads to `old`; none where it does not, or cannot be changed.
fn pointed(setting: &str, value: &str, old: &str, new: &str) -> Option<String> {
    match (points_at(setting, value, old), bare(setting).as_str()) {
        (false, _) => None,
        (true, "credential_process") => with_profile(value, new),
        (true, _) => Some(new.to_owned()),
    }
}

/// A setting's name in lower case, without `keyfob_`.
fn bare(setting: &str) -> String {
    let name = setting.to_ascii_lowercase();
    name.strip_prefix(PREFIX).map_or(name.clone(), str::to_owned)
}

/// Refuses what belongs in the key store.
// Security: a command line is seen by other users, and stays in the shell's history.
fn refuse_keys(profile: &str, name: &str) -> Result<()> {
    if is_secret(name) || bare(name) == key::ID {
        return Err(Error::new(
            Kind::Usage,
            format!("`{name}` is part of an access key, and access keys belong in the key store"),
        )
        .hint(run!("keyfob add {}", profile).to("store a key"))
        .hint(run!("keyfob import").to("or move one from the AWS files into the key store")));
    }
    Ok(())
}
