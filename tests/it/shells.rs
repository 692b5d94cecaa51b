//! The lines of `env`, loaded by the real shells with the very line that the help names.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use keyfob::format::VariableChange;
use keyfob::format::shell::Shell;
use keyfob::hint::{Hint, Word};
use keyfob::secret::Secret;
use keyfob::sys::env::Environment;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::scene::{Scene, key_id};
use crate::support::tools;

/// Values that one shell or another would make something of.
const HARD: &[&str] = &[
    "plain", " leading and trailing ", "a  b   c", "it's", "'", "''", "'''", "\"quoted\"", "\\", "\\\\", "ends in \\",
    "\\'", "\\n is no line end", "$HOME ${HOME} $(id) `id` $'x'", "!", "!!", "\\!", "hey!you !$ !-1", "!\n!",
    "${HOME}", "%PATH% 50% %%", "^&|<>();", "*?[a-z]{x,y} ~ ~/x", "# no comment", "=x", "-n", "--help", "@(x) @x",
    "line\nend", "\n", "\n\n", "ends in a line end\n", "tab\tcr\rend", "crlf\r\nend", "\u{1}\u{1b}[31m\u{7f}", "'\n\\",
    "ü é ñ", "‘single’ “double” ‚low‛", "日本語 🔑",
    // Private codes that fish uses itself.
    "\u{f600}\u{f7ff}\u{fdd0}\u{fdef}", "{\"json\": [null, 1]}", "; rm -rf /", "NAME=value", "<(cat)",
];

/// The shells that can be had here, and how each is told to run a script.
const REAL: &[(&str, Shell, &[&str])] = &[
    ("bash", Shell::Bash, &["--norc", "--noprofile"]),
    ("zsh", Shell::Zsh, &["-f"]),
    ("dash", Shell::Sh, &[]),
    ("fish", Shell::Fish, &["--no-config"]),
    ("tcsh", Shell::Tcsh, &["-f"]),
    ("elvish", Shell::Elvish, &["-norc"]),
    ("nu", Shell::Nushell, &["--no-config-file"]),
];

#[test]
fn bash_keeps_every_value() {
    every_value_survives("bash");
}

#[test]
fn zsh_keeps_every_value() {
    every_value_survives("zsh");
}

#[test]
fn dash_keeps_every_value() {
    every_value_survives("dash");
}

#[test]
fn fish_keeps_every_value() {
    every_value_survives("fish");
}

#[test]
fn tcsh_keeps_every_value() {
    every_value_survives("tcsh");
}

#[test]
fn elvish_keeps_every_value() {
    every_value_survives("elvish");
}

#[test]
fn nushell_keeps_every_value() {
    every_value_survives("nu");
}

#[test]
fn powershell_lines_parse_to_every_value() {
    let Some(python) = python("tree_sitter_powershell") else { return };
    let parse = |changes: &[VariableChange]| -> BTreeMap<String, Option<String>> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/powershell.py");
        let lines = Shell::PowerShell.render(changes).expect("PowerShell can carry that");
        let out = piped(Command::new(&python).arg(script), lines.expose());
        serde_json::from_str(&out).expect("JSON")
    };
    for_batches(|values| {
        let values: Vec<_> = values.into_iter().filter(|value| !value.is_empty()).collect();
        let mut changes = set(&values);
        changes.push(VariableChange::Unset { name: "AWS_PROFILE".into() });
        let got = parse(&changes);
        assert_eq!(got["AWS_PROFILE"], None);
        for (name, value) in named(&values) {
            assert_eq!(got[&name].as_deref(), Some(value), "{name}");
        }
    });
}

#[test]
fn dotenv_files_mean_the_same_to_python_dotenv_and_to_a_shell() {
    let python = python("dotenv");
    let script = "import sys, json, dotenv; json.dump(dotenv.dotenv_values(stream=sys.stdin), sys.stdout)";
    for_batches(|values| {
        // What parsers disagree on is refused, which the unit tests show.
        let fits = |value: &&str| Shell::Dotenv.render(&set(&[value])).is_ok();
        let values: Vec<_> = values.into_iter().filter(fits).collect();
        let lines = Shell::Dotenv.render(&set(&values)).expect("each fits");
        let folder = Folder::new(lines.expose());
        let got = folder.run(Path::new("/bin/sh"), &[], "set -a; . \"$LINES_FILE\"");
        if let Some(python) = &python {
            let out = piped(Command::new(python).args(["-c", script]), lines.expose());
            let read: BTreeMap<String, String> = serde_json::from_str(&out).expect("JSON");
            assert!(named(&values).all(|(name, value)| read[&name] == value), "{read:?}");
        }
        for (name, value) in named(&values) {
            assert_eq!(got[&name], value);
        }
    });
}

