//! Files and folders that others may read or change.

use std::path::Path;

use crate::hint::run;
use crate::ops::doctor::{Finding, Machine};
use crate::sys::modes::{self, Exposed};

pub(super) fn check(machine: &Machine<'_, '_>) -> Vec<Finding> {
    let (paths, settings) = (machine.context.paths, machine.context.settings);
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
