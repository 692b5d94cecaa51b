//! The vault under many processes at once, and under one that is killed.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use keyfob::credentials::StoreId;
use keyfob::keystore::StoreOpener;
use keyfob::keystore::{Item, KeyStore, StoreError};
use keyfob::secret::SecretBytes;
use keyfob::sys::files::{read_optional, replace};
use keyfob::sys::kernel_keyring;

use crate::again;
use crate::scene::{ADD, Scene};

const TEST: &str = "vault_processes::inside";

/// What runs in each process; does nothing by itself.
#[test]
fn inside() {
    let Some(case) = again::case() else { return };
    again::with_stores(|stores| match case.split_once(' ') {
        Some(("set", name)) => {
            stores.vault().set(&seed(name), &SecretBytes::new(b"FAKE-value".to_vec())).expect("kept");
        }
        Some(("get", name)) => {
            assert_eq!(stores.vault().get(&seed(name)).expect("there").expose(), b"FAKE-value");
        }
        Some(("sealing", file)) => {
            let key = stores.sealing_key(StoreId::VAULT).expect("made or found");
            // A digest of its own would do as well; the key is a test's.
            replace(Path::new(file), key.expose()).expect("written");
        }
        Some(("refused", name)) => {
            let result = stores.vault().set(&seed(name), &SecretBytes::new(b"FAKE-other".to_vec()));
            assert!(matches!(result, Err(StoreError::Unavailable(_))), "{result:?}");
        }
        Some(("write", _)) => loop {
            for number in 0..10 {
                let value = "FAKE".repeat(1000 + number);
                stores.vault().set(&seed("big"), &SecretBytes::new(value.into())).expect("kept");
            }
        },
        _ => stores.clear_all(&[]).expect("cleared"),
    });
}

fn seed(name: &str) -> Item {
    Item::TotpSeed(name.to_owned())
}

/// A machine of its own, whose passphrase command notes each time it is asked.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        let machine = Machine(tempfile::tempdir().expect("a temporary folder"));
        let script = format!("echo asked >> '{}'; echo FAKE-passphrase", machine.path("asked"));
        replace(Path::new(&machine.path("ask")), script.as_bytes()).expect("written");
        machine
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    fn command(&self, case: &str) -> Command {
        self.on_this_machine(again::command(TEST, case, self.0.path()))
    }

    fn on_this_machine(&self, mut command: Command) -> Command {
        command
            .env("KEYFOB_DATA_DIR", self.path("data"))
            .env("KEYFOB_CACHE_DIR", self.path("cache"))
            .env("KEYFOB_PASSPHRASE_COMMAND", format!("sh '{}'", self.path("ask")))
            .env("KEYFOB_UNLOCK_TIME", "120s");
        command
    }

    fn run(&self, case: &str) {
        again::passed(&self.command(case).output().expect("started"));
    }

    fn all_at_once(&self, cases: impl Iterator<Item = String>) {
        let start =
            |case: String| self.command(&case).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
        let children: Vec<Child> = cases.map(start).collect();
        for child in children {
            again::passed(&child.wait_with_output().expect("ends"));
        }
    }

    /// How often the passphrase was asked for since this was last called.
    fn asked(&self) -> usize {
        let path = self.path("asked");
        let asked = read_optional(Path::new(&path)).expect("read").map_or(0, |text| text.len() / "asked\n".len());
        replace(Path::new(&path), b"").expect("written");
        asked
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.run("clear");
        }
    }
}

/// How often `processes` ask on a machine like this one.
fn expected(processes: usize) -> usize {
    match kernel_keyring::get("keyfob:test") {
        Ok(_) => 1,
        Err(refused) => {
            crate::support::tools::skipped(&format!("{refused}: each of {processes} processes asks for itself"));
            processes
        }
    }
}

#[test]
fn twenty_processes_that_make_the_vault_at_once_make_one_and_ask_once() {
    let machine = Machine::new();
    machine.all_at_once((0..20).map(|number| format!("set {number}")));
    assert_eq!(machine.asked(), expected(20));
    machine.all_at_once((0..20).map(|number| format!("get {number}")));
}

#[test]
fn twenty_processes_that_open_a_locked_vault_at_once_ask_once_and_all_succeed() {
    let machine = Machine::new();
    machine.run("set a");
    machine.run("clear");
    machine.asked();
    machine.all_at_once((0..20).map(|_| "get a".to_owned()));
    assert_eq!(machine.asked(), expected(20));
}

