//! What the AWS files mean: profiles, their settings merged from both files, what is ignored and why.
//!
//! Pure; uses `ini` alone.

mod include;
pub mod known;
mod setting;
mod warnings;

use std::cell::{Cell, OnceCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::ini::{Document, Header, Property, Section, SectionName, is_identifier};
use crate::sorted;

pub use crate::ini::SectionKind;
pub use setting::{OtherSection, Setting};
pub use warnings::Warning;

/// Which of the two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AwsFile {
    /// `~/.aws/config`
    Config,
    /// `~/.aws/credentials`
    Credentials,
}

impl AwsFile {
    /// What the section of a profile is called in this file.
    pub fn section(self, profile: &str) -> SectionName<'_> {
        match self {
            AwsFile::Config => SectionName::Profile(profile),
            AwsFile::Credentials => SectionName::Credentials(profile),
        }
    }
}

/// The profiles of both files, merged as AWS's reference parser merges them.
///
/// A setting in the credentials file beats the same one in the config file; `[profile default]` replaces `[default]`;
/// sections of the same name merge, and the last of duplicate settings counts. A section that botocore and the AWS CLI
/// find is seen, whatever characters its name has; so is one that the reference finds.
#[derive(Debug)]
pub struct Profiles<'a> {
    config: Option<&'a Document>,
    credentials: Option<&'a Document>,
    /// Every profile, once they are asked for.
    all: OnceCell<All>,
    /// How many profiles were searched for.
    searches: Cell<usize>,
}

#[derive(Debug, Default)]
struct All {
    profiles: Vec<Rc<Entry>>,
    by_name: HashMap<String, usize>,
    /// The config file's sections that are no profile: a handful, and thousands of profiles may name one.
    others: Vec<usize>,
}

/// A profile's sections: indices into each document, in file order. There is at least one.
#[derive(Debug, Default)]
struct Entry {
    config: Vec<usize>,
    credentials: Vec<usize>,
}

/// Up to so many profiles are searched for one by one, which takes less time than a table of all. A plan needs a few.
const MOST_SEARCHES: usize = 16;

