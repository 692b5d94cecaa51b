//! Where this program can be found again: the entry on `PATH` that leads to it.

use std::path::{Component, Path, PathBuf};

use crate::sys::env::{Environment, vars};

/// This program, as a line in a file should name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// An absolute path.
    pub path: PathBuf,
    /// Why the path will not last, where it will not.
    pub passing: Option<&'static str>,
}

/// Finds this program: the first entry on `PATH` that leads to it, unresolved, else where it runs from.
///
/// The entry is kept as it stands, a symlink too: package managers keep `/usr/local/bin/keyfob` and move what it links to.
///
/// # Errors
/// Where the system does not say which program this is.
pub fn find(env: &Environment) -> std::io::Result<Program> {
    let running = std::env::current_exe()?;
    let resolved = running.canonicalize()?;
    let name = format!("keyfob{}", std::env::consts::EXE_SUFFIX);
    let path = std::env::split_paths(env.get_os(vars::PATH).unwrap_or_default())
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(&name))
        .find(|entry| entry.canonicalize().is_ok_and(|target| target == resolved))
        .unwrap_or(running);
    let passing = passing(&path, &std::env::temp_dir());
    Ok(Program { path, passing })
}

/// Why a path dies with the next upgrade, build or clean-up; judged by the path itself, not by what it links to.
fn passing(path: &Path, temporary: &Path) -> Option<&'static str> {
    let parts: Vec<&str> = path
        .components()
        .filter_map(|component| match component {
            Component::Normal(part) => part.to_str(),
            _ => None,
        })
        .collect();
    let has = |wanted: &[&str]| parts.windows(wanted.len()).any(|window| window == wanted);
    if path.starts_with(temporary) || ["/tmp", "/var/tmp", "/var/folders"].iter().any(|folder| path.starts_with(folder))
    {
        Some("a folder for temporary files")
    } else if has(&["nix", "store"]) || has(&["gnu", "store"]) {
        Some("a store path that the next upgrade leaves behind")
    } else if has(&["Cellar"]) {
        Some("a Homebrew Cellar path that the next upgrade removes")
    } else if parts.iter().any(|part| matches!(*part, ".asdf" | "mise" | ".mise" | ".rtx")) && !has(&["shims"]) {
        Some("a version manager's path that the next upgrade leaves behind")
    } else if parts
        .iter()
        .position(|part| *part == "target")
        .is_some_and(|at| parts[at..].iter().any(|part| matches!(*part, "debug" | "release")))
    {
        Some("a build folder")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_will_not_last_is_told_from_one_that_will() {
        for lasting in [
            "/usr/bin/keyfob",
            "/home/ann/.cargo/bin/keyfob",
            "/opt/homebrew/bin/keyfob",
            "/home/ann/.nix-profile/bin/keyfob",
            "/home/ann/.asdf/shims/keyfob",
            "/srv/target/bin/keyfob",
        ] {
            assert_eq!(passing(Path::new(lasting), Path::new("/run/tmp")), None, "{lasting}");
        }
        for dying in [
            "/nix/store/abc-keyfob-0.1.0/bin/keyfob",
            "/opt/homebrew/Cellar/keyfob/0.1.0/bin/keyfob",
            "/home/ann/.asdf/installs/keyfob/0.1.0/bin/keyfob",
            "/home/ann/.local/share/mise/installs/keyfob/0.1/keyfob",
            "/home/ann/keyfob/target/debug/keyfob",
            "/tmp/keyfob",
            "/run/tmp/x/keyfob",
        ] {
            assert!(passing(Path::new(dying), Path::new("/run/tmp")).is_some(), "{dying}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_entry_on_path_is_kept_as_it_stands() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let entry = folder.path().join("keyfob");
        std::os::unix::fs::symlink(std::env::current_exe().expect("known"), &entry).expect("linked");
        let path = format!("relative:/nonexistent:{}", folder.path().display());
        let program = find(&Environment::from_pairs([("PATH", path.as_str())])).expect("found");
        assert_eq!(program.path, entry);
        let elsewhere = find(&Environment::from_pairs([("PATH", "/nonexistent")])).expect("found");
        assert_eq!(elsewhere.path, std::env::current_exe().expect("known"));
        assert_eq!(elsewhere.passing, Some("a build folder"));
    }
}
