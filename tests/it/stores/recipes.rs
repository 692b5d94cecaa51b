//! The recipes: pass, gopass and keepassxc-cli as they are; the others with a stand-in that takes nothing but what their
//! documentation has.

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::{check, passes};
use crate::scene::{Scene, fails, key_id};
#[cfg(target_os = "linux")]
use crate::support::kwallet::KWallet;
use crate::support::leaks::{Shows, holds};
use crate::support::{daemon, tools};

/// Nothing but the recipe `store`, with a gpg key that has no passphrase.
fn with_gpg(store: &str) -> Scene {
    let mut scene = with_recipe(store);
    let home = scene.sandbox.path("gpg");
    scene.sandbox.program("mkdir", &["-m", "700", "gpg"]).run().ok();
    scene.sandbox.set("GNUPGHOME", &home);
    let key = ["--batch", "--passphrase", "", "--quick-gen-key", "keyfob-test", "default", "default", "never"];
    scene.sandbox.program("gpg", &key).run().ok();
    scene
}

fn with_recipe(store: &str) -> Scene {
    let mut scene = Scene::empty();
    scene.sandbox.set("KEYFOB_BACKEND", store);
    scene.sandbox.unset("KEYFOB_IDENTITY_FILE");
    scene
}

/// Ends the agent that gpg has started; its socket is in the home.
struct Agent<'s>(&'s Scene);

impl Drop for Agent<'_> {
    fn drop(&mut self) {
        self.0.sandbox.program("gpgconf", &["--kill", "all"]).run();
    }
}

/// A key goes there and comes back, with no secret in an argument or the environment of any program.
fn keeps_a_key(scene: &Scene, program: &str) {
    passes(&check(scene, program_of(scene)));
    let Some(strace) = tools::require_strace() else { return };
    let key = format!("{}\n{}\n", scene.key.id, scene.key.secret);
    let trace = ["-f", "-qq", "-v", "-s", "100000", "-e", "trace=execve", "-o", "trace", "keyfob"];
    let add = [&trace[..], crate::scene::ADD].concat();
    scene.sandbox.program(&strace, &add).stdin(&key).run().ok();
    let seen = scene.sandbox.read("trace");
    assert!(seen.contains(program), "{seen}");
    assert!(!holds(seen.as_bytes(), &scene.key.secret), "{seen}");
    scene.prepare();
    key_id(&scene.credential_process_with_code("audit", &scene.phone.code()).json());
    scene.sandbox.keyfob(&["remove", "work", "--yes"]).run().ok();
}

fn program_of(scene: &Scene) -> &str {
    scene.sandbox.env()[std::ffi::OsStr::new("KEYFOB_BACKEND")].to_str().expect("UTF-8")
}

#[test]
fn pass_keeps_keys() {
    let (Some(_), Some(_)) = (tools::require("pass"), tools::require("gpg")) else { return };
    let scene = with_gpg("pass");
    let _agent = Agent(&scene);
    fails(&check(&scene, "pass"), 5, "there is no password store at");
    scene.sandbox.program("pass", &["init", "keyfob-test"]).run().ok();
    keeps_a_key(&scene, "insert");
    // Its user finds the item, and reads it.
    scene.prepare();
    let path = format!("keyfob/access-key/{}", scene.key.id);
    let shown = scene.sandbox.program("pass", &["show", &path]).shows(Shows::Keys).run();
    assert!(shown.ok().contains("\"profile\":\"work\""));
    // A key of somebody else's: this user cannot decrypt it.
    scene.sandbox.program("gpg", &["--batch", "--yes", "--delete-secret-keys", &fingerprint(&scene)]).run().ok();
    fails(&scene.credential_process_with_code("work", &scene.phone.code()), 5, "No secret key");
}

fn fingerprint(scene: &Scene) -> String {
    let listed = scene.sandbox.program("gpg", &["--list-keys", "--with-colons"]).run();
    let line = listed.ok().lines().find(|line| line.starts_with("fpr:")).expect("a key").to_owned();
    line.split(':').nth(9).expect("a fingerprint").to_owned()
}