impl<'a> Profiles<'a> {
    /// Merges the two files; a missing one is an empty one.
    pub fn new(config: Option<&'a Document>, credentials: Option<&'a Document>) -> Profiles<'a> {
        Profiles { config, credentials, all: OnceCell::new(), searches: Cell::new(0) }
    }

    /// Every profile of both files, empty ones too: the config file's in its order, then those of the credentials file.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.all().profiles.iter().map(|entry| self.name_of(entry))
    }

    /// The profile of this name.
    pub fn get(&self, name: &str) -> Option<Profile<'_>> {
        let searches = self.searches.replace(self.searches.get() + 1);
        let entry = if searches < MOST_SEARCHES && self.all.get().is_none() {
            Rc::new(self.search(name)?)
        } else {
            let all = self.all();
            Rc::clone(&all.profiles[*all.by_name.get(name)?])
        };
        Some(Profile { profiles: self, entry, properties: Rc::default() })
    }

    fn search(&self, name: &str) -> Option<Entry> {
        let mut entry: Option<Entry> = None;
        for file in [AwsFile::Config, AwsFile::Credentials] {
            let Some(document) = self.document(file) else { continue };
            let prefixed_default = name == "default" && has_prefixed_default(document);
            for (index, section) in document.sections_named(name) {
                if profile_name(section.header(), file, prefixed_default) == Some(name) {
                    entry.get_or_insert_default().sections_mut(file).push(index);
                }
            }
        }
        entry
    }

    fn all(&self) -> &All {
        self.all.get_or_init(|| {
            let mut all = All::default();
            for file in [AwsFile::Config, AwsFile::Credentials] {
                let Some(document) = self.document(file) else { continue };
                let prefixed_default = has_prefixed_default(document);
                for (index, section) in document.sections().enumerate() {
                    match profile_name(section.header(), file, prefixed_default) {
                        Some(name) => all.entry(name).sections_mut(file).push(index),
                        None if file == AwsFile::Config => all.others.push(index),
                        None => {}
                    }
                }
            }
            all
        })
    }

    fn name_of(&self, entry: &Entry) -> &'a str {
        let first = self.sections_of(entry).next().expect("an entry is made for a section");
        match first {
            (AwsFile::Credentials, section) => section.header().text,
            (AwsFile::Config, section) => section.header().name,
        }
    }

    /// Its sections, the one that counts most first.
    fn sections_of<'e>(&self, entry: &'e Entry) -> impl Iterator<Item = (AwsFile, Section<'a>)> + use<'a, 'e> {
        let of = |file: AwsFile, indices: &'e [usize]| {
            let document = self.document(file);
            indices.iter().rev().filter_map(move |index| Some((file, document?.section(*index))))
        };
        of(AwsFile::Credentials, &entry.credentials).chain(of(AwsFile::Config, &entry.config))
    }

    /// A section that is not a profile, of the config file.
    pub fn section(&self, kind: SectionKind, name: &str) -> Option<OtherSection<'a>> {
        let wanted = SectionName::Other(kind, name);
        let document = self.config?;
        let candidates = match self.all.get() {
            Some(all) => all.others.clone(),
            None => document.sections_named(name).map(|(index, _)| index).collect(),
        };
        let is_wanted = |section: &Section<'a>| wanted.is(section.header());
        let sections: Vec<Section<'a>> =
            candidates.into_iter().map(|index| document.section(index)).filter(is_wanted).collect();
        (!sections.is_empty()).then_some(OtherSection::new(sections))
    }

    /// The names of all sections of a kind that are no profiles, in the order of the file, each once.
    pub fn sections(&self, kind: SectionKind) -> Vec<String> {
        let Some(document) = self.config else { return Vec::new() };
        let mut names: Vec<String> = Vec::new();
        for section in document.sections() {
            let header = section.header();
            if SectionName::Other(kind, header.name).is(header) && !names.iter().any(|name| name == header.name) {
                names.push(header.name.to_owned());
            }
        }
        names
    }

    fn document(&self, file: AwsFile) -> Option<&'a Document> {
        match file {
            AwsFile::Config => self.config,
            AwsFile::Credentials => self.credentials,
        }
    }
}

impl All {
    fn entry(&mut self, name: &str) -> &mut Entry {
        let index = *self.by_name.entry(name.to_owned()).or_insert_with(|| {
            self.profiles.push(Rc::default());
            self.profiles.len() - 1
        });
        Rc::get_mut(&mut self.profiles[index]).expect("nobody has seen it yet")
    }
}

#[cfg(test)]
impl Profiles<'static> {
    /// Parses two texts, for tests; they live as long as the test program.
    pub fn from_texts(config: &str, credentials: &str) -> Profiles<'static> {
        let leaked = |text: &str| -> &'static Document {
            Box::leak(Box::new(Document::parse(text.to_owned()).expect("the test's file parses")))
        };
        Profiles::new(Some(leaked(config)), Some(leaked(credentials)))
    }
}

impl Entry {
    fn sections_mut(&mut self, file: AwsFile) -> &mut Vec<usize> {
        match file {
            AwsFile::Config => &mut self.config,
            AwsFile::Credentials => &mut self.credentials,
        }
    }
}

/// The profile a section belongs to; none for one that is ignored.
fn profile_name(header: Header<'_>, file: AwsFile, prefixed_default: bool) -> Option<&str> {
    match file {
        AwsFile::Credentials => header.credentials_name(),
        AwsFile::Config if header.prefix == Some("profile") => header.is_usable().then_some(header.name),
        AwsFile::Config => (header.is_default() && !prefixed_default).then_some(header.name),
    }
}

fn has_prefixed_default(document: &Document) -> bool {
    document.sections_named("default").any(|(_, section)| SectionName::Profile("default").is(section.header()))
}

