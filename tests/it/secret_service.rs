//! Secret Service as gnome-keyring provides it, each case in a D-Bus session, home and runtime folder of its own.

use std::process::Command;
use std::time::{Duration, Instant};

use keyfob::credentials::StoreId;
use keyfob::keystore::StoreOpener;
use keyfob::keystore::open::StoreReason;
use keyfob::keystore::{Item, StoreError};
use keyfob::secret::SecretBytes;

use crate::again;

const TEST: &str = "secret_service::inside";

/// Starts an unlocked gnome-keyring, then what follows; its default collection is the one a login would make.
const UNLOCKED: &str =
    r#"eval "$(printf FAKE-pw | gnome-keyring-daemon --unlock --components=secrets 2>/dev/null)"; exec "$@""#;
/// The same, set up by nobody: it has no default collection.
const FRESH: &str = r#"eval "$(gnome-keyring-daemon --start --components=secrets 2>/dev/null)"; exec "$@""#;
/// A session bus on which nothing can be started.
const BARE_BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow receive_type="method_return"/>
<allow receive_type="signal"/><allow receive_type="error"/><allow receive_type="method_call"/><allow own="*"/></policy></busconfig>"#;

/// Runs `case` of [`inside`] in a session that `script` starts, with more variables.
fn run(script: &str, case: &str, variables: &[(&str, &str)]) {
    if !again::installed(&["dbus-run-session", "dbus-send", "gnome-keyring-daemon"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let session = ["dbus-run-session", "--", "sh", "-c", script, "sh"];
    let output = again::command_under(&session, TEST, case, folder.path())
        .envs(variables.iter().copied())
        .output()
        .expect("started");
    again::passed(&output);
}

/// What runs within a session; does nothing by itself.
#[test]
fn inside() {
    let Some(case) = again::case() else { return };
    again::with_stores(|stores| {
        let open = || stores.open(StoreId::SECRET_SERVICE).expect("this is Linux");
        let set = |text: &str| open().set(&seed(), &SecretBytes::new(text.into()));
        match case.as_str() {
            "round trip" => {
                assert_eq!(
                    stores.choose(None).expect("chosen"),
                    (StoreId::SECRET_SERVICE, StoreReason::KeychainAnswers)
                );
                assert!(matches!(open().get(&seed()), Err(StoreError::NotFound)));
                assert!(matches!(open().delete(&seed()), Err(StoreError::NotFound)));
                for text in ["FAKE-one", "FAKE-two, longer"] {
                    set(text).expect("kept");
                    assert_eq!(open().get(&seed()).expect("there").expose(), text.as_bytes());
                }
                open().delete(&seed()).expect("deleted");
                assert!(matches!(open().get(&seed()), Err(StoreError::NotFound)));
                let key = stores.sealing_key(StoreId::SECRET_SERVICE).expect("made");
                assert_eq!(stores.sealing_key(StoreId::SECRET_SERVICE).expect("found").expose(), key.expose());
                stores.clear_all(&[StoreId::SECRET_SERVICE]).expect("cleared");
                assert!(matches!(open().get(&Item::SealingKey), Err(StoreError::NotFound)));
            }
            "locked" => {
                set("FAKE").expect("kept");
                lock();
                let start = Instant::now();
                for (what, result) in [
                    ("an item that is there", open().get(&seed()).map(drop)),
                    ("one that is not", open().get(&Item::TotpSeed("other".into())).map(drop)),
                    ("writing", set("FAKE-new")),
                    ("deleting", open().delete(&seed())),
                ] {
                    assert!(matches!(result, Err(StoreError::Locked(_))), "{what}: {result:?}");
                }
                assert!(start.elapsed() < Duration::from_secs(5), "nobody is waited for");
                let error = stores.choose(None).expect_err("a locked keychain is no reason for another store");
                assert_eq!(error.kind().exit_code(), 5);
                assert!(error.render(|| keyfob::format::shell::Shell::Sh).contains("hint: unlock"), "{error:?}");
                stores.clear_all(&[StoreId::SECRET_SERVICE]).expect("nobody is asked");
            }
            "blank password" => {
                // The daemon says that it is locked, each time it starts.
                let start = Instant::now();
                assert_eq!(stores.choose(None).expect("chosen").0, StoreId::SECRET_SERVICE);
                set("FAKE").expect("kept");
                lock();
                assert_eq!(open().get(&seed()).expect("there").expose(), b"FAKE");
                lock();
                open().delete(&seed()).expect("deleted");
                assert!(start.elapsed() < Duration::from_secs(5), "nobody is waited for");
            }
            "locked before a display" => {
                set("FAKE").expect("kept");
                lock();
                // There is no such display, so the dialog cannot open, which gnome-keyring calls dismissed.
                let result = open().get(&seed());
                assert!(matches!(result, Err(StoreError::Denied(_))), "{result:?}");
            }
            "stopped" => {
                set("FAKE").expect("kept");
                let daemon = daemon();
                signal("-STOP", &daemon);
                let start = Instant::now();
                let results = [
                    open().get(&seed()).map(drop),
                    set("FAKE"),
                    stores.choose(None).map(drop).map_err(|error| {
                        assert_eq!(error.kind().exit_code(), 5, "{error}");
                        StoreError::TimedOut(Duration::ZERO)
                    }),
                ];
                signal("-KILL", &daemon);
                for result in results {
                    assert!(matches!(result, Err(StoreError::TimedOut(_))), "{result:?}");
                }
                assert!(start.elapsed() < Duration::from_secs(6), "a silent one is not waited for at each call");
            }
            "no provider" => absent(stores, "provides the Secret Service"),
            "no bus" => absent(stores, "there is no D-Bus session bus"),
            "no collection" => absent(stores, "no default collection"),
            "no collection before a display" => {
                let error = stores.choose(None).expect_err("a person can make one");
                assert!(error.message().contains("no default collection"), "{error}");
            }
            other => panic!("no such case: {other}"),
        }
    });
}

fn absent(stores: &keyfob::keystore::open::Stores<'_>, why: &str) {
    match stores.open(StoreId::SECRET_SERVICE).expect("this is Linux").get(&seed()) {
        Err(StoreError::Unavailable(message)) => assert!(message.contains(why), "{message}"),
        other => panic!("{other:?}"),
    }
    match stores.choose(None).expect("there is none, so the vault it is") {
        (StoreId::VAULT, StoreReason::NoKeychain(reason)) => assert!(reason.contains(why), "{reason}"),
        other => panic!("{other:?}"),
    }
}

fn seed() -> Item {
    Item::TotpSeed("arn:aws:iam::123456789012:mfa/ann".into())
}

fn dbus_send(arguments: &[&str]) -> String {
    let output = Command::new("dbus-send").args(["--session", "--print-reply"]).args(arguments).output().expect("runs");
    again::succeeded(&output);
    String::from_utf8(output.stdout).expect("text")
}

fn lock() {
    dbus_send(&[
        "--dest=org.freedesktop.secrets",
        "/org/freedesktop/secrets",
        "org.freedesktop.Secret.Service.Lock",
        "array:objpath:/org/freedesktop/secrets/aliases/default",
    ]);
}

/// The pid of the one daemon that serves this session.
fn daemon() -> String {
    let answer = dbus_send(&[
        "--dest=org.freedesktop.DBus",
        "/org/freedesktop/DBus",
        "org.freedesktop.DBus.GetConnectionUnixProcessID",
        "string:org.freedesktop.secrets",
    ]);
    answer.split_whitespace().last().expect("a pid").to_owned()
}

fn signal(signal: &str, pid: &str) {
    assert!(Command::new("kill").args([signal, pid]).status().expect("runs").success());
}

#[test]
fn an_item_is_kept_replaced_and_deleted() {
    run(UNLOCKED, "round trip", &[]);
}

#[test]
fn a_locked_keychain_is_locked_for_every_item_and_opens_no_dialog_without_a_display() {
    run(UNLOCKED, "locked", &[]);
}

#[test]
fn a_locked_keychain_opens_no_dialog_over_ssh() {
    run(UNLOCKED, "locked", &[("DISPLAY", ":99"), ("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22")]);
}

/// A keyring with a blank password is a file in plain text, as gnome-keyring writes it.
const BLANK: &str = r#"mkdir -p "$HOME/.local/share/keyrings" && cd "$HOME/.local/share/keyrings" && printf Blank >default &&
printf '[keyring]\ndisplay-name=Blank\nctime=0\nmtime=0\nlock-on-idle=false\nlock-after=false\n' >Blank.keyring && cd / &&
eval "$(gnome-keyring-daemon --start --components=secrets 2>/dev/null)"; exec "$@""#;

#[test]
fn a_keychain_with_a_blank_password_is_unlocked_wherever_it_is_asked() {
    run(BLANK, "blank password", &[]);
    run(BLANK, "blank password", &[("DISPLAY", ":99"), ("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22")]);
    run(BLANK, "blank password", &[("DISPLAY", ":99")]);
}

#[test]
fn a_dismissed_dialog_is_a_denial() {
    run(UNLOCKED, "locked before a display", &[("DISPLAY", ":99")]);
}

#[test]
fn a_daemon_that_does_not_answer_ends_at_the_limit() {
    run(UNLOCKED, "stopped", &[("KEYFOB_KEY_STORE_TIMEOUT", "1s")]);
}

#[test]
fn a_keychain_nobody_ever_set_up_leads_to_the_vault_where_no_dialog_could() {
    run(FRESH, "no collection", &[]);
}

#[test]
fn a_keychain_nobody_ever_set_up_is_named_where_a_person_sits() {
    run(FRESH, "no collection before a display", &[("WAYLAND_DISPLAY", "wayland-9")]);
}

#[test]
fn a_bus_without_a_provider_leads_to_the_vault() {
    if !again::installed(&["dbus-run-session"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("bus.conf");
    keyfob::sys::files::replace(&config, BARE_BUS.as_bytes()).expect("written");
    let config = format!("--config-file={}", config.display());
    let session = ["dbus-run-session", &config, "--"];
    again::passed(&again::command_under(&session, TEST, "no provider", folder.path()).output().expect("started"));
}

#[test]
fn no_bus_leads_to_the_vault() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for address in [None, Some("unix:path=/nowhere/bus"), Some("disabled:")] {
        let mut command = again::command(TEST, "no bus", folder.path());
        command.envs(address.map(|address| ("DBUS_SESSION_BUS_ADDRESS", address)));
        again::passed(&command.output().expect("started"));
    }
}
