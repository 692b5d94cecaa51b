//! Where this program lies, and the entries on `PATH` that have its name.

use std::io;
use std::path::{Path, PathBuf};

use crate::sys::env::{Environment, vars};

/// The paths that could be written into a `credential_process` line.
#[derive(Debug, Clone)]
pub struct ProgramPaths {
    /// The running program, every symlink resolved.
    pub current: PathBuf,
    /// Each `keyfob` on `PATH`, in its order, with what it leads to once every symlink is resolved.
    pub entries: Vec<(PathBuf, PathBuf)>,
    /// The folder for temporary files.
    pub temporary: PathBuf,
}

impl ProgramPaths {
    /// Looks for them.
    ///
    /// # Errors
    /// Where the running program's path cannot be found out.
    pub fn find(env: &Environment) -> io::Result<ProgramPaths> {
        let name = format!("keyfob{}", std::env::consts::EXE_SUFFIX);
        let entries = std::env::split_paths(env.get_os(vars::PATH).unwrap_or_default())
            .map(|folder| folder.join(&name))
            .filter_map(|entry| resolved(&entry).ok().map(|target| (entry, target)))
            .collect();
        Ok(ProgramPaths { current: resolved(&std::env::current_exe()?)?, entries, temporary: std::env::temp_dir() })
    }
}

/// Whether there is a program of this name on `PATH`, or at this path.
pub fn is_on_path(env: &Environment, program: &str) -> bool {
    let is_there = |path: &Path| path.is_file() || cfg!(windows) && path.with_extension("exe").is_file();
    match Path::new(program).components().count() {
        1 => std::env::split_paths(env.get_os(vars::PATH).unwrap_or_default())
            .any(|folder| is_there(&folder.join(program))),
        _ => is_there(Path::new(program)),
    }
}

/// Whether this user may read a program file: the kernel lets no other process look into one that runs from a file that may be
/// run and not read (`would_dump` in Linux' `fs/exec.c`). Says no where nothing depends on it.
pub fn is_readable(path: &Path) -> bool {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{Access, access};
        !rustix::process::geteuid().is_root() && access(path, Access::READ_OK).is_ok()
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = path;
        false
    }
}

/// The path with every symlink resolved, in the form that people and SDKs know.
fn resolved(path: &Path) -> io::Result<PathBuf> {
    let path = path.canonicalize()?;
    // On Windows that is `\\?\C:\…`, which `cmd.exe` does not run.
    let plain = path.to_str().and_then(|path| path.strip_prefix(r"\\?\")).filter(|path| !path.starts_with("UNC"));
    Ok(match plain {
        Some(plain) if cfg!(windows) => plain.into(),
        Some(_) | None => path,
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_link_on_path_is_found_as_it_stands_with_what_it_leads_to() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let entry = folder.path().join("keyfob");
        let program = std::env::current_exe().expect("known");
        std::os::unix::fs::symlink(program, &entry).expect("linked");
        let path = format!("/nowhere:{}", folder.path().display());
        let paths = ProgramPaths::find(&Environment::from_pairs([("PATH", path.as_str())])).expect("found");
        assert_eq!(paths.entries, [(entry, paths.current.clone())]);
    }
}
