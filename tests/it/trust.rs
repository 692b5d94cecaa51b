//! What SECURITY.md says of the repository itself: where `unsafe` stands, that no fixture is a real secret, that each
//! promise has a test; and of the process, that its memory is its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Files that may switch the lint against `unsafe` off, and why nothing else would do.
const UNSAFE: [(&str, &str); 1] =
    [("src/sys/name_lookup.rs", "glibc has no other way to say how names are looked up, and no crate has this one")];

/// Ids of sessions long over, published to show how an account is read from one: the first in
/// https://awsteele.com/blog/2020/09/26/aws-access-key-format.html, the second in many tests since.
const PUBLISHED_IDS: [&str; 2] = ["ASIAY34FZKBOKMUTVV7A", "ASIAQNZGKIQY56JQ7WML"];

/// Files with private keys that protect nothing.
const PRIVATE_KEYS: [(&str, &str); 5] = [
    ("src/aws/connector.rs", "a block without a key in it"),
    ("src/aws_login/dpop.rs", "of a test of signatures, made for it"),
    ("src/roles_anywhere/key.rs", "the name of a block, in an error"),
    ("tests/data/tls/server-key.pem", "of loopback servers, for names that are nobody's"),
    ("tests/support/aws/sign_in.rs", "the marks around a key that is made by the loopback AWS"),
];

/// The text files of the checkout, by their paths in it.
fn texts() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut found, mut folders) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder)).expect("a folder of the checkout").flatten() {
            let path = folder.join(entry.file_name());
            if entry.file_type().expect("it was listed").is_dir() {
                // What is built, and what git keeps.
                folders.extend((!path.ends_with("target") && !path.ends_with(".git")).then_some(path));
            } else if let Ok(text) = fs::read_to_string(root.join(&path)) {
                found.push((path.to_str().expect("our names are UTF-8").to_owned(), text));
            }
        }
    }
    assert!(found.len() > 200, "only {} files", found.len());
    found
}

/// Each run of characters of one kind, with its file.
fn runs(kind: impl Fn(char) -> bool + Copy) -> impl Iterator<Item = (String, String)> {
    texts().into_iter().flat_map(move |(path, text)| {
        let runs = text.split(|character| !kind(character)).filter(|run| !run.is_empty()).map(str::to_owned);
        runs.map(|run| (path.clone(), run)).collect::<Vec<_>>()
    })
}

fn is_visibly_fake(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("fake") || text.contains("example")
}

/// Whether it could be an id that AWS gave out: 16 characters after the prefix, in base32, which has no 0, 1, 8 and 9 (as
/// the page above says).
fn could_be_a_key_id(run: &str) -> bool {
    let rest = run.strip_prefix("AKIA").or_else(|| run.strip_prefix("ASIA")).unwrap_or_default();
    rest.len() == 16
        && rest.chars().all(|character| matches!(character, 'A'..='Z' | '2'..='7'))
        && !is_visibly_fake(run)
        && !PUBLISHED_IDS.contains(&run)
}

/// Whether it could be a secret access key: 40 characters of base64. A path or a digest has not all three kinds.
fn could_be_a_secret(run: &str) -> bool {
    let has = |kind: fn(&char) -> bool| run.chars().any(|character| kind(&character));
    run.len() == 40
        && has(char::is_ascii_uppercase)
        && has(char::is_ascii_lowercase)
        && has(char::is_ascii_digit)
        && !is_visibly_fake(run)
}