#[test]
fn json_is_one_object_with_every_value() {
    for_batches(|values| {
        let text = Shell::Json.render(&set(&values)).expect("JSON carries everything");
        let got: BTreeMap<String, String> = serde_json::from_str(text.expose()).expect("JSON");
        assert!(named(&values).all(|(name, value)| got[&name] == value), "{got:?}");
    });
}

#[test]
fn lines_survive_an_eval_that_forgets_the_quotes() {
    let lines = Shell::Bash.render(&set(&["one", "two"])).expect("bash carries everything");
    let Some(bash) = tools::require("bash") else { return };
    let got = Folder::new(lines.expose()).run(&bash, &["--norc"], "eval $(keyfob env PROFILE)");
    assert_eq!((got["V0"].as_str(), got["V1"].as_str()), ("one", "two"));
}

#[test]
fn the_manuals_lines_load_the_credentials_in_each_real_shell() {
    let scene = Scene::new();
    scene.warm();
    let expected = key_id(&scene.credential_process("audit").json());
    let table = include_str!("../../docs/tools.md").split("| shell | line |").nth(1).expect("a table of shells");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let mut tried = 0;
    for row in rows {
        let (names, line) = row.trim_matches('|').split_once('|').expect("two cells");
        let fence = if line.trim().starts_with("``") { "``" } else { "`" };
        let line = line.trim().trim_start_matches(fence).trim_end_matches(fence).replace(r"\|", "|");
        for name in names.trim().split(", ") {
            let name = match name {
                "sh" => "dash",
                "nushell" => "nu",
                other => other,
            };
            let Some((_, _, arguments)) = REAL.iter().find(|(program, ..)| *program == name) else { continue };
            let Some(shell) = tools::require(name) else { continue };
            let line = line.replace("PROFILE", "audit");
            let script = format!("{line}\nsh -c 'echo $AWS_ACCESS_KEY_ID $KEYFOB_PROFILE'\n");
            let script = scene.sandbox.write("script", &script);
            let arguments = [arguments, &[script.to_str().expect("UTF-8")][..]].concat();
            let ran = scene.sandbox.program(&shell, &arguments).run();
            assert_eq!(ran.ok(), format!("{expected} audit\n"), "{name}: {line}\n{}", ran.stderr);
            tried += 1;
        }
    }
    assert!(tried > 0, "not even bash");
}

#[test]
fn fish_says_so_where_a_universal_variable_still_wins_and_leaves_it() {
    let Some(fish) = tools::require("fish") else { return };
    let lines =
        Shell::Fish.render(&[VariableChange::Unset { name: "AWS_PROFILE".into() }]).expect("fish carries everything");
    let folder = Folder::new(lines.expose());
    let load = format!("set -U -x AWS_PROFILE universal\n{}", Shell::Fish.how_to_load());
    let (got, said) = folder.run_and_hear(&fish, &[], &load);
    assert_eq!(got["AWS_PROFILE"], "universal");
    assert!(
        said.contains("the universal variable AWS_PROFILE still wins; `set -e -U AWS_PROFILE` erases it"),
        "{said}"
    );
}

/// Loads sets and unsets into the shell and looks at what a program that it starts then sees.
fn every_value_survives(program: &str) {
    let (_, shell, arguments) = REAL.iter().find(|(name, ..)| *name == program).expect("a shell of the table");
    let Some(path) = tools::require(program) else { return };
    for_batches(|values| {
        let mut changes = set(&values);
        changes.extend(["AWS_PROFILE", "NOT_SET"].map(|name| VariableChange::Unset { name: name.into() }));
        let lines = shell.render(&changes).expect("this shell carries every value");
        let (got, said) = Folder::new(lines.expose()).run_and_hear(&path, arguments, shell.how_to_load());
        assert_eq!(said, "", "{program} complains");
        for (name, value) in named(&values) {
            assert_eq!(got.get(&name).map(String::as_str), Some(value), "{program} changed {name}");
        }
        assert!(!got.contains_key("AWS_PROFILE"), "{program} still has it");
        let words = ["arguments", "--"].map(|word| Word::Plain(word.into())).into_iter();
        let words = words.chain(values.iter().map(|value| Word::Value((*value).to_owned()))).collect();
        let command = Hint::Run { words, why: None }.command(*shell).expect("a command");
        let folder = Folder::new("");
        let (_, said) = folder.run_and_hear(&path, arguments, &command);
        assert_eq!(said, "", "{program} complains");
        let got = std::fs::read_to_string(folder.path("words")).expect("told");
        assert_eq!(got.split_terminator('\0').skip(1).collect::<Vec<_>>(), values, "{program}: {command}");
    });
}

