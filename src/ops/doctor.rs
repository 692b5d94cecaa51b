//! What will bite: findings over the AWS files, the environment, the machine and the stored keys.
//!
//! Nothing is changed here but modes, and those only where that is asked for.

mod lines;
mod variables;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

use crate::chain::PlanError;
use crate::chain::base::overrides;
use crate::chain::base::process::{self, Process, is_linked};
use crate::config_file;
use crate::error::Error;
use crate::hint::{Hint, run};
use crate::mask;
use crate::ops::import::{can_import, plain_keys, unread_secrets};
use crate::ops::manage::Manager;
use crate::ops::show::own_warnings;
use crate::process_line::{keyfob_profile_of, names_no_profile, other_command, split};
use crate::profile::known::{self, is_secret};
use crate::profile::{AwsFile, Profile, Profiles};
use crate::settings::Settings;
use crate::sys::env::vars;
use crate::sys::files::read;
use crate::sys::leftovers::leftovers;
use crate::sys::modes::{self, Exposed};
use crate::sys::paths::Paths;
use crate::sys::program::ProgramPaths;

pub use variables::of_environment;

/// Something that will bite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub check: &'static str,
    pub message: String,
    pub why: String,
    /// The file it is in.
    pub file: Option<String>,
    /// The line there, 1-based.
    pub line: Option<usize>,
    /// What fixes it; in JSON the command, or null.
    #[serde(serialize_with = "as_command")]
    pub fix: Hint,
    /// Whether `--fix` has fixed it.
    pub fixed: bool,
    /// The file whose mode `--fix` would change, and to what.
    #[serde(skip)]
    mode: Option<(PathBuf, u32)>,
}

impl Finding {
    /// A finding of no file.
    pub fn new(check: &'static str, message: impl Into<String>, why: &str, fix: impl Into<Hint>) -> Finding {
        let (message, why, fix) = (message.into(), why.to_owned(), fix.into());
        Finding { check, message, why, file: None, line: None, fix, fixed: false, mode: None }
    }

    fn at(mut self, file: impl Into<String>, line: usize) -> Finding {
        (self.file, self.line) = (Some(file.into()), Some(line));
        self
    }

    /// What another part of keyfob refuses, as a finding.
    pub fn of_error(check: &'static str, error: &Error) -> Finding {
        let why = error.causes().next().map_or_else(|| "keyfob cannot continue".to_owned(), ToString::to_string);
        let fix = error.hints().first();
        Finding::new(check, error.message(), &why, fix.cloned().unwrap_or_else(|| "see above".into()))
    }

    /// Makes it safe, where that is a matter of a mode; whether it is fixed.
    pub fn apply_fix(&mut self) -> bool {
        if let Some((path, mode)) = &self.mode {
            self.fixed = modes::restrict(path, *mode).is_ok();
        }
        self.fixed
    }
}

/// AWS files that cannot be read, each with its line where there is one.
pub fn of_unreadable_files(paths: &Paths) -> Vec<Finding> {
    let finding = |(path, line, error): (&Path, Option<usize>, Error)| Finding {
        file: Some(path.display().to_string()),
        line,
        ..Finding::of_error("file", &error)
    };
    config_file::problems(paths).into_iter().map(finding).collect()
}

/// Everything in the AWS files that bites.
pub fn of_files(manager: &Manager<'_>) -> Vec<Finding> {
    let profiles = manager.files.profiles();
    let path = |file| config_file::path_of(manager.context.paths, file).display().to_string();
    let mut found: Vec<Finding> = Vec::new();
    for warning in profiles.warnings() {
        let why = "some SDKs ignore it or interpret it differently";
        found.push(
            Finding::new("file", warning.message, why, format!("edit {}", path(warning.file)))
                .at(path(warning.file), warning.line),
        );
    }
    for unread in unread_secrets(manager.files) {
        let why = "every program and every backup reads it";
        found.push(Finding::new("plain-key", unread.message(), why, unread.fix()).at(path(unread.file), unread.line));
    }
    for name in profiles.names() {
        let Some(profile) = profiles.get(name) else { continue };
        let fixes = Fixes { manager, profile: &profile };
        for (file, line, message) in own_warnings(&profiles, &profile) {
            let is_misspelt = profile
                .settings()
                .any(|setting| (setting.file, setting.line) == (file, line) && known::nearest(&setting.name).is_some());
            let why = match is_misspelt {
                true => "SDKs ignore unknown settings",
                false => "SDKs that use it never ask keyfob for credentials",
            };
            found.push(Finding::new("setting", message, why, fixes.of_setting(file, line)).at(path(file), line));
        }
        for (file, line, temporary) in plain_keys(&profile) {
            let finding = match temporary {
                false => Finding::new(
                    "plain-key",
                    format!("the access key of `{name}` is stored in plain text"),
                    "every program that you run and every backup can read it",
                    fixes.of_key(),
                ),
                true => Finding::new(
                    "plain-key",
                    format!("a temporary key of `{name}` is stored in the file"),
                    "SDKs cannot tell when it expires, and do not renew it",
                    "delete its lines once it has expired",
                ),
            };
            found.push(finding.at(path(file), line));
        }
        found.extend(of_chain(manager, &profiles, &profile, &path));
        found.extend(of_device(&fixes, &path));
        found.extend(of_session(manager, &profiles, &profile, &path));
        found.extend(of_link(&fixes, &path));
        found.extend(of_region(&fixes, &path));
        found.extend(lines::of_profile(&profiles, &profile, &path, &|| fixes.link()));
    }
    found
}