#[test]
fn gopass_keeps_keys() {
    let Some(gopass) = tools::find("gopass") else {
        tools::skipped_everywhere("`gopass` is missing (`tests/run` builds it where the Go proxy has it)");
        return;
    };
    let Some(_) = tools::require("gpg") else { return };
    let mut scene = with_gpg("gopass");
    std::os::unix::fs::symlink(&gopass, scene.sandbox.path("bin/gopass")).expect("an own folder");
    // Debian's program of this name is another one.
    let version = scene.sandbox.program("gopass", &["--version"]).run();
    if !version.stdout.starts_with("gopass 1.") {
        tools::skipped_everywhere("`gopass` is another program (`tests/run` builds the one that is meant)");
        return;
    }
    scene.sandbox.set("GOPASS_NO_NOTIFY", "true");
    let path = scene.sandbox.path("gopass");
    let _agent = Agent(&scene);
    let init = [
        "--yes",
        "init",
        "--path",
        path.to_str().expect("UTF-8"),
        "--storage",
        "fs",
        "--crypto",
        "gpgcli",
        "keyfob-test",
    ];
    scene.sandbox.program("gopass", &init).run().ok();
    keeps_a_key(&scene, "insert");
}

#[test]
fn keepassxc_keeps_keys() {
    let Some(_) = tools::require("keepassxc-cli") else { return };
    let scene = with_recipe("keepassxc");
    scene.sandbox.keep_secret("FAKE-database", "password of the database");
    scene.sandbox.write("password", "FAKE-database\n");
    fails(&check(&scene, "keepassxc"), 5, "`[stores.keepassxc]` in config.toml needs `database`");
    let (database, password) = (scene.sandbox.path("keys.kdbx"), scene.sandbox.path("password"));
    let create = ["db-create", "-q", "-p", database.to_str().expect("UTF-8")];
    scene.sandbox.program("keepassxc-cli", &create).stdin("FAKE-database\nFAKE-database\n").run().ok();
    let table =
        format!("[stores.keepassxc]\ndatabase = '{}'\npassword_file = '{}'\n", database.display(), password.display());
    scene.sandbox.write("keyfob/config.toml", &table);
    keeps_a_key(&scene, "keepassxc-cli");
}

/// A scene whose `program` is the stand-in.
fn with_stand_in(store: &str, program: &str) -> Scene {
    let mut scene = with_recipe(store);
    scene.sandbox.script(&format!("bin/{program}"), include_str!("stand_in.py"));
    scene.sandbox.may_hold_secrets("state.json");
    let state = scene.sandbox.path("state.json");
    scene.sandbox.set("STAND_IN_STATE", state);
    scene
}

#[test]
fn onepassword_is_called_as_its_documentation_says() {
    let mut scene = with_stand_in("op", "op");
    keeps_a_key(&scene, "create");
    scene.sandbox.write("keyfob/config.toml", "[stores.op]\nvault = 'Employee'\n");
    passes(&check(&scene, "op"));
    let calls = scene.sandbox.read("argv.log");
    assert!(calls.lines().last().is_some_and(|line| line.ends_with("--vault Employee")), "{calls}");
    scene.sandbox.set("OP_LOCKED", "1");
    let stderr = fails(&check(&scene, "op"), 5, "You are not currently signed in");
    assert!(stderr.contains("hint: sign in with `op signin`"), "{stderr}");
    scene.sandbox.unset("OP_LOCKED");
    scene.sandbox.set("OP_DISMISSED", "1");
    fails(&check(&scene, "op"), 5, "1Password denied access: ");
}

#[test]
fn of_two_items_with_one_title_the_newer_counts() {
    let scene = with_stand_in("op", "op");
    scene.prepare();
    // As a kill between the two calls of a replacement leaves them.
    let state: serde_json::Value = serde_json::from_str(&scene.sandbox.read("state.json")).expect("JSON");
    let mut items = state.as_object().expect("items").clone();
    let mut older = items.values().next().expect("one").clone();
    (older["id"], older["updated_at"]) = ("older".into(), "2020-01-01T00:00:00Z".into());
    older["fields"][0]["value"] = "FAKE".into();
    items.insert("older".to_owned(), older);
    scene.sandbox.write("state.json", &serde_json::Value::Object(items).to_string());
    key_id(&scene.credential_process_with_code("audit", &scene.phone.code()).json());
    scene.add(&[crate::scene::ADD, &["--replace"]].concat()).ok();
    assert!(!scene.sandbox.read("state.json").contains("older"), "a replacement deletes both");
}

#[test]
fn bitwarden_is_called_as_its_documentation_says() {
    let mut scene = with_stand_in("bw", "bw");
    let stderr = fails(&check(&scene, "bw"), 5, "Bitwarden: Vault is locked.");
    assert!(
        stderr.contains(
            "hint: run `bw unlock` (first `bw login`, if you are not logged in), and set `BW_SESSION` as it says"
        ),
        "{stderr}"
    );
    scene.sandbox.set("BW_SESSION", "FAKE-session");
    keeps_a_key(&scene, "create");
}

