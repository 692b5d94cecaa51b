//! Real programs the tests use, found where `tests/run` puts them or on `PATH`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::{env, fs};

/// Finds a program, or says that the test is skipped; with `CI=true` a missing one fails instead.
///
/// Names are those of the programs (`fish`, `nu`, `dbus-daemon`), and four that need telling apart: `python` (with
/// boto3, pexpect and moto), `moto_server`, `aws-cli-1` and `aws-cli-2`.
pub fn require(name: &str) -> Option<PathBuf> {
    found_or_skipped(find(name), name, "`tests/run` installs it")
}

/// Those of these programs that are here, each as [`require`] finds it; where none is, that is said too.
pub fn require_any<'n>(names: &[&'n str]) -> Vec<(&'n str, PathBuf)> {
    let found: Vec<_> = names.iter().filter_map(|name| Some((*name, require(name)?))).collect();
    if found.is_empty() {
        skipped(&format!("nothing is tried, for want of all of {}", names.join(", ")));
    }
    found
}

/// Finds an example of this package, as [`require`] does a program. `cargo test` builds it, `cargo test --test` does not.
pub fn require_example(name: &str) -> Option<PathBuf> {
    let own = env::current_exe().expect("a running test has a path");
    let built = own.parent().and_then(Path::parent).expect("tests lie in `target/PROFILE/deps`");
    found_or_skipped(executable(&built.join("examples").join(name)), name, "`cargo build --examples` makes it")
}

/// Finds what `tests/run` has built of a client in `tests/interop`, as [`require`] does a program.
pub fn require_client(file: &str) -> Option<PathBuf> {
    let built = target().join("interop").join(file);
    found_or_skipped(built.is_file().then_some(built), &format!("target/interop/{file}"), "`tests/run` builds it")
}

/// Finds strace, as [`require`] does, where it may trace: in some containers nothing may.
pub fn require_strace() -> Option<PathBuf> {
    static MAY_TRACE: OnceLock<bool> = OnceLock::new();
    let strace = require("strace")?;
    let may_trace = *MAY_TRACE.get_or_init(|| {
        let probe = Command::new(&strace).args(["-f", "-qq", "-o", "/dev/null", "true"]).output();
        probe.is_ok_and(|probe| probe.status.success())
    });
    if !may_trace {
        skipped("`strace` may not trace here (a container without ptrace?)");
    }
    may_trace.then_some(strace)
}

/// Finds `unshare`, as [`require`] does, and its options for a mount namespace, where something may be mounted in one.
pub fn require_mounts() -> Option<(PathBuf, &'static [&'static str])> {
    let program = require("unshare")?;
    let root = rustix::process::getuid().is_root();
    // Another than root has one where the system lets users have their own root.
    let options: &[&str] = if root { &["--mount"] } else { &["--map-root-user", "--mount"] };
    let probe = Command::new(&program).args(options).args(["mount", "-t", "tmpfs", "tmpfs", "/tmp"]).output();
    if probe.is_ok_and(|probe| probe.status.success()) {
        return Some((program, options));
    }
    if root {
        skipped("nothing can be mounted here, although this is root");
    } else {
        skipped_everywhere("a full disk is a file system of its own, which takes root to mount");
    }
    None
}

fn found_or_skipped(found: Option<PathBuf>, name: &str, remedy: &str) -> Option<PathBuf> {
    if found.is_none() {
        skipped(&format!("`{name}` is missing ({remedy})"));
    }
    found
}

/// Says that a test is skipped, and why; with `CI=true` it fails instead: a check that was not made must not pass for one
/// that was.
pub fn skipped(why: &str) {
    let in_ci = env::var("CI").is_ok_and(|value| value == "true");
    assert!(!in_ci, "skipped in CI: {why}");
    skipped_everywhere(why);
}

/// Says that a test is skipped, in CI too, for want of what `tests/run` cannot bring about.
pub fn skipped_everywhere(why: &str) {
    // Written past the test harness, which keeps what passing tests print to itself.
    writeln!(std::io::stderr(), "skipped: {why}").ok();
}

/// Where a program is, said nothing where it is not.
pub fn find(name: &str) -> Option<PathBuf> {
    match name {
        "python" => executable(&venv().join("bin/python")),
        "moto_server" => executable(&venv().join("bin/moto_server")),
        "bao" => executable(&venv().join("bin/bao")).or_else(|| on_path(name).into_iter().next()),
        "aws-cli-1" => executable(&venv().join("bin/aws")),
        "aws-cli-2" => on_path("aws").into_iter().find(|path| is_version_2(path)),
        "actionlint"
        | "cargo-deb"
        | "cargo-generate-rpm"
        | "ec2-metadata-mock"
        | "gopass"
        | "rolesanywhere-credential-helper" => {
            executable(&target().join("tools/bin").join(name)).or_else(|| on_path(name).into_iter().next())
        }
        // On the path of root alone, by custom.
        "sshd" => on_path(name).into_iter().next().or_else(|| executable(Path::new("/usr/sbin/sshd"))),
        // npm's is started by node.
        "nu" => find("node")
            .and_then(|_| executable(&target().join("node/node_modules/.bin/nu")))
            .or_else(|| on_path(name).into_iter().next()),
        _ => on_path(name).into_iter().next(),
    }
}

/// `target/` of this checkout, where `tests/run` puts what it installs.
pub fn target() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target")
}

/// The Python environment of `tests/run`.
fn venv() -> PathBuf {
    env::var_os("KEYFOB_TEST_VENV").map_or_else(|| target().join("venv"), PathBuf::from)
}

/// The library behind `faketime` for programs with threads, as Debian and others lay it down.
pub fn faketime_library() -> Option<PathBuf> {
    let lib = fs::read_dir("/usr/lib").ok()?.flatten().map(|entry| entry.path());
    let folders = lib.chain([PathBuf::from("/usr/lib"), PathBuf::from("/usr/local/lib")]);
    folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1")).find(|path| path.exists())
}

fn on_path(name: &str) -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).filter_map(|folder| executable(&folder.join(name))).collect()
}

fn executable(path: &Path) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = fs::metadata(path).ok()?;
    (metadata.is_file() && metadata.permissions().mode() & 0o111 != 0).then(|| path.to_owned())
}

fn is_version_2(aws: &Path) -> bool {
    let output = Command::new(aws).arg("--version").output();
    output.is_ok_and(|output| output.stdout.starts_with(b"aws-cli/2"))
}
