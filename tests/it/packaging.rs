//! Packages and manifests: what they hold, that all say the version of Cargo.toml, and that each parses.
//!
//! Of the release that `tests/run` has built with `CI=true`, otherwise with a stand-in for the program, in seconds.
//! `packaging/check` installs and runs the real thing.
#![allow(clippy::disallowed_methods, reason = "what packs keyfob is handed a world of files and variables")]

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::tools;

const VERSION: &str = env!("CARGO_PKG_VERSION");
const HOME: &str = "https://example.invalid/keyfob";

/// The archives of a release.
const SYSTEMS: [&str; 4] = [
    "x86_64-unknown-linux-gnu.tar.gz", "x86_64-apple-darwin.tar.gz", "aarch64-apple-darwin.tar.gz",
    "x86_64-pc-windows-msvc.zip",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs a program in the checkout.
fn run(program: impl AsRef<OsStr>, arguments: &[&OsStr], variables: &[(&str, &OsStr)]) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root()).envs(variables.iter().copied());
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn lines(output: &Output) -> BTreeSet<String> {
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// The names of the files of a folder of the checkout that `is_meant` takes.
fn names(folder: &str, is_meant: impl Fn(&str) -> bool) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let names = entries.flatten().map(|entry| entry.file_name().into_string().expect("our names are UTF-8"));
    let names: Vec<String> = names.filter(|name| is_meant(name)).collect();
    assert!(!names.is_empty(), "nothing in {folder}");
    names
}

/// A sum for each archive, as different as real ones.
fn sum(system: &str) -> String {
    system.bytes().cycle().take(32).map(|byte| format!("{byte:02x}")).collect()
}

/// The manifests, filled for a release whose archives have these sums.
fn manifests(folder: &Path) -> PathBuf {
    let sums: String = SYSTEMS.iter().map(|system| format!("{}  keyfob-{VERSION}-{system}\n", sum(system))).collect();
    let (file, out) = (folder.join("SHA256SUMS"), folder.join("manifests"));
    fs::write(&file, sums).expect("written");
    run("packaging/manifests", &[HOME.as_ref(), file.as_ref(), out.as_ref()], &[]);
    out
}

#[test]
fn every_manifest_is_filled_with_the_version_of_cargo_toml_and_the_sums() {
    let Some(_) = tools::require("python3") else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = manifests(folder.path());
    let text = |file: &str| fs::read_to_string(out.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    for (file, systems) in [
        ("homebrew/keyfob.rb", &SYSTEMS[..3]),
        ("scoop/keyfob.json", &SYSTEMS[3..]),
        ("aur/PKGBUILD", &SYSTEMS[..1]),
        ("winget/keyfob.keyfob.installer.yaml", &SYSTEMS[3..]),
        ("winget/keyfob.keyfob.yaml", &[]),
        ("winget/keyfob.keyfob.locale.en-US.yaml", &[]),
    ] {
        let filled = text(file);
        assert!(!filled.contains('@') || file == "aur/PKGBUILD", "a placeholder is left in {file}:\n{filled}");
        assert!(filled.contains(VERSION), "no version in {file}");
        for system in systems {
            assert!(filled.contains(&sum(system)), "no sum of {system} in {file}");
        }
    }
    // A release that lacks an archive, and an address that would be code, fill nothing.
    for (home, sums) in [(HOME, "nothing"), ("https://x/$(id)", "SHA256SUMS"), ("http://x", "SHA256SUMS")] {
        fs::write(folder.path().join("nothing"), "").expect("written");
        let sums = folder.path().join(sums);
        let mut command = Command::new(root().join("packaging/manifests"));
        let output = command.arg(home).arg(sums).arg(folder.path().join("none")).output().expect("it starts");
        assert_eq!(output.status.code(), Some(1), "{home}");
    }
}

#[test]
fn every_manifest_parses() {
    let Some(_) = tools::require("python3") else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = manifests(folder.path());
    let json: serde_json::Value =
        serde_json::from_slice(&fs::read(out.join("scoop/keyfob.json")).expect("filled")).expect("JSON");
    assert_eq!(json["version"], VERSION);
    if let Some(python) = tools::require("python") {
        let script = "import sys, yaml\nfor f in sys.argv[1:]: print(yaml.safe_load(open(f))['PackageVersion'])";
        let files = names_in(&out.join("winget"));
        let mut arguments: Vec<&OsStr> = vec!["-c".as_ref(), script.as_ref()];
        arguments.extend(files.iter().map(|file| file.as_os_str()));
        assert_eq!(lines(&run(python, &arguments, &[])), BTreeSet::from([VERSION.to_owned()]));
    }
    if let Some(ruby) = tools::require("ruby") {
        run(ruby, &["-c".as_ref(), out.join("homebrew/keyfob.rb").as_ref()], &[]);
    }
    if let Some(nix) = tools::require("nix-instantiate") {
        let nix_home: (&str, &OsStr) = ("HOME", folder.path().as_ref());
        let store: (&str, &OsStr) = ("NIX_REMOTE", "dummy://".as_ref());
        run(&nix, &["--parse".as_ref(), "packaging/nix/default.nix".as_ref()], &[nix_home, store]);
        // All of nixpkgs that it uses, stood in for.
        let expression = "(import ./packaging/nix/default.nix { pkgs = { installShellFiles = 1;
            rustPlatform.buildRustPackage = package: package;
            lib = { cleanSourceWith = a: a; cleanSourceFilter = a: b: true; licenses = { mit = 1; asl20 = 2; };
                    platforms = { linux = []; darwin = []; }; }; }; }).version";
        let arguments: [&OsStr; 3] = ["--eval".as_ref(), "-E".as_ref(), expression.as_ref()];
        assert_eq!(lines(&run(&nix, &arguments, &[nix_home, store])), BTreeSet::from([format!("\"{VERSION}\"")]));
    }
    if let Some(makepkg) = tools::require("makepkg") {
        let aur = out.join("aur");
        // It is not to be run by root, and asks for Arch's database of packages.
        let mut command = match rustix::process::geteuid().is_root() {
            true => {
                let Some(setpriv) = tools::require("setpriv") else { return };
                let mut command = Command::new(setpriv);
                command.args(["--reuid=54321", "--regid=54321", "--clear-groups"]).arg(makepkg);
                command
            }
            false => Command::new(makepkg),
        };
        open_to_all(folder.path());
        let command = command.arg("--printsrcinfo").current_dir(&aur).env("PACMAN", "/usr/bin/true").env("HOME", &aur);
        let output = command.output().expect("it starts");
        let info = lines(&output);
        assert!(info.contains(&format!("\tpkgver = {VERSION}")), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    for path in [folder.to_owned(), folder.join("manifests/aur")] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).expect("an own folder");
    }
}

