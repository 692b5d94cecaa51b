//! A profile as its checks see it, and what fixes its problems. A command is offered only if it would not refuse.

use crate::chain::base::process::{self, Process};
use crate::chain::base::{key, overrides};
use crate::chain::{Plan, PlanError};
use crate::config_file::path_of;
use crate::hint::{Hint, run};
use crate::ops::doctor::Finding;
use crate::ops::import::{before_key, can_import};
use crate::process_line::keyfob_profile_of;
use crate::profile::known::{is_secret, nearest};
use crate::profile::{AwsFile, Profile, Profiles, Setting};
use crate::sys::env::Environment;
use crate::sys::paths::Paths;

/// One profile.
pub(super) struct Checked<'a, 'p> {
    pub(super) profiles: &'a Profiles<'a>,
    pub(super) profile: &'a Profile<'p>,
    pub(super) paths: &'a Paths,
    pub(super) env: &'a Environment,
    /// How its credentials would be made.
    pub(super) plan: &'a dyn Fn() -> Result<Plan, PlanError>,
    /// The command that links it, if SDKs would then get its credentials.
    pub(super) working_link: &'a dyn Fn() -> Option<Hint>,
}

impl Checked<'_, '_> {
    pub(super) fn path(&self, file: AwsFile) -> String {
        path_of(self.paths, file).display().to_string()
    }

    /// A setting of the profile, with or without `keyfob_`, that is not empty.
    pub(super) fn set(&self, name: &str) -> Option<Setting<'_>> {
        self.profile.plain(name).filter(|setting| !setting.value.is_empty())
    }

    /// A finding about a setting.
    pub(super) fn finding(
        &self,
        check: &'static str,
        setting: &Setting<'_>,
        message: impl Into<String>,
        why: impl Into<String>,
        fix: impl Into<Hint>,
    ) -> Finding {
        Finding::new(check, message, why, fix).at(self.path(setting.file), setting.line)
    }

    /// The command that makes SDKs get the profile's credentials from keyfob, if it can.
    pub(super) fn link(&self) -> Option<Hint> {
        match process::of(self.profile) {
            // It may be meant so.
            Process::OtherProgram if !self.has_link() => None,
            _ => (self.working_link)(),
        }
    }

    /// Whether the config file has a link of the profile, whatever takes precedence.
    pub(super) fn has_link(&self) -> bool {
        let lines = self.profile.places("credential_process");
        let mut lines = lines.iter().filter(|line| line.file == AwsFile::Config);
        lines.any(|line| keyfob_profile_of(&line.value).as_deref() == Some(self.profile.name()))
    }

    /// What takes a key out of the files.
    pub(super) fn fix_of_key(&self) -> Hint {
        match (can_import(self.profile), before_key(self.profile)) {
            (true, _) => run!("keyfob import {}", self.profile.name()),
            (false, Some(setting)) => {
                let why =
                    format!("its profile uses `{setting}`; delete its lines, or store it for a profile of its own");
                run!("keyfob add PROFILE").to(why)
            }
            (false, None) => "delete its lines: it is not a valid key".into(),
        }
    }

    /// What is done about a setting that has no effect, or not the one intended.
    pub(super) fn fix_of_setting(&self, file: AwsFile, line: usize) -> Hint {
        let name = self.profile.name();
        match self.profile.settings().find(|setting| (setting.file, setting.line) == (file, line)) {
            Some(setting) if is_secret(&setting.name) || setting.name == key::ID => self.fix_of_key(),
            Some(setting) if overrides(self.profile).iter().any(|other| other.name == *setting.name) => {
                self.link().unwrap_or_else(|| run!("keyfob profile unlink {}", name))
            }
            Some(setting) => match nearest(&setting.name).filter(|right| is_secret(right) || *right == key::ID) {
                // Nothing else may have that key.
                Some(right) => {
                    format!("write `{right}` there, or delete the line if the key is stored elsewhere").into()
                }
                None => run!("keyfob profile unset {} {}", name, setting.name),
            },
            None => run!("keyfob show {}", name),
        }
    }
}
