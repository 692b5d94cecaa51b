//! `import --from aws-vault`: keys out of its encrypted files and out of Secret Service, in the forms it writes.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use aes_kw::KekAes128;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::Sha256;

use crate::KEYFOB;
use crate::scene::{fails, key_id};
use crate::support::aws::{AccessKey, LoopbackAws};
#[cfg(target_os = "linux")]
use crate::support::kwallet::KWallet;
use crate::support::sandbox::Sandbox;
#[cfg(target_os = "linux")]
use crate::support::secret_service::SecretService;

use crate::support::tools;

const PASSPHRASE: &str = "FAKE pässphrase of the files";

/// Begins the names of files of sessions, as aws-vault 7 writes them.
const SESSION: &str = "sts.GetSessionToken,d29yaw,YXJuOmF3czppYW06OjE6bWZhL2E,1700864000";

fn machine() -> (Arc<LoopbackAws>, Sandbox) {
    let aws = Arc::new(LoopbackAws::start());
    let sandbox = Sandbox::with_vault(KEYFOB, &aws);
    sandbox.keep_secret(PASSPHRASE, "aws-vault's passphrase");
    (aws, sandbox)
}

/// An item as the keyring library makes it.
fn item(name: &str, id: &str, secret: &str, token: &str) -> String {
    let credentials = serde_json::json!({
        "AccessKeyID": id, "SecretAccessKey": secret, "SessionToken": token, "Source": "", "CanExpire": false,
        "Expires": "0001-01-01T00:00:00Z", "AccountID": "",
    });
    let data = STANDARD.encode(credentials.to_string());
    serde_json::json!({
        "Key": name, "Data": data, "Label": format!("aws-vault ({name})"), "Description": "",
        "KeychainNotTrustApplication": true, "KeychainNotSynchronizable": false,
    })
    .to_string()
}

