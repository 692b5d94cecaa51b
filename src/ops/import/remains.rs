//! Secrets of access keys in lines that no SDK reads: comments, other tools' names, ignored sections; and further copies of
//! a secret that was moved.

use serde::Serialize;
use zeroize::Zeroizing;

use super::plain_key::found_in;
use crate::config_file::{self, AwsFiles};
use crate::credentials::AccessKey;
use crate::error::Result;
use crate::hint::{Hint, run};
use crate::human::AskError;
use crate::ini::{Document, is_identifier};
use crate::keystore::access_key::read_access_key;
use crate::mask;
use crate::ops::Context;
use crate::ops::edits::edit;
use crate::ops::manage::is_section;
use crate::profile::AwsFile;

/// A line with the secret of an access key, which SDKs do not read there and `import` does not move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    pub file: AwsFile,
    /// Its number, 1-based.
    pub line: usize,
    place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Comment,
    /// A section that is not a profile, by the text of its header.
    Section(String),
    /// A setting that is not AWS's.
    Setting,
}

impl Unread {
    /// What is wrong, as a sentence without its place.
    pub fn message(&self) -> String {
        match &self.place {
            Place::Comment => "a comment holds a secret access key in plain text".to_owned(),
            Place::Section(header) => {
                format!("`[{header}]` holds a secret access key in plain text, and SDKs do not read the section")
            }
            Place::Setting => {
                "the line holds a secret access key in plain text, and SDKs do not read it from there".to_owned()
            }
        }
    }

    /// What the user can do.
    pub fn fix(&self) -> Hint {
        let name = |header: &str| header.rsplit(' ').next().unwrap_or_default().trim_matches(['"', '\'']).to_owned();
        match &self.place {
            Place::Section(header) if is_identifier(&name(header)) => {
                let name = name(header);
                let right = if self.file == AwsFile::Config { format!("profile {name}") } else { name.clone() };
                format!("write `[{right}]` and import the key; or delete the line and deactivate the key").into()
            }
            Place::Section(_) | Place::Comment | Place::Setting => {
                "delete the line; if the key is not stored elsewhere, store it first, or deactivate it".into()
            }
        }
    }
}

/// A line that still holds a secret, as `--json` reports it.
#[derive(Debug, Serialize)]
pub(super) struct Remaining {
    file: String,
    line: usize,
}

impl Remaining {
    pub(super) fn is_at(&self, file: &str, line: usize) -> bool {
        self.file == file && self.line == line
    }
}

/// Every [`Unread`] line of both files.
pub fn unread_secrets(files: &AwsFiles) -> Vec<Unread> {
    let profiles = files.profiles();
    let mut found = Vec::new();
    for (file, document) in documents(files) {
        let mut read: Option<Vec<usize>> = None;
        for (line, text) in (1..).zip(document.lines()) {
            if is_other_setting(text) || !mask::holds_access_secret(text) {
                continue;
            }
            let read = read.get_or_insert_with(|| read_lines(files, file));
            if read.contains(&line) {
                continue;
            }
            let section = document.sections().rfind(|section| section.line() <= line);
            let ignored = section.filter(|section| {
                let name = section.header().name;
                let is_read = profiles.get(name).is_some() && is_section(file, name, section.header());
                !is_read
            });
            let place = match ignored {
                _ if text.trim_start().starts_with(['#', ';']) => Place::Comment,
                Some(section) => Place::Section(section.header_text().trim().to_owned()),
                None => Place::Setting,
            };
            found.push(Unread { file, line, place });
        }
    }
    found
}

/// The lines of complete keys, which SDKs read.
fn read_lines(files: &AwsFiles, file: AwsFile) -> Vec<usize> {
    let profiles = files.profiles();
    let keys = profiles.names().filter_map(|name| profiles.get(name)).flat_map(|profile| found_in(&profile));
    keys.filter(|key| key.file == file).flat_map(|key| [key.line, key.secret_line]).collect()
}

/// A setting whose value may be long and random, and is no secret access key.
fn is_other_setting(line: &str) -> bool {
    let name = line.split(['=', ':']).next().unwrap_or_default().trim().to_ascii_lowercase();
    ["external_id", "role_arn", "role_session_name"].contains(&name.trim_start_matches("keyfob_"))
}

fn documents(files: &AwsFiles) -> impl Iterator<Item = (AwsFile, &Document)> {
    let both = [(AwsFile::Config, &files.config), (AwsFile::Credentials, &files.credentials)];
    both.into_iter().filter_map(|(file, document)| Some((file, document.as_ref()?)))
}

/// A line that holds a secret which is stored now.
struct Copy {
    file: AwsFile,
    line: usize,
    /// The profile whose key SDKs read there.
    profile: Option<String>,
    /// The whole line, if it holds nothing else.
    alone: Option<Zeroizing<String>>,
}

