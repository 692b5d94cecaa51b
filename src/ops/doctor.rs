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
use crate::chain::base::process::is_linked;
use crate::config_file::{self, AwsFiles};
use crate::error::Error;
use crate::hint::{Hint, run};
use crate::mask;
use crate::ops::import::{plain_keys, unread_secrets};
use crate::ops::manage::Manager;
use crate::ops::show::own_warnings;
use crate::process_line::{keyfob_profile_of, split};
use crate::profile::known::{self, is_secret};
use crate::profile::{AwsFile, Profile, Profiles};
use crate::settings::Settings;
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
        for (file, line, message) in own_warnings(&profiles, &profile) {
            let is_misspelt = profile
                .settings()
                .any(|setting| (setting.file, setting.line) == (file, line) && known::nearest(&setting.name).is_some());
            let why = match is_misspelt {
                true => "SDKs ignore unknown settings",
                false => "SDKs that use it never ask keyfob for credentials",
            };
            found.push(Finding::new("setting", message, why, fix_of(&profile, file, line)).at(path(file), line));
        }
        for (file, line, temporary) in plain_keys(&profile) {
            let finding = match temporary {
                false => Finding::new(
                    "plain-key",
                    format!("the access key of `{name}` is stored in plain text"),
                    "every program that you run and every backup can read it",
                    run!("keyfob import {}", name),
                ),
                true => Finding::new(
                    "plain-key",
                    format!("a temporary key of `{name}` is stored in the file"),
                    "SDKs cannot tell when it expires, and do not renew it",
                    run!("keyfob add {}", name).to("delete its lines and store the long-term key"),
                ),
            };
            found.push(finding.at(path(file), line));
        }
        found.extend(of_chain(manager, &profiles, &profile, &path));
        found.extend(of_device(&profile, &path));
        found.extend(of_session(manager, &profiles, &profile, &path));
        found.extend(lines::of_profile(&profiles, &profile, &path));
    }
    found
}

/// The command, where there is one.
fn as_command<S: Serializer>(fix: &Hint, serializer: S) -> Result<S::Ok, S::Error> {
    fix.argv().serialize(serializer)
}

/// The command that removes a setting that does no good.
fn fix_of(profile: &Profile<'_>, file: AwsFile, line: usize) -> Hint {
    let name = profile.name();
    match profile.settings().find(|setting| (setting.file, setting.line) == (file, line)) {
        Some(setting) if is_secret(&setting.name) || setting.name == "aws_access_key_id" => {
            run!("keyfob import {}", name)
        }
        Some(setting) if setting.name == "role_arn" => run!("keyfob profile link {}", name),
        Some(setting) => run!("keyfob profile unset {} {}", name, setting.name),
        None => run!("keyfob show {}", name),
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

/// A device that SDKs ask for by themselves, or ignore.
fn of_device(profile: &Profile<'_>, path: &dyn Fn(AwsFile) -> String) -> Option<Finding> {
    let device = profile.plain("mfa_serial").filter(|device| !device.value.is_empty())?;
    let process = profile.plain("credential_process");
    if process.is_some_and(|process| keyfob_profile_of(&process.value).is_some()) {
        return None;
    }
    let name = profile.name();
    let (message, why) = match profile.plain("role_arn") {
        Some(_) => (
            format!("`mfa_serial` of `{name}`: each SDK handles MFA codes itself, or not at all"),
            "the AWS CLI and boto3 prompt on every run; Go, Java and JavaScript fail without a callback; Rust sends no code",
        ),
        None => (
            format!("`mfa_serial` of `{name}` has no effect in SDKs: the profile has no role"),
            "SDKs use its access key without a code",
        ),
    };
    let fix = run!("keyfob profile link {}", name);
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

/// The links, and the `keyfob` they start.
pub fn of_program(paths: &ProgramPaths, files: Option<&AwsFiles>, aws: &Paths) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some((entry, target)) = paths.entries.first()
        && *target != paths.current
    {
        let message = format!("`keyfob` on PATH is {}, not this one ({})", entry.display(), paths.current.display());
        found.push(Finding::new(
            "program",
            message,
            "two versions may behave differently",
            "remove one of them from PATH",
        ));
    }
    let profiles = files.map(AwsFiles::profiles);
    for profile in profiles.iter().flat_map(|profiles| profiles.names().filter_map(|name| profiles.get(name))) {
        let Some(process) = profile.plain("credential_process") else { continue };
        let Some(named) = keyfob_profile_of(&process.value) else { continue };
        let file = config_file::path_of(aws, process.file).display().to_string();
        let program = split(&process.value).ok().and_then(|words| words.first().cloned()).unwrap_or_default();
        if program.contains('/') && !modes::is_file(Path::new(&program)) {
            let (message, why) = (format!("`{program}` does not exist"), "SDKs that use the link fail");
            let fix = run!("keyfob profile link {}", profile.name());
            found.push(Finding::new("program", message, why, fix).at(file.clone(), process.line));
        }
        if named != profile.name() {
            let message = format!("`{}` is linked to the credentials of `{named}`", profile.name());
            let fix = run!("keyfob profile link {}", profile.name());
            found.push(
                Finding::new("program", message, "this may be intended, or left over from copying a profile", fix)
                    .at(file, process.line),
            );
        }
    }
    found
}