/// The command, where there is one.
fn as_command<S: Serializer>(fix: &Hint, serializer: S) -> Result<S::Ok, S::Error> {
    fix.argv().serialize(serializer)
}

/// What fixes a problem of a profile. A command is offered only if it would not refuse.
struct Fixes<'a> {
    manager: &'a Manager<'a>,
    profile: &'a Profile<'a>,
}

impl Fixes<'_> {
    /// The command that makes SDKs get the profile's credentials from keyfob, if it can.
    fn link(&self) -> Option<Hint> {
        match process::of(self.profile) {
            // It may be meant so.
            Process::OtherProgram if !self.has_link() => None,
            _ => self.manager.link_that_works(self.profile.name()),
        }
    }

    /// Whether the config file has a link of the profile, whatever takes precedence.
    fn has_link(&self) -> bool {
        let lines = self.profile.places("credential_process");
        let mut lines = lines.iter().filter(|line| line.file == AwsFile::Config);
        lines.any(|line| keyfob_profile_of(&line.value).as_deref() == Some(self.profile.name()))
    }

    /// What takes a key out of the files.
    fn of_key(&self) -> Hint {
        let name = self.profile.name();
        match can_import(self.profile) {
            true => run!("keyfob import {}", name),
            false => "delete its lines: it is not a valid key".into(),
        }
    }

    /// What is done about a setting that does no good.
    fn of_setting(&self, file: AwsFile, line: usize) -> Hint {
        let name = self.profile.name();
        match self.profile.settings().find(|setting| (setting.file, setting.line) == (file, line)) {
            Some(setting) if is_secret(&setting.name) || setting.name == "aws_access_key_id" => self.of_key(),
            Some(setting) if overrides(self.profile).iter().any(|other| other.name == *setting.name) => {
                self.link().unwrap_or_else(|| run!("keyfob profile unlink {}", name))
            }
            Some(setting) => run!("keyfob profile unset {} {}", name, setting.name),
            None => run!("keyfob show {}", name),
        }
    }
}

/// A profile whose chain loops, dangles or holds what AWS does not take; one that is not keyfob's is no finding.
fn of_chain(
    manager: &Manager<'_>,
    profiles: &Profiles<'_>,
    profile: &Profile<'_>,
    path: &dyn Fn(AwsFile) -> String,
) -> Option<Finding> {
    let error = manager.try_plan(profiles, profile.name()).err()?;
    match error {
        PlanError::NoCredentials { .. }
        | PlanError::Unsupported { .. }
        | PlanError::TemporaryKey { .. }
        // It may be set where the profile is used.
        | PlanError::Environment { .. }
        | PlanError::NoSuchProfile { .. }
        | PlanError::AskedByItself(_) => None,
        error => {
            let (file, line) = profile.header();
            let why = match error {
                PlanError::OtherServiceWithoutEndpoint { .. } => {
                    "SDKs would send it to AWS, so keyfob does not issue it".to_owned()
                }
                _ => format!("`{}` gets no credentials", profile.name()),
            };
            let finding = Finding::of_error("chain", &Error::from(error));
            Some(Finding { why, ..finding }.at(path(file), line))
        }
    }
}

