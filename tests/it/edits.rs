//! What happens to the AWS files when an edit is killed, meets the AWS CLI at the same file, or has no room.

use std::sync::Arc;

use crate::KEYFOB;
use crate::scene::fails;
use crate::support::aws::LoopbackAws;
use crate::support::run::kill_at_moments;
use crate::support::sandbox::Sandbox;
use crate::support::tools;

fn machine() -> Sandbox {
    Sandbox::with_vault(KEYFOB, &Arc::new(LoopbackAws::start()))
}

const BOTH: [&str; 2] = [".aws/config", ".aws/credentials"];

#[test]
fn a_rename_in_both_files_killed_at_any_moment_leaves_each_whole_and_is_finished_by_the_next() {
    let sandbox = machine();
    let config: String = (0..500).map(|n| format!("[profile p{n}] # {n}\nsource_profile = p0\n\n")).collect();
    let before = [config, "# mine\n[p0]\noutput = json\n".to_owned()];
    let lay = || BOTH.iter().zip(&before).for_each(|(file, text)| drop(sandbox.write(file, text)));
    let rename = || sandbox.keyfob(&["profile", "rename", "p0", "q0", "--force"]);
    lay();
    rename().run().ok();
    let after = BOTH.map(|file| sandbox.read(file));
    assert_eq!(after[0].matches("q0").count(), 501);
    let prepared = |_| {
        lay();
        rename()
    };
    kill_at_moments(25, prepared, |kill| {
        let now = BOTH.map(|file| sandbox.read(file));
        for ((now, before), after) in now.iter().zip(&before).zip(&after) {
            assert!(now == before || now == after, "kill {kill}: half a file");
        }
        if now != after {
            rename().run().ok();
            assert_eq!(BOTH.map(|file| sandbox.read(file)), after, "kill {kill}");
        }
    });
}

/// The AWS CLI's own writer, which empties the file and then writes it, some ten times a second.
const OTHER_EDITOR: &str = "import sys, time\n\
    from awscli.customizations.configure.writer import ConfigFileWriter\n\
    for number in range(40):\n\
    \x20   ConfigFileWriter().update_config({'__section__': 'profile cli', 'number': str(number)}, sys.argv[1])\n\
    \x20   time.sleep(0.08)\n";

#[test]
fn the_aws_cli_editing_the_file_at_the_same_time_costs_no_line_of_anybody() {
    let Some(python) = tools::require("python") else { return };
    let sandbox = machine();
    let kept: String = (0..300).map(|n| format!("# of {n}\n[profile keep{n}]\nregion = eu-west-1\n\n")).collect();
    let path = sandbox.write(".aws/config", &kept).display().to_string();
    // One after the other: two of the AWS CLI at once are too many for any file.
    let mut script = String::new();
    for cli in ["aws-cli-1", "aws-cli-2"].into_iter().filter_map(tools::require) {
        script += &format!("'{}' configure set output json --profile cli && ", cli.display());
    }
    script += "exec \"$@\"";
    let python = python.display().to_string();
    let words = ["-c", &script, "sh", &python, "-W", "ignore", "-c", OTHER_EDITOR, &path];
    let mut other = sandbox.program("/bin/sh", &words).start();
    let (mut number, mut edited) = (0, 0);
    while other.is_running() {
        let ran = sandbox.keyfob(&["profile", "add", &format!("new{number}"), "region=eu-west-1"]).run();
        number += 1;
        // It gives up where it never finds the file at rest.
        match ran.code {
            Some(0) => edited += 1,
            _ => drop(fails(&ran, 1, "keeps changing")),
        }
    }
    other.finish().ok();
    assert!(edited > 0, "none of {number} edits met the file at rest");
    // Each writes what it has read: the AWS CLI takes no lock, so an edit of the other's can be gone. Nothing else can.
    let config = sandbox.read(".aws/config");
    assert!(config.starts_with(&kept), "{} of {} bytes are left", config.len(), kept.len());
    sandbox.keyfob(&["profile", "set", "keep0", "region", "eu-west-2"]).run().ok();
    let shown = sandbox.keyfob(&["show", "cli", "--json"]).run().json();
    assert!(shown["settings"]["number"]["value"].is_string(), "{shown}");
}

/// Edits in a file system of a few pages, which is full, then of a file that is a mount of its own, then where nothing may be
/// written; in a mount namespace, so that it goes with the shell.
const FULL_DISK: &str = r#"
    set -e
    mount -t tmpfs -o size=64k tmpfs "$HOME/.aws"
    cp "$HOME/before" "$HOME/.aws/config"
    cat /dev/zero > "$HOME/.aws/filler" 2>/dev/null || true
    for attempt in 1 2 3; do
        if keyfob profile set p0 region eu-west-2; then exit 9; fi
        cmp "$HOME/before" "$HOME/.aws/config"
    done
    test "$(ls -A "$HOME/.aws" | tr '\n' ' ')" = "config filler "
    rm "$HOME/.aws/filler"
    keyfob profile set p0 region eu-west-2
    cp "$HOME/.aws/config" "$HOME/before"
    mount --bind "$HOME/.aws/config" "$HOME/.aws/config"
    if keyfob profile set p1 region eu-west-2; then exit 8; fi
    umount "$HOME/.aws/config"
    mount -o remount,ro "$HOME/.aws"
    if keyfob profile set p1 region eu-west-2; then exit 7; fi
    cmp "$HOME/before" "$HOME/.aws/config"
    test "$(ls -A "$HOME/.aws")" = config
    cat "$HOME/.aws/config"
"#;

#[test]
fn a_file_that_cannot_be_replaced_is_left_whole_and_its_lines_are_given() {
    let Some((program, unshare)) = tools::require_mounts() else { return };
    let sandbox = machine();
    let before: String = (0..300).map(|n| format!("[profile p{n}]\nregion = eu-west-1\n\n")).collect();
    sandbox.write("before", &before);
    let ran = sandbox.program(program, &[unshare, &["/bin/sh", "-c", FULL_DISK]].concat()).run();
    assert_eq!(ran.ok(), before.replacen("eu-west-1", "eu-west-2", 1));
    assert_eq!(ran.stderr.matches("cannot replace").count(), 5, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("No space left on device") && ran.stderr.contains("region = eu-west-2"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_file_that_is_not_utf_8_is_never_edited() {
    let sandbox = machine();
    let texts: [&[u8]; 3] = [
        b"[profile work]\n# M\xfcnchen\nregion = eu-west-1\n",
        b"\xff\xfe[\0w\0]\0\n\0",
        b"[profile work]\nregion = eu-west-1\n\x80",
    ];
    for text in texts {
        let path = sandbox.write(".aws/config", "");
        keyfob::sys::files::replace(&path, text).expect("an own file");
        for arguments in [
            &["profile", "set", "work", "region", "x-y-1"][..],
            &["profile", "add", "new"],
            &["profile", "remove", "work", "--yes"],
            &["link", "--all", "--yes"],
            &["unlink", "--all"],
            &["import", "--yes"],
        ] {
            assert!(sandbox.keyfob(arguments).run().ends_with(6).contains("UTF-8"), "{arguments:?}");
            assert_eq!(std::fs::read(&path).expect("there"), text, "{arguments:?}");
        }
    }
}