#[test]
fn no_fixture_could_be_a_real_key() {
    // The hunt finds what it is for. In two pieces, or this file were one.
    assert!(could_be_a_key_id(&["AKIA", "QWERTYUIOP234567"].concat()));
    assert!(could_be_a_secret(&["wJalrXUtnFEMI/K7MDENG/", "bPxRfiCYZZZZZZZZZZ"].concat()));
    assert!(!could_be_a_key_id("AKIAIOSFODNN7EXAMPLE") && !could_be_a_key_id("AKIAFILE000000000000"));
    let ids = runs(|character| character.is_ascii_alphanumeric()).filter(|(_, run)| could_be_a_key_id(run));
    assert_eq!(ids.collect::<Vec<_>>(), []);
    let secrets = runs(|character| character.is_ascii_alphanumeric() || "/+".contains(character));
    assert_eq!(secrets.filter(|(_, run)| could_be_a_secret(run)).collect::<Vec<_>>(), []);
    let marks = ["BEGIN PRIVATE KEY", "BEGIN RSA PRIVATE KEY", "BEGIN EC PRIVATE KEY", "BEGIN OPENSSH PRIVATE KEY"];
    let holds_key = |text: &str| marks.iter().any(|mark| text.contains(&format!("-----{mark}")));
    let mut keys: Vec<String> = texts().into_iter().filter(|(_, text)| holds_key(text)).map(|(path, _)| path).collect();
    keys.sort();
    assert_eq!(keys, PRIVATE_KEYS.map(|(path, _)| path));
}

#[test]
fn unsafe_code_stands_in_the_named_places_alone() {
    let lint = ["unsafe", "_code"].concat();
    let names_it = |text: &str| text.split(&lint).skip(1).any(|rest| !rest.starts_with('_'));
    let sources = texts().into_iter().filter(|(path, text)| path.ends_with(".rs") && names_it(text));
    let mut found: Vec<String> = sources.map(|(path, _)| path).collect();
    found.sort();
    assert_eq!(found, UNSAFE.map(|(path, _)| path), "each file that allows `unsafe` needs its reason here");
    let manifest = include_str!("../../Cargo.toml");
    assert!(manifest.contains(&format!("{lint} = \"deny\"")), "without the lint the list is worth nothing");
}

#[test]
fn every_pre_release_among_the_dependencies_is_named_with_its_reason() {
    let lock = include_str!("../../Cargo.lock").split("[[package]]").skip(1);
    let value = |package: &str, name: &str| {
        let line = package.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
        line.map(|text| text.trim_matches('"').to_owned()).expect("each package has one")
    };
    let found = lock.map(|package| (value(package, "name"), value(package, "version")));
    let is_pre_release = |(_, version): &(String, String)| version.split('+').next().is_some_and(|v| v.contains('-'));
    let found: Vec<String> = found.filter(is_pre_release).map(|(name, version)| format!("{name}@{version}")).collect();
    let named = include_str!("../../deny.toml").lines().filter_map(|line| line.strip_prefix("# pre-release "));
    let named: Vec<&str> = named.filter_map(|line| Some(line.split_once(": ")?.0)).collect();
    assert_eq!(found, named);
}

/// The names in backticks after `Shown by`, for each promise of SECURITY.md.
fn promises() -> Vec<(String, Vec<String>)> {
    let text = include_str!("../../SECURITY.md");
    let promised = text.split("\n## ").find(|section| section.starts_with("What is promised")).expect("the section");
    let items = promised.split("\n- ").skip(1);
    items
        .map(|item| {
            let item = item.split("\n\n").next().expect("a split has one piece");
            let (promise, shown) = item.split_once("Shown by").unwrap_or((item, ""));
            let names = shown.split('`').skip(1).step_by(2).map(str::to_owned).collect();
            (promise.trim().to_owned(), names)
        })
        .collect()
}

/// What is wrong with a test as the proof of a promise; `attributes` and `rest` stand before and after its name.
fn objection(attributes: &str, rest: &str) -> Option<&'static str> {
    // Where the suite runs.
    let here = ["#[cfg(unix)]", "#[cfg(target_os = \"linux\")]"];
    let is_elsewhere = |line: &str| line.starts_with("#[cfg") && !here.contains(&line);
    let code = |line: &&str| !line.is_empty() && !line.starts_with("//") && *line != "}" && *line != "{}";
    let is_empty = !rest.lines().skip(1).map(str::trim).any(|line| code(&line));
    if attributes.contains("ignore") {
        Some("is ignored")
    } else if attributes.lines().any(|line| is_elsewhere(line.trim())) {
        Some("is left out of the build")
    } else if is_empty {
        Some("is empty")
    } else {
        None
    }
}

