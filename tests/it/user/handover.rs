//! From one machine to another: the file that brings a colleague's key, and what accepting it does.

use std::sync::Arc;

use age::secrecy::ExposeSecret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::KEYFOB;
use crate::scene::fails;
use crate::support::leaks::Shows;
use crate::support::sandbox::Sandbox;
use crate::user::Office;

const PASSPHRASE: &str = "FAKE-handover passphrase";

/// A second machine, of whoever the user is for.
pub fn second(office: &Office) -> Sandbox {
    let mut sandbox = Sandbox::with_vault(KEYFOB, &Arc::clone(&office.aws));
    sandbox.set("KEYFOB_ROTATE_PATIENCE", "300ms");
    sandbox.keep_secret(PASSPHRASE, "passphrase of the handover");
    sandbox
}

#[test]
fn a_colleague_gets_a_working_profile_with_mfa_and_no_file_has_a_secret_in_plain_text() {
    let office = Office::new();
    office.sandbox.keep_secret(PASSPHRASE, "passphrase of the handover");
    let file = office.sandbox.path("bob.keyfob");
    let file = file.to_str().expect("UTF-8");
    let arguments = ["user", "create", "bob", "--group", "developers", "--key", "--console", "--require-mfa"];
    let all = [&arguments[..], &["--handover", file, "--region", "eu-west-1", "--yes", "--with", "admin"]].concat();
    let mut terminal = office.sandbox.keyfob(&all).on_terminal();
    terminal.expect("Passphrase for the handover file: ");
    terminal.type_line("short");
    terminal.expect("12 characters or more");
    terminal.expect("Passphrase for the handover file: ");
    terminal.type_line(PASSPHRASE);
    terminal.expect("Repeat the passphrase: ");
    terminal.type_line(PASSPHRASE);
    terminal.expect("no secret of `bob` is on this machine");
    terminal.expect("`keyfob user accept bob.keyfob`");
    terminal.finish().0.ends_with(0);
    assert!(office.stored().is_empty(), "nothing of bob stays: {:?}", office.stored());
    assert!(!office.sandbox.read(".aws/config").contains("bob"));
    assert!(!office.sandbox.path("keyfob/data/users/111122223333-bob.json").exists());
    let password = office.bob().belongings().and_then(|own| own.password).expect("set");

    let mut home = second(&office);
    home.write("bob.keyfob", &office.sandbox.read("bob.keyfob"));
    home.go_to_second(8);
    let accept = ["user", "accept", "bob.keyfob", "--mfa", "store"];
    let passphrase = home.write("passphrase", PASSPHRASE);
    let with_file = [&accept[..], &["--passphrase-file", passphrase.to_str().expect("UTF-8"), "--yes"]].concat();
    fails(&home.keyfob(&with_file).run(), 3, "shown on a terminal");
    let mut terminal = home.keyfob(&[&accept[..], &["--yes"]].concat()).shows(Shows::Passwords).on_terminal();
    terminal.expect("Passphrase of the handover file: ");
    terminal.type_line(PASSPHRASE);
    terminal.expect("the key of `arn:aws:iam::111122223333:user/bob` in account 111122223333");
    terminal.expect("for the new profile `bob`? [y/N] ");
    terminal.type_line("y");
    terminal.expect(&password);
    terminal.expect("which is not enabled yet");
    terminal.expect("is enabled for user `bob`");
    terminal.expect("replace it with a new one now? [y/N] ");
    terminal.type_line("n");
    terminal.expect("keyfob rotate bob");
    let (ran, shown) = terminal.finish();
    ran.ends_with(0);
    assert!(!shown.contains("no MFA device"), "it is enrolled next: {shown}");
    home.pass_time(60);
    let answer = home.keyfob(&["credential-process", "bob"]).run().json();
    assert!(answer["SessionToken"].is_string(), "{answer}");
    assert_eq!(home.leaks(), Vec::<String>::new());
    assert_eq!(office.sandbox.leaks(), Vec::<String>::new());
}

