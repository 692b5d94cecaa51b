//! The browser on this machine: whether there is one that can reach it, and how it is started.

use std::process::{Command, Stdio};

use crate::sys::env::{Environment, vars};
use crate::sys::program::is_on_path;
use crate::sys::wsl::{is_container, is_wsl};

/// How Linux programs open a page in Windows: `wslview` if it is installed, and what opens pages in Windows itself. `cmd.exe`
/// ends an address at `&`, and `explorer.exe` takes none with a `?`.
const OF_WINDOWS: [&[&str]; 2] = [&["wslview"], &RUNDLL];

const RUNDLL: [&str; 2] = ["rundll32.exe", "url.dll,FileProtocolHandler"];

/// Where Firefox is by default.
const FIREFOX_OF_WINDOWS: &str = "/mnt/c/Program Files/Mozilla Firefox/firefox.exe";

/// Why a browser that opens here could not be sent back to this machine, or would be seen by nobody; none where it can.
///
/// In WSL that depends on how the network of Windows is set up.
pub fn obstacle(env: &Environment) -> Option<&'static str> {
    elsewhere(env).or_else(|| is_wsl(env).then_some("this is WSL")).or_else(|| nobody(env))
}

/// Why a page that opens here would be seen by nobody; none where somebody sees it.
pub fn invisible(env: &Environment) -> Option<&'static str> {
    let none = "this is WSL, which has no `wslview`, and `rundll32.exe` of Windows is not on its `PATH`";
    elsewhere(env).or_else(|| match is_wsl(env) {
        true => (env.get_os(vars::BROWSER).is_none() && platform_lines(env).is_empty()).then_some(none),
        false => nobody(env),
    })
}

/// Why a person is at another machine.
fn elsewhere(env: &Environment) -> Option<&'static str> {
    let set = |name: &&str| env.get_os(name).is_some();
    if [vars::SSH_CONNECTION, vars::SSH_TTY, vars::SSH_CLIENT].iter().any(set) {
        return Some("this is an SSH session");
    }
    if [vars::CODESPACES, vars::CLOUD_SHELL].iter().any(set) {
        return Some("this machine is in the cloud");
    }
    set(&vars::CI).then_some("this is a CI job")
}

/// Why nobody sees this machine.
fn nobody(env: &Environment) -> Option<&'static str> {
    if is_container(env) {
        return Some("this is a container");
    }
    let needs_display = cfg!(all(unix, not(target_os = "macos")));
    let is_dark = needs_display && !env.has_display() && env.get_os(vars::BROWSER).is_none();
    is_dark.then_some("there is no display")
}

/// How the platform opens pages.
fn platform_lines(env: &Environment) -> Vec<Vec<String>> {
    let of_windows = || OF_WINDOWS.into_iter().filter(|words| is_on_path(env, words[0]));
    let lines: Vec<&[&str]> = if cfg!(windows) {
        vec![&RUNDLL]
    } else if cfg!(target_os = "macos") {
        vec![&["open"]]
    } else if is_wsl(env) {
        let own: &[&str] = &["xdg-open"];
        of_windows().chain(env.has_display().then_some(own)).collect()
    } else {
        vec![&["xdg-open"]]
    };
    lines.into_iter().map(|words| words.iter().map(|word| (*word).to_owned()).collect()).collect()
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
        let is_named = !lines.is_empty();
        Browser { lines: if is_named { lines } else { platform_lines(env) }, is_named }
    }

    /// Whether the user names it.
    pub fn is_named(&self) -> bool {
        self.is_named
    }

    /// Firefox, if no browser is named: only Firefox has containers. In WSL that of Windows, if it is where it is by default.
    #[must_use]
    pub fn or_firefox(self, env: &Environment) -> Browser {
        let firefox: &[&str] = if cfg!(target_os = "macos") {
            &["open", "-a", "Firefox"]
        } else if is_wsl(env) && is_on_path(env, FIREFOX_OF_WINDOWS) {
            &[FIREFOX_OF_WINDOWS]
        } else {
            &["firefox"]
        };
        match self.is_named {
            true => self,
            false => Browser { lines: vec![firefox.iter().map(|word| (*word).to_owned()).collect()], ..self },
        }
    }

    /// The same browser with one of its profiles: Firefox's `-P`, Chromium's `--profile-directory`.
    ///
    /// # Errors
    /// A browser whose option is not known, or a name that would be a path.
    pub fn with_profile(self, profile: &str, env: &Environment) -> Result<Browser, String> {
        if profile.is_empty() || profile.contains(['/', '\\']) {
            return Err(format!("`{profile}` is not the name of a browser's profile"));
        }
        let mut browser = self.or_firefox(env);
        for words in &mut browser.lines {
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
        Ok(browser)
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

    #[cfg(target_os = "linux")]
    #[test]
    fn in_wsl_pages_open_in_windows_with_what_is_there() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().display().to_string();
        let env = |display| Environment::from_pairs([("WSL_DISTRO_NAME", "x"), ("PATH", path.as_str()), display]);
        let (dark, lit) = (env(("X", "")), env(("DISPLAY", ":0")));
        let lines = |env| Browser::new(None, env).lines.iter().map(|words| words.join(" ")).collect::<Vec<_>>();
        assert!(invisible(&dark).is_some_and(|why| why.contains("`wslview`")), "{:?}", invisible(&dark));
        assert_eq!((invisible(&lit), lines(&lit)), (None, vec!["xdg-open".to_owned()]));
        crate::sys::files::replace(&folder.path().join("rundll32.exe"), b"").expect("written");
        assert_eq!(
            (invisible(&dark), lines(&dark)),
            (None, vec!["rundll32.exe url.dll,FileProtocolHandler".to_owned()])
        );
        crate::sys::files::replace(&folder.path().join("wslview"), b"").expect("written");
        assert_eq!(lines(&lit), ["wslview", "rundll32.exe url.dll,FileProtocolHandler", "xdg-open"]);
        assert_eq!(obstacle(&lit), Some("this is WSL"), "a sign-in does not rely on its way back");
    }

    #[test]
    fn a_browser_that_an_option_chooses_is_not_one_that_the_user_names() {
        let env = Environment::default();
        assert!(!Browser::new(None, &env).or_firefox(&env).is_named());
        assert!(!Browser::new(None, &env).with_profile("Work", &env).expect("Firefox's").is_named());
        assert!(Browser::new(Some("firefox"), &env).with_profile("Work", &env).expect("Firefox's").is_named());
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
        let env = Environment::default();
        let with = |own: &str, profile: &str| Browser::new(Some(own), &env).with_profile(profile, &env);
        let words = |own| with(own, "Work 2").expect("known").lines[0].join("|");
        assert_eq!(words("/usr/bin/firefox --new-window"), "/usr/bin/firefox|--new-window|-P|Work 2");
        assert_eq!(words("google-chrome %s"), "google-chrome|%s|--profile-directory=Work 2");
        assert!(with("lynx", "x").expect_err("unknown").contains("`lynx`"));
        assert!(with("chromium", "../x").is_err());
        let container = in_container("prod & co", "http://127.0.0.1:1/ab?c=d e");
        assert_eq!(container, "ext+container:name=prod%20%26%20co&url=http%3A%2F%2F127.0.0.1%3A1%2Fab%3Fc%3Dd%20e");
    }
}