/// The tests of a source file, by their names, each with what is wrong with it.
fn tests_in(text: &str) -> Vec<(String, Option<&'static str>)> {
    let pieces: Vec<&str> = text.split("#[test]").collect();
    let tests = pieces.windows(2).filter_map(|pair| {
        // Attributes stand before `#[test]` and after it.
        let before: Vec<&str> =
            pair[0].lines().rev().take_while(|line| !line.trim().is_empty() && line.trim() != "}").collect();
        let (after, rest) = pair[1].split_once("fn ")?;
        let (name, rest) = rest.split_once('(')?;
        let body = rest.split("\n}\n").next().unwrap_or(rest);
        Some((name.to_owned(), objection(&format!("{}\n{after}", before.join("\n")), body)))
    });
    tests.collect()
}

/// Tests by their names, each with what is wrong with it.
pub type TestsByName = BTreeMap<String, Option<&'static str>>;

/// Every test of the checkout. Where two have a name, neither may be objected to.
pub fn all_tests() -> TestsByName {
    let mut tests = TestsByName::new();
    let sources = texts().into_iter().filter(|(path, _)| path.ends_with(".rs"));
    for (name, objection) in sources.flat_map(|(_, text)| tests_in(&text)) {
        let known = tests.entry(name).or_default();
        *known = known.or(objection);
    }
    tests
}

#[test]
fn each_promise_names_a_test_that_runs() {
    let tests = all_tests();
    let promises = promises();
    assert!(promises.len() >= 10, "only {} promises", promises.len());
    for (promise, names) in promises {
        assert!(!names.is_empty(), "nothing shows: {promise}");
        for name in names {
            match tests.get(&name) {
                None => panic!("there is no test `{name}` to show: {promise}"),
                Some(Some(objection)) => panic!("`{name}` {objection}, and so does not show: {promise}"),
                Some(None) => {}
            }
        }
    }
}

/// What every machine has that runs the suite: POSIX's own programs, and Python, in which `.ci/run` and packages are made.
/// `gpgconf` comes with `gpg`.
const EVERYWHERE: [&str; 8] = ["chmod", "chown", "gpgconf", "kill", "mkdir", "mkfifo", "python3", "rm"];

/// Programs that a source text starts by their bare names, and looks for nowhere.
fn started_unasked(text: &str) -> Vec<&str> {
    let uses = ["program(\"", "Command::new(\""].iter().flat_map(|start| text.split(start).skip(1));
    let names: Vec<&str> = uses.filter_map(|rest| rest.split('"').next()).filter(|name| !name.contains('/')).collect();
    let is_asked_for = |name: &str| {
        let started = names.iter().filter(|other| **other == name).count();
        text.matches(&format!("\"{name}\"")).count() > started
    };
    names.iter().copied().filter(|name| !EVERYWHERE.contains(name) && !is_asked_for(name)).collect()
}

/// Places that take a program for granted that `tools` may not find.
fn taken_for_granted(text: &str) -> Vec<&str> {
    let finders = ["tools::require", "tools::find("].iter().flat_map(|finder| text.split(finder).skip(1));
    finders.filter_map(|rest| rest.lines().next()).filter(|line| line.contains(").expect(")).collect()
}

#[test]
fn a_missing_program_is_a_skip_that_is_said_and_no_panic() {
    let sources = texts().into_iter().filter(|(path, _)| path.starts_with("tests/") && path.ends_with(".rs"));
    let (support, tests): (Vec<_>, Vec<_>) = sources.partition(|(path, _)| path.starts_with("tests/support/"));
    // What the helpers start has been looked for by whoever has one of them.
    let helped = |name: &&str| support.iter().any(|(_, text)| text.contains(&format!("\"{name}\"")));
    let places = tests.iter().filter(|(path, _)| path != "tests/it/trust.rs").flat_map(|(path, text)| {
        let unasked = started_unasked(text).into_iter().filter(|name| !helped(name));
        unasked.chain(taken_for_granted(text)).map(move |what| format!("{path}: {what}"))
    });
    assert_eq!(places.collect::<Vec<_>>(), Vec::<String>::new());
    assert_eq!(started_unasked("program(\"jq\", &[]); Command::new(\"rm\"); program(\"/bin/sh\")"), ["jq"]);
    assert!(started_unasked("let Some(_) = tools::require(\"jq\"); program(\"jq\")").is_empty());
    assert_eq!(taken_for_granted("tools::require(\"jq\").expect(\"x\")\ntools::require(\"jq\")?").len(), 1);
}