#[test]
fn a_file_for_a_public_key_opens_with_its_identity_alone_and_replaces_nothing() {
    let office = Office::new();
    let identity = age::x25519::Identity::generate();
    let public = identity.to_public().to_string();
    let arguments = ["create", "bob", "--key", "--handover", "bob.keyfob", "--to", &public, "--yes"];
    fails(&office.user(&["create", "bob", "--key", "--handover", "f", "--to", "age1x", "--yes"]), 2, "age public key");
    let ran = office.user(&arguments);
    assert!(ran.ends_with(0).contains("`keyfob user accept bob.keyfob --identity FILE`"), "{}", ran.stderr);
    fails(
        &office.user(&["create", "eve", "--key", "--handover", "bob.keyfob", "--to", &public, "--yes"]),
        2,
        "already exists",
    );
    let key = office.bob().keys()[0].0.clone();

    let home = second(&office);
    home.write("bob.keyfob", &office.sandbox.read("bob.keyfob"));
    home.keep_secret(identity.to_string().expose_secret(), "age identity");
    home.write("mine.txt", &format!("{}\n", identity.to_string().expose_secret()));
    let other = age::x25519::Identity::generate().to_string().expose_secret().to_owned();
    home.keep_secret(&other, "age identity");
    home.write("other.txt", &format!("{other}\n"));
    let accept =
        |identity: &str| home.keyfob(&["user", "accept", "bob.keyfob", "--identity", identity, "--mfa", "none"]);
    fails(&home.keyfob(&["user", "accept", "bob.keyfob"]).run(), 2, "encrypted to a public key");
    fails(&accept("other.txt").run(), 1, "does not open");
    fails(&accept("mine.txt").run(), 3, "confirmation to accept this user");
    let mut terminal = accept("mine.txt").on_terminal();
    terminal.expect("for the new profile `bob`? [y/N] ");
    terminal.type_line("n");
    terminal.expect("nothing was stored");
    terminal.finish().0.ends_with(1);
    for _ in 0..2 {
        // Again, as after an interruption.
        let mut terminal = accept("mine.txt").on_terminal();
        terminal.expect("for the new profile `bob`? [y/N] ");
        terminal.type_line("y");
        terminal.expect("delete bob.keyfob");
        terminal.expect("replace it with a new one now? [y/N] ");
        terminal.type_line("");
        terminal.finish().0.ends_with(0);
    }
    let list = home.keyfob(&["list", "--json"]).run().json();
    assert_eq!(list["profiles"][0]["key"]["id"], key.as_str());
    assert_eq!(list["profiles"][0]["region"], "eu-west-1", "the administrator's");
    // Another key of that name is not replaced.
    office.user(&["remove", "bob", "--now", "--yes"]).ok();
    let again = ["create", "bob", "--key", "--handover", "again.keyfob", "--to", &public, "--yes"];
    office.user(&again).ok();
    home.write("bob.keyfob", &office.sandbox.read("again.keyfob"));
    fails(&accept("mine.txt").run(), 1, "exists already, and is not replaced");
}

#[test]
fn whoever_accepts_can_replace_the_key_at_once() {
    let office = Office::new();
    let (mut home, public) = (second(&office), age_identity(&office.sandbox));
    home.set("KEYFOB_ROTATE_SETTLE", "0");
    let arguments = ["create", "bob", "--key", "--handover", "bob.keyfob", "--to", &public, "--yes"];
    office.user(&arguments).ok();
    let handed = office.bob().keys()[0].0.clone();
    for file in ["bob.keyfob", "mine.txt"] {
        home.write(file, &office.sandbox.read(file));
    }
    home.may_hold_secrets("mine.txt");
    let accept = ["user", "accept", "bob.keyfob", "--identity", "mine.txt", "--mfa", "none"];
    let mut terminal = home.keyfob(&accept).on_terminal();
    terminal.expect("for the new profile `bob`? [y/N] ");
    terminal.type_line("y");
    terminal.expect("replace it with a new one now? [y/N] ");
    terminal.type_line("y");
    terminal.expect("is now Inactive");
    terminal.finish().0.ends_with(0);
    let keys = office.bob().keys();
    assert!(keys.len() == 2 && keys.contains(&(handed, false)), "{keys:?}");
}

/// A new age identity in `mine.txt`, and its public key.
pub fn age_identity(sandbox: &Sandbox) -> String {
    let identity = age::x25519::Identity::generate();
    sandbox.keep_secret(identity.to_string().expose_secret(), "age identity");
    sandbox.write("mine.txt", &format!("{}\n", identity.to_string().expose_secret()));
    identity.to_public().to_string()
}

