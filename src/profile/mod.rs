//! What the AWS files mean: profiles, their settings merged from both files, what is ignored and why.
//!
//! Pure; uses `ini` alone.

mod include;
pub mod known;
mod warnings;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

use crate::ini::{Document, Header, Property, Section, SectionName, is_identifier};

pub use crate::ini::SectionKind;
pub use warnings::Warning;

/// Which of the two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AwsFile {
    /// `~/.aws/config`
    Config,
    /// `~/.aws/credentials`
    Credentials,
}

/// The profiles of both files, merged as AWS's reference parser merges them.
///
/// A setting in the credentials file beats the same one in the config file; `[profile default]` replaces `[default]`;
/// sections of the same name merge, and the last of duplicate settings counts. Sections the reference ignores are not
/// seen, with one exception: a name in quotes is read without them, as botocore and the AWS CLI do.
#[derive(Debug)]
pub struct Profiles<'a> {
    config: Option<&'a Document>,
    credentials: Option<&'a Document>,
    /// Every profile, found out when somebody asks for all.
    all: OnceCell<All>,
}

#[derive(Debug, Default)]
struct All {
    profiles: Vec<Rc<Entry>>,
    by_name: HashMap<String, usize>,
}

/// A profile's sections: indices into each document, in file order. There is at least one.
#[derive(Debug, Default)]
struct Entry {
    config: Vec<usize>,
    credentials: Vec<usize>,
}

impl<'a> Profiles<'a> {
    /// Merges the two files; a missing one is an empty one.
    pub fn new(config: Option<&'a Document>, credentials: Option<&'a Document>) -> Profiles<'a> {
        Profiles { config, credentials, all: OnceCell::new() }
    }

    /// Every profile of both files, empty ones too: the config file's in its order, then those of the credentials file.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.all().profiles.iter().map(|entry| self.name_of(entry))
    }

    /// Finds every profile at once: cheaper where many will be asked for.
    pub fn look_at_all(&self) {
        let _ = self.all();
    }

    /// The profile of this name.
    pub fn get(&self, name: &str) -> Option<Profile<'_>> {
        let entry = match self.all.get() {
            Some(all) => Rc::clone(&all.profiles[*all.by_name.get(name)?]),
            // One or two are asked for, of perhaps thousands: cheaper than looking at all.
            None => Rc::new(self.seek(name)?),
        };
        Some(Profile { profiles: self, entry })
    }

    fn seek(&self, name: &str) -> Option<Entry> {
        let mut entry: Option<Entry> = None;
        for file in [AwsFile::Config, AwsFile::Credentials] {
            let Some(document) = self.document(file) else { continue };
            let prefixed_default = name == "default" && has_prefixed_default(document);
            for (index, section) in document.sections_called(name) {
                if profile_name(section.header(), file, prefixed_default).is_some() {
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
                    if let Some(name) = profile_name(section.header(), file, prefixed_default) {
                        all.entry(name).sections_mut(file).push(index);
                    }
                }
            }
            all
        })
    }

    fn name_of(&self, entry: &Entry) -> &'a str {
        let first = self.sections_of(entry).next().expect("an entry is made for a section");
        first.1.header().name
    }

    /// Its sections, the one that counts most first.
    fn sections_of<'e>(&self, entry: &'e Entry) -> impl Iterator<Item = (AwsFile, Section<'a>)> + use<'a, 'e> {
        let of = |file: AwsFile, indices: &'e [usize]| {
            let document = self.document(file);
            indices.iter().rev().filter_map(move |index| Some((file, document?.section(*index))))
        };
        of(AwsFile::Credentials, &entry.credentials).chain(of(AwsFile::Config, &entry.config))
    }

    /// A section that is no profile, of the config file.
    pub fn section(&self, kind: SectionKind, name: &str) -> Option<OtherSection<'a>> {
        let wanted = SectionName::Other(kind, name);
        let mut sections: Vec<Section<'a>> = Vec::new();
        if let Some(document) = self.config {
            let is_wanted = |section: &Section<'a>| wanted.is(section.header()) && section.header().is_usable();
            sections.extend(document.sections().filter(is_wanted));
        }
        (!sections.is_empty()).then_some(OtherSection { sections })
    }

    /// The document of one of the files, where there is one.
    pub fn document(&self, file: AwsFile) -> Option<&'a Document> {
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
fn profile_name<'a>(header: Header<'a>, file: AwsFile, prefixed_default: bool) -> Option<&'a str> {
    if !header.is_usable() {
        return None;
    }
    match (file, header.prefix) {
        (AwsFile::Config, Some("profile")) | (AwsFile::Credentials, None) => Some(header.name),
        (AwsFile::Config, None) if header.is_default() && !prefixed_default => Some(header.name),
        (AwsFile::Config, _) | (AwsFile::Credentials, Some(_)) => None,
    }
}

fn has_prefixed_default(document: &Document) -> bool {
    let mut candidates = document.sections().filter(|section| section.header_text().contains("default"));
    candidates.any(|section| SectionName::Profile("default").is(section.header()))
}

/// One profile, merged from both files.
#[derive(Debug, Clone)]
pub struct Profile<'p> {
    profiles: &'p Profiles<'p>,
    entry: Rc<Entry>,
}