/// A device that SDKs ask for by themselves, or ignore; nothing where keyfob could do no better.
fn of_device(fixes: &Fixes<'_>, path: &dyn Fn(AwsFile) -> String) -> Option<Finding> {
    let profile = fixes.profile;
    let device = profile.plain("mfa_serial").filter(|device| !device.value.is_empty())?;
    let process = profile.plain("credential_process");
    if process.is_some_and(|process| keyfob_profile_of(&process.value).is_some()) {
        return None;
    }
    let name = profile.name();
    let link = if can_import(profile) { Some(fixes.of_key()) } else { fixes.link() };
    let (message, why, fix) = match (profile.plain("role_arn"), link) {
        (Some(_), Some(fix)) => (
            format!("`mfa_serial` of `{name}`: each SDK handles MFA codes itself, or not at all"),
            "the AWS CLI and boto3 prompt on every run; Go, Java and JavaScript fail without a callback; Rust sends no code",
            fix,
        ),
        (None, Some(fix)) => (
            format!("`mfa_serial` of `{name}` has no effect in SDKs: the profile has no role"),
            "SDKs use its access key without a code",
            fix,
        ),
        (None, None) if has_no_credentials(fixes) => (
            format!("`mfa_serial` of `{name}` does nothing: the profile has no access key and no role"),
            "no program finds credentials for the profile",
            run!("keyfob add {}", name).to("store its access key"),
        ),
        (_, None) => return None,
    };
    Some(Finding::new("mfa", message, why, fix).at(path(device.file), device.line))
}

/// A linked profile with a key of its own and no MFA device: its sessions are refused by half of what people call first.
fn of_session(
    manager: &Manager<'_>,
    profiles: &Profiles<'_>,
    profile: &Profile<'_>,
    path: &dyn Fn(AwsFile) -> String,
) -> Option<Finding> {
    let process = profile.plain("credential_process").filter(|_| is_linked(profile))?;
    let name = profile.name();
    let plan = manager.try_plan(profiles, name).ok()?;
    let is_without = plan.base.profile == name && plan.base.stored_key().is_some() && plan.is_session_without_mfa();
    let message = format!("`{name}` has no MFA device, so AWS refuses every IAM call of its sessions, and most of STS");
    let why = "AWS allows those calls only in a session made with a code, or with the access key itself";
    let fix = run!("keyfob mfa enroll {}", name);
    is_without.then(|| Finding::new("mfa", message, why, fix).at(path(process.file), process.line))
}

/// Copies of keys that a killed keyfob has left beside the files it was replacing. Others hold nothing, or what is sealed;
/// all go with the next edit.
pub fn of_leftovers(paths: &Paths) -> Vec<Finding> {
    let files = [&paths.aws_credentials, &paths.aws_config, &paths.settings];
    let folders = files.into_iter().filter_map(|file| file.canonicalize().ok()?.parent().map(Path::to_owned));
    let folders: BTreeSet<PathBuf> = folders
        .chain(files.into_iter().filter_map(|file| file.parent().map(Path::to_owned)))
        .chain([paths.data.clone()])
        .collect();
    let has_key = |path: &Path| {
        let text = Zeroizing::new(read(path).unwrap_or_default());
        // What is sealed is no text.
        std::str::from_utf8(&text).is_ok_and(|text| mask::lines(text) != text)
    };
    let found: BTreeSet<PathBuf> =
        folders.iter().flat_map(|folder| leftovers(folder)).filter_map(|path| path.canonicalize().ok()).collect();
    let found = found.into_iter().filter(|path| has_key(path));
    found
        .map(|path| {
            let shown = path.display().to_string();
            let why = "keyfob was killed while it replaced a file; backups take the copy along";
            let finding = Finding::new("leftover", "this copy of an AWS file holds keys", why, run!("rm {}", shown));
            Finding { file: Some(shown), ..finding }
        })
        .collect()
}

/// A role without a region: SDKs take none over from its source.
fn of_region(fixes: &Fixes<'_>, path: &dyn Fn(AwsFile) -> String) -> Option<Finding> {
    let (profile, env) = (fixes.profile, fixes.manager.context.env);
    let role = profile.setting("role_arn")?;
    let by_variable = [vars::AWS_REGION, vars::AWS_DEFAULT_REGION].iter().any(|name| env.get(name).is_some());
    if by_variable || profile.setting("region").is_some() {
        return None;
    }
    let name = profile.name();
    let profiles = fixes.manager.files.profiles();
    let source = profile.setting("source_profile").and_then(|source| profiles.get(&source.value));
    let fix = match source.as_ref().and_then(|source| source.setting("region")) {
        Some(region) => run!("keyfob profile set {} region {}", name, region.value),
        None => run!("keyfob profile set {} region REGION", name),
    };
    let message = format!("`{name}` has no region");
    let why = "most AWS CLI commands need one, and a role takes none over from its source";
    Some(Finding::new("region", message, why, fix).at(path(role.file), role.line))
}

fn has_no_credentials(fixes: &Fixes<'_>) -> bool {
    let plan = fixes.manager.try_plan(&fixes.manager.files.profiles(), fixes.profile.name());
    matches!(plan, Err(PlanError::NoCredentials { .. }))
}

