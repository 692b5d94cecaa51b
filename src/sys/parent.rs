//! The programs that led to this process: its parent, the parent's parent, and so on.

/// How far up to look. A shell is near; past a login or a terminal there is only the machine's own machinery.
#[cfg(unix)]
const FARTHEST: usize = 12;

/// Names of the ancestors' programs, nearest first. A process may appear twice: by the file it runs, then by the name it
/// goes by, since a script goes by its own name and busybox runs under many.
///
/// On Linux from `/proc`, on macOS and the BSDs from `ps`, on Windows none: finding a parent there takes calls that `std`
/// does not have. What cannot be read is left out.
pub fn ancestors() -> Vec<String> {
    platform::ancestors()
}

/// The process that started this one: its id, and the name of the file it runs.
pub fn nearest() -> Option<(u32, String)> {
    #[cfg(unix)]
    {
        let path = ancestors().into_iter().next()?;
        let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
        Some((std::os::unix::process::parent_id(), name))
    }
    #[cfg(not(unix))]
    None
}

/// The name of the file that a process runs, or else its own name; none where the system does not tell.
#[cfg(unix)]
pub fn name_of(pid: u32) -> Option<String> {
    let file = std::fs::read_link(format!("/proc/{pid}/exe")).ok();
    let name =
        file.and_then(|file| Some(file.file_name()?.to_string_lossy().trim_end_matches(" (deleted)").to_owned()));
    name.or_else(|| Some(std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?.trim_end().to_owned()))
}

#[cfg(target_os = "linux")]
mod platform {
    use std::fs;

    use super::FARTHEST;

    pub fn ancestors() -> Vec<String> {
        let mut names = Vec::new();
        let mut pid = std::os::unix::process::parent_id();
        for _ in 0..FARTHEST {
            // 1 is init, or a container's first process, which may well be a shell; 0 is outside the container.
            if pid == 0 {
                break;
            }
            // Another user's (sudo) cannot be read; its name can.
            if let Ok(file) = fs::read_link(format!("/proc/{pid}/exe")) {
                // Said of a file replaced while it runs, as by an upgrade.
                let file = file.to_string_lossy();
                names.push(file.strip_suffix(" (deleted)").unwrap_or(&file).to_owned());
            }
            let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { break };
            let Some((name, parent)) = parse(&stat) else { break };
            names.push(name.to_owned());
            pid = parent;
        }
        names
    }

    /// `pid (name) state ppid …`; the name may hold blanks and parentheses (proc_pid_stat(5)).
    fn parse(stat: &str) -> Option<(&str, u32)> {
        let (start, end) = (stat.find('(')?, stat.rfind(')')?);
        let parent = stat.get(end + 1..)?.split_whitespace().nth(1)?;
        Some((stat.get(start + 1..end)?, parent.parse().ok()?))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_name_with_blanks_and_parentheses_does_not_hide_the_parent() {
            assert_eq!(parse("7 (a) b (c)) S 41 7 7 0"), Some(("a) b (c)", 41)));
            assert_eq!(parse("7 (bash"), None);
        }

        #[test]
        fn the_first_ancestor_is_the_program_that_started_this_one() {
            let parent = std::os::unix::process::parent_id();
            let file = fs::read_link(format!("/proc/{parent}/exe")).expect("our own parent");
            assert_eq!(ancestors().first().map(String::as_str), file.to_str());
        }
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
mod platform {
    use std::process::{Command, Stdio};

    use super::FARTHEST;

    pub fn ancestors() -> Vec<String> {
        let mut names = Vec::new();
        let mut pid = std::os::unix::process::parent_id().to_string();
        for _ in 0..FARTHEST {
            let Some((parent, name)) = ask(&pid) else { break };
            names.push(name);
            pid = parent;
        }
        names
    }

    /// The parent and the path of a process, as `ps` prints them: `  41 /bin/zsh`, `-zsh` for a login shell.
    fn ask(pid: &str) -> Option<(String, String)> {
        let mut ps = Command::new("/bin/ps");
        ps.args(["-o", "ppid=,comm=", "-p", pid]).stdin(Stdio::null()).stderr(Stdio::null());
        let text = String::from_utf8(ps.output().ok()?.stdout).ok()?;
        let (parent, name) = text.trim().split_once(' ')?;
        Some((parent.to_owned(), name.trim().to_owned()))
    }
}

#[cfg(not(unix))]
mod platform {
    pub fn ancestors() -> Vec<String> {
        Vec::new()
    }
}