impl<'p> Profile<'p> {
    /// The name.
    pub fn name(&self) -> &'p str {
        self.profiles.name_of(&self.entry)
    }

    /// The setting that counts for keyfob: `keyfob_<name>` before `<name>`, then what `include_profile` brings.
    ///
    /// An empty value is no setting. `keyfob_<name>` in either file beats `<name>` in either.
    pub fn setting(&self, name: &str) -> Option<Setting<'p>> {
        self.own(name).or_else(|| self.inherited(name))
    }

    fn own(&self, name: &str) -> Option<Setting<'p>> {
        let filled = |setting: &Setting<'p>| !setting.value.is_empty();
        self.plain(&format!("keyfob_{name}")).filter(filled).or_else(|| self.plain(name).filter(filled))
    }

    /// A setting as it stands in this profile, an empty one too, without the `keyfob_` rule and without includes.
    pub fn plain(&self, name: &str) -> Option<Setting<'p>> {
        self.sections().find_map(|(file, section)| Some(Setting::new(file, section.property(name)?)))
    }

    /// Every place a setting of exactly this name stands in, the one that counts first.
    pub fn places(&self, name: &str) -> Vec<Setting<'p>> {
        let properties = |(file, section): (AwsFile, Section<'p>)| {
            let matching = section.properties().rev().filter(|property| property.key().eq_ignore_ascii_case(name));
            matching.map(move |property| Setting::new(file, property)).collect::<Vec<_>>()
        };
        self.sections().flat_map(properties).collect()
    }

    /// Whether the profile has a section in this file.
    pub fn is_in(&self, file: AwsFile) -> bool {
        self.sections().any(|(other, _)| other == file)
    }

    /// Whether a line of a file lies in one of the profile's sections.
    pub fn has_line(&self, file: AwsFile, line: usize) -> bool {
        let indices = match file {
            AwsFile::Config => &self.entry.config,
            AwsFile::Credentials => &self.entry.credentials,
        };
        let Some(document) = self.profiles.document(file) else { return false };
        let count = document.sections().len();
        indices.iter().any(|index| {
            let end = (index + 1 < count).then(|| document.section(index + 1).line());
            line >= document.section(*index).line() && end.is_none_or(|end| line < end)
        })
    }

    /// The line of the profile's first section in the file that counts least, and that file.
    pub fn header(&self) -> (AwsFile, usize) {
        let (file, section) = self.sections().last().expect("a profile has a section");
        (file, section.line())
    }

    /// Every setting of the profile as it stands in the files, each name once, with the value that counts.
    pub fn settings(&self) -> impl Iterator<Item = Setting<'p>> {
        let mut settings: Vec<Setting<'p>> = Vec::new();
        for (file, section) in self.sections() {
            for property in section.properties().rev().filter(|property| is_identifier(property.key())) {
                let setting = Setting::new(file, property);
                if settings.iter().all(|known| known.name != setting.name) {
                    settings.push(setting);
                }
            }
        }
        settings.sort_by_key(|setting| (setting.file, setting.line));
        settings.into_iter()
    }

    fn sections(&self) -> impl Iterator<Item = (AwsFile, Section<'p>)> {
        self.profiles.sections_of(&self.entry)
    }
}

/// A `services` or `sso-session` section, merged from all that have its name.
#[derive(Debug, Clone)]
pub struct OtherSection<'a> {
    sections: Vec<Section<'a>>,
}

impl<'a> OtherSection<'a> {
    /// Every setting, name and value, each name once with the value that counts.
    pub fn settings(&self) -> Vec<(String, String)> {
        let mut settings: Vec<(String, String)> = Vec::new();
        for property in self.sections.iter().rev().flat_map(|section| section.properties().rev()) {
            let Setting { name, value, .. } = Setting::new(AwsFile::Config, property);
            if settings.iter().all(|(known, _)| *known != name) {
                settings.push((name.into_owned(), value.into_owned()));
            }
        }
        settings
    }

    /// A setting; an empty value is none.
    pub fn setting(&self, name: &str) -> Option<Setting<'a>> {
        let property = self.sections.iter().rev().find_map(|section| section.property(name))?;
        Some(Setting::new(AwsFile::Config, property)).filter(|setting| !setting.value.is_empty())
    }
}

/// One setting and where it stands.
#[derive(Clone, PartialEq, Eq)]
pub struct Setting<'a> {
    /// Lower case.
    pub name: Cow<'a, str>,
    /// A nested block is its lines, each after a `\n`, as AWS's reference reads it.
    pub value: Cow<'a, str>,
    /// The file it stands in.
    pub file: AwsFile,
    /// The line there, 1-based.
    pub line: usize,
}

impl<'a> Setting<'a> {
    fn new(file: AwsFile, property: Property<'a>) -> Self {
        let key = property.key();
        let name = if key.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(key.to_ascii_lowercase())
        } else {
            Cow::Borrowed(key)
        };
        Setting { name, value: property.value(), file, line: property.line() }
    }

    /// A value of a nested block, as `endpoint_url` under `sts =`; an empty one is none.
    pub fn nested(&self, name: &str) -> Option<&str> {
        let nested = self.value.strip_prefix('\n')?;
        nested
            .lines()
            .rev()
            .filter_map(|line| line.split_once('='))
            .find(|(key, _)| key.trim().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// Whether the value is one that no output may show.
    pub fn is_secret(&self) -> bool {
        known::is_secret(&self.name)
    }
}

impl fmt::Debug for Setting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Setting { name, value, file, line } = self;
        let value = if self.is_secret() { "****" } else { value };
        f.debug_struct("Setting")
            .field("name", name)
            .field("value", &value)
            .field("file", file)
            .field("line", line)
            .finish()
    }
}

#[cfg(test)]
mod tests;
