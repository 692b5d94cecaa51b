//! What the program prints and what is committed of it: completions and manual pages.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::KEYFOB;
use crate::support::aws::LoopbackAws;
use crate::support::sandbox::Sandbox;
use crate::support::tools;

fn machine() -> Sandbox {
    Sandbox::new(KEYFOB, &Arc::new(LoopbackAws::start()))
}

fn committed(folder: &str) -> BTreeMap<String, String> {
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
}

fn files(folder: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("read").path());
    let name = |path: &Path| path.file_name().expect("a file").to_string_lossy().into_owned();
    entries.map(|path| (name(&path), std::fs::read_to_string(&path).expect("UTF-8"))).collect()
}

#[test]
fn the_committed_completions_are_those_of_the_program() {
    let sandbox = machine();
    let names = [
        ("bash", "keyfob.bash"),
        ("zsh", "_keyfob"),
        ("fish", "keyfob.fish"),
        ("powershell", "_keyfob.ps1"),
        ("elvish", "keyfob.elv"),
        ("nu", "keyfob.nu"),
    ];
    let mut committed = committed("completions");
    for (shell, file) in names {
        let printed = sandbox.keyfob(&["completions", shell]).run();
        let is_same = committed.remove(file).is_some_and(|text| text == printed.ok());
        assert!(is_same, "completions/{file} has drifted: cargo run -- completions {shell} > completions/{file}");
    }
    assert!(committed.is_empty(), "nothing prints {:?}", committed.keys());
    assert!(sandbox.keyfob(&["completions", "tcsh"]).run().ends_with(2).contains("powershell"));
}

#[test]
fn the_committed_manual_pages_are_those_of_the_program() {
    let sandbox = machine();
    sandbox.keyfob(&["man", "pages"]).run().ok();
    let (written, committed) = (files(&sandbox.path("pages")), committed("packaging/man"));
    let drifted: Vec<&String> = written.keys().chain(committed.keys()).collect();
    let drifted: Vec<_> = drifted.into_iter().filter(|name| written.get(*name) != committed.get(*name)).collect();
    assert!(
        drifted.is_empty(),
        "packaging/man has drifted in {drifted:?}: rm packaging/man/*.1 && cargo run -- man packaging/man"
    );
}

#[test]
fn manual_pages_have_nothing_to_complain_of() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/man");
    let pages: Vec<String> = committed("packaging/man").into_keys().collect();
    let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
    let sandbox = machine();
    let checks: [(&str, &[&str]); 3] =
        [("groff", &["-man", "-ww", "-z"]), ("mandoc", &["-T", "lint"]), ("man", &["--warnings", "-l"])];
    for (program, arguments) in checks {
        let Some(path) = tools::require(program) else { continue };
        let ran = sandbox.program(path, &[arguments, &pages].concat()).within(&folder).env("MANPAGER", "cat").run();
        // clap_mangen writes each paragraph on one line of the source; no reader of the page sees that.
        let is_style = |line: &&str| line.contains(": STYLE: input text line longer than 80 bytes: ");
        let (style, findings): (Vec<&str>, Vec<&str>) = ran.stdout.lines().partition(is_style);
        let findings = if program == "mandoc" { findings } else { Vec::new() };
        assert_eq!((findings, &*ran.stderr), (vec![], ""), "{program}");
        assert!(ran.code == Some(0) || program == "mandoc" && ran.code == Some(1) && !style.is_empty(), "{program}");
    }
}

#[test]
fn both_are_made_without_a_home_folder() {
    let sandbox = machine();
    let without = |arguments: &[&str]| {
        let names = ["HOME", "KEYFOB_CONFIG", "KEYFOB_DATA_DIR", "KEYFOB_CACHE_DIR"];
        names.into_iter().fold(sandbox.keyfob(arguments), |command, name| command.without_env(name)).run()
    };
    without(&["completions", "fish"]).ok();
    without(&["man", "pages"]).ok();
    assert!(without(&["man", "pages/keyfob.1"]).ends_with(1).contains("pages/keyfob.1"));
}
