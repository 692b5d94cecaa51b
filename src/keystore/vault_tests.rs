//! The vault on a folder of its own, with a person who answers from a list.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::credentials::StoreId;
use crate::human::Human;
use crate::keystore::StoreOpener;
use crate::keystore::open::{StoreContext, Stores};
use crate::keystore::vault::{IdentityOf, Vault};
use crate::keystore::{Item, KeyStore, StoreError};
use crate::secret::SecretBytes;
use crate::settings::Settings;
use crate::sys::env::Environment;
use crate::sys::files::replace;
use crate::sys::paths::Paths;
use crate::testing::skipped;
use crate::testing::{NOBODY, Person, Silence};

/// A machine with nothing but a data and a cache folder; what the kernel keyring holds for it is dropped at the end.
struct Machine {
    folder: tempfile::TempDir,
    paths: Paths,
    settings: Settings,
    environment: Environment,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let under = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
        let (home, data, cache) = (under("home"), under("data"), under("cache"));
        let environment =
            Environment::from_pairs([("HOME", &*home), ("KEYFOB_DATA_DIR", &data), ("KEYFOB_CACHE_DIR", &cache)]);
        let paths = Paths::new(&environment).expect("HOME is set");
        // The data folder is known to the kernel keyring by its real path, so it is there from the start.
        crate::sys::files::private_dir(&paths.data).expect("made");
        let settings = Settings { unlock_time: Duration::from_mins(1), ..Settings::default() };
        Machine { folder, paths, settings, environment }
    }

    /// One that opens its vault by an identity file.
    fn with_identity_file() -> Self {
        let mut machine = Machine::new();
        let path = machine.folder.path().join("identity");
        let of = machine.stores(&NOBODY).vault().write_identity_file(&path).expect("written");
        assert_eq!(of, IdentityOf::NewVault);
        machine.settings.identity_file = Some(path);
        machine
    }

    /// One whose passphrase is in a file.
    fn with_passphrase(passphrase: &str) -> Self {
        let mut machine = Machine::new();
        let path = machine.folder.path().join("passphrase");
        replace(&path, passphrase.as_bytes()).expect("written");
        machine.settings.passphrase_file = Some(path);
        machine
    }

    fn stores<'a>(&'a self, human: &'a dyn Human) -> Stores<'a> {
        Stores::new(StoreContext {
            settings: &self.settings,
            paths: &self.paths,
            environment: &self.environment,
            human,
            talk: &Silence,
            prompt_limit: None,
        })
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.paths.data.join(name)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.stores(&NOBODY).vault().lock();
    }
}

fn seed(name: &str) -> Item {
    Item::TotpSeed(name.to_owned())
}

fn text(text: &str) -> SecretBytes {
    SecretBytes::new(text.into())
}

fn kept(vault: &Vault<'_>, name: &str) -> String {
    String::from_utf8(vault.get(&seed(name)).expect("there").expose().to_vec()).expect("text")
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).expect("read")
}

#[test]
fn items_are_kept_replaced_and_deleted() {
    let machine = Machine::with_identity_file();
    machine.stores(&NOBODY).vault().set(&seed("a"), &text("FAKE-\"one\"\n")).expect("kept");
    machine.stores(&NOBODY).vault().set(&seed("b"), &text("FAKE-two")).expect("kept");
    machine.stores(&NOBODY).vault().set(&seed("b"), &text("FAKE-three")).expect("replaced");
    let stores = machine.stores(&NOBODY);
    assert_eq!((kept(stores.vault(), "a"), kept(stores.vault(), "b")), ("FAKE-\"one\"\n".into(), "FAKE-three".into()));
    stores.vault().delete(&seed("a")).expect("deleted");
    assert!(matches!(stores.vault().get(&seed("a")), Err(StoreError::NotFound)));
    assert!(matches!(stores.vault().delete(&seed("a")), Err(StoreError::NotFound)));
    assert_eq!(kept(stores.vault(), "b"), "FAKE-three");
    let sealed = read(&machine.file("vault.age"));
    assert!(!String::from_utf8_lossy(&sealed).contains("FAKE"));
    assert!(!machine.file("vault-identity.age").exists(), "no passphrase was needed");
}

#[cfg(unix)]
#[test]
fn everything_of_the_vault_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let machine = Machine::with_passphrase("FAKE");
    fs::remove_dir(&machine.paths.data).expect("empty still");
    machine.stores(&NOBODY).vault().set(&seed("a"), &text("FAKE")).expect("kept");
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&machine.paths.data), 0o700);
    let files: Vec<_> = fs::read_dir(&machine.paths.data).expect("listed").map(|entry| entry.expect("read")).collect();
    assert_eq!(files.len(), 3, "vault, identity, lock: {files:?}");
    for file in files {
        assert_eq!(mode(&file.path()), 0o600, "{file:?}");
    }
}

