//! AWS files that cannot be read, and lines that no SDK reads, or not every SDK.

use std::path::Path;

use crate::config_file::{path_of, problems};
use crate::error::Error;
use crate::ops::doctor::{Finding, Machine};
use crate::ops::import::unread_secrets;

/// keyfob's settings, where every other command fails because of them.
pub(super) fn unusable_settings(machine: &Machine<'_, '_>) -> Vec<Finding> {
    let Some(error) = machine.settings_error else { return Vec::new() };
    let path = machine.context.paths.settings.display().to_string();
    let in_file = error.message().strip_prefix(&path);
    let line = in_file.and_then(|rest| rest.strip_prefix(':')?.split(':').next()?.parse().ok());
    let fix = error.hints().first().cloned().unwrap_or_else(|| match in_file {
        Some(_) => format!("edit {path}").into(),
        None => "correct it".into(),
    });
    let why = "every other command fails until it is fixed";
    vec![Finding { file: in_file.map(|_| path), line, ..Finding::new("settings", error.message(), why, fix) }]
}

/// AWS files that cannot be read, each with its line where there is one.
pub(super) fn unreadable(machine: &Machine<'_, '_>) -> Vec<Finding> {
    let Err(error) = &machine.files else { return Vec::new() };
    let finding = |(path, line, error): (&Path, Option<usize>, Error)| Finding {
        file: Some(path.display().to_string()),
        line,
        ..Finding::of_error("file", &error)
    };
    let found: Vec<Finding> = problems(machine.context.paths).into_iter().map(finding).collect();
    // None if another program has written the file in the meantime.
    if found.is_empty() { vec![Finding::of_error("file", error)] } else { found }
}

/// Lines that some SDKs ignore or read differently, and secrets where no SDK looks for them.
pub(super) fn odd_lines(machine: &Machine<'_, '_>) -> Vec<Finding> {
    let (Ok(files), Ok(_)) = (&machine.files, &machine.index) else { return Vec::new() };
    let path = |file| path_of(machine.context.paths, file).display().to_string();
    let warnings = files.profiles().warnings().into_iter().map(|warning| {
        let (why, path) = ("some SDKs ignore it or interpret it differently", path(warning.file));
        Finding::new("file", warning.message, why, format!("edit {path}")).at(path, warning.line)
    });
    let secrets = unread_secrets(files).into_iter().map(|unread| {
        let why = "every program and every backup reads it";
        Finding::new("plain-key", unread.message(), why, unread.fix()).at(path(unread.file), unread.line)
    });
    warnings.chain(secrets).collect()
}
