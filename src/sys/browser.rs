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

/// How pages are opened: command lines, each tried if the one before cannot be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Browser {
    lines: Vec<Vec<String>>,
    is_named: bool,
}

impl Browser {
    /// The browser that `own` names, a command line; else the one of `BROWSER`, as in Python's `webbrowser` and xdg-open:
    /// several behind each other with `:` between, `%s` for the URL; else the platform's own.
    pub fn new(own: Option<&str>, env: &Environment) -> Browser {
        let split = |line: &str| shell_words::split(line).ok().filter(|words| !words.is_empty());
        let lines: Vec<Vec<String>> = match (own, env.get(vars::BROWSER)) {
            (Some(own), _) => split(own).into_iter().collect(),
            (None, Some(browsers)) => browsers.split(':').filter_map(split).collect(),
            (None, None) => Vec::new(),
        };
        let platforms: &[&str] = if cfg!(windows) {
            &["rundll32.exe", "url.dll,FileProtocolHandler"]
        } else if cfg!(target_os = "macos") {
            &["open"]
        } else {
            &["xdg-open"]
        };
        let is_named = !lines.is_empty();
        let platforms = || vec![platforms.iter().map(|word| (*word).to_owned()).collect()];
        Browser { lines: if is_named { lines } else { platforms() }, is_named }
    }

    /// Whether the user names it.
    pub fn is_named(&self) -> bool {
        self.is_named
    }

    /// Firefox, if no browser is named: only Firefox has containers.
    #[must_use]
    pub fn or_firefox(self) -> Browser {
        let firefox: &[&str] = if cfg!(target_os = "macos") { &["open", "-a", "Firefox"] } else { &["firefox"] };
        match self.is_named {
            true => self,
            false => Browser { lines: vec![firefox.iter().map(|word| (*word).to_owned()).collect()], is_named: true },
        }
    }

    /// The same browser with one of its profiles: Firefox's `-P`, Chromium's `--profile-directory`.
    ///
    /// # Errors
    /// A browser whose option is not known, or a name that would be a path.
    pub fn with_profile(self, profile: &str) -> Result<Browser, String> {
        if profile.is_empty() || profile.contains(['/', '\\']) {
            return Err(format!("`{profile}` is not the name of a browser's profile"));
        }
        let mut lines = self.or_firefox().lines;
        for words in &mut lines {
            let name = words.join(" ").to_ascii_lowercase();
            let is = |names: &[&str]| names.iter().any(|known| name.contains(known));
            if is(&["firefox", "librewolf", "waterfox"]) {
                words.extend(["-P".to_owned(), profile.to_owned()]);
            } else if is(&["chrom", "brave", "edge", "vivaldi", "opera"]) {
                words.push(format!("--profile-directory={profile}"));
            } else {
                return Err(format!("it is not known how `{}` is told which profile to use", words[0]));
            }
        }
        Ok(Browser { lines, is_named: true })
    }

    /// Starts it with `url` and does not wait for it. It keeps running when Ctrl-C ends keyfob.
    ///
    /// # Errors
    /// What was tried, and why it could not be started.
    pub fn open(&self, url: &str) -> Result<(), String> {
        let mut problems = Vec::new();
        for line in &self.lines {
            let mut words = line.clone();
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
}

/// The address by which Firefox's add-on "Open external links in a container" opens another in a container
/// (addons.mozilla.org, "Open external links in a container").
pub fn in_container(name: &str, url: &str) -> String {
    let query =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("name", name).append_pair("url", url).finish();
    // The add-on decodes `%20`, and not `+`.
    format!("ext+container:{}", query.replace('+', "%20"))
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
        let env = Environment::from_pairs([("BROWSER", browser.as_str())]);
        Browser::new(None, &env).open("https://x/?a=b&c=d").expect("the second");
        let start = std::time::Instant::now();
        while !seen.exists() || std::fs::read_to_string(&seen).expect("readable").is_empty() {
            assert!(start.elapsed().as_secs() < 20, "it was not started");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert_eq!(std::fs::read_to_string(&seen).expect("readable"), "https://x/?a=b&c=d\n");
        let error = Browser::new(Some("/no/such/browser"), &env).open("https://x").expect_err("none");
        assert!(error.starts_with("`/no/such/browser` could not be started: "), "{error}");
    }

    #[test]
    fn a_profile_of_the_browser_is_named_as_that_browser_wants_it() {
        let with = |own: &str, profile: &str| Browser::new(Some(own), &Environment::default()).with_profile(profile);
        let words = |own| with(own, "Work 2").expect("known").lines[0].join("|");
        assert_eq!(words("/usr/bin/firefox --new-window"), "/usr/bin/firefox|--new-window|-P|Work 2");
        assert_eq!(words("google-chrome %s"), "google-chrome|%s|--profile-directory=Work 2");
        assert!(with("lynx", "x").expect_err("unknown").contains("`lynx`"));
        assert!(with("chromium", "../x").is_err());
        let container = in_container("prod & co", "http://127.0.0.1:1/ab?c=d e");
        assert_eq!(container, "ext+container:name=prod%20%26%20co&url=http%3A%2F%2F127.0.0.1%3A1%2Fab%3Fc%3Dd%20e");
    }
}