/// Encrypts as jose2go does (RFC 7518, sections 4.8 and 5.3); its own output is a case of the unit tests.
fn jwe(text: &str, passphrase: &str) -> String {
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let (alg, salt, key, nonce) = ("PBES2-HS256+A128KW", [7; 12], [9; 32], [3; 12]);
    let header = format!(r#"{{"alg":"{alg}","created":"now","enc":"A256GCM","p2c":1000,"p2s":"{}"}}"#, encode(&salt));
    let protected = encode(header.as_bytes());
    let mut wrapping = [0; 16];
    let salt = [alg.as_bytes(), &[0], &salt].concat();
    pbkdf2::pbkdf2_hmac::<Sha256>(passphrase.as_bytes(), &salt, 1000, &mut wrapping);
    let mut wrapped = [0; 40];
    KekAes128::from(wrapping).wrap(&key, &mut wrapped).expect("wrapped");
    let payload = Payload { msg: text.as_bytes(), aad: protected.as_bytes() };
    let sealed = Aes256Gcm::new(&key.into()).encrypt(&Nonce::from(nonce), payload).expect("sealed");
    let (text, tag) = sealed.split_at(sealed.len() - 16);
    [protected, encode(&wrapped), encode(&nonce), encode(text), encode(tag)].join(".")
}

fn write(sandbox: &Sandbox, file: &str, item: &str) {
    sandbox.write(&format!(".awsvault/keys/{file}"), &jwe(item, PASSPHRASE));
}

fn write_key(sandbox: &Sandbox, name: &str, key: &AccessKey) {
    write(sandbox, name, &item(name, &key.id, &key.secret, ""));
}

#[test]
fn keys_are_taken_over_from_the_encrypted_files_which_stay() {
    let (aws, mut sandbox) = machine();
    let (ann, bob) = (aws.user("ann").access_key(), aws.user("bob").access_key());
    sandbox.write(
        ".aws/config",
        "[default]\nregion = eu-west-1\nmfa_serial = 123456789\n\n[profile ann]\noutput = json\n\n\
         [profile prod]\ninclude_profile = ann\nweb_identity_token_process = x\n",
    );
    write_key(&sandbox, "ann", &ann);
    write(&sandbox, "team%2Fbob", &item("team/bob", &bob.id, &bob.secret, ""));
    write(&sandbox, SESSION, &item(SESSION, "ASIAFAKEFAKEFAKEFAKE", "FAKE", "FAKE"));
    write(&sandbox, "oidc:https:%2F%2Fexample.awsapps.com", "{}");
    write(&sandbox, "half", &item("half", "ASIAFAKEFAKEFAKEFAKE", "FAKE", "FAKE"));
    let before = sandbox.read(".awsvault/keys/ann");
    sandbox.set("AWS_VAULT_FILE_PASSPHRASE", PASSPHRASE);
    let ran = sandbox.keyfob(&["import", "--from", "aws-vault", "--json"]).run();
    let said = ran.ends_with(0);
    assert!(said.contains("of `[default]`") || said.contains("of `[default]` (`region`, `mfa_serial`)"), "{said}");
    assert!(said.contains("config:10: keyfob does not support `web_identity_token_process`"), "{said}");
    assert!(said.contains("`half` was not moved: it is a temporary key"), "{said}");
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let names = |list: &str| -> Vec<String> {
        report[list].as_array().expect("a list").iter().map(|one| one["profile"].to_string()).collect()
    };
    assert_eq!(names("imported"), [r#""ann""#, r#""team/bob""#], "{report}");
    assert_eq!(names("left"), [r#""half""#], "sessions and tokens are not even named: {report}");
    for name in ["ann", "team/bob"] {
        key_id(&sandbox.keyfob(&["credential-process", name]).run().json());
    }
    assert!(sandbox.read(".aws/config").contains("credential-process ann"));
    assert_eq!(sandbox.read(".awsvault/keys/ann"), before);
    // Once more, and now they go.
    let again = ["import", "ann", "--from", "aws-vault", "--delete-source"];
    assert!(sandbox.keyfob(&again).run().ends_with(0).contains("moved"));
    assert!(!sandbox.path(".awsvault/keys/ann").exists() && sandbox.path(".awsvault/keys/team%2Fbob").exists());
    fails(&sandbox.keyfob(&again).run(), 1, "aws-vault has no key named `ann`");
}

#[test]
fn a_key_that_aws_refuses_or_a_damaged_file_stays_and_holds_up_no_other() {
    let (aws, mut sandbox) = machine();
    let ann = aws.user("ann").access_key();
    write_key(&sandbox, "ann", &ann);
    write(&sandbox, "bad", &item("bad", "AKIAFAKEFAKEFAKEFAKE", &"x".repeat(40), ""));
    sandbox.write(".awsvault/keys/cut", &jwe(&item("cut", &ann.id, &ann.secret, ""), PASSPHRASE)[..200]);
    write(&sandbox, "odd", "FAKE and no JSON");
    sandbox.set("AWS_VAULT_FILE_PASSPHRASE", PASSPHRASE);
    let ran = sandbox.keyfob(&["import", "--from", "aws-vault", "--delete-source", "--json"]).run();
    ran.ends_with(1);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(report["imported"].as_array().expect("a list").len(), 1, "{report}");
    assert_eq!(report["left"].as_array().expect("a list").len(), 3, "{report}");
    for left in ["bad", "cut", "odd"] {
        assert!(sandbox.path(&format!(".awsvault/keys/{left}")).exists(), "{left} is gone");
    }
    let offline = ["import", "bad", "--from", "aws-vault", "--no-verify", "--no-link"];
    sandbox.keyfob(&offline).run().ends_with(0);
    assert!(sandbox.keyfob(&["list", "--json"]).run().ok().contains("AKIAFAKEFAKEFAKEFAKE"));
}

#[test]
fn the_passphrase_is_the_variables_or_is_asked_for_without_echo() {
    let (aws, sandbox) = machine();
    let ann = aws.user("ann").access_key();
    write_key(&sandbox, "ann", &ann);
    let import = || sandbox.keyfob(&["import", "--from", "aws-vault"]);
    fails(&import().run(), 3, "the passphrase of aws-vault's files is needed");
    fails(
        &import().env("AWS_VAULT_FILE_PASSPHRASE", "FAKE other").run(),
        5,
        "passphrase of aws-vault's files is wrong",
    );
    let mut terminal = import().on_terminal();
    terminal.expect("Passphrase of aws-vault's files: ");
    terminal.type_line("FAKE wrong one");
    terminal.expect("wrong passphrase");
    terminal.expect("Passphrase of aws-vault's files: ");
    terminal.type_line(PASSPHRASE);
    terminal.expect("config.toml? [y/N] ");
    terminal.type_line("n");
    terminal.expect("create an MFA device now, in an authenticator app? [y/N] ");
    terminal.type_line("n");
    terminal.finish().0.ends_with(0);
    key_id(&sandbox.keyfob(&["credential-process", "ann"]).run().json());
    let said = fails(&import().env("AWS_VAULT_BACKEND", "keychain").run(), 2, "backend `keychain`");
    assert!(said.contains("aws-vault exec --no-session PROFILE -- keyfob add PROFILE --env"), "{said}");
    std::fs::remove_dir_all(sandbox.path(".awsvault")).expect("own folder");
    assert!(import().run().ends_with(0).contains("there is no key in"));
}

#[test]
fn a_folder_that_cannot_be_read_is_an_error_and_not_an_empty_one() {
    let (_aws, sandbox) = machine();
    sandbox.write(".awsvault/keys", "a file where a folder is due");
    fails(&sandbox.keyfob(&["import", "--from", "aws-vault"]).run(), 1, "cannot read");
    let file = sandbox.path(".awsvault/keys");
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).expect("own file");
}

#[cfg(target_os = "linux")]
#[test]
fn keys_are_taken_over_from_secret_service_and_other_items_are_left_alone() {
    let Some(mut service) = SecretService::start() else { return };
    let Some(()) = crate::support::tools::require("secret-tool").map(drop) else { return };
    let aws = Arc::new(LoopbackAws::start());
    let mut sandbox = Sandbox::new(KEYFOB, &aws);
    service.serve(&mut sandbox);
    // A collection of its own cannot be made without a dialog.
    sandbox.set("AWS_VAULT_SECRET_SERVICE_COLLECTION_NAME", "login");
    let key = aws.user("ann").access_key();
    let store = |name: &str, item: &str| {
        let arguments = ["store", "--collection=login", &format!("--label={name}"), "profile", name];
        sandbox.program("secret-tool", &arguments).stdin(item).run().ok();
    };
    store("ann", &item("ann", &key.id, &key.secret, ""));
    store(SESSION, &item(SESSION, "ASIAFAKEFAKEFAKEFAKE", "FAKE", "FAKE"));
    let import = ["import", "--from", "aws-vault"];
    let said = sandbox.keyfob(&import).run().ends_with(0).to_owned();
    assert!(said.contains("copied ") && said.contains("aws-vault's collection `login` in Secret Service"), "{said}");
    key_id(&sandbox.keyfob(&["credential-process", "ann"]).run().json());
    // It prints the secret too.
    let search = "secret-tool search --all profile ann 2>/dev/null | grep -c '^label = ann' || true";
    let there = || sandbox.program("/bin/sh", &["-c", search]).run().ok().trim() == "1";
    assert!(there(), "it stays");
    sandbox.keyfob(&[&import[..], &["--delete-source"]].concat()).run().ends_with(0);
    assert!(!there(), "it is gone");
    service.lock();
    let said = fails(&sandbox.keyfob(&import).run(), 5, "locked");
    assert!(said.contains("hint: "), "{said}");
    service.unlock();
}

#[test]
fn keys_are_taken_over_from_pass_and_the_other_passwords_there_are_left_alone() {
    if [tools::require("pass"), tools::require("gpg")].iter().any(Option::is_none) {
        return;
    }
    let (aws, mut sandbox) = machine();
    let ann = aws.user("ann").access_key();
    sandbox.set("AWS_VAULT_BACKEND", "pass");
    sandbox.set("GNUPGHOME", sandbox.path("gpg"));
    sandbox.program("mkdir", &["-m", "700", "gpg"]).run().ok();
    let key = ["--batch", "--passphrase", "", "--quick-gen-key", "keyfob-test", "default", "default", "never"];
    sandbox.program("gpg", &key).run().ok();
    sandbox.program("pass", &["init", "keyfob-test"]).run().ok();
    let insert = |path: &str, text: &str| {
        sandbox.program("pass", &["insert", "-m", "-f", path]).stdin(text).run().ok();
    };
    insert("ann", &item("ann", &ann.id, &ann.secret, ""));
    insert("bank", "FAKE-password");
    insert(SESSION, "FAKE");
    insert("vaults/bob", &item("bob", &ann.id, &ann.secret, ""));
    let report =
        sandbox.keyfob(&["import", "ann", "--from", "aws-vault", "--delete-source", "--yes", "--json"]).run().json();
    assert_eq!(report["imported"].as_array().map(Vec::len), Some(1), "{report}");
    key_id(&sandbox.keyfob(&["credential-process", "ann"]).run().json());
    let left = sandbox.program("pass", &["ls"]).run();
    assert!(left.ok().contains("bank") && !left.stdout.contains("ann"), "{left:?}");
    // With a prefix only what is below it is looked at.
    sandbox.set("AWS_VAULT_PASS_PREFIX", "vaults");
    let report = sandbox.keyfob(&["import", "--from", "aws-vault", "--yes", "--json"]).run().json();
    assert_eq!(report["imported"][0]["profile"], "bob", "{report}");
    sandbox.program("gpgconf", &["--kill", "all"]).run();
}

#[cfg(target_os = "linux")]
#[test]
fn keys_are_taken_over_from_kwallet() {
    let Some(service) = KWallet::start() else { return };
    let (aws, mut sandbox) = machine();
    let ann = aws.user("ann").access_key();
    service.serve(&mut sandbox);
    sandbox.set("AWS_VAULT_BACKEND", "kwallet");
    service.write("aws-vault", "ann", &item("ann", &ann.id, &ann.secret, ""));
    service.write("aws-vault", SESSION, "FAKE");
    let report = sandbox.keyfob(&["import", "--from", "aws-vault", "--delete-source", "--yes", "--json"]).run().json();
    assert_eq!(report["imported"].as_array().map(Vec::len), Some(1), "{report}");
    key_id(&sandbox.keyfob(&["credential-process", "ann"]).run().json());
    let again = sandbox.keyfob(&["import", "--from", "aws-vault", "--yes", "--json"]).run().json();
    assert_eq!(again["imported"].as_array().map(Vec::len), Some(0), "{again}");
    service.lock();
    fails(&sandbox.keyfob(&["import", "--from", "aws-vault", "--yes"]).run(), 5, "of KWallet is not open");
}
