//! Copies of keys that a killed keyfob has left beside the files it was replacing. Others hold nothing, or what is sealed;
//! all go with the next edit.

use std::path::Path;

use zeroize::Zeroizing;

use crate::hint::run;
use crate::mask;
use crate::ops::doctor::{Finding, Machine};
use crate::sorted;
use crate::sys::files::read;
use crate::sys::leftovers::leftovers;

pub(super) fn check(machine: &Machine<'_, '_>) -> Vec<Finding> {
    let paths = machine.context.paths;
    let files = [&paths.aws_credentials, &paths.aws_config, &paths.settings];
    let folders = files.into_iter().filter_map(|file| file.canonicalize().ok()?.parent().map(Path::to_owned));
    let folders = folders
        .chain(files.into_iter().filter_map(|file| file.parent().map(Path::to_owned)))
        .chain([paths.data.clone()]);
    let folders = sorted::set(folders);
    let has_key = |path: &Path| {
        let text = Zeroizing::new(read(path).unwrap_or_default());
        // What is sealed is no text.
        std::str::from_utf8(&text).is_ok_and(|text| mask::lines(text) != text)
    };
    let found =
        sorted::set(folders.iter().flat_map(|folder| leftovers(folder)).filter_map(|path| path.canonicalize().ok()));
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