fn names_in(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).expect("filled").flatten().map(|entry| entry.path()).collect()
}

#[test]
fn shellcheck_finds_nothing_in_our_scripts() {
    let Some(shellcheck) = tools::require("shellcheck") else { return };
    let scripts = [".ci", "tests", "benches", "packaging"]
        .into_iter()
        .flat_map(|folder| names(folder, |_| true).into_iter().map(move |name| Path::new(folder).join(name)));
    let is_bash =
        |path: &PathBuf| fs::read(root().join(path)).is_ok_and(|content| content.starts_with(b"#!/usr/bin/env bash"));
    let mut files: Vec<PathBuf> = scripts.filter(is_bash).collect();
    assert!(files.len() >= 6, "{files:?}");
    files.push("packaging/templates/aur/PKGBUILD".into());
    run(shellcheck, &files.iter().map(|file| file.as_os_str()).collect::<Vec<_>>(), &[]);
}

#[test]
fn actionlint_finds_nothing_in_our_workflows() {
    let Some(actionlint) = tools::require("actionlint") else { return };
    let workflows: Vec<PathBuf> = names_in(&root().join(".github/workflows"));
    assert!(workflows.len() >= 2, "{workflows:?}");
    run(actionlint, &workflows.iter().map(|file| file.as_os_str()).collect::<Vec<_>>(), &[]);
}

/// What the AUR's package makes of the archive, as far as makepkg has no part in it.
fn from_aur(folder: &Path, archive: &Path) -> BTreeSet<String> {
    let script = r#"tar -xzf "$2" -C "$3" --no-same-owner; . "$1/aur/PKGBUILD"; pkgdir=$3/aur; cd "$3"; package
        cd "$pkgdir"; find . -type f"#;
    let arguments: [&OsStr; 6] = [
        "-euc".as_ref(),
        script.as_ref(),
        "bash".as_ref(),
        &manifests(folder).into_os_string(),
        archive.as_ref(),
        folder.as_ref(),
    ];
    lines(&run("bash", &arguments, &[])).into_iter().map(|path| path[1..].to_owned()).collect()
}