#[test]
fn a_file_that_is_damaged_or_of_another_user_is_refused() {
    let office = Office::new();
    let public = age_identity(&office.sandbox);
    for (name, more) in [("bob", "--key"), ("eve", "--console")] {
        let file = format!("{name}.keyfob");
        office.user(&["create", name, more, "--handover", &file, "--to", &public, "--yes"]).ok();
    }
    let read = |name: &str| -> serde_json::Value {
        serde_json::from_str(&office.sandbox.read(&format!("{name}.keyfob"))).expect("JSON")
    };
    let (mut mixed, mut cut) = (read("bob"), read("bob"));
    mixed["password"] = read("eve")["password"].clone();
    let sealed = cut["key"].as_str().expect("sealed").to_owned();
    cut["key"] = sealed[..sealed.len() - 8].into();
    for (text, why) in [
        (mixed.to_string(), "belong to different users"),
        (cut.to_string(), "is not a handover file that can be used"),
        (String::new(), "it is damaged or cut short"),
        (mixed.to_string()[..99].to_owned(), "it is damaged or cut short"),
        ("{}".to_owned(), "it is not JSON of keyfob's"),
        (r#"{"keyfob_handover":2}"#.to_owned(), "newer version"),
    ] {
        office.sandbox.write("x.keyfob", &text);
        let ran = office.sandbox.keyfob(&["user", "accept", "x.keyfob", "--identity", "mine.txt"]).run();
        fails(&ran, 1, why);
    }
}

/// A handover file that somebody has made who knows the public key.
fn forge(public: &str, secret: &str, user: &serde_json::Value) -> String {
    let recipient: age::x25519::Recipient = public.parse().expect("a public key");
    let seal = |id: Option<&str>| {
        let mut sealed = user.clone();
        (sealed["version"], sealed["secret"], sealed["id"]) = (1.into(), secret.into(), id.into());
        STANDARD.encode(age::encrypt(&recipient, sealed.to_string().as_bytes()).expect("encrypted"))
    };
    let what = if user["id"].is_string() { "key" } else { "password" };
    serde_json::json!({"keyfob_handover": 1, what: seal(user["id"].as_str())}).to_string()
}

#[test]
fn a_forged_file_neither_steers_the_terminal_nor_writes_more_than_a_profile() {
    let office = Office::new();
    let public = age_identity(&office.sandbox);
    let bob = office.aws.user("bob");
    let (arn, key) = (bob.arn(), bob.access_key());
    let config = office.sandbox.read(".aws/config");
    let accept = |user: serde_json::Value, secret: &str, is_asked: bool| {
        office.sandbox.write("x.keyfob", &forge(&public, secret, &user));
        let mut terminal = office
            .sandbox
            .keyfob(&["user", "accept", "x.keyfob", "--identity", "mine.txt", "--mfa", "none"])
            .env("NO_COLOR", "1")
            .on_terminal_in("\"$@\"; echo ended");
        if is_asked {
            terminal.expect("? [y/N] ");
            terminal.type_line("y");
        }
        terminal.expect("ended");
        let (_, seen) = terminal.finish();
        let steers = seen.contains('\u{1b}') || seen.contains('\u{202e}') || seen.contains("\nkeyfob: FORGED");
        assert!(!steers && !office.sandbox.path("canary").exists(), "{seen}");
        seen
    };
    let password = |secret: &str| accept(serde_json::json!({"arn": arn, "profile": "bob"}), secret, false);
    for hostile in ["\u{1b}[2Jx", "a\nkeyfob: FORGED", "a\u{202e}b", ""] {
        assert!(password(hostile).contains("its password has characters that are not printable"), "{hostile:?}");
    }
    for forged in ["arn:aws:iam::aws.example:user/bob", "arn:aws:iam::111122223333:root", "x\u{1b}[2J"] {
        let user = serde_json::json!({"arn": forged, "profile": "bob"});
        assert!(accept(user, "FAKE", false).contains("it names no IAM user"), "{forged:?}");
    }
    let with_key = |arn: &str, profile: &str, region: &str, is_asked: bool| {
        let user = serde_json::json!({"arn": arn, "profile": profile, "region": region, "id": key.id});
        accept(user, &key.secret, is_asked)
    };
    for (arn, profile, region, is_asked) in [
        (&*arn, "x]\ncredential_process = touch canary\n[profile y", "eu-west-1", true),
        (&arn, "x\u{1b}[2J", "eu-west-1", true),
        (&arn, "", "eu-west-1", true),
        (&arn, "admin", "eu-west-1", false),
        (&arn, "bob", "evil.example/", true),
        (&arn, "bob", "eu-west-1\ncredential_process = touch canary", true),
        ("arn:aws:iam::999999999999:user/boss", "bob", "eu-west-1", false),
        ("x\nkeyfob: FORGED\u{1b}[2J", "bob", "eu-west-1", false),
    ] {
        let seen = with_key(arn, profile, region, is_asked);
        assert_eq!(office.sandbox.read(".aws/config"), config, "{arn:?} {profile:?} {region:?}: {seen}");
    }
}
