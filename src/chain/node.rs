//! A profile on the way to a base: in the AWS files, in the key store, or in both. Pure.

use crate::chain::error::PlanError;
use crate::chain::reason::Reason;
use crate::chain::request::{FileNames, Place, StoredKeys, Used};
use crate::credentials::StoredKey;
use crate::profile::{Profile, Profiles, Setting};
use crate::sys::env::Environment;

/// Where profiles are looked up.
#[derive(Clone, Copy)]
pub(super) struct Lookup<'p> {
    pub(super) profiles: &'p Profiles<'p>,
    pub(super) stored: &'p dyn StoredKeys,
    pub(super) files: &'p FileNames,
    pub(super) env: &'p Environment,
}

/// What a walk picks up on its way.
#[derive(Default)]
pub(super) struct Trace {
    /// Indexes of the nodes whose role is assumed, in the order in which they are met.
    pub(super) roles: Vec<usize>,
    pub(super) used: Vec<Used>,
    pub(super) notes: Vec<Reason>,
}

/// A profile of the walk.
pub(super) struct Node<'p> {
    pub(super) name: String,
    pub(super) profile: Option<Profile<'p>>,
    stored: Option<StoredKey>,
    /// All profiles, for the sections that this one names.
    pub(super) profiles: &'p Profiles<'p>,
    files: &'p FileNames,
    /// The variables keyfob was started with, without an outer keyfob's.
    pub(super) env: &'p Environment,
}

impl<'p> Node<'p> {
    /// A key stored for a name that no AWS file has makes a profile too, one without settings.
    pub(super) fn find(lookup: &Lookup<'p>, name: &str) -> Option<Self> {
        let Lookup { profiles, stored, files, env } = *lookup;
        let (profile, stored) = (profiles.get(name), stored.key_of(name));
        let node = Node { name: name.to_owned(), profile, stored, profiles, files, env };
        (node.profile.is_some() || node.stored.is_some()).then_some(node)
    }

    /// One without settings, for what is decided by variables alone.
    pub(super) fn without_settings(lookup: &Lookup<'p>, name: &str) -> Self {
        let Lookup { profiles, stored: _, files, env } = *lookup;
        Node { name: name.to_owned(), profile: None, stored: None, profiles, files, env }
    }

    /// What the AWS files are called.
    pub(super) fn files(&self) -> &'p FileNames {
        self.files
    }

    /// The key in the key store.
    pub(super) fn stored(&self) -> Option<&StoredKey> {
        self.stored.as_ref()
    }

    /// The effective setting, without a trace.
    pub(super) fn setting(&self, name: &str) -> Option<Setting<'_>> {
        self.profile.as_ref().and_then(|profile| profile.setting(name))
    }

    /// Every setting of the profile, known or not.
    pub(super) fn settings(&self) -> impl Iterator<Item = Setting<'p>> {
        self.profile.iter().flat_map(Profile::settings)
    }

    /// `aws_account_id`.
    pub(super) fn account_id(&self) -> Option<String> {
        Some(self.setting("aws_account_id")?.value.into_owned())
    }

    /// The effective setting, put on the list of what had a part.
    pub(super) fn read(&self, name: &str, used: &mut Vec<Used>) -> Option<Setting<'_>> {
        let setting = self.setting(name)?;
        let new = Used { profile: self.name.clone(), name: setting.name.to_string(), place: self.place(&setting) };
        if !used.contains(&new) {
            used.push(new);
        }
        Some(setting)
    }

    pub(super) fn place(&self, setting: &Setting<'_>) -> Place {
        self.files.place_of(setting)
    }

    /// What the setting's text means, or why it means nothing.
    pub(super) fn value<T>(
        &self,
        setting: &Setting<'_>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, PlanError> {
        read(&setting.value).map_err(|problem| PlanError::BadValue {
            profile: self.name.clone(),
            name: setting.name.to_string(),
            problem,
            place: self.place(setting),
        })
    }
}