#[test]
fn a_test_that_does_not_run_or_is_empty_is_told_from_one_that_does() {
    let said =
        |text: &str| tests_in(&text.replace('@', "#")).into_iter().map(|(_, objection)| objection).collect::<Vec<_>>();
    assert_eq!(said("@[test]\nfn a() {\n    assert!(true);\n}\n"), [None]);
    assert_eq!(said("@[test]\n@[cfg(unix)]\nfn a() {\n    run().ok();\n}\n"), [None]);
    assert_eq!(said("@[test]\n@[ignore = \"slow\"]\nfn a() {\n    assert!(true);\n}\n"), [Some("is ignored")]);
    assert_eq!(said("@[cfg(windows)]\n@[test]\nfn a() {\n    assert!(true);\n}\n"), [Some("is left out of the build")]);
    assert_eq!(said("@[test]\nfn a() {\n    // assert!(true);\n}\n"), [Some("is empty")]);
    assert_eq!(said("@[test]\nfn a() {}\n\n@[test]\nfn b() {\n    assert!(true);\n}\n"), [Some("is empty"), None]);
}

/// The publisher fills the address in; a second copy of it would be forgotten.
#[test]
fn there_is_one_contact_for_vulnerabilities_and_one_copy_of_it() {
    let contacts: Vec<&str> =
        include_str!("../../SECURITY.md").lines().filter_map(|line| line.strip_prefix("Contact: ")).collect();
    let [contact] = contacts[..] else { panic!("SECURITY.md has {contacts:?}") };
    assert!(contact.contains('@') || contact.contains("https://"), "{contact} is neither a mail address nor a page");
    let copies = texts().into_iter().flat_map(|(path, text)| vec![path; text.matches(contact).count()]);
    assert_eq!(copies.collect::<Vec<_>>(), ["SECURITY.md"]);
}

#[cfg(target_os = "linux")]
mod memory {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;
    use std::process::{Child, Command, Stdio};
    use std::time::Duration;

    use super::*;
    use crate::support::tools;

    /// A user who is not root: root reads everything.
    const USER: u32 = 54321;

    /// The command of a program that runs as that user, or as whoever runs the tests if that is not root.
    fn as_user(program: &Path) -> Option<Command> {
        if !rustix::process::geteuid().is_root() {
            return Some(Command::new(program));
        }
        let mut command = Command::new(tools::require("setpriv")?);
        command.args([format!("--reuid={USER}"), format!("--regid={USER}"), "--clear-groups".to_owned()]).arg(program);
        Some(command)
    }

    /// Whether another process of the user can read what `child` was started with, which takes what its memory takes.
    fn is_readable(child: &Child) -> bool {
        let mut cat = as_user(Path::new("/bin/cat")).expect("found before");
        let file = format!("/proc/{}/environ", child.id());
        cat.arg(file).stdout(Stdio::null()).stderr(Stdio::null()).status().expect("cat runs").success()
    }