/// Files and folders that others may read or change.
pub fn of_modes(paths: &Paths, settings: &Settings) -> Vec<Finding> {
    let folder = |path: &Path| path.parent().map(Path::to_owned);
    let secret = [
        (settings.identity_file.clone(), 0o077, 0o600),
        (settings.passphrase_file.clone(), 0o077, 0o600),
        (Some(paths.aws_credentials.clone()), 0o077, 0o600),
        (Some(paths.data.clone()), 0o077, 0o700),
        (Some(paths.cache.clone()), 0o077, 0o700),
        (Some(paths.data.join("vault.age")), 0o077, 0o600),
        (Some(paths.aws_config.clone()), 0o022, 0o644),
        (Some(paths.settings.clone()), 0o022, 0o644),
        (folder(&paths.aws_config), 0o022, 0o755),
        (folder(&paths.settings), 0o022, 0o755),
    ];
    let mut found = Vec::new();
    for (path, refused, keep) in secret {
        let Some(path) = path else { continue };
        let Some(Exposed { mode, foreign }) = modes::exposed(&path, refused) else { continue };
        let shown = path.display().to_string();
        let finding = match foreign {
            true => Finding::new(
                "mode",
                "it belongs to another user",
                "that user can read your keys or make SDKs run programs",
                run!("sudo chown USER {}", shown),
            ),
            false => Finding {
                mode: Some((path, mode & keep)),
                ..Finding::new(
                    "mode",
                    format!(
                        "other users can {} it (mode {mode:03o})",
                        if mode & 0o022 & refused != 0 { "change" } else { "read" }
                    ),
                    "it contains keys, or decides which programs SDKs run",
                    run!("chmod {} {}", format!("{:03o}", mode & keep), shown),
                )
            },
        };
        found.push(Finding { file: Some(shown), ..finding });
    }
    found
}

/// The `keyfob` that is started by its name.
pub fn of_program(paths: &ProgramPaths) -> Option<Finding> {
    let (entry, target) = paths.entries.first()?;
    (*target != paths.current).then(|| {
        let message = format!("`keyfob` on PATH is {}, not this one ({})", entry.display(), paths.current.display());
        Finding::new("program", message, "two versions may behave differently", "remove one of them from PATH")
    })
}

/// A link whose program is gone, or that asks for another profile though this one has credentials of its own.
fn of_link(fixes: &Fixes<'_>, path: &dyn Fn(AwsFile) -> String) -> Vec<Finding> {
    let (mut found, profile) = (Vec::new(), fixes.profile);
    let Some(process) = profile.plain("credential_process") else { return found };
    let Some(named) = keyfob_profile_of(&process.value) else {
        if names_no_profile(&process.value) {
            let name = profile.name();
            let message =
                format!("the link of `{name}` names no profile, so it asks for `default` whatever `--profile` is");
            let why = "SDKs get another profile's credentials, or an error";
            let fix = fixes.manager.link_that_works(name);
            let fix = fix.unwrap_or_else(|| "write the name of a profile with a stored key at its end".into());
            found.push(Finding::new("program", message, why, fix).at(path(process.file), process.line));
        } else if let Some(command) = other_command(&process.value) {
            let name = profile.name();
            let message = format!(
                "the `credential_process` of `{name}` runs keyfob's `{command}`, whose output SDKs do not read"
            );
            let fix = fixes.manager.link_that_works(name);
            let fix = fix.unwrap_or_else(|| "run `keyfob credential-process` with the name of a profile there".into());
            let why = "SDKs expect the JSON that only `keyfob credential-process` prints";
            found.push(Finding::new("program", message, why, fix).at(path(process.file), process.line));
        } else if fixes.has_link() {
            let name = profile.name();
            let message = format!(
                "another `credential_process` in the credentials file takes precedence over the link of `{name}`"
            );
            let why = "SDKs get other credentials than keyfob's";
            let fix = fixes.link().unwrap_or_else(|| "remove one of the two lines".into());
            found.push(Finding::new("program", message, why, fix).at(path(process.file), process.line));
        }
        return found;
    };
    let program = split(&process.value).ok().and_then(|words| words.first().cloned()).unwrap_or_default();
    if program.contains('/') && !modes::is_file(Path::new(&program)) {
        let (message, why) = (format!("`{program}` does not exist"), "SDKs that use the link fail");
        let fix = fixes.link().unwrap_or_else(|| run!("keyfob profile unlink {}", profile.name()));
        found.push(Finding::new("program", message, why, fix).at(path(process.file), process.line));
    }
    if let Some(fix) = (named != profile.name()).then(|| fixes.link()).flatten() {
        let message = format!("`{}` is linked to the credentials of `{named}`", profile.name());
        let why = "this may be intended, or left over from copying a profile";
        found.push(Finding::new("program", message, why, fix).at(path(process.file), process.line));
    }
    found
}