/// Names every line that still holds the secret of a key that is stored, and offers to delete those that hold nothing else.
///
/// # Errors
/// Where the files cannot be read or edited.
pub(super) fn offer_to_delete(context: &Context<'_>, stored: &[(String, AccessKey)]) -> Result<Vec<Remaining>> {
    let files = config_file::load(context.paths)?;
    let path = |file| config_file::path_of(context.paths, file).display().to_string();
    let mut remaining = Vec::new();
    for (profile, key) in stored {
        let copies = copies_of(&files, key);
        let (alone, mut others): (Vec<Copy>, Vec<Copy>) = copies.into_iter().partition(|copy| copy.alone.is_some());
        for copy in alone.iter().chain(&others) {
            let place = format!("{}:{}", path(copy.file), copy.line);
            context.talk.warn(&format!("{place}: the line still holds the secret of {} in plain text", key.id.short()));
            if let Some(other) = &copy.profile {
                context.talk.hint(run!("keyfob import {}", other).to("import it there too"));
            }
        }
        if !alone.is_empty() {
            let places: Vec<String> = alone.iter().map(|copy| format!("{}:{}", path(copy.file), copy.line)).collect();
            let places = places.join(", ");
            let question = format!("delete these lines, which hold nothing else ({places})?");
            if AskError::or_no(context.human.offer(&question))? {
                delete(context, &alone)?;
                context.talk.say(&format!("deleted {places}"));
            } else {
                context.talk.hint(run!("keyfob import {}", profile).to("delete them, in a terminal"));
                others.extend(alone);
            }
        }
        remaining.extend(others.into_iter().map(|copy| Remaining { file: path(copy.file), line: copy.line }));
    }
    Ok(remaining)
}

/// As [`offer_to_delete`], of the keys in the key store: for a run that finds no key to move.
///
/// # Errors
/// As [`offer_to_delete`].
pub(super) fn offer_of_stored(context: &Context<'_>, profile: Option<&str>) -> Result<Vec<Remaining>> {
    let index = crate::index::Index::load(&context.paths.data)?;
    let mut stored: Vec<(String, AccessKey)> = Vec::new();
    for (name, entry) in index.profiles().iter().filter(|(name, _)| profile.is_none_or(|profile| profile == *name)) {
        if stored.iter().any(|(_, key)| key.id == entry.key_id) {
            continue;
        }
        match context.stores.open(entry.backend).and_then(|store| read_access_key(store, &entry.key_id)) {
            Ok(key) => stored.push((name.clone(), key)),
            Err(error) => context.talk.explain(&format!("{} cannot be compared: {error}", entry.key_id.short())),
        }
    }
    offer_to_delete(context, &stored)
}

fn copies_of(files: &AwsFiles, key: &AccessKey) -> Vec<Copy> {
    let secret = key.secret.expose();
    let profiles = files.profiles();
    let mut copies = Vec::new();
    for (file, document) in documents(files) {
        let lines: Vec<&str> = document.lines().collect();
        for (index, text) in lines.iter().enumerate() {
            if !plain(text).contains(secret) {
                continue;
            }
            let line = index + 1;
            let reads = |name: &&str| {
                let found = profiles.get(name).map(|profile| found_in(&profile)).unwrap_or_default();
                found.iter().any(|found| found.file == file && found.secret_line == line)
            };
            let profile = profiles.names().find(reads).map(str::to_owned);
            let is_continued = lines.get(index + 1).is_some_and(|next| {
                next.starts_with([' ', '\t'])
                    && !next.trim_start().is_empty()
                    && !next.trim_start().starts_with(['#', ';'])
            });
            let is_alone = profile.is_none() && !is_continued && holds_nothing_else(text, secret);
            let alone = is_alone.then(|| Zeroizing::new((*text).to_owned()));
            copies.push(Copy { file, line, profile, alone });
        }
    }
    copies
}

/// Whether a line is a comment, or a setting whose whole value is the secret.
fn holds_nothing_else(line: &str, secret: &str) -> bool {
    let value = line.split_once(['=', ':']).map_or(line, |(_, value)| value);
    line.trim_start().starts_with(['#', ';']) || plain(value).trim().trim_matches(['"', '\'']) == secret
}

/// The line without what a URL or JSON puts in place of `/`, `+` and `=`.
fn plain(line: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(line.to_owned());
    for (encoded, decoded) in
        [("%2F", "/"), ("%2f", "/"), ("%2B", "+"), ("%2b", "+"), ("%3D", "="), ("%3d", "="), ("\\/", "/")]
    {
        if plain.contains(encoded) {
            plain = Zeroizing::new(plain.replace(encoded, decoded));
        }
    }
    plain
}

fn delete(context: &Context<'_>, copies: &[Copy]) -> Result<()> {
    for file in [AwsFile::Config, AwsFile::Credentials] {
        let lines: Vec<&str> = copies
            .iter()
            .filter(|copy| copy.file == file)
            .filter_map(|copy| Some(copy.alone.as_ref()?.as_str()))
            .collect();
        if lines.is_empty() {
            continue;
        }
        let edited = edit(context, file, |document| {
            document.delete_lines(|line| lines.contains(&line));
            Ok(())
        })?;
        edited.or_fail("the key is stored; delete the lines yourself")?;
    }
    Ok(())
}