/// What a package installs, with its own folders for zsh, licences and documents, and its own ending for man pages.
fn installed(zsh: &str, licences: &str, documents: &str, packed: &str) -> BTreeSet<String> {
    let fixed = [
        "bin/keyfob".to_owned(),
        "share/bash-completion/completions/keyfob".to_owned(),
        format!("share/zsh/{zsh}/_keyfob"),
        "share/fish/vendor_completions.d/keyfob.fish".to_owned(),
        "share/elvish/lib/keyfob.elv".to_owned(),
        "share/nushell/vendor/autoload/keyfob.nu".to_owned(),
        "share/keyfob/completions/_keyfob.ps1".to_owned(),
        format!("share/{licences}/THIRD-PARTY.md"),
    ];
    let manual = names("packaging/man", |name| name.ends_with(".1"));
    let manual = manual.into_iter().map(|name| format!("share/man/man1/{name}{packed}"));
    let licence = names("", |name| name.starts_with("LICENSE-"));
    let licence = licence.into_iter().map(|name| format!("share/{licences}/{name}"));
    let documents = documents_beside("").into_iter().map(|name| format!("share/{documents}/{name}"));
    let all = fixed.into_iter().chain(manual).chain(licence).chain(documents);
    all.map(|path| format!("/usr/{path}")).collect()
}

/// The README and what it leads to, with `before` the folder it is in.
fn documents_beside(before: &str) -> Vec<String> {
    let pages = ["README", "SECURITY", "CHANGELOG", "THIRD-PARTY"].into_iter().map(|page| format!("{page}.md"));
    let further = names("docs", |_| true).into_iter().map(|name| format!("docs/{name}"));
    pages.chain(further).map(|name| format!("{before}{name}")).collect()
}