#[test]
fn a_vault_that_is_not_there_has_nothing_and_asks_nobody() {
    let machine = Machine::new();
    let vault = machine.stores(&NOBODY);
    assert!(matches!(vault.vault().get(&seed("a")), Err(StoreError::NotFound)));
    assert!(matches!(vault.vault().delete(&seed("a")), Err(StoreError::NotFound)));
    assert_eq!(fs::read_dir(&machine.paths.data).expect("listed").count(), 0, "looking makes nothing");
}

#[test]
fn the_passphrase_of_a_new_vault_is_asked_for_twice_and_then_no_more() {
    let mut machine = Machine::new();
    let person = Person::typing(&["FAKE-right", "FAKE-rigth", "FAKE-right", "FAKE-right"]);
    let stores = machine.stores(&person);
    stores.vault().set(&seed("a"), &text("FAKE")).expect("made at the second try");
    stores.vault().set(&seed("b"), &text("FAKE")).expect("kept");
    assert_eq!(person.asked(), 4, "two differ, two do not");
    drop(stores);

    // Nothing is kept between runs, as where the kernel refuses: three tries, then no more.
    machine.stores(&NOBODY).vault().lock();
    machine.settings.unlock_time = Duration::ZERO;
    let person = Person::typing(&["FAKE-wrong", "FAKE-wronger", "FAKE-right"]);
    assert_eq!(kept(machine.stores(&person).vault(), "a"), "FAKE");
    let person = Person::typing(&["FAKE-1", "FAKE-2", "FAKE-3", "FAKE-right"]);
    let error = machine.stores(&person).vault().get(&seed("a")).expect_err("wrong");
    assert!(matches!(error, StoreError::WrongPassphrase(_)), "{error}");
    assert!(!error.for_user(StoreId::VAULT).shown().contains("KEYFOB_"), "no variable is set");
    assert_eq!(person.asked(), 3);
}

#[test]
fn a_locked_vault_with_nobody_to_ask_needs_a_human() {
    let mut machine = Machine::with_passphrase("FAKE");
    machine.settings.unlock_time = Duration::ZERO;
    machine.stores(&NOBODY).vault().set(&seed("a"), &text("FAKE")).expect("kept");
    machine.settings.passphrase_file = None;
    let error = machine.stores(&NOBODY).vault().get(&seed("a")).expect_err("locked").for_user(StoreId::VAULT);
    assert_eq!(error.kind().exit_code(), 3);
    for way in ["KEYFOB_PASSPHRASE_FILE", "KEYFOB_PASSPHRASE_COMMAND", "KEYFOB_IDENTITY_FILE"] {
        assert!(error.shown().contains(way), "{}", error.shown());
    }
    let empty = Person::typing(&[""]);
    assert!(matches!(machine.stores(&empty).vault().get(&seed("a")), Err(StoreError::NeedsHuman(_))));
}

