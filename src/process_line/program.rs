//! Which path of keyfob's own goes into a `credential_process` line. Pure: the paths are handed in.

use std::path::{Component, Path, PathBuf};

use crate::sys::program::ProgramPaths;

/// A path that dies with the next upgrade, build or reboot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a permanent location: it is {why}", path.display())]
pub struct ShortLived {
    /// The path that would have been written.
    pub path: PathBuf,
    why: &'static str,
}

/// The entry on `PATH` that leads to this program, unresolved; where there is none, the program's own path.
///
/// # Errors
/// A path that does not last, unless `force`d. The entry's own path is judged, not what it links to: a link from
/// `/opt/homebrew/bin` into the Cellar is what an upgrade keeps.
pub fn program_to_write(paths: &ProgramPaths, force: bool) -> Result<PathBuf, ShortLived> {
    let ours = || {
        let absolute = paths.entries.iter().filter(|(entry, _)| entry.is_absolute());
        absolute.filter(|(_, target)| *target == paths.current).map(|(entry, _)| entry)
    };
    let lasting = ours().find(|entry| why_short_lived(entry, &paths.temporary).is_none());
    let path = lasting.or_else(|| ours().next()).unwrap_or(&paths.current);
    match why_short_lived(path, &paths.temporary) {
        Some(why) if !force => Err(ShortLived { path: path.clone(), why }),
        Some(_) | None => Ok(path.clone()),
    }
}

fn why_short_lived(path: &Path, temporary: &Path) -> Option<&'static str> {
    let names: Vec<&str> = path.components().filter_map(name).collect();
    let has = |sequence: &[&str]| names.windows(sequence.len()).any(|window| window == sequence);
    if names.starts_with(&["nix", "store"]) || names.starts_with(&["gnu", "store"]) {
        Some("a Nix or Guix store path, which the next upgrade replaces")
    } else if has(&["Cellar"]) || has(&["Caskroom"]) {
        Some("in Homebrew's Cellar, which the next upgrade replaces")
    } else if VERSION_MANAGERS.iter().any(|folders| has(folders)) {
        Some("in a version manager's folder, which the next upgrade replaces")
    } else if has(&["target", "debug"]) || has(&["target", "release"]) || is_cross_built(&names) {
        Some("in a build folder")
    } else if path.starts_with(temporary) || TEMPORARY.iter().any(|folder| path.starts_with(folder)) {
        Some("in a temporary folder")
    } else {
        None
    }
}

/// Where version managers keep one folder a version.
const VERSION_MANAGERS: [&[&str]; 6] = [
    &[".asdf", "installs"],
    &["mise", "installs"],
    &["rtx", "installs"],
    &["aqua", "pkgs"],
    &["aquaproj-aqua", "pkgs"],
    &["scoop", "apps"],
];

const TEMPORARY: [&str; 6] = ["/tmp", "/var/tmp", "/private/tmp", "/dev/shm", "/var/folders", "/private/var/folders"];

/// `target/x86_64-unknown-linux-musl/release`
fn is_cross_built(names: &[&str]) -> bool {
    names.windows(3).any(|window| window[0] == "target" && ["debug", "release"].contains(&window[2]))
}

fn name(component: Component<'_>) -> Option<&str> {
    match component {
        Component::Normal(name) => name.to_str(),
        Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => None,
    }
}
