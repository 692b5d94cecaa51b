//! A disk that is full, or becomes full half-way: a clear error, nothing lost, and the next run finishes.

use crate::scene::{Scene, key_id};
use crate::stores::moves;
use crate::support::run::{Invocation, Ran, soak};
use crate::support::sandbox::Sandbox;
use crate::support::tools;
use crate::user::Office;
use crate::user::handover::{age_identity, second};

/// Runs a command while the folder named first is a file system of its own with so many free pages as named second; what is in
/// it afterwards stays.
const ON_A_FULL_DISK: &str = r#"
    set -e
    folder=$HOME/$1 pages=$2 kept=$(mktemp -d)
    shift 2
    cp -a "$folder/." "$kept"
    mount -t tmpfs -o size=256k,mode=700 tmpfs "$folder"
    cp -a "$kept/." "$folder"
    cat /dev/zero > "$folder/filler" 2>/dev/null || true
    truncate -s "-$((pages * 4096))" "$folder/filler"
    code=0
    "$@" || code=$?
    rm -r "$kept" "$folder/filler"
    mkdir -m 700 "$kept"
    cp -a "$folder/." "$kept"
    umount "$folder"
    find "$folder" -mindepth 1 -delete
    cp -a "$kept/." "$folder"
    rm -r "$kept"
    exit "$code"
"#;

/// As many pages as are too few for all, and the number from which on nothing failed.
const MOST_PAGES: usize = 24;

fn on_full_disk<'s>(sandbox: &'s Sandbox, folder: &str, pages: usize, words: &[&str]) -> Option<Invocation<'s>> {
    let (program, unshare) = tools::require_mounts()?;
    std::fs::create_dir_all(sandbox.path(folder)).expect("made");
    let pages = pages.to_string();
    let shell = ["/bin/sh", "-c", ON_A_FULL_DISK, "sh", folder, &pages, "keyfob"];
    Some(sandbox.program(program, &[unshare, &shell, words].concat()))
}

/// It failed, and says why.
#[track_caller]
fn says_why(ran: &Ran, case: &str) {
    assert!(ran.code != Some(0) && ran.stderr.contains("No space left on device"), "{case}: {ran:?}");
}

#[test]
fn a_creation_on_a_full_disk_is_finished_once_there_is_room() {
    let words =
        ["user", "create", "bob", "--group", "new", "--key", "--console", "--mfa", "none", "--yes", "--with", "admin"];
    let mut failed = 0;
    for pages in (0..MOST_PAGES).step_by(if soak() { 1 } else { 2 }) {
        let office = Office::new();
        let case = format!("{pages} pages");
        let Some(run) = on_full_disk(&office.sandbox, "keyfob/data", pages, &words) else { return };
        let ran = run.run();
        if ran.code == Some(0) {
            assert_eq!(office.stored().len(), 2, "{case}");
            break;
        }
        says_why(&ran, &case);
        failed += 1;
        let again = office.user(&["create", "bob", "--resume", "--yes"]);
        again.ok();
        match office.bob().belongings() {
            None => assert!(again.stderr.contains("nothing to continue") && office.aws.groups().is_empty(), "{case}"),
            Some(_) => {
                let keys = office.bob().keys();
                assert_eq!((keys.len(), office.stored().len()), (1, 2), "{case}: {:?}", office.stored());
                office.sandbox.keyfob(&["exec", "bob", "--no-session", "--", "true"]).run().ok();
            }
        }
    }
    assert!((2..MOST_PAGES).contains(&failed), "{failed}");
}

#[test]
fn a_handover_file_on_a_full_disk_is_written_once_there_is_room_and_accepted_once_there_is_room_there() {
    let office = Office::new();
    let public = age_identity(&office.sandbox);
    let file = office.sandbox.path("out/bob.keyfob").display().to_string();
    let words = ["user", "create", "bob", "--key", "--handover", &file, "--to", &public, "--yes", "--with", "admin"];
    let Some(run) = on_full_disk(&office.sandbox, "out", 0, &words) else { return };
    let ran = run.run();
    says_why(&ran, "written");
    assert!(ran.stderr.contains("stopped at `handover`") && ran.stderr.contains("--resume"), "{}", ran.stderr);
    office.user(&["create", "bob", "--resume", "--yes"]).ok();
    assert_eq!(office.bob().keys().len(), 1);

    let home = second(&office);
    home.write("bob.keyfob", &office.sandbox.read("out/bob.keyfob"));
    home.write("mine.txt", &office.sandbox.read("mine.txt"));
    let accept = ["user", "accept", "bob.keyfob", "--identity", "mine.txt", "--mfa", "none"];
    for pages in [0, 1, 2] {
        let run = on_full_disk(&home, "keyfob/data", pages, &accept).expect("it was there before");
        let mut terminal = run.on_terminal();
        terminal.expect("for the new profile `bob`? [y/N] ");
        terminal.type_line("y");
        terminal.expect("No space left on device");
        terminal.finish().0.ends_with(5);
    }
    let mut terminal = home.keyfob(&accept).on_terminal();
    terminal.expect("for the new profile `bob`? [y/N] ");
    terminal.type_line("y");
    terminal.expect("replace it with a new one now? [y/N] ");
    terminal.type_line("");
    terminal.finish().0.ends_with(0);
    home.keyfob(&["exec", "bob", "--no-session", "--", "true"]).run().ok();
}

#[test]
fn a_move_on_a_full_disk_loses_nothing_and_is_finished_once_there_is_room() {
    let mut failed = 0;
    for pages in (0..MOST_PAGES).step_by(if soak() { 1 } else { 2 }) {
        let scene = moves::scene();
        let words = ["store", "move", "work", "--to", "team", "--yes"];
        let Some(run) = on_full_disk(&scene.sandbox, "keyfob/data", pages, &words) else { return };
        let ran = run.run();
        moves::works(&scene);
        if ran.code == Some(0) {
            break;
        }
        says_why(&ran, &format!("{pages} pages"));
        failed += 1;
        moves::moving(&scene, &["work", "--to", "team", "--yes"]).run().ok();
        assert_eq!(
            (moves::places(&scene), moves::moves(&scene)),
            (["program:team", "program:team"].map(str::to_owned), 0)
        );
        moves::works(&scene);
    }
    assert!((2..MOST_PAGES).contains(&failed), "{failed}");
}

#[test]
fn profiles_of_identity_center_are_written_whole_or_not_at_all() {
    let office = crate::identity_center::Office::with_accounts();
    office.sign_in();
    let before = office.config();
    let Some(run) = on_full_disk(&office.sandbox, ".aws", 0, &["sso", "profiles", "corp"]) else { return };
    let ran = run.run();
    says_why(&ran, "profiles");
    assert!(
        ran.stdout.contains("[profile sandbox-ReadOnly]") || ran.stderr.contains("[profile sandbox-ReadOnly]"),
        "{ran:?}"
    );
    assert_eq!(office.config(), before);
    office.sandbox.keyfob(&["sso", "profiles", "corp"]).run().ok();
}

#[test]
fn credentials_are_handed_out_although_the_log_is_on_a_full_disk() {
    let scene = Scene::new();
    let words = ["credential-process", "deploy"];
    let Some(run) = on_full_disk(&scene.sandbox, "keyfob/data", 0, &words) else { return };
    let ran = run.env("KEYFOB_MFA_CODE", scene.phone.code()).run();
    key_id(&ran.json());
    assert!(ran.stderr.contains("warning: the log cannot be written"), "{}", ran.stderr);
    assert!(ran.stderr.contains("No space left on device"), "{}", ran.stderr);
}