/// One profile, merged from both files.
#[derive(Debug, Clone)]
pub struct Profile<'p> {
    profiles: &'p Profiles<'p>,
    entry: Rc<Entry>,
    /// Its properties, the one that counts most first: found once, for a listing asks for a dozen of them.
    properties: Rc<OnceCell<Vec<(AwsFile, Property<'p>)>>>,
}

impl<'p> Profile<'p> {
    /// The name.
    pub fn name(&self) -> &'p str {
        self.profiles.name_of(&self.entry)
    }

    /// The setting that counts for keyfob: `keyfob_<name>` before `<name>`, then what `include_profile` brings.
    ///
    /// An empty value does not count as a setting. `keyfob_<name>` in either file beats `<name>` in either.
    pub fn setting(&self, name: &str) -> Option<Setting<'p>> {
        self.own(name).or_else(|| self.inherited(name))
    }

    fn own(&self, name: &str) -> Option<Setting<'p>> {
        let filled = |setting: &Setting<'p>| !setting.value.is_empty();
        let is_ours = |key: &str| {
            let parts = key.as_bytes().split_at_checked(known::PREFIX.len());
            parts.is_some_and(|(prefix, bare)| {
                prefix.eq_ignore_ascii_case(known::PREFIX.as_bytes()) && bare.eq_ignore_ascii_case(name.as_bytes())
            })
        };
        self.first(is_ours).filter(filled).or_else(|| self.plain(name).filter(filled))
    }

    /// A setting as it is in this profile, an empty one too, without the `keyfob_` rule and without includes.
    pub fn plain(&self, name: &str) -> Option<Setting<'p>> {
        self.first(|key| key.eq_ignore_ascii_case(name))
    }

    fn first(&self, is_meant: impl Fn(&str) -> bool) -> Option<Setting<'p>> {
        let found = self.properties().iter().find(|(_, property)| is_meant(property.key()));
        found.map(|(file, property)| Setting::new(*file, property.clone()))
    }

    fn properties(&self) -> &[(AwsFile, Property<'p>)] {
        self.properties.get_or_init(|| {
            let of = |(file, section): (AwsFile, Section<'p>)| {
                section.properties().rev().map(move |property| (file, property))
            };
            self.sections().flat_map(of).collect()
        })
    }

    /// Every place a setting of exactly this name stands in, the one that counts first.
    pub fn places(&self, name: &str) -> Vec<Setting<'p>> {
        let matching = self.properties().iter().filter(|(_, property)| property.key().eq_ignore_ascii_case(name));
        matching.map(|(file, property)| Setting::new(*file, property.clone())).collect()
    }

    /// Every place that any setting is in, the ones that count first.
    pub fn all_places(&self) -> impl Iterator<Item = Setting<'p>> {
        self.properties().iter().map(|(file, property)| Setting::new(*file, property.clone()))
    }

    /// Whether the profile has a section in this file.
    pub fn is_in(&self, file: AwsFile) -> bool {
        self.sections().any(|(other, _)| other == file)
    }

    /// The line of the profile's first section in the file that counts least, and that file.
    pub fn header(&self) -> (AwsFile, usize) {
        let (file, section) = self.sections().last().expect("a profile has a section");
        (file, section.line())
    }

    /// Every setting of the profile as it is in the files, each name once, with the value that counts.
    pub fn settings(&self) -> impl Iterator<Item = Setting<'p>> {
        let mut seen = HashSet::new();
        let known = self.properties().iter().filter(|(_, property)| is_identifier(property.key()));
        let mut settings: Vec<Setting<'p>> = known
            .map(|(file, property)| Setting::new(*file, property.clone()))
            .filter(|setting| seen.insert(setting.name.clone()))
            .collect();
        sorted::sort_by_key(&mut settings, |setting| (setting.file, setting.line));
        settings.into_iter()
    }

    fn sections(&self) -> impl Iterator<Item = (AwsFile, Section<'p>)> {
        self.profiles.sections_of(&self.entry)
    }
}

#[cfg(test)]
mod tests;