#[test]
fn hashicorp_vault_is_called_as_its_documentation_says_with_both_versions() {
    let mut scene = with_stand_in("hashicorp-vault", "vault");
    let stderr = fails(&check(&scene, "hashicorp-vault"), 5, "missing client token");
    assert!(stderr.contains("hint: log in with `vault login`"), "{stderr}");
    scene.sandbox.set("VAULT_TOKEN", "FAKE-token");
    keeps_a_key(&scene, "put");
    scene.sandbox.set("STAND_IN_KV", "1");
    keeps_a_key(&scene, "put");
}

/// OpenBao's development server, which keeps all in memory.
struct OpenBao(std::process::Child);

impl OpenBao {
    /// Starts it, and lets the scene's `bao` reach it with its root token.
    fn serve(program: &Path, scene: &mut Scene) -> OpenBao {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port on the loopback interface");
        let address = free.local_addr().expect("it is bound").to_string();
        drop(free);
        let mut command = daemon::command(program);
        command.args(["server", "-dev", "-dev-no-store-token", "-dev-root-token-id=FAKE-token"]);
        command.arg(format!("-dev-listen-address={address}")).stdout(Stdio::null()).stderr(Stdio::null());
        let server = OpenBao(daemon::spawn(command));
        scene.sandbox.set("VAULT_ADDR", format!("http://{address}"));
        scene.sandbox.set("VAULT_TOKEN", "FAKE-token");
        let started = Instant::now();
        let program = program.to_str().expect("UTF-8");
        while scene
            .sandbox
            .program(program, &["kv", "list", "-mount=secret", "keyfob"])
            .run()
            .stderr
            .contains("refused")
        {
            assert!(started.elapsed() < Duration::from_mins(1), "OpenBao does not come up");
            std::thread::sleep(Duration::from_millis(100));
        }
        server
    }
}

impl Drop for OpenBao {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn openbao_keeps_keys_in_both_versions_of_the_engine() {
    let Some(program) = tools::require("bao") else { return };
    let mut scene = with_recipe("hashicorp-vault");
    let _server = OpenBao::serve(&program, &mut scene);
    let program = program.to_str().expect("UTF-8");
    let bao = |words: &[&str]| scene.sandbox.program(program, words).run();
    bao(&["secrets", "enable", "-path=old", "-version=1", "kv"]).ok();
    for mount in ["secret", "old"] {
        let table = format!("[stores.hashicorp-vault]\ncommand = '{program}'\nmount = '{mount}'\n");
        scene.sandbox.write("keyfob/config.toml", &table);
        keeps_a_key(&scene, "put");
        let left = bao(&["kv", "list", &format!("-mount={mount}"), "keyfob"]);
        assert!(left.code == Some(2) && left.stderr.contains("No value found"), "all is gone again: {left:?}");
    }
    let hint = "hint: log in with `vault login`";
    for (token, said) in [("FAKE-other", "permission denied"), ("", "permission denied")] {
        let ran = scene.sandbox.keyfob(&["store", "check", "hashicorp-vault"]).env("VAULT_TOKEN", token).run();
        assert!(fails(&ran, 5, said).contains(hint), "{ran:?}");
    }
    bao(&["operator", "seal"]).ok();
    assert!(fails(&check(&scene, "hashicorp-vault"), 5, "Vault is sealed").contains(hint));
}

#[cfg(target_os = "linux")]
#[test]
fn kwallet_keeps_keys_and_a_closed_one_says_how_to_open_it() {
    let Some(service) = KWallet::start() else { return };
    let mut scene = with_recipe("kwallet");
    let stderr = fails(&check(&scene, "kwallet"), 5, "KWallet is not running");
    assert!(!stderr.contains("store check"), "{stderr}");
    service.serve(&mut scene.sandbox);
    passes(&check(&scene, "kwallet"));
    scene.prepare();
    key_id(&scene.credential_process_with_code("audit", &scene.phone.code()).json());
    // Another folder is another store.
    scene.sandbox.write("keyfob/config.toml", "[stores.kwallet]\nfolder = 'other'\n");
    scene.sandbox.keyfob(&["clear"]).run().ok();
    fails(&scene.credential_process_with_code("work", &scene.phone.code()), 5, "is missing from KWallet");
    scene.sandbox.write("keyfob/config.toml", "");
    scene.sandbox.keyfob(&["remove", "work", "--yes"]).run().ok();
    service.lock();
    let stderr = fails(&scene.add(crate::scene::ADD), 5, "the wallet `kdewallet` of KWallet is not open");
    assert!(stderr.contains("hint: open the wallet with KWalletManager"), "{stderr}");
}