    /// What packages rely on: from its first instruction on, and not only once keyfob has asked for it.
    #[test]
    fn a_program_that_may_be_run_and_not_read_has_private_memory_from_its_first_instruction() {
        if !rustix::process::geteuid().is_root() {
            return tools::skipped("only root can install a program for others");
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("an own folder");
        // One that does nothing for it.
        let program = folder.path().join("sleep");
        fs::copy("/bin/sleep", &program).expect("copied");
        for (mode, expected) in [(0o755, true), (0o711, false)] {
            fs::set_permissions(&program, fs::Permissions::from_mode(mode)).expect("an own file");
            // By way of a shell: `setpriv` itself has root's powers until it becomes another program.
            let Some(mut sleep) = as_user(Path::new("/bin/sh")) else { return };
            sleep.args(["-c", "exec \"$0\" 60"]).arg(&program);
            let mut sleep = sleep.spawn().expect("it starts");
            // Until the shell has become it.
            let name = format!("/proc/{}/comm", sleep.id());
            while fs::read_to_string(&name).is_ok_and(|name| name.trim() != "sleep") {
                std::thread::sleep(Duration::from_millis(5));
            }
            let seen = is_readable(&sleep);
            sleep.kill().expect("an own child");
            sleep.wait().expect("an own child");
            assert_eq!(seen, expected, "{mode:o}");
        }
        let pkgbuild = include_str!("../../packaging/templates/aur/PKGBUILD");
        let manifest = include_str!("../../Cargo.toml");
        assert!(
            pkgbuild.contains("install -Dm711 keyfob ")
                && manifest.contains(r#"["target/release/keyfob", "usr/bin/", "711"]"#)
        );
        assert!(manifest.contains(r#"dest = "/usr/bin/keyfob", mode = "711" }"#));
    }

    #[test]
    fn a_program_that_can_be_read_is_mentioned_with_v_alone_and_is_no_finding() {
        if !rustix::process::geteuid().is_root() {
            return tools::skipped("only root can install a program for others");
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("an own folder");
        let program = folder.path().join("keyfob");
        fs::copy(crate::KEYFOB, &program).expect("copied");
        let said = |mode: u32, arguments: &[&str]| {
            fs::set_permissions(&program, fs::Permissions::from_mode(mode)).expect("an own file");
            let mut doctor = as_user(&program)?;
            doctor.args(arguments).env_clear().env("PATH", folder.path()).env("HOME", "/nonexistent");
            let ran = doctor.stdin(Stdio::null()).output().expect("it starts");
            let stderr = String::from_utf8_lossy(&ran.stderr).into_owned();
            assert_eq!(ran.status.code(), Some(0), "{stderr}");
            Some(stderr.contains("keyfob's own packages install it with mode 0711"))
        };
        let Some(quietly) = said(0o755, &["doctor"]) else { return };
        let verbosely = said(0o755, &["-v", "doctor"]);
        assert_eq!((quietly, verbosely, said(0o711, &["-v", "doctor"])), (false, Some(true), Some(false)));
    }

    #[test]
    fn another_program_of_the_user_cannot_read_the_memory_of_keyfob() {
        let home = tempfile::tempdir().expect("a temporary folder");
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o777)).expect("an own folder");
        // The user may not get at the folder it was built in.
        let keyfob = home.path().join("keyfob");
        fs::copy(crate::KEYFOB, &keyfob).expect("copied");
        let (Some(mut sleep), Some(mut keyfob)) = (as_user(Path::new("/bin/sleep")), as_user(&keyfob)) else { return };

        let mut other = sleep.arg("60").spawn().expect("it starts");
        let waiting = home.path().join("waiting");
        // A vault whose passphrase takes long: the access key is in memory by then.
        keyfob.args(["add", "work", "--stdin", "--yes", "--no-verify", "--no-link", "--backend", "vault"]);
        keyfob.env_clear().env("HOME", home.path()).env("PATH", "/usr/bin:/bin");
        keyfob.env("KEYFOB_PASSPHRASE_COMMAND", format!("sh -c ': >{}; sleep 60'", waiting.display()));
        let mut keyfob = keyfob.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let key = "AKIAFAKEFAKEFAKEFAKE\nFAKEfakeFAKEfakeFAKEfakeFAKEfakeFAKEfake\n";
        keyfob.stdin.take().expect("a pipe").write_all(key.as_bytes()).expect("it reads");
        for _ in 0..1000 {
            if waiting.exists() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let (asked, seen, control) = (waiting.exists(), is_readable(&keyfob), is_readable(&other));
        for child in [&mut keyfob, &mut other] {
            child.kill().expect("an own child");
            child.wait().expect("an own child");
        }
        assert!(asked, "it never asks for the passphrase");
        assert!(control, "an ordinary program's can be read");
        assert!(!seen, "keyfob's cannot");
    }
}