#[test]
fn twenty_processes_that_want_a_sealing_key_at_once_get_the_same() {
    let machine = Machine::new();
    machine.all_at_once((0..20).map(|number| format!("sealing {}", machine.path(&format!("key-{number}")))));
    assert_eq!(machine.asked(), expected(20));
    let key = |number: usize| read_optional(Path::new(&machine.path(&format!("key-{number}")))).expect("read");
    assert!(key(0).is_some_and(|key| key.len() == 32));
    for number in 1..20 {
        assert_eq!(key(number), key(0));
    }
}

#[test]
fn a_writer_killed_at_any_point_leaves_a_whole_vault() {
    let machine = Machine::new();
    machine.run("set a");
    let vault = || read_optional(Path::new(&machine.path("data/vault.age"))).expect("read");
    for round in 0..10 {
        let before = vault();
        let mut writer = machine.command("write on").stdout(Stdio::null()).spawn().expect("started");
        // Its first write done, it is killed somewhere in one of the next.
        let limit = Instant::now() + Duration::from_mins(1);
        while vault() == before {
            assert!(Instant::now() < limit, "it writes");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(7 * round));
        writer.kill().expect("killed");
        assert!(writer.wait().expect("dead").code().is_none(), "it wrote until it was killed");
        machine.run("get a");
        machine.run("set a");
    }
}

#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_old_vault_and_nothing_beside_it() {
    let machine = Machine::new();
    machine.run("set a");
    let files = || std::fs::read_dir(machine.path("data")).expect("listed").count();
    let before = (read_optional(Path::new(&machine.path("data/vault.age"))).expect("read"), files());
    // No file may grow past nothing; the signal that says so is ignored, so that writing fails as on a full disk.
    let full = ["sh", "-c", r#"trap "" XFSZ; ulimit -f 0; exec "$@""#, "sh"];
    let command = again::command_under(&full, TEST, "refused a", machine.0.path());
    again::passed(&machine.on_this_machine(command).output().expect("started"));
    assert_eq!((read_optional(Path::new(&machine.path("data/vault.age"))).expect("read"), files()), before);
    machine.run("get a");
}

#[cfg(unix)]
#[test]
fn the_standard_age_tool_opens_the_vault_with_the_passphrase() {
    if !again::installed(&["age"]) {
        return;
    }
    let machine = Machine::new();
    machine.run("set a");
    let mut age = Command::new("age");
    age.args(["-d", "-i", &machine.path("data/vault-identity.age"), &machine.path("data/vault.age")]);
    let mut age = rexpect::session::spawn_command(age, Some(30_000)).expect("started");
    age.exp_string("passphrase").expect("asked for");
    age.send_line("FAKE-passphrase").expect("typed");
    age.exp_string(r#""totp-seed/a":"FAKE-value"}}"#).expect("readable");
}

#[test]
fn the_passphrase_is_changed_at_a_terminal_and_the_old_one_does_not_open_it_any_more() {
    let mut scene = Scene::empty();
    for (name, phrase) in [("one", "FAKE-passphrase-one"), ("two", "FAKE-passphrase-two")] {
        scene.sandbox.keep_secret(phrase, "passphrase");
        scene.sandbox.write(name, &format!("{phrase}\n"));
    }
    scene.sandbox.unset("KEYFOB_IDENTITY_FILE");
    scene.sandbox.set("KEYFOB_UNLOCK_TIME", "0s");
    scene.sandbox.set("KEYFOB_PASSPHRASE_FILE", scene.sandbox.path("one"));
    scene.add(ADD).ok();
    scene.sandbox.unset("KEYFOB_PASSPHRASE_FILE");
    scene.sandbox.keyfob(&["vault", "passphrase"]).run().ends_with(3);
    let mut terminal = scene.sandbox.keyfob(&["vault", "passphrase"]).on_terminal();
    terminal.expect("assphrase of keyfob's vault: ");
    terminal.type_line("FAKE-passphrase-one");
    terminal.expect("New passphrase for keyfob's vault: ");
    terminal.type_line("FAKE-passphrase-two");
    terminal.expect(": ");
    terminal.type_line("FAKE-passphrase-two");
    terminal.finish().0.ends_with(0);
    for (name, code) in [("one", 5), ("two", 0)] {
        let export = scene.sandbox.keyfob(&["export", "work", "--force"]);
        export.env("KEYFOB_PASSPHRASE_FILE", scene.sandbox.path(name)).run().ends_with(code);
    }
}
