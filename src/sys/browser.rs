//! The browser on this machine: whether there is one that can reach it, and how it is started.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::sys::env::{Environment, vars};
use crate::sys::files::read_optional;

/// Why a browser that opens here could not be sent back to this machine, or would be seen by nobody; none where it can.
///
/// In WSL a browser of Windows does not reach a listener of Linux.
pub fn obstacle(env: &Environment) -> Option<&'static str> {
    let set = |name: &str| env.get_os(name).is_some();
    let is_there = |path: &str| Path::new(path).exists();
    if [vars::SSH_CONNECTION, vars::SSH_TTY, vars::SSH_CLIENT].into_iter().any(set) {
        return Some("this is an SSH session");
    }
    if set(vars::CODESPACES) || set(vars::CLOUD_SHELL) {
        return Some("this machine is in the cloud");
    }
    if set(vars::CI) {
        return Some("this is a CI job");
    }
    let is_wsl = || {
        let version = read_optional(Path::new("/proc/version")).ok().flatten().unwrap_or_default();
        String::from_utf8_lossy(&version).to_ascii_lowercase().contains("microsoft")
    };
    if set(vars::WSL_DISTRO_NAME) || is_wsl() {
        return Some("this is WSL");
    }
    if is_there("/.dockerenv") || is_there("/run/.containerenv") || set(vars::KUBERNETES_SERVICE_HOST) {
        return Some("this is a container");
    }
    if cfg!(all(unix, not(target_os = "macos"))) && !env.has_display() && !set(vars::BROWSER) {
        return Some("there is no display");
    }
    None
}

/// Starts a browser with `url` and does not wait for it. It keeps running when Ctrl-C ends keyfob.
///
/// `BROWSER` names it, as in Python's `webbrowser` and xdg-open: several behind each other with `:` between, `%s` for the URL;
/// else it is the platform's own.
///
/// # Errors
/// What was tried, and why it could not be started.
pub fn open(url: &str, env: &Environment) -> Result<(), String> {
    let own: Vec<Vec<String>> = match env.get(vars::BROWSER) {
        Some(browsers) => browsers.split(':').filter_map(|line| shell_words::split(line).ok()).collect(),
        None => Vec::new(),
    };
    let platforms: &[&str] = if cfg!(windows) {
        &["rundll32.exe", "url.dll,FileProtocolHandler"]
    } else if cfg!(target_os = "macos") {
        &["open"]
    } else {
        &["xdg-open"]
    };
    let platforms = platforms.iter().map(|word| (*word).to_owned()).collect();
    let lines = if own.is_empty() { vec![platforms] } else { own };
    let mut problems = Vec::new();
    for mut words in lines.into_iter().filter(|words| !words.is_empty()) {
        match words.iter_mut().find(|word| word.contains("%s")) {
            Some(word) => *word = word.replace("%s", url),
            None => words.push(url.to_owned()),
        }
        match start(&words) {
            Ok(()) => return Ok(()),
            Err(error) => problems.push(format!("`{}` could not be started: {error}", words[0])),
        }
    }
    Err(problems.join("; "))
}

fn start(words: &[String]) -> std::io::Result<()> {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn()?;
    // Whoever starts one has to take note of its end, or it stays in the table of processes.
    std::thread::spawn(move || child.wait());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_that_could_not_be_sent_back_is_not_opened() {
        for (name, why) in [
            ("SSH_CONNECTION", "this is an SSH session"),
            ("SSH_TTY", "this is an SSH session"),
            ("CODESPACES", "this machine is in the cloud"),
            ("CI", "this is a CI job"),
            ("WSL_DISTRO_NAME", "this is WSL"),
            ("KUBERNETES_SERVICE_HOST", "this is a container"),
        ] {
            assert_eq!(obstacle(&Environment::from_pairs([(name, "1"), ("DISPLAY", ":0")])), Some(why), "{name}");
        }
        assert!(obstacle(&Environment::default()).is_some() || cfg!(not(target_os = "linux")));
    }

    #[cfg(unix)]
    #[test]
    fn the_variable_names_the_browser_and_the_next_is_tried_where_one_is_not_there() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let seen = folder.path().join("seen");
        let browser = format!("/no/such/browser:sh -c 'echo \"$1\" > {}' sh", seen.display());
        open("https://x/?a=b&c=d", &Environment::from_pairs([("BROWSER", browser.as_str())])).expect("the second");
        let start = std::time::Instant::now();
        while !seen.exists() || std::fs::read_to_string(&seen).expect("readable").is_empty() {
            assert!(start.elapsed().as_secs() < 20, "it was not started");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert_eq!(std::fs::read_to_string(&seen).expect("readable"), "https://x/?a=b&c=d\n");
        let error = open("https://x", &Environment::from_pairs([("BROWSER", "/no/such/browser")])).expect_err("none");
        assert!(error.starts_with("`/no/such/browser` could not be started: "), "{error}");
    }
}