/// The hard values, then random ones, many to a shell process.
fn for_batches(check: impl Fn(Vec<&str>)) {
    check(HARD.to_vec());
    let special = prop::sample::select(" '\"\\`$!%^&|<>()[]{}*?~#;=-@,:\t\n\rabü’".chars().collect::<Vec<_>>());
    let any = any::<char>().prop_filter("no variable holds a NUL", |c| *c != '\0');
    let value = prop::collection::vec(prop_oneof![4 => special, 1 => any], 1..12);
    let values = prop::collection::vec(value.prop_map(String::from_iter), 40);
    let mut runner = TestRunner::new(Config { cases: 6, failure_persistence: None, ..Config::default() });
    let run = runner.run(&values, |values| {
        check(values.iter().map(String::as_str).collect());
        Ok(())
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
}

fn named<'a>(values: &'a [&'a str]) -> impl Iterator<Item = (String, &'a str)> {
    values.iter().enumerate().map(|(number, value)| (format!("V{number}"), *value))
}

fn set(values: &[&str]) -> Vec<VariableChange> {
    named(values).map(|(name, value)| VariableChange::Set { name, value: Secret::new(value.to_owned()) }).collect()
}

/// A home with a `keyfob` on its `PATH` that prints given lines, and a program that tells its environment.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(lines: &str) -> Folder {
        let folder = Folder(tempfile::tempdir().expect("a temporary folder"));
        folder.write("lines", lines);
        folder.write("keyfob", "#!/bin/sh\nexec cat \"$LINES_FILE\"\n");
        folder.write("tell", "#!/bin/sh\nexec env -0 > \"$TOLD_FILE\"\n");
        folder.write("arguments", "#!/bin/sh\nprintf '%s\\0' \"$@\" > \"$HOME/words\"\n");
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    #[expect(clippy::disallowed_methods, reason = "tests lay out their files")]
    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("written");
        std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(0o755)).expect("made executable");
    }

    fn run(&self, shell: &Path, arguments: &[&str], load: &str) -> BTreeMap<String, String> {
        self.run_and_hear(shell, arguments, load).0
    }

    /// What a program started after `load` has in its environment, and what came out on stderr.
    fn run_and_hear(&self, shell: &Path, arguments: &[&str], load: &str) -> (BTreeMap<String, String>, String) {
        self.write("script", &format!("{load}\ntell\n"));
        let path = [self.0.path(), Path::new("/usr/bin"), Path::new("/bin")];
        let output = Command::new(shell)
            .args(arguments)
            .arg(self.path("script"))
            .env_clear()
            .env("PATH", std::env::join_paths(path).expect("no colon in it"))
            .env("HOME", self.0.path())
            .env("LC_ALL", "C.UTF-8")
            .env("AWS_PROFILE", "old")
            .env("LINES_FILE", self.path("lines"))
            .env("TOLD_FILE", self.path("told"))
            .stdin(Stdio::null())
            .output()
            .expect("the shell starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let told = std::fs::read(self.path("told")).unwrap_or_else(|_| panic!("nothing told: {said}"));
        let told = String::from_utf8(told).expect("UTF-8");
        let pairs = told.split_terminator('\0').filter_map(|pair| pair.split_once('='));
        (pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(), said)
    }
}

/// Runs a program on `input` and returns its output.
fn piped(command: &mut Command, input: &str) -> String {
    use std::io::Write;
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads all");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{command:?} failed");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The Python of the tests, where it has `module`.
fn python(module: &str) -> Option<PathBuf> {
    let named = Environment::of_process().get_os("KEYFOB_TEST_PYTHON").map(PathBuf::from);
    let python = named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/venv/bin/python"));
    let has = Command::new(&python).args(["-c", &format!("import {module}")]).stderr(Stdio::null()).status();
    if has.is_ok_and(|status| status.success()) {
        return Some(python);
    }
    tools::skipped(&format!("Python's {module} is missing"));
    None
}