#[test]
fn a_wrong_passphrase_from_a_file_is_not_tried_again_nor_asked_for_instead() {
    let mut machine = Machine::with_passphrase("FAKE-right");
    machine.settings.unlock_time = Duration::ZERO;
    machine.stores(&NOBODY).vault().set(&seed("a"), &text("FAKE")).expect("kept");
    replace(machine.settings.passphrase_file.as_deref().expect("set"), b"FAKE-wrong").expect("written");
    let person = Person::typing(&["FAKE-right"]);
    match machine.stores(&person).vault().get(&seed("a")) {
        Err(error @ StoreError::BadSource { .. }) => {
            let shown = error.for_user(StoreId::VAULT).shown();
            assert!(shown.contains("passphrase file") && !shown.contains("FAKE"), "{shown}");
            assert!(shown.ends_with("hint: correct `passphrase_file` in config.toml\n"), "{shown}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(person.asked(), 0);
}

#[test]
fn an_unlock_outlives_the_process_until_it_is_taken_back() {
    let mut machine = Machine::with_passphrase("FAKE");
    if let Err(refused) = crate::sys::kernel_keyring::get("keyfob:test") {
        return skipped(&refused.to_string());
    }
    machine.stores(&NOBODY).vault().set(&seed("a"), &text("FAKE")).expect("kept");
    machine.settings.passphrase_file = None;
    let stores = machine.stores(&NOBODY);
    assert_eq!(kept(stores.vault(), "a"), "FAKE");
    assert!(stores.vault().unlocked_until().is_some());
    stores.vault().lock();
    assert!(matches!(machine.stores(&NOBODY).vault().get(&seed("a")), Err(StoreError::NeedsHuman(_))));
}

#[test]
fn an_unlock_of_a_deleted_vault_does_not_get_in_the_way_of_the_next_one() {
    let machine = Machine::with_passphrase("FAKE-one");
    machine.stores(&NOBODY).vault().set(&seed("a"), &text("FAKE")).expect("kept");
    for name in ["vault.age", "vault-identity.age"] {
        fs::remove_file(machine.file(name)).expect("deleted");
    }
    replace(machine.settings.passphrase_file.as_deref().expect("set"), b"FAKE-two").expect("written");
    machine.stores(&NOBODY).vault().set(&seed("b"), &text("FAKE")).expect("a new vault");
    assert_eq!(kept(machine.stores(&NOBODY).vault(), "b"), "FAKE");
}

#[test]
fn the_vaults_own_identity_file_opens_it_without_its_passphrase() {
    let mut machine = Machine::with_passphrase("FAKE");
    machine.settings.unlock_time = Duration::ZERO;
    machine.stores(&NOBODY).vault().set(&seed("a"), &text("FAKE")).expect("kept");
    let path = machine.folder.path().join("identity");
    let of = machine.stores(&NOBODY).vault().write_identity_file(&path).expect("written");
    assert_eq!(of, IdentityOf::ThisVault);
    machine.stores(&NOBODY).vault().write_identity_file(&path).expect_err("never over a file");
    machine.settings.passphrase_file = None;
    machine.settings.identity_file = Some(path);
    machine.stores(&NOBODY).vault().set(&seed("b"), &text("FAKE-b")).expect("kept");
    // And the passphrase still opens what was written that way.
    machine.settings.identity_file = None;
    assert_eq!(kept(machine.stores(&Person::typing(&["FAKE"])).vault(), "b"), "FAKE-b");
}

#[test]
fn an_identity_file_of_another_vault_is_refused_and_changes_nothing() {
    let mut machine = Machine::with_identity_file();
    machine.stores(&NOBODY).vault().set(&seed("a"), &text("FAKE")).expect("kept");
    let before = read(&machine.file("vault.age"));
    let other = machine.folder.path().join("other");
    replace(&other, crate::keystore::age_file::Identity::generate().text().expose()).expect("written");
    machine.settings.identity_file = Some(other);
    for result in [
        machine.stores(&NOBODY).vault().get(&seed("a")).map(drop),
        machine.stores(&NOBODY).vault().set(&seed("a"), &text("FAKE-new")),
    ] {
        assert!(matches!(result, Err(StoreError::BadSource { .. })), "{result:?}");
    }
    assert_eq!(read(&machine.file("vault.age")), before);
}

#[test]
fn a_damaged_vault_is_an_error_and_left_as_it_is() {
    let machine = Machine::with_identity_file();
    machine.stores(&NOBODY).vault().set(&seed("a"), &text("FAKE")).expect("kept");
    let whole = read(&machine.file("vault.age"));
    let newer = {
        let identity = crate::keystore::age_file::Identity::parse(SecretBytes::new(read(
            machine.settings.identity_file.as_deref().expect("set"),
        )));
        identity.expect("valid").seal(br#"{"version":2,"items":{}}"#)
    };
    for damaged in [&whole[..0], &whole[..whole.len() - 1], &whole[..40], b"FAKE", &newer] {
        replace(&machine.file("vault.age"), damaged).expect("written");
        for result in [
            machine.stores(&NOBODY).vault().get(&seed("a")).map(drop),
            machine.stores(&NOBODY).vault().set(&seed("b"), &text("FAKE")),
            machine.stores(&NOBODY).vault().delete(&seed("a")),
        ] {
            assert!(matches!(result, Err(StoreError::Unavailable(_))), "{result:?}");
        }
        assert_eq!(read(&machine.file("vault.age")), damaged);
    }
}

#[test]
fn a_lost_identity_is_named_and_never_made_anew_beside_a_vault() {
    let machine = Machine::with_passphrase("FAKE");
    machine.stores(&NOBODY).vault().set(&seed("a"), &text("FAKE")).expect("kept");
    machine.stores(&NOBODY).vault().lock();
    fs::remove_file(machine.file("vault-identity.age")).expect("lost");
    match machine.stores(&NOBODY).vault().set(&seed("b"), &text("FAKE")) {
        Err(StoreError::Unavailable(why)) => assert!(why.contains("vault-identity.age"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert!(!machine.file("vault-identity.age").exists());
}

#[test]
fn a_vault_whose_making_was_interrupted_goes_on_with_the_same_passphrase() {
    let mut machine = Machine::with_passphrase("FAKE-right");
    machine.settings.unlock_time = Duration::ZERO;
    machine.stores(&NOBODY).vault().set(&seed("a"), &text("FAKE")).expect("kept");
    let wrapped = read(&machine.file("vault-identity.age"));
    // A kill after the identity was written, before the vault was.
    fs::remove_file(machine.file("vault.age")).expect("as if never written");
    let wrong = Person::typing(&["FAKE-1", "FAKE-2", "FAKE-3"]);
    machine.settings.passphrase_file = None;
    machine.stores(&wrong).vault().set(&seed("a"), &text("FAKE")).expect_err("another passphrase");
    machine.stores(&Person::typing(&["FAKE-right"])).vault().set(&seed("a"), &text("FAKE-2")).expect("goes on");
    assert_eq!(read(&machine.file("vault-identity.age")), wrapped, "the identity was not made anew");
    assert_eq!(kept(machine.stores(&Person::typing(&["FAKE-right"])).vault(), "a"), "FAKE-2");
}

#[test]
fn an_identity_of_another_vault_beside_it_is_told_from_a_wrong_passphrase() {
    let (one, mut other) = (Machine::with_passphrase("FAKE-one"), Machine::with_passphrase("FAKE-other"));
    other.settings.unlock_time = Duration::ZERO;
    for machine in [&one, &other] {
        machine.stores(&NOBODY).vault().set(&seed("a"), &text("FAKE")).expect("kept");
    }
    fs::copy(one.file("vault.age"), other.file("vault.age")).expect("mixed up");
    match other.stores(&NOBODY).vault().get(&seed("a")) {
        Err(StoreError::Unavailable(why)) => assert!(why.contains("belong to different vaults"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn writers_in_many_threads_lose_nothing() {
    let machine = Machine::with_identity_file();
    std::thread::scope(|scope| {
        for number in 0..20 {
            let machine = &machine;
            scope.spawn(move || {
                machine.stores(&NOBODY).vault().set(&seed(&number.to_string()), &text("FAKE")).expect("kept");
            });
        }
    });
    let stores = machine.stores(&NOBODY);
    for number in 0..20 {
        kept(stores.vault(), &number.to_string());
    }
}

#[test]
fn clearing_a_locked_vault_replaces_its_sealing_key_at_the_next_unlock() {
    let mut machine = Machine::with_passphrase("FAKE");
    let first = machine.stores(&NOBODY).sealing_key(StoreId::VAULT).expect("made");
    machine.stores(&NOBODY).vault().lock();
    let passphrase = machine.settings.passphrase_file.take();
    machine.stores(&NOBODY).clear_all(&[StoreId::VAULT]).expect("nobody is asked");
    assert!(matches!(machine.stores(&NOBODY).sealing_key(StoreId::VAULT), Err(StoreError::NeedsHuman(_))));
    machine.settings.passphrase_file = passphrase;
    let second = machine.stores(&NOBODY).sealing_key(StoreId::VAULT).expect("made anew");
    assert_ne!(first.expose(), second.expose());
    // An open one loses it, and its unlock, at once.
    machine.stores(&NOBODY).clear_all(&[]).expect("cleared");
    assert!(!machine.stores(&NOBODY).vault().opens_unasked().expect("readable"));
    let third = machine.stores(&NOBODY).sealing_key(StoreId::VAULT).expect("made anew");
    assert_ne!(second.expose(), third.expose());
    machine.stores(&NOBODY).clear_all(&[]).expect("nothing is left in the kernel");
}

#[test]
fn the_copy_of_a_sealing_key_never_outlives_the_vaults_unlock() {
    use crate::keystore::kernel_keyring::{KernelItem, KernelKeyring};
    let mut machine = Machine::with_passphrase("FAKE");
    let keyring = KernelKeyring::new(&machine.paths.data, &Silence);
    machine.settings.unlock_time = Duration::from_mins(10);
    machine.stores(&NOBODY).vault().set(&seed("a"), &text("FAKE")).expect("kept");
    let Some(unlock) = keyring.get(KernelItem::VaultIdentity) else {
        return skipped("the kernel keyring cannot be used");
    };
    machine.settings.unlock_time = Duration::from_hours(1);
    machine.stores(&NOBODY).sealing_key(StoreId::VAULT).expect("made");
    let copy = keyring.get(KernelItem::SealingKey(StoreId::VAULT)).expect("held");
    assert!(copy.until <= unlock.until, "{copy:?} {unlock:?}");
    keyring.remove(KernelItem::SealingKey(StoreId::VAULT));
}
