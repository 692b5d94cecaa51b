//! One setting with its place, and sections that are no profile.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use super::{AwsFile, known};
use crate::ini::{Property, Section};
use crate::mask;

/// A `services` or `sso-session` section, merged from all that have its name.
#[derive(Debug, Clone)]
pub struct OtherSection<'a> {
    sections: Vec<Section<'a>>,
}

impl<'a> OtherSection<'a> {
    pub(super) fn new(sections: Vec<Section<'a>>) -> Self {
        OtherSection { sections }
    }

    /// Every setting, name and value, each name once with the value that counts.
    pub fn settings(&self) -> Vec<(String, String)> {
        self.all().into_iter().map(|Setting { name, value, .. }| (name.into_owned(), value.into_owned())).collect()
    }

    /// Every setting, each name once, the one that counts.
    pub fn all(&self) -> Vec<Setting<'a>> {
        let mut seen = HashSet::new();
        let properties = self.sections.iter().rev().flat_map(|section| section.properties().rev());
        let settings = properties.map(|property| Setting::new(AwsFile::Config, property));
        settings.filter(|setting| seen.insert(setting.name.clone())).collect()
    }

    /// A setting; an empty value is none.
    pub fn setting(&self, name: &str) -> Option<Setting<'a>> {
        let property = self.sections.iter().rev().find_map(|section| section.property(name))?;
        Some(Setting::new(AwsFile::Config, property)).filter(|setting| !setting.value.is_empty())
    }
}

/// One setting and where it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Setting<'a> {
    pub name: Cow<'a, str>,
    /// A nested block is its lines, each after a `\n`, as AWS's reference reads it.
    pub value: Cow<'a, str>,
    /// The file it is in.
    pub file: AwsFile,
    /// The line there, 1-based.
    pub line: usize,
}

impl<'a> Setting<'a> {
    pub(super) fn new(file: AwsFile, property: Property<'a>) -> Self {
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

    /// Whether it is one of AWS's own that hold a secret; see [`mask`] for all others.
    pub fn is_secret(&self) -> bool {
        known::is_secret(&self.name)
    }
}

impl fmt::Debug for Setting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Setting { name, value, file, line } = self;
        let value = mask::value(name, value);
        f.debug_struct("Setting")
            .field("name", name)
            .field("value", &value)
            .field("file", file)
            .field("line", line)
            .finish()
    }
}