/// Each relative link of a page in `folder` leads to a file that is held too.
fn links_lead_somewhere(held: &BTreeSet<String>, folder: &str) {
    let pages = documents_beside("").into_iter().filter(|name| name.ends_with(".md"));
    let mut seen = 0;
    for page in pages.filter(|page| held.contains(&format!("{folder}/{page}"))) {
        let text = fs::read_to_string(root().join(&page)).expect("a page");
        let beside = page.rsplit_once('/').map_or(folder.to_owned(), |(within, _)| format!("{folder}/{within}"));
        for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            if !link.is_empty() && !link.starts_with("https://") {
                assert!(
                    held.contains(&format!("{beside}/{link}")),
                    "{folder}/{page} leads to {link}, which is not there"
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 10, "{seen} links in {folder}");
}

#[test]
fn the_crate_holds_what_its_pages_lead_to() {
    let listed = lines(&run("cargo", &["package", "--list", "--allow-dirty", "--offline"].map(AsRef::as_ref), &[]));
    links_lead_somewhere(&listed.iter().map(|path| format!("/{path}")).collect(), "");
}

/// The folder with packages of another program in place of keyfob.
fn packed_with_a_stand_in(folder: &Path, cargo_deb: &Path) -> PathBuf {
    let target = "x86_64-unknown-linux-gnu";
    let built = folder.join(target).join("release");
    fs::create_dir_all(&built).expect("our own folder");
    fs::copy("/bin/true", built.join("keyfob")).expect("a stand-in");
    let path = format!(
        "{}:{}",
        cargo_deb.parent().expect("a whole path").display(),
        std::env::var("PATH").expect("tests have a PATH")
    );
    let variables: [(&str, &OsStr); 4] = [
        ("CARGO_TARGET_DIR", folder.as_ref()),
        ("CARGO_BUILD_TARGET", target.as_ref()),
        ("PATH", path.as_ref()),
        ("SOURCE_DATE_EPOCH", "1700000000".as_ref()),
    ];
    run("packaging/build", &["--built".as_ref()], &variables);
    folder.join("packages")
}

#[test]
fn rust_version_is_at_least_what_any_dependency_needs() {
    let host = run("rustc", &["-vV".as_ref()], &[]);
    let host = lines(&host).into_iter().find_map(|line| line.strip_prefix("host: ").map(str::to_owned));
    let host = host.expect("rustc says what it builds for");
    // Crates of other systems may not be downloaded.
    let arguments = ["metadata", "--format-version=1", "--locked", "--offline", "--filter-platform", &host];
    let metadata = run("cargo", &arguments.map(AsRef::as_ref), &[]);
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("a list");
    assert!(packages.len() > 100, "{} packages", packages.len());
    let version = |text: &str| text.split('.').map(|part| part.parse().expect("a number")).collect::<Vec<u32>>();
    let own = version(env!("CARGO_PKG_RUST_VERSION"));
    for package in packages {
        let needed = package["rust_version"].as_str().unwrap_or("1.0");
        assert!(version(needed) <= own, "{} needs Rust {needed}", package["name"]);
    }
}

#[test]
fn each_package_holds_the_program_its_completions_its_manual_and_the_licences() {
    let tools = ["cargo-deb", "cargo-generate-rpm", "dpkg-deb", "rpm", "python3"].map(tools::require);
    let [Some(deb), Some(_), Some(dpkg), Some(rpm), Some(_)] = tools else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = match std::env::var_os("KEYFOB_TEST_PACKAGES") {
        Some(built) => PathBuf::from(built),
        None => packed_with_a_stand_in(folder.path(), &deb),
    };
    let made = fs::read_to_string(out.join("SHA256SUMS")).expect("packaging/build writes it");
    let file = |ending: &str| {
        let found = names_in(&out).into_iter().find(|path| path.to_string_lossy().ends_with(ending));
        found.unwrap_or_else(|| panic!("no {ending} in {:?}", names_in(&out)))
    };
    let (deb, rpm_file, archive) = (file(".deb"), file(".rpm"), file(".tar.gz"));
    for path in [&deb, &rpm_file, &archive] {
        let name = path.file_name().expect("a file").to_string_lossy();
        assert!(name.contains(VERSION), "{name}");
        assert!(made.lines().any(|line| line.len() > 64 && line.ends_with(&format!("  {name}"))), "no sum of {name}");
    }

    let held = lines(&run(dpkg, &["-c".as_ref(), deb.as_ref()], &[]));
    let held = held.iter().filter(|line| line.starts_with('-'));
    let held = held.filter_map(|line| Some(line.rsplit_once(" .")?.1.to_owned())).collect::<BTreeSet<_>>();
    let mut expected = installed("vendor-completions", "doc/keyfob", "doc/keyfob", ".gz");
    // Made by cargo-deb of the MIT licence.
    expected.insert("/usr/share/doc/keyfob/copyright".to_owned());
    assert_eq!(held, expected);
    links_lead_somewhere(&held, "/usr/share/doc/keyfob");

    let held = lines(&run(rpm, &["-qlp".as_ref(), rpm_file.as_ref()], &[]));
    assert_eq!(held, installed("site-functions", "licenses/keyfob", "doc/keyfob", ""));
    links_lead_somewhere(&held, "/usr/share/doc/keyfob");

    let held = lines(&run("tar", &["-tzf".as_ref(), archive.as_ref()], &[]));
    let within =
        |folder: &'static str, names: Vec<String>| names.into_iter().map(move |name| format!("{folder}{name}"));
    let expected = std::iter::once("keyfob".to_owned())
        .chain(within("", names("", |name| name.starts_with("LICENSE-"))))
        .chain(documents_beside(""))
        .chain(within("completions/", names("completions", |_| true)))
        .chain(within("man/", names("packaging/man", |name| name.ends_with(".1"))));
    let stem = archive.file_name().expect("a file").to_string_lossy().replace(".tar.gz", "");
    let expected: BTreeSet<String> = expected.map(|path| format!("{stem}/{path}")).collect();
    assert_eq!(held, expected);
    links_lead_somewhere(&held, &stem);
    // The AUR has it for this system alone.
    if stem.ends_with("x86_64-unknown-linux-gnu") {
        assert_eq!(
            from_aur(folder.path(), &archive),
            installed("site-functions", "licenses/keyfob-bin", "doc/keyfob-bin", "")
        );
    }

    // The same for Windows, as far as it can be had here.
    let program = folder.path().join("keyfob.exe");
    fs::copy("/bin/true", &program).expect("a stand-in");
    let target = "x86_64-pc-windows-msvc";
    let made = lines(&run("packaging/archive", &[&program, Path::new(target), folder.path()].map(AsRef::as_ref), &[]));
    let zip = made.first().expect("it prints its path");
    let script = "import sys, zipfile\nprint(*zipfile.ZipFile(sys.argv[1]).namelist(), sep='\\n')";
    let held = lines(&run("python3", &["-c".as_ref(), script.as_ref(), zip.as_ref()], &[]));
    let windows = |path: &String| match path.strip_prefix(&stem).expect("all are in it") {
        "/keyfob" => format!("keyfob-{VERSION}-{target}/keyfob.exe"),
        other => format!("keyfob-{VERSION}-{target}{other}"),
    };
    assert_eq!(held, expected.iter().map(windows).collect());
}
